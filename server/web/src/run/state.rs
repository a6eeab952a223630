//! All that is known of a run, and how it changes: pure, so that every rule can be tested with a table.

use std::sync::Arc;

use clusterip_domain::diagram::{Diagram, Places, Shape};
use clusterip_domain::distribution::evenness;
use clusterip_domain::facts::{Facts, History};
use clusterip_domain::lab::{Lab, Progress};
use clusterip_domain::ledger::{Ledger, Target, TargetKind, Window};
use clusterip_domain::probe::{Probed, Probes};
use clusterip_domain::snapshot::{PodState, Snapshot};
use clusterip_domain::traffic::{Batch, Connections, LoadSpec};
use jiff::Timestamp;

use super::view::{Noted, RunView, Trouble};

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
    noted: Vec<Noted>,
    progress: Progress,
    trouble: Option<Trouble>,
}

impl RunState {
    /// A run at its beginning.
    #[must_use]
    pub fn new(lab: Arc<Lab>, snapshot: Snapshot) -> Self {
        let mut state = Self {
            lab,
            snapshot: Arc::new(snapshot),
            places: Places::default(),
            ledger: Ledger::default(),
            history: History::default(),
            probes: Probes::default(),
            noted: Vec::new(),
            progress: Progress::default(),
            trouble: None,
        };
        // What is there already has not come in this step.
        state.history.observe(&state.snapshot);
        state.history.mark();
        state.judge();
        state
    }

    /// Takes in what the watch saw. Returns whether a step was done.
    pub fn observe(&mut self, snapshot: Snapshot, now: Timestamp) -> bool {
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
        self.judge()
    }

    /// Takes in a report of the client. Returns whether a step was done.
    pub fn record(&mut self, batch: &Batch) -> bool {
        if matches!(self.trouble, Some(Trouble::Traffic { .. })) {
            self.trouble = None;
        }
        self.ledger.record(batch);
        self.judge()
    }

    /// Takes in what came of a probe. Returns whether a step was done.
    pub fn probed(&mut self, probed: Probed) -> bool {
        self.probes.record(probed);
        self.judge()
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
        if matches!(self.trouble, Some(Trouble::Traffic { .. })) {
            self.trouble = None;
        }
        self.places.follow(&self.snapshot, self.ledger.window());
    }

    /// Notes the IPs of the pods that are Ready now, and returns how many there are. What was noted before stays,
    /// because what became of it is the point.
    pub fn note_ips(&mut self) -> usize {
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
        self.judge();
        count
    }

    /// Something keeps the run from going on, or no longer does.
    pub fn set_trouble(&mut self, trouble: Option<Trouble>) {
        self.trouble = trouble;
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
            snapshot: Arc::clone(&self.snapshot),
            wide: draw(Shape::Wide),
            tall: draw(Shape::Tall),
            window: window.cloned(),
            evenness: window.and_then(spread),
            progress: self.progress.clone(),
            noted: self.noted.clone(),
            trouble: self.trouble.clone(),
        }
    }

    /// Judges the current step, and those after it as long as each is done. Facts are bound anew for every step,
    /// because each counts from its own start.
    fn judge(&mut self) -> bool {
        let mut any = false;
        loop {
            let ips: Vec<_> = self.noted.iter().map(|n| n.ip).collect();
            let facts = Facts::of(&self.snapshot, &self.ledger, &self.history, &ips, &self.probes);
            if !self.progress.judge(&self.lab, &facts) {
                return any;
            }
            any = true;
            self.ledger.mark();
            self.history.mark();
            self.probes.mark();
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
