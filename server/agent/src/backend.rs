//! The pod behind a Service: it answers who it is and where the request came from.
//!
//! ```text
//! request ──▶ (DELAY_MS) ──▶ UPSTREAM, if it has one ──▶ answer: who it is, and what the upstream said
//!
//! SIGTERM ──▶ readiness off, `connection: close` on every answer ── GRACE_SECONDS ──▶ no new connections,
//!             finish what is in flight ──▶ exit 0
//! ```
//!
//! Kubernetes takes a terminating pod out of the EndpointSlice and sends SIGTERM *at the same time*: until every
//! node has heard of it, new connections still arrive, so the backend keeps serving for a grace.
//! Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow>
//!
//! With `GRACE_SECONDS=0` it ends as most programs do that never heard of this: at once, with what is in flight.
//!
//! Invariant: a connection's number is given with its first answer, so that the kubelet's probes use none up.

mod config;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use clusterip_domain::chain::{DEPTH_HEADER, Hop, MAX_DEPTH};
use clusterip_domain::traffic::{Answer, ErrorKind};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};
use tokio::time::sleep;

use crate::http::{self, Ends, Handler, Listener};
use crate::network::Network;
use crate::upstream::Upstream;
pub use config::{Config, ConfigError, Ending};

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

/// A backend: written by its connections, its readiness also by whoever switches it.
#[derive(Debug)]
pub struct Backend {
    identity: Identity,
    upstream: Option<Upstream>,
    delay: Duration,
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
    /// A backend that is ready, answers at once and asks nobody.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            upstream: None,
            delay: Duration::ZERO,
            ready: AtomicBool::new(true),
            ending: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            served: AtomicU64::new(0),
        }
    }

    /// A backend as its variables have it; its own requests go through `network`.
    pub fn configured<N: Network>(identity: Identity, config: &Config, network: N) -> Self {
        Self {
            upstream: config.upstream.clone().map(|url| Upstream::new(url, network)),
            delay: config.delay,
            ready: AtomicBool::new(config.ready),
            ..Self::new(identity)
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

    fn who(&self, connection: &Connection, upstream: Option<Hop>) -> Answer {
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
            upstream,
        }
    }

    async fn respond(&self, connection: &Connection, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/healthz") => text(StatusCode::OK, "ok\n"),
            (&Method::GET | &Method::HEAD, "/readyz") if self.is_ready() => text(StatusCode::OK, "ready\n"),
            (&Method::GET | &Method::HEAD, "/readyz") => text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
            (&Method::GET | &Method::HEAD, _) => self.introduce(connection, request).await,
            (&Method::POST, "/readyz/on") => self.switch(true),
            (&Method::POST, "/readyz/off") => self.switch(false),
            (&Method::POST, _) => text(StatusCode::NOT_FOUND, "POST /readyz/on or /readyz/off\n"),
            _ => text(StatusCode::METHOD_NOT_ALLOWED, "GET anything, or POST /readyz/on or /readyz/off\n"),
        }
    }

    /// Says who it is, after it has asked whom it has to ask.
    async fn introduce(&self, connection: &Connection, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let depth = depth(request);
        if depth >= MAX_DEPTH {
            let why =
                format!("this request has come through {depth} backends: they call each other in a circle\n");
            return text(StatusCode::LOOP_DETECTED, why);
        }
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        let upstream = match &self.upstream {
            Some(upstream) => Some(upstream.ask(depth + 1).await),
            None => None,
        };
        say(&self.who(connection, upstream), wants_json(request))
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
        let mut response = self.respond(connection, &request).await;
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

/// How many backends a request has come through.
fn depth(request: &Request<Incoming>) -> u8 {
    let given = request.headers().get(DEPTH_HEADER).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn say(answer: &Answer, json: bool) -> Response<Full<Bytes>> {
    let is_whole = answer.upstream.as_ref().is_none_or(|hop| hop.status == Some(StatusCode::OK.as_u16()));
    let status = if is_whole { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
    if !json {
        return text(status, Line(answer).to_string());
    }
    match serde_json::to_vec(answer) {
        Ok(body) => reply(status, "application/json", body.into()),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the answer has no JSON\n"),
    }
}

/// An answer for a reader: a line, and one more for each upstream.
struct Line<'a>(&'a Answer);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        introduction(f, self.0)?;
        for hop in self.0.hops() {
            write!(f, " └▶ {}: ", hop.to)?;
            match (&hop.answer, hop.status, hop.error) {
                (Some(answer), ..) => introduction(f, answer)?,
                (None, Some(status), _) => {
                    writeln!(f, "an answer that is not a backend's (status {status})")?;
                }
                (None, None, error) => writeln!(f, "{}", failure(error.unwrap_or(ErrorKind::BadAnswer)))?,
            }
        }
        Ok(())
    }
}

fn introduction(f: &mut fmt::Formatter<'_>, answer: &Answer) -> fmt::Result {
    let Answer { pod, ip, version, peer, connection, request, .. } = answer;
    write!(f, "{pod} {ip} {version} says hello (connection {connection}")?;
    if *request > 1 {
        write!(f, ", request {request}")?;
    }
    writeln!(f, ", you are {peer})")
}

fn failure(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Refused => "connection refused",
        ErrorKind::Timeout => "no answer in time",
        ErrorKind::Reset => "the connection broke",
        ErrorKind::NoRoute => "no route to host",
        ErrorKind::Dns => "the name does not resolve",
        ErrorKind::BadAnswer => "an answer that is not a backend's",
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
    ending: Ending,
    listener: impl Listener,
    told_to_stop: impl Future<Output = ()>,
) {
    let grace = match ending {
        Ending::Graceful(grace) => grace,
        Ending::Abrupt => {
            // Dropping the server drops its connections.
            tokio::select! {
                () = http::serve(listener, backend, std::future::pending()) => {}
                () = told_to_stop => {}
            }
            return;
        }
    };
    let stop = async {
        told_to_stop.await;
        backend.begin_ending();
        sleep(grace).await;
    };
    http::serve(listener, Arc::clone(&backend), stop).await;
}
