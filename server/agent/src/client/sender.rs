//! How one request of a load leaves, and what came of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clusterip_domain::traffic::{Answer, Connections, ErrorKind, LoadSpec};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::exchange::{Asked, Failure, Link, on_connect, on_exchange};
use crate::network::{Network, addresses};

/// A request that came to its end.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) local_port: Option<u16>,
    /// From the intended start.
    pub(super) latency: Duration,
    pub(super) outcome: Result<Answer, Failure>,
}

/// Sends a load's requests; shared by all that are in flight.
pub(super) struct Sender<N> {
    network: Arc<N>,
    host: String,
    authority: String,
    port: u16,
    timeout: Duration,
    /// Which of a name's addresses is next: a headless Service's name has one for each pod.
    turn: AtomicUsize,
    /// The kept connections; none where each request makes its own.
    kept: Vec<Mutex<Option<Link>>>,
}

impl<N: Network> Sender<N> {
    pub(super) fn new(spec: &LoadSpec, network: Arc<N>) -> Self {
        let kept = match spec.connections {
            Connections::NewPerRequest => 0,
            Connections::KeepAlive { connections } => connections.into(),
        };
        Self {
            network,
            host: spec.host.clone(),
            authority: authority(&spec.host, spec.port),
            port: spec.port,
            timeout: Duration::from_millis(spec.timeout_ms.into()),
            turn: AtomicUsize::new(0),
            kept: (0..kept).map(|_| Mutex::new(None)).collect(),
        }
    }

    /// Sends request number `index`, which was due at `due`, and sees it through.
    pub(super) async fn send(&self, index: u64, due: Instant) -> Settled {
        let deadline = due + self.timeout;
        let mut local_port = None;
        let tried = timeout_at(deadline, async {
            match usize::try_from(index).unwrap_or_default().checked_rem(self.kept.len()) {
                Some(slot) => self.ask_kept(&self.kept[slot], deadline, &mut local_port).await,
                None => self.ask_new(deadline, &mut local_port).await,
            }
        })
        .await;
        let outcome = tried.unwrap_or(Err(Failure::Counted(ErrorKind::Timeout)));
        Settled { local_port, latency: due.elapsed(), outcome }
    }

    async fn ask_new(&self, deadline: Instant, local_port: &mut Option<u16>) -> Result<Answer, Failure> {
        let mut link = self.open(deadline).await?;
        *local_port = link.local_port;
        answer(link.ask(&self.authority).await)
    }

    /// Asks on the slot's connection, which a request before this one may still be using: they take turns. A
    /// connection found to be over is made anew; one that breaks under the request counts as what it is. When
    /// the time is over, the connection goes too, for its answer may still come.
    async fn ask_kept(
        &self,
        slot: &Mutex<Option<Link>>,
        deadline: Instant,
        local_port: &mut Option<u16>,
    ) -> Result<Answer, Failure> {
        let mut slot = slot.lock().await;
        if let Some(mut link) = slot.take()
            && link.ready().await
        {
            *local_port = link.local_port;
            match link.ask(&self.authority).await {
                Asked::Unsent => {}
                Asked::Answered(answer) => {
                    *slot = Some(link);
                    return Ok(answer);
                }
                Asked::Failed(kind) => return Err(Failure::Counted(kind)),
            }
        }
        *local_port = None;
        let mut link = self.open(deadline).await?;
        *local_port = link.local_port;
        let answer = answer(link.ask(&self.authority).await)?;
        *slot = Some(link);
        Ok(answer)
    }

    async fn open(&self, deadline: Instant) -> Result<Link, Failure> {
        let to = SocketAddr::new(self.address(deadline).await?, self.port);
        let dialled = self.network.connect(to).await.map_err(|error| on_connect(&error))?;
        Link::open(dialled).await.map_err(|error| Failure::Counted(on_exchange(&error)))
    }

    /// A name server that does not answer in time is a failure of DNS, not of the address.
    async fn address(&self, deadline: Instant) -> Result<IpAddr, Failure> {
        let found = timeout_at(deadline, addresses(&*self.network, &self.host)).await;
        let Ok(Ok(found)) = found else { return Err(Failure::Counted(ErrorKind::Dns)) };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let chosen = turn.checked_rem(found.len()).and_then(|index| found.get(index));
        chosen.copied().ok_or(Failure::Counted(ErrorKind::Dns))
    }
}

fn answer(asked: Asked) -> Result<Answer, Failure> {
    match asked {
        Asked::Answered(answer) => Ok(answer),
        Asked::Failed(kind) => Err(Failure::Counted(kind)),
        // It was made, and was over before the request left.
        Asked::Unsent => Err(Failure::Counted(ErrorKind::Reset)),
    }
}

/// `host:port`, as the Host header has it.
pub(super) fn authority(host: &str, port: u16) -> String {
    match host.parse() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
        _ => format!("{host}:{port}"),
    }
}
