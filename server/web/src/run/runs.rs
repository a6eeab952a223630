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
use super::handle::{Command, RunHandle};
use super::keeper::Keeper;
use super::reducer::{self, Parts};
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
    /// Keeps how far the student is, where anything is kept.
    pub keeper: Option<Keeper>,
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

    /// The student's run of a lab, which goes on where an earlier server left it; the first who asks begins it.
    ///
    /// # Errors
    /// The lab's id makes no namespace name, which only an id of more than 59 characters does.
    pub fn open(&self, lab: &Arc<Lab>) -> Result<Arc<RunHandle>, InvalidName> {
        Ok(self.begin(namespace_of(&lab.id)?, lab, self.shared.keeper.as_ref()))
    }

    /// A run of a lab that is not the student's and of which nothing is kept, in a namespace of that name, which must
    /// begin with the lab's prefix; the first who asks begins it.
    pub fn open_in(&self, namespace: Namespace, lab: &Arc<Lab>) -> Arc<RunHandle> {
        self.begin(namespace, lab, None)
    }

    fn begin(&self, namespace: Namespace, lab: &Arc<Lab>, keeper: Option<&Keeper>) -> Arc<RunHandle> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        match runs.get(&namespace) {
            Some(run) if !run.is_over() => return Arc::clone(run),
            Some(_) => {
                tracing::error!(%namespace, "a run ended by itself: it begins anew where its record ends");
            }
            None => {}
        }
        let shared = self.shared.clone();
        let stop = shared.stop.child_token();
        let ground = Ground::new(shared.client.clone(), Arc::clone(&shared.index), namespace.clone());
        let (run, reducer) = reducer::start(Parts {
            client: shared.client.clone(),
            index: shared.index,
            namespace: namespace.clone(),
            lab: Arc::clone(lab),
            source: shared.source,
            boot: shared.boot,
            stop: stop.clone(),
            record: keeper.and_then(|keeper| keeper.latest(&lab.id)),
            ground,
            course: shared.course,
            keeper: keeper.cloned(),
        });
        let run = Arc::new(run);
        if let Some(keeper) = keeper {
            shared.tasks.spawn(keeper.clone().follow(Arc::clone(&run)));
        }
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
        let run = namespace_of(lab).ok().and_then(|namespace| {
            self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(&namespace).cloned()
        });
        match run {
            Some(run) => run.view().progress.done(),
            None => self.shared.keeper.as_ref().and_then(|keeper| keeper.latest(lab)).map_or(0, done),
        }
    }
}

/// How many steps of a record are done.
fn done(record: RunRecord) -> usize {
    record.steps.into_values().filter(|step| step.done_at.is_some()).count()
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
        loop {
            let turn = run.ground().turn().await;
            let Err(error) = run.ground().prepare(&run.lab()).await else {
                run.trouble(Trouble::Preparing, None).await;
                // If the reducer is gone, the run is over.
                let _ = run.ask(Command::Begin).await;
                return;
            };
            drop(turn);
            run.trouble(Trouble::Preparing, Some(why(&error))).await;
            tokio::time::sleep(TRY_AGAIN).await;
        }
    };
    stop.run_until_cancelled(work).await;
}
