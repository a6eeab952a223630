//! All runs of this server, and how one begins: its namespace is prepared in the background, while its page is there
//! already.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clusterip_cluster::index::{Index, NAMESPACE_PREFIX};
use clusterip_cluster::tenancy;
use clusterip_domain::ids::{InvalidName, LabId, Namespace};
use clusterip_domain::lab::Lab;
use kube::Client;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::reducer::{self, Parts, RunHandle};
use super::view::Trouble;
use crate::pages::SourceView;

/// The wait before a namespace that could not be prepared is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(3);

/// What every run works with.
#[derive(Clone)]
pub struct Shared {
    /// The cluster.
    pub client: Client,
    /// Its picture.
    pub index: Arc<Index>,
    /// What the pages call it.
    pub source: SourceView,
    /// Tells this server's event ids from those of the one before it.
    pub boot: u64,
    /// Ends every task.
    pub stop: CancellationToken,
    /// Waits for them.
    pub tasks: TaskTracker,
}

/// See the module.
pub struct Runs {
    shared: Shared,
    runs: Mutex<BTreeMap<LabId, Arc<RunHandle>>>,
}

impl Runs {
    /// No run yet.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self { shared, runs: Mutex::default() }
    }

    /// The run of a lab; the first who asks begins it.
    ///
    /// # Errors
    /// The lab's id makes no namespace name, which only an id of more than 59 characters does.
    pub fn open(&self, lab: &Arc<Lab>) -> Result<Arc<RunHandle>, InvalidName> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get(&lab.id) {
            return Ok(Arc::clone(run));
        }
        let namespace: Namespace = format!("{NAMESPACE_PREFIX}{}", lab.id).parse()?;
        let shared = self.shared.clone();
        let (run, reducer) = reducer::start(Parts {
            client: shared.client.clone(),
            index: shared.index,
            namespace: namespace.clone(),
            lab: Arc::clone(lab),
            source: shared.source,
            boot: shared.boot,
            stop: shared.stop.clone(),
        });
        let run = Arc::new(run);
        shared.tasks.spawn(reducer);
        shared.tasks.spawn(prepare(shared.client, namespace, Arc::clone(&run), shared.stop));
        runs.insert(lab.id.clone(), Arc::clone(&run));
        Ok(run)
    }

    /// Steps done in a lab's run, if it has begun.
    #[must_use]
    pub fn done(&self, lab: &LabId) -> usize {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(lab).map_or(0, |run| run.view().progress.done)
    }
}

/// Prepares the namespace, and says what is in the way while it cannot be.
async fn prepare(client: Client, namespace: Namespace, run: Arc<RunHandle>, stop: CancellationToken) {
    let work = async {
        while let Err(error) = tenancy::prepare(&client, &namespace).await {
            tracing::warn!(%error, source = ?std::error::Error::source(&error), "namespace not prepared");
            let detail = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), |s| format!("{error}: {s}"));
            run.trouble(Some(Trouble::Preparing { detail })).await;
            tokio::time::sleep(TRY_AGAIN).await;
        }
        run.trouble(None).await;
    };
    stop.run_until_cancelled(work).await;
}
