//! All that is known of a run, and how it changes: pure, so that every rule can be tested with a table.

use std::sync::Arc;

use clusterip_domain::diagnosis::Diagnosis;
use clusterip_domain::diagram::{Diagram, Places, Shape};
use clusterip_domain::distribution::evenness;
use clusterip_domain::facts::History;
use clusterip_domain::lab::{Evidence, Expression, Guess, Judged, Lab, Progress, RunRecord};
use clusterip_domain::ledger::{Ledger, Target, TargetKind, Window};
use clusterip_domain::probe::{Probed, Probes};
use clusterip_domain::snapshot::{PodState, Snapshot};
use clusterip_domain::traffic::{Batch, Connections, LoadSpec};
use jiff::Timestamp;

use super::view::{Noted, RunView, Trouble, Troubles};

/// The most IPs a notebook holds.
const MAX_NOTED: usize = 24;

/// See the module.
#[derive(Debug)]
pub struct RunState {
    lab: Arc<Lab>,
    snapshot: Arc<Snapshot>,
    places: Places,
    ledger: Ledger,
    history: History,
    probes: Probes,
    diagnosis: Option<Arc<Diagnosis>>,
    noted: Vec<Noted>,
    progress: Progress,
    again_at: Option<Timestamp>,
    troubles: Troubles,
    /// The namespace is being prepared: nothing in it is the student's doing, so nothing is judged.
    waiting: bool,
}

impl RunState {
    /// A run whose namespace is still to be prepared: it shows how far its record goes.
    #[must_use]
    pub fn waiting(lab: Arc<Lab>, snapshot: Snapshot, record: Option<&RunRecord>, now: Timestamp) -> Self {
        Self { waiting: true, ..Self::unjudged(lab, snapshot, record, now) }
    }

    /// A run at its beginning, or where its record ends.
    #[must_use]
    pub fn new(lab: Arc<Lab>, snapshot: Snapshot, record: Option<&RunRecord>, now: Timestamp) -> Self {
        let mut state = Self::unjudged(lab, snapshot, record, now);
        state.judge(now);
        state
    }

    fn unjudged(lab: Arc<Lab>, snapshot: Snapshot, record: Option<&RunRecord>, now: Timestamp) -> Self {
        let (mut ledger, mut history) = (Ledger::default(), History::default());
        // What is there already has not come in this step.
        history.observe(&snapshot);
        let progress = match record {
            Some(record) => Progress::resume(&lab, record, &mut ledger, &history, now),
            None => Progress::begin(&lab, &mut ledger, &history, now),
        };
        let mut places = Places::default();
        places.follow(&snapshot, None);
        Self {
            lab,
            snapshot: Arc::new(snapshot),
            places,
            ledger,
            history,
            noted: Vec::new(),
            probes: Probes::default(),
            diagnosis: None,
            progress,
            again_at: None,
            troubles: Troubles::new(),
            waiting: false,
        }
    }

    /// Its namespace is prepared: begins, or goes on where its record ends. A run that was started over meanwhile has
    /// begun already.
    pub fn begin_judging(&mut self, snapshot: Snapshot, record: Option<&RunRecord>, now: Timestamp) {
        if self.waiting {
            *self = Self::new(Arc::clone(&self.lab), snapshot, record, now);
        }
    }

    /// Whether the namespace is being prepared or cleared.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Whether something is being prepared; until it is, nothing is judged.
    pub fn wait(&mut self, waiting: bool, now: Timestamp) {
        self.waiting = waiting;
        // Nothing is due while nothing is judged.
        self.again_at = None;
        self.judge(now);
    }

    /// Begins the lab anew, as the next attempt.
    pub fn start_over(&mut self, snapshot: Snapshot, now: Timestamp) {
        let mut fresh = Self::unjudged(Arc::clone(&self.lab), snapshot, None, now);
        fresh.progress = self.progress.start_over(&self.lab, &mut fresh.ledger, &fresh.history, now);
        fresh.judge(now);
        *self = fresh;
    }

    /// The lab was changed on disk: goes on with it, as far as its steps are still there.
    pub fn change_lab(&mut self, lab: Arc<Lab>, now: Timestamp) {
        self.ledger.close_all();
        if let Some(record) = self.progress.record(&self.lab) {
            self.progress = Progress::resume(&lab, &record, &mut self.ledger, &self.history, now);
        }
        self.lab = lab;
        self.judge(now);
    }

    /// Takes in what the watch saw. Returns what came of it: nothing, if only other namespaces have changed.
    pub fn observe(&mut self, snapshot: Snapshot, now: Timestamp) -> Judged {
        if snapshot.shows_as(&self.snapshot) {
            self.snapshot = Arc::new(snapshot);
            return Judged { again_at: self.again_at, ..Judged::default() };
        }
        self.snapshot = Arc::new(snapshot);
        self.history.observe(&self.snapshot);
        if let Some(window) = self.ledger.window() {
            let pods = choices(&self.snapshot, &window.target);
            self.ledger.choices_are(pods, now);
        }
        self.places.follow(&self.snapshot, self.ledger.window());
        for noted in &mut self.noted {
            noted.alive = self.snapshot.pods.iter().any(|p| p.name == noted.pod && p.ip == Some(noted.ip));
        }
        Judged { changed: true, ..self.judge(now) }
    }

    /// Takes in a report of the client. Returns what came of it.
    pub fn record(&mut self, batch: &Batch, now: Timestamp) -> Judged {
        self.troubles.remove(&Trouble::Traffic);
        self.ledger.record(batch);
        self.judge(now)
    }

    /// Whether the load does not get through.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.ledger.window().is_some_and(|w| w.tally.is_failing())
    }

    /// Takes in what a probe found. Returns what came of it.
    pub fn probed(&mut self, probed: Probed, now: Timestamp) -> Judged {
        self.probes.record(self.history.later(), probed);
        self.judge(now)
    }

    /// Takes in why a call did not arrive.
    pub fn diagnosed(&mut self, diagnosis: Diagnosis) {
        self.diagnosis = Some(Arc::new(diagnosis));
    }

    /// A load begins.
    pub fn begin(&mut self, target: Target, spec: &LoadSpec, now: Timestamp) {
        let pods = choices(&self.snapshot, &target);
        self.ledger.begin(target, spec, pods, now);
        self.places.follow(&self.snapshot, self.ledger.window());
    }

    /// The load is over.
    pub fn end(&mut self) {
        self.ledger.end();
        self.troubles.remove(&Trouble::Traffic);
        self.places.follow(&self.snapshot, self.ledger.window());
    }

    /// Notes the IPs of the pods that are Ready now, and returns how many there are. What was noted before stays,
    /// because what became of it is the point.
    pub fn note_ips(&mut self, now: Timestamp) -> usize {
        let ready = self.snapshot.workloads().filter(|p| p.state == PodState::Ready);
        let found: Vec<Noted> =
            ready.filter_map(|p| p.ip.map(|ip| Noted { ip, pod: p.name.clone(), alive: true })).collect();
        let count = found.len();
        for noted in found {
            if !self.noted.contains(&noted) {
                self.noted.push(noted);
            }
        }
        let surplus = self.noted.len().saturating_sub(MAX_NOTED);
        self.noted.drain(..surplus);
        self.judge(now);
        count
    }

    /// The student says what a step will show, or would rather see. Returns whether that was still asked.
    pub fn guess(&mut self, step: usize, guess: Guess) -> bool {
        self.progress.guess(&self.lab, step, guess)
    }

    /// The student looks deeper into a step's hint. Returns how deep, if there is one.
    pub fn hint(&mut self, step: usize) -> Option<u8> {
        self.progress.hint(&self.lab, step)
    }

    /// Whether an expression holds for a step that is open, as its checks would be judged.
    pub fn holds(&mut self, step: usize, expression: &Expression) -> bool {
        let ips: Vec<_> = self.noted.iter().map(|n| n.ip).collect();
        let evidence = Evidence {
            snapshot: &self.snapshot,
            ledger: &mut self.ledger,
            history: &self.history,
            noted: &ips,
            probes: &self.probes,
        };
        self.progress.holds(step, expression, &evidence)
    }

    /// A move was played for the student in this step.
    pub fn help(&mut self, step: usize) {
        self.progress.help(step);
    }

    /// Something keeps the run from going on, for that reason; or no longer does.
    pub fn set_trouble(&mut self, trouble: Trouble, why: Option<String>) {
        match why {
            Some(why) => drop(self.troubles.insert(trouble, why)),
            None => drop(self.troubles.remove(&trouble)),
        }
    }

    /// Looks again though nothing happened: a step may have held long enough.
    pub fn judge(&mut self, now: Timestamp) -> Judged {
        if self.waiting {
            return Judged::default();
        }
        let ips: Vec<_> = self.noted.iter().map(|n| n.ip).collect();
        let mut evidence = Evidence {
            snapshot: &self.snapshot,
            ledger: &mut self.ledger,
            history: &self.history,
            noted: &ips,
            probes: &self.probes,
        };
        let judged = self.progress.judge(&self.lab, &mut evidence, now);
        self.again_at = judged.again_at;
        judged
    }

    /// When to judge again even if nothing happens.
    #[must_use]
    pub fn again_at(&self) -> Option<Timestamp> {
        self.again_at
    }

    /// The lab.
    #[must_use]
    pub fn lab(&self) -> &Arc<Lab> {
        &self.lab
    }

    /// What is to be kept of the run.
    #[must_use]
    pub fn to_record(&self) -> Option<RunRecord> {
        self.progress.record(&self.lab)
    }

    /// The load that runs, or ran last.
    #[must_use]
    pub fn window(&self) -> Option<&Window> {
        self.ledger.window()
    }

    /// The last snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What the student noted.
    #[must_use]
    pub fn noted(&self) -> &[Noted] {
        &self.noted
    }

    /// What a page shows.
    #[must_use]
    pub fn view(&self) -> RunView {
        let ips: Vec<_> = self.noted.iter().map(|n| n.ip).collect();
        let window = self.ledger.window();
        let draw = |shape| Diagram::of(&self.snapshot, &self.places, window, &ips, shape);
        RunView {
            lab: Arc::clone(&self.lab),
            next: None,
            waiting: self.waiting,
            snapshot: Arc::clone(&self.snapshot),
            wide: draw(Shape::Wide),
            tall: draw(Shape::Tall),
            window: window.cloned(),
            evenness: window.and_then(spread),
            progress: self.progress.clone(),
            noted: self.noted.clone(),
            probes: self.probes.all().cloned().collect(),
            diagnosis: self.diagnosis.clone(),
            troubles: self.troubles.clone(),
        }
    }
}

/// The spread of a window's answers against equal shares, where chance chose for each request.
#[must_use]
pub(super) fn spread(window: &Window) -> Option<clusterip_domain::distribution::Evenness> {
    let by_chance =
        window.target.kind != TargetKind::PodIp && window.connections == Connections::NewPerRequest;
    by_chance.then(|| {
        let count = |pod: &String| window.tally.backends.get(pod).map_or(0, |b| b.answered);
        evenness(&window.pods.iter().map(count).collect::<Vec<_>>())
    })
}

/// The pods that a new connection to the target may reach now, sorted.
fn choices(snapshot: &Snapshot, target: &Target) -> Vec<String> {
    if target.kind == TargetKind::PodIp {
        return vec![target.name.clone()];
    }
    let mut pods: Vec<String> =
        snapshot.endpoints(&target.name).filter(|e| e.ready).filter_map(|e| e.pod.clone()).collect();
    pods.sort();
    pods.dedup();
    pods
}
