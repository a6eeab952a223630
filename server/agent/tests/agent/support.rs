//! Backends on loopback, a network that spreads connections over them as a Service does, and bodies read to lines.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use clusterip_agent::backend::{self, Backend, Ending, Identity};
use clusterip_agent::client::run_load;
use clusterip_agent::network::{Dialled, NameError, Network, PodNetwork, Resolved};
use clusterip_domain::traffic::{Batch, Connections, End, ErrorKind, Line, LoadSpec};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Longer than anything here takes: reached only by a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `future`, and fails rather than hang.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this should not take so long")
}

pub(crate) async fn loopback() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) struct RunningBackend {
    pub(crate) backend: Arc<Backend>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: JoinHandle<()>,
}

pub(crate) async fn start_backend(pod: &str, grace: Duration) -> RunningBackend {
    let (listener, address) = loopback().await;
    let identity = Identity { pod: pod.into(), node: "node-a".into(), version: "v1".into() };
    let backend = Arc::new(Backend::new(identity));
    let (stop, told) = oneshot::channel();
    let told = async { drop(told.await) };
    let ended = tokio::spawn(backend::run(Arc::clone(&backend), Ending::Graceful(grace), listener, told));
    RunningBackend { backend, address, stop, ended }
}

/// An address nobody listens on.
pub(crate) async fn nobody() -> SocketAddr {
    loopback().await.1
}

/// Every address leads to one of `behind`, a new one for each connection; a name leads nowhere.
pub(crate) struct Spread {
    behind: Vec<SocketAddr>,
    turn: AtomicUsize,
    pod: PodNetwork,
}

impl Spread {
    pub(crate) fn over(behind: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { behind: behind.into_iter().collect(), turn: AtomicUsize::new(0), pod: PodNetwork::default() }
    }
}

impl Network for Spread {
    type Stream = TcpStream;

    async fn resolve(&self, host: &str) -> Result<Resolved, NameError> {
        Err(NameError { host: host.into(), reason: "there are no names here".into(), answered: true })
    }

    async fn connect(&self, _: SocketAddr) -> io::Result<Dialled<TcpStream>> {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        self.pod.connect(self.behind[turn % self.behind.len()]).await
    }
}

pub(crate) fn spec(requests: u64) -> LoadSpec {
    LoadSpec {
        host: "10.96.0.10".into(),
        port: 80,
        connections: Connections::NewPerRequest,
        rate_per_second: 400,
        max_requests: requests,
        max_seconds: 60,
        timeout_ms: 5000,
    }
}

/// A whole report.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) batches: Vec<Batch>,
    pub(crate) end: Option<End>,
    pub(crate) sent: u64,
}

impl Told {
    pub(crate) fn answers_of(&self, pod: &str) -> u64 {
        let backends = self.batches.iter().flat_map(|batch| &batch.backends);
        backends.filter(|backend| backend.pod == pod).map(|backend| backend.count).sum()
    }

    pub(crate) fn errors(&self, kind: ErrorKind) -> u64 {
        let errors = self.batches.iter().flat_map(|batch| &batch.errors);
        errors.filter(|error| error.kind == kind).map(|error| error.count).sum()
    }

    pub(crate) fn not_sent(&self) -> u64 {
        self.batches.iter().map(|batch| batch.not_sent).sum()
    }

    pub(crate) fn read(&mut self, line: Line) {
        match line {
            Line::Started { .. } => {}
            Line::Batch(batch) => self.batches.push(batch),
            Line::Finished { end, sent } => (self.end, self.sent) = (Some(end), sent),
        }
    }
}

/// Runs a load to its own end.
pub(crate) async fn run_to_end(spec: LoadSpec, network: impl Network) -> Told {
    let (lines, mut report) = mpsc::channel(4);
    tokio::spawn(run_load("client".into(), spec, Arc::new(network), std::future::pending(), lines));
    let mut told = Told::default();
    within(async {
        while let Some(line) = report.recv().await {
            told.read(line);
        }
    })
    .await;
    told
}

pub(crate) async fn connect(to: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(to).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(crate) async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Response<Incoming> {
    within(sender.ready()).await.unwrap();
    within(sender.send_request(request)).await.unwrap()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let body = within(response.into_body().collect()).await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The lines of a report, as they come.
pub(crate) struct Lines {
    body: Incoming,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) fn of(response: Response<Incoming>) -> Self {
        Self { body: response.into_body(), buffer: Vec::new() }
    }

    pub(crate) async fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let frame = within(self.body.frame()).await?.unwrap();
            self.buffer.extend_from_slice(&frame.into_data().unwrap());
        }
    }
}
