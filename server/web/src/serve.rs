//! The server as a whole: `run(config, listener, shutdown)`.

use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::agent_image::{AgentImage, PackError};
use clusterip_cluster::source::StageEvent;
use clusterip_domain::lab::LabErrors;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::course::Course;
use crate::opening::{Opening, Origin};
use crate::router::build_router;
use crate::startup::Startup;
use crate::state::{AppState, own_hosts};

/// How long requests and tasks may take to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a server is made of.
pub struct ServeConfig {
    /// Which cluster.
    pub origin: Origin,
    /// `Host` headers to answer to beside our own, `lab.example.org` or `lab.example.org:8080`.
    pub allowed_hosts: Vec<String>,
    /// Listens to the stages of start-up: the terminal.
    pub stages: mpsc::UnboundedSender<StageEvent>,
    /// Told how start-up goes, as the page is.
    pub startup: watch::Sender<Startup>,
}

/// Why a server ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A lab that was built in is not whole.
    #[error("a lab cannot be read")]
    Lab(#[from] LabErrors),
    /// The image of the pods cannot be packed.
    #[error("the image of the lab's pods cannot be packed")]
    Image(#[from] PackError),
    /// The listener failed.
    #[error("serving failed")]
    Serve(#[source] std::io::Error),
}

/// Serves until `shutdown` is cancelled, then ends every stream and task.
///
/// # Errors
/// A lab that is not whole, or a listener that fails.
pub async fn run(
    config: ServeConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let course = Course::built_in()?;
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    let tasks = TaskTracker::new();
    let retry = Arc::new(Notify::new());
    let state = AppState {
        course,
        startup: config.startup.subscribe(),
        retry: Arc::clone(&retry),
        simulated: matches!(config.origin, Origin::Practice),
        hosts: own_hosts(address, &config.allowed_hosts),
        stop: shutdown.clone(),
    };
    let image = match &config.origin {
        Origin::Real(_) => Some(AgentImage::pack()?),
        // The practice cluster's pods run inside this program.
        Origin::Practice => None,
    };
    let opening = Opening {
        origin: config.origin,
        image,
        startup: config.startup,
        retry,
        also: config.stages,
        stop: shutdown.clone(),
        tasks: tasks.clone(),
    };
    tasks.spawn(opening.run());
    let serving =
        axum::serve(listener, build_router(state)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let served = tokio::select! {
        served = serving.into_future() => served.map_err(ServeError::Serve),
        // A browser that holds a request open does not hold up the end.
        () = async { shutdown.cancelled().await; tokio::time::sleep(FAREWELL).await } => Ok(()),
    };
    shutdown.cancel();
    tasks.close();
    if tokio::time::timeout(FAREWELL, tasks.wait()).await.is_err() {
        tracing::warn!("some tasks did not end in time");
    }
    served
}
