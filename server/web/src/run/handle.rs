//! A run, from outside: what is asked of its reducer, and what can be seen of it.

use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::diagnosis::Diagnosis;
use clusterip_domain::ids::{LabId, Namespace};
use clusterip_domain::lab::{Guess, Lab, Lang, RunRecord};
use clusterip_domain::probe::Probed;
use clusterip_records::{RecordsError, TypedLine};
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::destination::{AimError, Order};
use super::ground::Ground;
use super::hub::{Hub, LastSeen, Viewer};
use super::keeper::Keeper;
use super::state::RunState;
use super::view::{RunView, Trouble};
use crate::console::Desk;
use crate::pages::{self, SourceView};

/// An act that changes the run itself.
#[derive(Debug)]
pub enum Command {
    /// Note the IPs of the Ready pods; answers how many there are.
    NoteIps(oneshot::Sender<usize>),
    /// Send a load; an older one ends.
    Send(Order, oneshot::Sender<Result<(), AimError>>),
    /// Stop the load.
    Stop(oneshot::Sender<()>),
    /// The student says what a step will show, or would rather see; answers whether that was still asked.
    Guess(usize, Guess, oneshot::Sender<bool>),
    /// Look deeper into a step's hint; answers how deep, if there is one.
    Hint(usize, oneshot::Sender<Option<u8>>),
    /// A move was played for the student in a step.
    Help(usize, oneshot::Sender<()>),
    /// Asks something of all that is known.
    Look(Look, oneshot::Sender<bool>),
    /// The result of a probe.
    Probed(Probed, oneshot::Sender<()>),
    /// Show a diagnosis.
    Diagnosed(Box<Diagnosis>, oneshot::Sender<()>),
    /// The namespace is prepared: from now on, steps are judged.
    Begin(oneshot::Sender<()>),
    /// The namespace is being cleared, or that failed: meanwhile nothing is judged.
    Wait(bool, oneshot::Sender<()>),
    /// Begin the lab anew, as the next attempt: progress, notebook and counts.
    Restart(oneshot::Sender<()>),
    /// The lab was changed on disk.
    Lab(Arc<Lab>),
    /// Something keeps the run from going on, for that reason; or no longer does.
    Trouble(Trouble, Option<String>),
}

/// A question about a run.
pub struct Look(pub(super) Box<dyn FnOnce(&mut RunState) -> bool + Send>);

impl Look {
    /// This one.
    pub fn at(question: impl FnOnce(&mut RunState) -> bool + Send + 'static) -> Self {
        Self(Box::new(question))
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Look")
    }
}

/// A run, from outside.
#[derive(Debug)]
pub struct RunHandle {
    /// Its lab's id.
    pub id: LabId,
    /// Its namespace.
    pub namespace: Namespace,
    pub(super) source: SourceView,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) view: watch::Receiver<Arc<RunView>>,
    pub(super) record: watch::Receiver<Option<RunRecord>>,
    pub(super) ground: Ground,
    pub(super) stop: CancellationToken,
    pub(super) hubs: Arc<[Hub; 2]>,
    pub(super) asking: Semaphore,
    pub(super) desk: Desk,
    pub(super) keeper: Option<Keeper>,
}

/// The reducer went away: the server is stopping.
#[derive(Debug, thiserror::Error)]
#[error("the run is over: the server is stopping")]
pub struct RunOver;

impl RunHandle {
    /// What a page shows now.
    #[must_use]
    pub fn view(&self) -> Arc<RunView> {
        Arc::clone(&self.view.borrow())
    }

    /// Follows what a page shows.
    #[must_use]
    pub fn views(&self) -> watch::Receiver<Arc<RunView>> {
        self.view.clone()
    }

    /// What it stands on.
    #[must_use]
    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }

    /// What its console has.
    #[must_use]
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Records a line of the console with the attempt that it belongs to, how it ended and how long it took.
    ///
    /// # Errors
    /// It was not written.
    pub(crate) async fn note_line(
        &self,
        attempt: u32,
        line: String,
        outcome: String,
        took: Duration,
    ) -> Result<(), RecordsError> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        keeper.note(&self.id, attempt, TypedLine { at: Timestamp::now(), line, outcome, took }).await
    }

    /// Whether the namespace is prepared and steps are judged.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.view.borrow().waiting
    }

    /// Ends it.
    pub(super) fn end(&self) {
        self.stop.cancel();
    }

    /// Whether nobody works on it any more: it was ended, or its task failed.
    #[must_use]
    pub(super) fn is_over(&self) -> bool {
        self.commands.is_closed()
    }

    /// Whether it was ended, or the server is stopping.
    #[must_use]
    pub(super) fn ended(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The lab, as it is now.
    #[must_use]
    pub fn lab(&self) -> Arc<Lab> {
        Arc::clone(&self.view.borrow().lab)
    }

    /// Follows what is to be kept of the run: each value is the whole of it. It changes when something in it does.
    #[must_use]
    pub fn records(&self) -> watch::Receiver<Option<RunRecord>> {
        self.record.clone()
    }

    /// Tells the run something that needs no answer.
    pub async fn tell(&self, command: Command) {
        // If the reducer is gone, so is everyone who could be told.
        let _ = self.commands.send(command).await;
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// The server is stopping.
    pub async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, RunOver> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| RunOver)?;
        answered.await.map_err(|_| RunOver)
    }

    /// The turn to ask the network something, if nobody else has it.
    #[must_use]
    pub fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.asking.try_acquire().ok()
    }

    /// Says what keeps the run from going on, and why; or that it no longer does.
    pub async fn trouble(&self, trouble: Trouble, why: Option<String>) {
        self.tell(Command::Trouble(trouble, why)).await;
    }

    /// How many viewers there are in both languages.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.hubs.iter().map(Hub::viewers).sum()
    }

    /// A viewer comes, or comes back.
    #[must_use]
    pub fn join(&self, lang: Lang, last: Option<LastSeen>) -> Viewer {
        let render = || pages::fragments(lang, &self.source, &self.view());
        hub(&self.hubs, lang).join(last, render)
    }

    /// The whole picture, for a viewer that lost frames.
    #[must_use]
    pub fn whole(&self, lang: Lang) -> bytes::Bytes {
        hub(&self.hubs, lang).whole()
    }
}

/// The hub of a language.
pub(super) fn hub(hubs: &[Hub; 2], lang: Lang) -> &Hub {
    match lang {
        Lang::En => &hubs[0],
        Lang::It => &hubs[1],
    }
}
