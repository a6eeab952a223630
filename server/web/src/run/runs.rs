//! All runs of this server, and how one begins: its namespace is prepared in the background, while its page is there
//! already.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clusterip_cluster::index::{Index, NAMESPACE_PREFIX};
use clusterip_domain::ids::{InvalidName, LabId, Namespace};
use clusterip_domain::lab::{Lab, RunRecord};
use kube::Client;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ground::{Ground, GroundError};
use super::reducer::{self, Command, Parts, RunHandle};
use super::view::Trouble;
use crate::course::Course;
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
    /// The labs.
    pub course: Course,
    /// Where an earlier server left a lab's run.
    pub restore: Restore,
}

/// Finds what was kept of a lab's run. Whoever keeps it follows [`RunHandle::records`] as well.
#[derive(Clone)]
pub struct Restore(Arc<dyn Fn(&LabId) -> Option<RunRecord> + Send + Sync>);

impl Restore {
    /// Finds it so.
    pub fn with(find: impl Fn(&LabId) -> Option<RunRecord> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// Nothing was kept.
    #[must_use]
    pub fn nothing() -> Self {
        Self::with(|_| None)
    }
}

/// See the module.
pub struct Runs {
    shared: Shared,
    runs: Mutex<BTreeMap<Namespace, Arc<RunHandle>>>,
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
        Ok(self.open_in(namespace_of(&lab.id)?, lab))
    }

    /// The run of a lab in a namespace of that name, which must begin with the lab's prefix; the first who asks
    /// begins it.
    pub fn open_in(&self, namespace: Namespace, lab: &Arc<Lab>) -> Arc<RunHandle> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get(&namespace) {
            return Arc::clone(run);
        }
        let shared = self.shared.clone();
        let stop = shared.stop.child_token();
        let ground = Ground {
            client: shared.client.clone(),
            index: Arc::clone(&shared.index),
            namespace: namespace.clone(),
        };
        let (run, reducer) = reducer::start(Parts {
            client: shared.client.clone(),
            index: shared.index,
            namespace: namespace.clone(),
            lab: Arc::clone(lab),
            source: shared.source,
            boot: shared.boot,
            stop: stop.clone(),
            record: (shared.restore.0)(&lab.id),
            ground,
            course: shared.course,
        });
        let run = Arc::new(run);
        shared.tasks.spawn(reducer);
        shared.tasks.spawn(prepare(Arc::clone(&run), stop));
        runs.insert(namespace, Arc::clone(&run));
        run
    }

    /// Ends a run; what is in its namespace stays.
    pub fn close(&self, run: &RunHandle) {
        run.end();
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).remove(&run.namespace);
    }

    /// Gives every run the lab as it is now.
    pub async fn labs_changed(&self, labs: &[Arc<Lab>]) {
        let runs: Vec<_> =
            self.runs.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for run in runs {
            let changed = labs.iter().find(|lab| lab.id == run.id && !Arc::ptr_eq(lab, &run.lab()));
            if let Some(lab) = changed {
                run.tell(Command::Lab(Arc::clone(lab))).await;
            }
        }
    }

    /// Steps done in a lab's run, now or when it was kept.
    #[must_use]
    pub fn done(&self, lab: &LabId) -> usize {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        match namespace_of(lab).ok().and_then(|namespace| runs.get(&namespace)) {
            Some(run) => run.view().progress.done(),
            None => (self.shared.restore.0)(lab)
                .map_or(0, |record| record.steps.values().filter(|s| s.done_at.is_some()).count()),
        }
    }
}

fn namespace_of(lab: &LabId) -> Result<Namespace, InvalidName> {
    format!("{NAMESPACE_PREFIX}{lab}").parse()
}

/// An error and its cause, logged once.
fn why(error: &GroundError) -> String {
    let cause = std::error::Error::source(error);
    tracing::warn!(%error, source = ?cause, "namespace not prepared");
    cause.map_or_else(|| error.to_string(), |s| format!("{error}: {s}"))
}

/// Prepares what the run stands on, and says what is in the way while that cannot be.
async fn prepare(run: Arc<RunHandle>, stop: CancellationToken) {
    let work = async {
        while let Err(error) = run.ground().prepare(&run.lab()).await {
            let detail = why(&error);
            run.trouble(Some(Trouble::Preparing { detail })).await;
            tokio::time::sleep(TRY_AGAIN).await;
        }
        run.trouble(None).await;
        // If the reducer is gone, the run is over.
        let _ = run.ask(Command::Begin).await;
    };
    stop.run_until_cancelled(work).await;
}
