//! The server as a whole: `run(config, listener, shutdown)`.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::agent_image::{AgentImage, PackError};
use clusterip_cluster::source::StageEvent;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::course::{Course, CourseError};
use crate::opening::{Opening, Origin};
use crate::router::build_router;
use crate::startup::Startup;
use crate::state::{AppState, own_hosts};

/// How long requests and tasks may take to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where the labs come from.
#[derive(Debug, Clone, Default)]
pub enum Labs {
    /// Those inside the executable.
    #[default]
    BuiltIn,
    /// Those of a folder.
    Folder(PathBuf),
    /// Those of a folder, read again whenever a file changes.
    Watched(PathBuf),
}

impl Labs {
    /// Reads them; the future, if there is one, goes on reading.
    fn open(self, stop: &CancellationToken) -> Result<(Course, Option<Watching>), CourseError> {
        match self {
            Self::BuiltIn => Ok((Course::built_in()?, None)),
            Self::Folder(root) => Ok((Course::in_folder(&root)?, None)),
            Self::Watched(root) => {
                let (course, look) = Course::watched(root, stop.clone())?;
                Ok((course, Some(Box::pin(look))))
            }
        }
    }
}

/// What reads the labs again.
type Watching = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a server is made of.
pub struct ServeConfig {
    /// Which cluster.
    pub origin: Origin,
    /// `Host` headers to answer to beside our own, `lab.example.org` or `lab.example.org:8080`.
    pub allowed_hosts: Vec<String>,
    /// Which labs.
    pub labs: Labs,
    /// Listens to the stages of start-up: the terminal.
    pub stages: mpsc::UnboundedSender<StageEvent>,
    /// Told how start-up goes, as the page is.
    pub startup: watch::Sender<Startup>,
}

/// Why a server ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The labs are not whole.
    #[error("the labs cannot be served")]
    Course(#[from] CourseError),
    /// The image of the pods cannot be packed.
    #[error("the image of the lab's pods cannot be packed")]
    Image(#[from] PackError),
    /// The listener failed.
    #[error("serving failed")]
    Serve(#[source] std::io::Error),
}

/// Gives the runs what was read again.
async fn follow(state: AppState) {
    let mut changes = state.course.changes();
    let stop = state.stop.clone();
    let work = async {
        while changes.changed().await.is_ok() {
            let reading = Arc::clone(&changes.borrow_and_update());
            if let Some(cluster) = state.cluster() {
                cluster.runs.labs_changed(&reading.labs).await;
            }
        }
    };
    stop.run_until_cancelled(work).await;
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
    let (course, watching) = config.labs.open(&shutdown)?;
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    let tasks = TaskTracker::new();
    let retry = Arc::new(Notify::new());
    let state = AppState {
        course: course.clone(),
        startup: config.startup.subscribe(),
        retry: Arc::clone(&retry),
        simulated: matches!(config.origin, Origin::Practice),
        hosts: own_hosts(address, &config.allowed_hosts),
        stop: shutdown.clone(),
    };
    let opening = Opening {
        origin: config.origin,
        image: AgentImage::pack()?,
        startup: config.startup,
        retry,
        course,
        also: config.stages,
        stop: shutdown.clone(),
        tasks: tasks.clone(),
    };
    if let Some(watching) = watching {
        tasks.spawn(watching);
        tasks.spawn(follow(state.clone()));
    }
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
