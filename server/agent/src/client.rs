//! The pod in front of a Service: it sends the load it is told to, and reports what its sockets saw.
//!
//! ```text
//! POST /v1/load ───▶ load (open loop) ──▶ senders ──▶ tally ──▶ NDJSON
//! POST /v1/probe ──▶ one try ──▶ JSON
//! ```
//!
//! Invariants: one load at a time, and the newest wins; one probe at a time, and the first wins; a load whose reader went away ends at once; the control
//! port is on the pod's own loopback, so that only the API server's port-forward reaches it.

mod load;
mod probe;
mod report;
mod sender;
mod tally;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use clusterip_domain::probe::{PROBE_PATH, ProbeSpec};
use clusterip_domain::traffic::{CONTROL_PORT, End, LOAD_PATH, LoadSpec};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::http::{self, Ends, Handler, Listener};
use crate::network::Network;

pub use load::{HEARTBEAT, MAX_IN_FLIGHT, run as run_load};
pub use probe::run as run_probe;
pub use report::Report;

/// Where the control port listens.
pub const CONTROL_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), CONTROL_PORT);

const MAX_SPEC_BYTES: usize = 16 * 1024;

/// Which load may run: written by the control port, read by the loads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Turn {
    newest: u64,
    stopping: bool,
}

/// A client: its loads go through `network`.
#[derive(Debug)]
pub struct Client<N> {
    name: String,
    network: Arc<N>,
    turn: watch::Sender<Turn>,
    running: watch::Sender<usize>,
    probing: Semaphore,
}

impl<N: Network> Client<N> {
    /// A client that sends nothing yet.
    pub fn new(name: String, network: N) -> Self {
        let (turn, running) = (watch::Sender::default(), watch::Sender::default());
        Self { name, network: Arc::new(network), turn, running, probing: Semaphore::new(1) }
    }

    /// How many loads run: one at most, but for the moment in which one replaces another.
    pub fn running(&self) -> watch::Receiver<usize> {
        self.running.subscribe()
    }

    /// Ends every load, now and later.
    pub fn stop(&self) {
        self.turn.send_modify(|turn| turn.stopping = true);
    }

    fn start(&self, spec: LoadSpec) -> Report {
        let mut turns = self.turn.subscribe();
        self.turn.send_modify(|turn| turn.newest += 1);
        let mine = turns.borrow_and_update().newest;
        let told_to_end = async move {
            match turns.wait_for(|turn| turn.stopping || turn.newest != mine).await {
                Ok(turn) if !turn.stopping => End::Replaced,
                _ => End::Shutdown,
            }
        };
        let (lines, report) = mpsc::channel(load::LINES_AHEAD);
        let (network, name, running) = (Arc::clone(&self.network), self.name.clone(), self.running.clone());
        running.send_modify(|running| *running += 1);
        tokio::spawn(async move {
            load::run(name, spec, network, told_to_end, lines).await;
            running.send_modify(|running| *running -= 1);
        });
        Report::new(report)
    }

    async fn load(&self, request: Request<Incoming>) -> Response<ControlBody> {
        let spec: LoadSpec = match read(request, ["load_unreadable", "load_malformed"]).await {
            Ok(spec) => spec,
            Err(refusal) => return refusal,
        };
        if let Err(error) = spec.validate() {
            return refuse(StatusCode::BAD_REQUEST, "load_out_of_bounds", &error.to_string());
        }
        let mut response = Response::new(Either::Right(self.start(spec)));
        let ndjson = header::HeaderValue::from_static("application/x-ndjson");
        response.headers_mut().insert(header::CONTENT_TYPE, ndjson);
        response
    }

    async fn probe(&self, request: Request<Incoming>) -> Response<ControlBody> {
        let spec: ProbeSpec = match read(request, ["probe_unreadable", "probe_malformed"]).await {
            Ok(spec) => spec,
            Err(refusal) => return refusal,
        };
        if let Err(error) = spec.validate() {
            return refuse(StatusCode::BAD_REQUEST, "probe_out_of_bounds", &error.to_string());
        }
        let Ok(_turn) = self.probing.try_acquire() else {
            return refuse(StatusCode::TOO_MANY_REQUESTS, "probe_busy", "another probe is under way");
        };
        json_body(StatusCode::OK, &json!(probe::run(&spec, &*self.network).await))
    }
}

/// The request's body, or a refusal with the code for one that cannot be read or that is not what it should be.
async fn read<T: DeserializeOwned>(
    request: Request<Incoming>,
    [unreadable, malformed]: [&str; 2],
) -> Result<T, Response<ControlBody>> {
    let body = Limited::new(request.into_body(), MAX_SPEC_BYTES).collect().await;
    let body = body.map_err(|error| refuse(StatusCode::BAD_REQUEST, unreadable, &error.to_string()))?;
    serde_json::from_slice(&body.to_bytes())
        .map_err(|error| refuse(StatusCode::BAD_REQUEST, malformed, &error.to_string()))
}

/// A short answer, or a load's report.
pub type ControlBody = Either<Full<Bytes>, Report>;

impl<N: Network> Handler for Client<N> {
    type Connection = ();
    type Body = ControlBody;

    fn connected(&self, _: Ends) {}

    async fn answer(&self, (): &(), request: Request<Incoming>) -> Response<ControlBody> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, LOAD_PATH) => self.load(request).await,
            (&Method::POST, PROBE_PATH) => self.probe(request).await,
            (_, LOAD_PATH | PROBE_PATH) => {
                refuse(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "POST a load or a probe here")
            }
            (&Method::GET, "/healthz") => Response::new(Either::Left(Full::from("ok\n"))),
            (_, path) => refuse(StatusCode::NOT_FOUND, "not_found", &format!("there is nothing at {path}")),
        }
    }
}

fn refuse(status: StatusCode, code: &str, detail: &str) -> Response<ControlBody> {
    json_body(status, &json!({ "code": code, "detail": detail }))
}

fn json_body(status: StatusCode, body: &serde_json::Value) -> Response<ControlBody> {
    let mut response = Response::new(Either::Left(Full::from(body.to_string())));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Serves the control port until `told_to_stop`; loads under way say [`End::Shutdown`] last.
pub async fn run<N: Network>(
    client: Arc<Client<N>>,
    listener: impl Listener,
    told_to_stop: impl Future<Output = ()>,
) {
    let stop = async {
        told_to_stop.await;
        client.stop();
    };
    http::serve(listener, Arc::clone(&client), stop).await;
}
