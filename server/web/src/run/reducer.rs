//! The one task that changes a run: it takes in what the watch saw, what the client reports and what the student
//! does, and shows what came of it, at most one picture every [`FRAME`].

use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::index::Index;
use clusterip_cluster::traffic::{self, Report};
use clusterip_domain::ids::Namespace;
use clusterip_domain::lab::{Judged, Lab, Lang, RunRecord};
use clusterip_domain::traffic::Line;
use jiff::Timestamp;
use kube::Client;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::destination::{AimError, Order};
use super::ground::Ground;
use super::handle::{Command, RunHandle, hub};
use super::hub::Hub;
use super::keeper::Keeper;
use super::state::RunState;
use super::tick::Tick;
use super::view::{RunView, Trouble};
use crate::console::Desk;
use crate::course::Course;
use crate::pages::{self, SourceView};

/// The least time between two pictures: changes within it are shown together.
const FRAME: Duration = Duration::from_millis(40);
/// Acts waiting for the reducer; each takes microseconds.
const COMMANDS: usize = 32;
/// Reports waiting for the reducer: the client sends ten a second.
const REPORTS: usize = 64;

/// What a reducer works with.
pub(super) struct Parts {
    pub(super) client: Client,
    pub(super) index: Arc<Index>,
    pub(super) namespace: Namespace,
    pub(super) lab: Arc<Lab>,
    pub(super) source: SourceView,
    pub(super) boot: u64,
    pub(super) stop: CancellationToken,
    /// Where an earlier server left it.
    pub(super) record: Option<RunRecord>,
    pub(super) ground: Ground,
    pub(super) course: Course,
    /// Keeps what is typed, where anything is kept.
    pub(super) keeper: Option<Keeper>,
}

/// Waits for a moment, or for ever.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// How long it is until then; nothing if that is past.
fn until(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
}

/// Starts the reducer of a run.
pub(super) fn start(parts: Parts) -> (RunHandle, impl Future<Output = ()> + Send + 'static) {
    let (commands, incoming) = mpsc::channel(COMMANDS);
    let (report, reports) = mpsc::channel(REPORTS);
    let snapshot = parts.index.snapshot(&parts.namespace);
    let state = RunState::waiting(Arc::clone(&parts.lab), snapshot, parts.record.as_ref(), Timestamp::now());
    let (views, view) = watch::channel(Arc::new(state.view()));
    let (records, record) = watch::channel(parts.record.clone());
    let hubs = Arc::new([Hub::new(parts.boot), Hub::new(parts.boot)]);
    let handle = RunHandle {
        id: parts.lab.id.clone(),
        namespace: parts.namespace.clone(),
        source: parts.source.clone(),
        commands,
        view,
        record,
        ground: parts.ground,
        stop: parts.stop.clone(),
        hubs: Arc::clone(&hubs),
        asking: Semaphore::new(1),
        desk: Desk::new(&parts.stop),
        keeper: parts.keeper,
    };
    let parts = Work {
        client: parts.client,
        index: parts.index,
        namespace: parts.namespace,
        source: parts.source,
        stop: parts.stop,
        record: parts.record,
        course: parts.course,
    };
    let reducer =
        Reducer { parts, state, views, records, hubs, report, load: None, loads: 0, samples: Vec::new() };
    (handle, reducer.run(incoming, reports))
}

/// A report and the number of the load it is about: one that was replaced may still have something to say.
type Numbered = (u64, Report);

/// What the task keeps of the parts.
struct Work {
    client: Client,
    index: Arc<Index>,
    namespace: Namespace,
    source: SourceView,
    stop: CancellationToken,
    record: Option<RunRecord>,
    course: Course,
}

struct Reducer {
    parts: Work,
    state: RunState,
    views: watch::Sender<Arc<RunView>>,
    records: watch::Sender<Option<RunRecord>>,
    hubs: Arc<[Hub; 2]>,
    report: mpsc::Sender<Numbered>,
    load: Option<CancellationToken>,
    loads: u64,
    samples: Vec<clusterip_domain::traffic::Sample>,
}

impl Reducer {
    async fn run(mut self, mut incoming: mpsc::Receiver<Command>, mut reports: mpsc::Receiver<Numbered>) {
        let stop = self.parts.stop.clone();
        let mut revisions = self.parts.index.revisions();
        revisions.mark_changed();
        // When the next picture is due, if one is.
        let mut due: Option<Instant> = None;
        loop {
            // A step ticks when it has held long enough, even if nothing happens meanwhile.
            let held = self.state.again_at().map(|at| Instant::now() + until(at));
            tokio::select! {
                () = stop.cancelled() => break,
                changed = revisions.changed() => match changed {
                    Ok(()) => due = due.or_else(|| Some(Instant::now() + FRAME)),
                    Err(_) => break,
                },
                Some(command) = incoming.recv() => {
                    self.observe();
                    self.command(command);
                    self.show();
                }
                Some((number, report)) = reports.recv() => {
                    if number == self.loads {
                        self.report(report);
                    }
                }
                () = moment(due) => {
                    due = None;
                    // A page tells when the rules were read, so it is shown that they were read again.
                    if self.observe() || self.hubs.iter().any(Hub::watched) {
                        self.show();
                    }
                }
                () = moment(held) => {
                    self.state.judge(Timestamp::now());
                    self.show();
                }
            }
        }
        self.stop_load();
    }

    /// Takes in what the watch saw. Returns whether a page may show something else now.
    fn observe(&mut self) -> bool {
        let snapshot = self.parts.index.snapshot(&self.parts.namespace);
        self.state.observe(snapshot, Timestamp::now()).changed
    }

    fn command(&mut self, command: Command) {
        // Whoever asked may have gone away: then nobody waits for the answer.
        match command {
            Command::NoteIps(answer) => drop(answer.send(self.state.note_ips(Timestamp::now()))),
            Command::Send(order, answer) => drop(answer.send(self.send(&order))),
            Command::Stop(answer) => {
                self.stop_load();
                self.tick();
                let _ = answer.send(());
            }
            Command::Guess(step, guess, answer) => drop(answer.send(self.state.guess(step, guess))),
            Command::Hint(step, answer) => drop(answer.send(self.state.hint(step))),
            Command::Help(step, answer) => {
                self.state.help(step);
                let _ = answer.send(());
            }
            Command::Look(look, answer) => {
                let seen = (look.0)(&mut self.state);
                // What is done next is done by what is shown, so that must not be older than what was asked of.
                self.publish();
                let _ = answer.send(seen);
            }
            Command::Probed(result, answer) => {
                self.state.probed(result, Timestamp::now());
                // Whoever asked may look at once, on a page of its own.
                self.publish();
                let _ = answer.send(());
            }
            Command::Begin(answer) => {
                let snapshot = self.parts.index.snapshot(&self.parts.namespace);
                self.state.begin_judging(snapshot, self.parts.record.as_ref(), Timestamp::now());
                let _ = answer.send(());
            }
            Command::Wait(waiting, answer) => {
                self.state.wait(waiting, Timestamp::now());
                let _ = answer.send(());
            }
            Command::Restart(answer) => {
                self.stop_load();
                let snapshot = self.parts.index.snapshot(&self.parts.namespace);
                self.state.start_over(snapshot, Timestamp::now());
                self.tick();
                let _ = answer.send(());
            }
            Command::Lab(lab) => self.state.change_lab(lab, Timestamp::now()),
            Command::Diagnosed(diagnosis, answer) => {
                self.state.diagnosed(*diagnosis);
                self.publish();
                let _ = answer.send(());
            }
            Command::Trouble(trouble, why) => self.state.set_trouble(trouble, why),
        }
    }

    fn send(&mut self, order: &Order) -> Result<(), AimError> {
        let aim = order.aim(&self.state)?;
        self.stop_load();
        self.loads += 1;
        let token = self.parts.stop.child_token();
        self.state.begin(aim.target, &aim.spec, Timestamp::now());
        let (to_me, number) = (self.report.clone(), self.loads);
        let (sender, mut receiver) = mpsc::channel(REPORTS);
        let load = traffic::send(
            self.parts.client.clone(),
            self.parts.namespace.clone(),
            aim.spec,
            sender,
            token.clone(),
        );
        self.load = Some(token);
        tokio::spawn(async move {
            let forward = async {
                while let Some(report) = receiver.recv().await {
                    if to_me.send((number, report)).await.is_err() {
                        return;
                    }
                }
            };
            tokio::join!(load, forward);
        });
        Ok(())
    }

    fn stop_load(&mut self) {
        if let Some(token) = self.load.take() {
            token.cancel();
            // What the load still reports is no longer asked for.
            self.loads += 1;
            self.state.end();
        }
    }

    fn report(&mut self, report: Report) {
        let structural = match report {
            Report::Line(Line::Batch(batch)) => {
                self.samples.clone_from(&batch.samples);
                let was_failing = self.state.is_failing();
                let Judged { ticked, changed, .. } = self.state.record(&batch, Timestamp::now());
                // Where it begins to fail for good, a diagnosis is offered.
                ticked || changed || self.state.is_failing() != was_failing
            }
            Report::Line(Line::Started { .. } | Line::Finished { .. }) => false,
            Report::Interrupted(error) => {
                self.state.set_trouble(Trouble::Traffic, Some(error.to_string()));
                true
            }
            Report::Over => {
                self.load = None;
                self.state.end();
                true
            }
        };
        self.tick();
        if structural {
            self.show();
        }
    }

    fn tick(&mut self) {
        let samples = std::mem::take(&mut self.samples);
        // Without a window it says so: what browsers counted until now no longer counts.
        let simulated = self.parts.source.simulated;
        let tick = self.state.window().map(|window| Tick::of(window, &samples, simulated));
        for hub in self.hubs.iter().filter(|h| h.watched()) {
            hub.tick(&tick);
        }
        self.publish();
    }

    fn publish(&self) -> Arc<RunView> {
        let next = self.parts.course.after(self.state.lab());
        let view = Arc::new(RunView { next, ..self.state.view() });
        self.views.send_replace(Arc::clone(&view));
        let record = self.state.to_record();
        self.records.send_if_modified(|kept| {
            let changed = *kept != record;
            if changed {
                *kept = record;
            }
            changed
        });
        view
    }

    fn show(&self) {
        let view = self.publish();
        for lang in Lang::ALL {
            let hub = hub(&self.hubs, lang);
            if hub.watched() {
                hub.show(pages::fragments(lang, &self.parts.source, &view));
            }
        }
    }
}
