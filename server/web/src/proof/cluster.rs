//! The cluster a proof is played on: opened as the server opens it, without pages.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ProofError;
use crate::course::Course;
use crate::opening::{Opening, Origin};
use crate::startup::{Cluster, Outcome, Startup};

/// Opens it; `stop` ends it, and the tasks are what there is to wait for then.
pub(super) async fn open(
    course: &Course,
    origin: Origin,
    stop: &CancellationToken,
) -> Result<(Arc<Cluster>, TaskTracker), ProofError> {
    let tasks = TaskTracker::new();
    let (startup, mut seen) = watch::channel(Startup::new(origin.stages()));
    let opening = Opening {
        origin,
        image: clusterip_cluster::agent_image::AgentImage::pack()?,
        startup,
        retry: Arc::new(Notify::new()),
        course: course.clone(),
        also: mpsc::unbounded_channel().0,
        stop: stop.clone(),
        tasks: tasks.clone(),
    };
    tasks.spawn(opening.run());
    loop {
        match &seen.borrow_and_update().outcome {
            Outcome::Opening => {}
            Outcome::Ready(cluster) => return Ok((Arc::clone(cluster), tasks)),
            Outcome::Failed(failure) => {
                stop.cancel();
                return Err(ProofError::Cluster(format!("{} → {}", failure.detail, failure.cure)));
            }
        }
        let gone = || ProofError::Cluster("start-up ended early".to_owned());
        seen.changed().await.map_err(|_| gone())?;
    }
}
