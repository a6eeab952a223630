//! The pod behind a Service: it answers who it is and where the request came from.
//!
//! ```text
//! SIGTERM ──▶ readiness off, `connection: close` on every answer ── GRACE_SECONDS ──▶ no new connections,
//!             finish what is in flight ──▶ exit 0
//! ```
//!
//! Kubernetes takes a terminating pod out of the EndpointSlice and sends SIGTERM *at the same time*: until every
//! node has heard of it, new connections still arrive, so the backend keeps serving for a grace.
//! Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow>
//!
//! Invariant: a connection's number is given with its first answer, so that the kubelet's probes use none up.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::num::ParseIntError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use clusterip_domain::traffic::Answer;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};
use tokio::time::sleep;

use crate::http::{self, Ends, Handler, Listener};

/// Who a backend says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Pod name.
    pub pod: String,
    /// Node name, or empty.
    pub node: String,
    /// `v1`, `v2`.
    pub version: String,
}

impl Identity {
    /// From `POD_NAME` (or the host name), `NODE_NAME` and `VERSION`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            pod: pod_name(&variable),
            node: variable("NODE_NAME").unwrap_or_default(),
            version: variable("VERSION").unwrap_or_else(|| "v1".to_owned()),
        }
    }
}

/// `POD_NAME`, or the host name, which Kubernetes sets to the pod's name.
pub fn pod_name(variable: impl Fn(&str) -> Option<String>) -> String {
    let host_name = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    variable("POD_NAME").or_else(host_name).unwrap_or_default().trim().to_owned()
}

/// How a backend listens and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port to listen on.
    pub port: u16,
    /// How long it keeps serving after it was told to stop.
    pub grace: Duration,
}

/// A variable does not hold what it should.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `LISTEN`.
    #[error("LISTEN is {given:?}: give an IP address, such as 0.0.0.0 or 127.0.0.1")]
    Listen {
        /// What it holds.
        given: String,
        /// Why it is none.
        source: std::net::AddrParseError,
    },
    /// `PORT` or `GRACE_SECONDS`.
    #[error("{name} is {given:?}: give a whole number from 0 to 65535")]
    Number {
        /// The variable.
        name: &'static str,
        /// What it holds.
        given: String,
        /// Why it is none.
        source: ParseIntError,
    },
}

impl Config {
    /// From `LISTEN` (0.0.0.0), `PORT` (8080) and `GRACE_SECONDS` (5).
    ///
    /// # Errors
    /// The first variable that does not hold what it should.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let number = |name: &'static str, default: u16| match variable(name) {
            Some(given) => given.parse().map_err(|source| ConfigError::Number { name, given, source }),
            None => Ok(default),
        };
        let listen = variable("LISTEN").unwrap_or_else(|| "0.0.0.0".to_owned());
        Ok(Self {
            listen: listen.parse().map_err(|source| ConfigError::Listen { given: listen, source })?,
            port: number("PORT", 8080)?,
            grace: Duration::from_secs(number("GRACE_SECONDS", 5)?.into()),
        })
    }
}

/// A backend: written by its connections, its readiness also by whoever switches it.
#[derive(Debug)]
pub struct Backend {
    identity: Identity,
    ready: AtomicBool,
    ending: AtomicBool,
    connections: AtomicU64,
    served: AtomicU64,
}

/// What a backend remembers of a connection.
#[derive(Debug)]
pub struct Connection {
    ends: Ends,
    number: OnceLock<u64>,
    requests: AtomicU64,
}

impl Backend {
    /// A backend that is ready.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            ready: AtomicBool::new(true),
            ending: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            served: AtomicU64::new(0),
        }
    }

    /// Whether `/readyz` says 200.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst) && !self.ending.load(Ordering::SeqCst)
    }

    /// How often it has said who it is.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::SeqCst)
    }

    /// Turns readiness off for good; every answer from now on closes its connection.
    pub fn begin_ending(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    fn who(&self, connection: &Connection) -> Answer {
        self.served.fetch_add(1, Ordering::SeqCst);
        let next = || self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        Answer {
            pod: self.identity.pod.clone(),
            ip: connection.ends.local.ip().to_canonical(),
            node: self.identity.node.clone(),
            version: self.identity.version.clone(),
            peer: connection.ends.peer.to_string(),
            connection: *connection.number.get_or_init(next),
            request: connection.requests.fetch_add(1, Ordering::SeqCst) + 1,
        }
    }

    fn respond(&self, connection: &Connection, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/healthz") => text(StatusCode::OK, "ok\n"),
            (&Method::GET | &Method::HEAD, "/readyz") if self.is_ready() => text(StatusCode::OK, "ready\n"),
            (&Method::GET | &Method::HEAD, "/readyz") => text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
            (&Method::GET | &Method::HEAD, _) => say(&self.who(connection), wants_json(request)),
            (&Method::POST, "/readyz/on") => self.switch(true),
            (&Method::POST, "/readyz/off") => self.switch(false),
            (&Method::POST, _) => text(StatusCode::NOT_FOUND, "POST /readyz/on or /readyz/off\n"),
            _ => text(StatusCode::METHOD_NOT_ALLOWED, "GET anything, or POST /readyz/on or /readyz/off\n"),
        }
    }

    fn switch(&self, ready: bool) -> Response<Full<Bytes>> {
        self.ready.store(ready, Ordering::SeqCst);
        text(StatusCode::OK, if ready { "readiness is on\n" } else { "readiness is off\n" })
    }
}

impl Handler for Backend {
    type Connection = Connection;
    type Body = Full<Bytes>;

    fn connected(&self, ends: Ends) -> Connection {
        Connection { ends, number: OnceLock::new(), requests: AtomicU64::new(0) }
    }

    async fn answer(&self, connection: &Connection, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = self.respond(connection, &request);
        if self.ending.load(Ordering::SeqCst) {
            response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        }
        response
    }
}

fn wants_json(request: &Request<Incoming>) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|value| value.contains("json"))
}

fn say(answer: &Answer, json: bool) -> Response<Full<Bytes>> {
    if !json {
        return text(StatusCode::OK, Line(answer).to_string());
    }
    match serde_json::to_vec(answer) {
        Ok(body) => reply(StatusCode::OK, "application/json", body.into()),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the answer has no JSON\n"),
    }
}

/// An answer for a reader, on one line.
struct Line<'a>(&'a Answer);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { pod, ip, version, peer, connection, request, .. } = self.0;
        write!(f, "{pod} {ip} {version} says hello (connection {connection}")?;
        if *request > 1 {
            write!(f, ", request {request}")?;
        }
        writeln!(f, ", you are {peer})")
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    reply(status, "text/plain; charset=utf-8", body.into())
}

fn reply(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

/// Serves until `told_to_stop`, and then as the module says.
pub async fn run(
    backend: Arc<Backend>,
    grace: Duration,
    listener: impl Listener,
    told_to_stop: impl Future<Output = ()>,
) {
    let stop = async {
        told_to_stop.await;
        backend.begin_ending();
        sleep(grace).await;
    };
    http::serve(listener, Arc::clone(&backend), stop).await;
}
