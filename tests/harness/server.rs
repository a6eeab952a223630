//! A server in this process, on a port of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use clusterip_cluster::source::StageEvent;
use clusterip_web::{Cluster, Failure, Labs, Origin, Outcome, ServeConfig, ServeError, Startup};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::http::Http;
use crate::wait::within;

/// How long a cluster that is there may take to be opened, its agent image brought to it if need be.
const OPENING: Duration = Duration::from_secs(180);
/// How long a server may take to end: twice its own farewell.
const ENDING: Duration = Duration::from_secs(11);

/// See the module. Ends when dropped; [`Server::stop`] waits for the end and looks at how it went.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// How far start-up is.
    pub startup: watch::Receiver<Startup>,
    stages: mpsc::UnboundedReceiver<StageEvent>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    /// Starts one on any free port.
    pub async fn start(origin: impl Into<Origin>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        Self::start_on(origin.into(), Labs::BuiltIn, listener, None)
    }

    /// Starts one on any free port, with other labs than those that are built in.
    pub async fn start_with(labs: Labs, origin: impl Into<Origin>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        Self::start_on(origin.into(), labs, listener, None)
    }

    /// Starts one on a port, any free one if it is 0, which keeps progress in a folder.
    pub async fn start_keeping(origin: impl Into<Origin>, address: SocketAddr, folder: &Path) -> Self {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        Self::start_on(origin.into(), Labs::BuiltIn, listener, Some(folder.join("records.sqlite3")))
    }

    fn start_on(origin: Origin, labs: Labs, listener: TcpListener, records: Option<PathBuf>) -> Self {
        record_panics();
        let address = listener.local_addr().expect("a bound listener has an address");
        let (startup, seen) = watch::channel(Startup::new(origin.stages()));
        let (to, stages) = mpsc::unbounded_channel();
        let shutdown = CancellationToken::new();
        let config = ServeConfig { origin, labs, records, allowed_hosts: Vec::new(), stages: to, startup };
        let task = tokio::spawn(clusterip_web::run(config, listener, shutdown.clone()));
        Self { address, startup: seen, stages, shutdown, task }
    }

    /// A client for it.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(self.address)
    }

    /// Waits until the cluster answers.
    ///
    /// # Panics
    /// It does not, or the server ended.
    pub async fn ready(&mut self) -> Arc<Cluster> {
        match self.outcome().await {
            Ok(cluster) => cluster,
            Err(failure) => panic!("{failure:#?}"),
        }
    }

    /// Waits until start-up has failed, and says why.
    ///
    /// # Panics
    /// It did not fail, or the server ended.
    pub async fn failure(&mut self) -> Failure {
        self.outcome().await.err().expect("start-up fails")
    }

    async fn outcome(&mut self) -> Result<Arc<Cluster>, Failure> {
        let startup = &mut self.startup;
        let settled = async {
            loop {
                match &startup.borrow_and_update().outcome {
                    Outcome::Ready(cluster) => return Ok(Arc::clone(cluster)),
                    Outcome::Failed(failure) => return Err(failure.clone()),
                    Outcome::Opening => {}
                }
                startup.changed().await.expect("the server says how start-up goes while it lives");
            }
        };
        tokio::select! {
            outcome = within("start-up to end", OPENING, settled) => outcome,
            ended = &mut self.task => panic!("the server ended by itself: {ended:?}"),
        }
    }

    /// The stages of start-up so far that were not asked for before.
    pub fn stages(&mut self) -> Vec<StageEvent> {
        std::iter::from_fn(|| self.stages.try_recv().ok()).collect()
    }

    /// Stops it, and returns how long that took.
    ///
    /// # Panics
    /// It ended with an error, not in time, or something in it panicked meanwhile.
    pub async fn stop(mut self) -> Duration {
        let began = Instant::now();
        self.shutdown.cancel();
        let ended = within("the server to end", ENDING, &mut self.task).await;
        ended.expect("the server does not panic").expect("the server ends without an error");
        let panics = std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner));
        assert!(panics.is_empty(), "panics in the background: {panics:#?}");
        began.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Panics since the last look. Tests that share a process are run one at a time, or do not panic.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// tokio takes a task's panic for itself, and what the task did just stops: so it is written down.
fn record_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A test's own thread has the test's name: its failure is reported anyway.
            if std::thread::current().name().is_some_and(|name| name.starts_with("tokio")) {
                PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
            }
            usual(panic);
        }));
    });
}
