//! The proof of a lab, for its author and for CI: that it can be done, by every way it names, and not by accident.
//!
//! ```text
//! Lab ──▶ lint (static)
//!    └──▶ plays: untouched · each route twice · each wrong state · the commands of the text
//!              each in a namespace of its own, several at a time ──▶ Outcome ──▶ table, exit code
//! ```
//!
//! Invariant: a play uses what a student uses (the run, its acts, kubectl) and judges by what a student sees.

mod cluster;
mod lint;
mod play;
mod stage;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clusterip_domain::lab::{Lab, LabErrors};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::course::Course;
use crate::kubectl::Kubectl;
use crate::opening::Origin;
use crate::startup::Cluster;

pub use lint::lint;
pub use play::{Plays, What};

/// How many plays go on at a time on a real cluster: each has some pods, and the cluster may be small.
const AT_ONCE: usize = 6;
/// How many on a practice cluster: a play mostly waits, and all share the processors of this machine.
const AT_ONCE_IN_PRACTICE: usize = 10;

/// What is to be proved, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// Which plays of each lab.
    pub plays: Plays,
    /// How many at a time; without it, as many as such a cluster takes.
    pub at_once: Option<NonZeroUsize>,
    /// Whether what failed is played once more, alone: beside many others a busy machine may be too slow for it.
    pub again: bool,
}

/// What came of one play.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The lab's id.
    pub lab: String,
    /// What was played.
    pub what: String,
    /// Why it is no proof, if it is none.
    pub fault: Option<String>,
    /// It was left out, for that reason.
    pub left_out: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// What is being proved, as it goes.
#[derive(Debug)]
pub enum Event {
    /// So many plays in all.
    Begins(usize),
    /// One play has ended.
    Ended(Outcome),
    /// The plays that were no proof are played once more, alone: what came of them is no longer to be counted.
    Again(usize),
}

/// Why nothing can be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The cluster does not open.
    #[error("the cluster does not open: {0}")]
    Cluster(String),
    /// The image of the pods cannot be packed.
    #[error("the image of the lab's pods cannot be packed")]
    Image(#[from] clusterip_cluster::agent_image::PackError),
}

/// Plays the labs on a cluster, and tells as it goes.
///
/// # Errors
/// There is no cluster to play on.
pub async fn prove(
    course: &Course,
    labs: &[Arc<Lab>],
    scope: Scope,
    origin: Origin,
    events: &mpsc::UnboundedSender<Event>,
) -> Result<(), ProofError> {
    let stop = CancellationToken::new();
    let usual = match origin {
        Origin::Real(_) => AT_ONCE,
        Origin::Practice => AT_ONCE_IN_PRACTICE,
    };
    let at_once = scope.at_once.map_or(usual, NonZeroUsize::get);
    let (cluster, tasks) = cluster::open(course, origin, &stop).await?;
    let kubectl = Kubectl::find(&cluster.access, &cluster.source.name).map_err(|e| e.to_string());
    let plays = order(labs.iter().map(|lab| (Arc::clone(lab), play::plan(lab, scope.plays))));
    // Nobody listening is no reason not to go on.
    let _ = events.send(Event::Begins(plays.len()));
    let played = plays.len();
    let numbered = plays.into_iter().enumerate().map(|(number, (lab, what))| (number, lab, what));
    let failed = play_all(&cluster, &kubectl, numbered, at_once, events).await;
    if scope.again && !failed.is_empty() {
        let _ = events.send(Event::Again(failed.len()));
        // Numbers of their own: the namespaces of the first time may not be gone yet.
        let numbered = failed.into_iter().map(|(number, lab, what)| (played + number, lab, what));
        play_all(&cluster, &kubectl, numbered, 1, events).await;
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// A play with a number of its own, which names its namespace.
type Play = (usize, Arc<Lab>, What);

/// The first play of every lab, then the second, and so on: the plays of one lab weigh about the same, and the heaviest
/// would all go on at once.
fn order(plans: impl Iterator<Item = (Arc<Lab>, Vec<What>)>) -> Vec<(Arc<Lab>, What)> {
    let numbered = |(lab, plan): (Arc<Lab>, Vec<What>)| {
        plan.into_iter().enumerate().map(move |(i, what)| (i, Arc::clone(&lab), what))
    };
    let mut plays: Vec<_> = plans.flat_map(numbered).collect();
    plays.sort_by_key(|(i, ..)| *i);
    plays.into_iter().map(|(_, lab, what)| (lab, what)).collect()
}

/// Plays them, so many at a time. Returns those that are no proof.
async fn play_all(
    cluster: &Arc<Cluster>,
    kubectl: &Result<Kubectl, String>,
    plays: impl Iterator<Item = Play>,
    at_once: usize,
    events: &mpsc::UnboundedSender<Event>,
) -> Vec<Play> {
    let played = stream::iter(plays).map(async |(number, lab, what)| {
        let outcome = one(cluster, kubectl, number, Arc::clone(&lab), what).await;
        let failed = outcome.fault.is_some();
        let _ = events.send(Event::Ended(outcome));
        failed.then_some((number, lab, what))
    });
    played.buffer_unordered(at_once).filter_map(std::future::ready).collect().await
}

async fn one(
    cluster: &Arc<Cluster>,
    kubectl: &Result<Kubectl, String>,
    number: usize,
    lab: Arc<Lab>,
    what: What,
) -> Outcome {
    let began = Instant::now();
    let name = what.name(&lab);
    let outcome = |fault, left_out| Outcome {
        lab: lab.id.to_string(),
        what: name.clone(),
        fault,
        left_out,
        took: began.elapsed(),
    };
    let kubectl = match (kubectl, what.needs_kubectl(&lab)) {
        (Ok(kubectl), _) => Some(kubectl),
        (Err(_), false) => None,
        (Err(why), true) => return outcome(None, Some(why.clone())),
    };
    match stage::Stage::open(cluster, number, &lab).await {
        Err(why) => outcome(Some(why), None),
        Ok(stage) => {
            let played = play::play(&stage, kubectl, &lab, what).await;
            stage.close().await;
            outcome(played.err(), None)
        }
    }
}

/// Every fault of labs that could not be read, a line each.
#[must_use]
pub fn faults(folder: &str, errors: &LabErrors) -> Vec<String> {
    errors.0.iter().map(|e| format!("{folder}/{e}")).collect()
}
