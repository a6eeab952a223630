//! How far a student is: steps open when what they need is done, tick by themselves, and stay ticked.

use jiff::{SignedDuration, Timestamp};

use super::cel::{Expression, Scene, World};
use super::spec::{Hint, Lab, Step};
use super::text::Localized;
use crate::facts::{self, Facts, History, Moment};
use crate::ids::ChoiceId;
use crate::ledger::{Ledger, Scope};
use crate::probe::Probes;
use crate::snapshot::Snapshot;

/// Where a step is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepState {
    /// Done, for good.
    Done,
    /// To be done now; several may be.
    Current,
    /// Not before others are done.
    #[default]
    Ahead,
}

/// What a student expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    /// This.
    Choice(ChoiceId),
    /// The student would rather see.
    Skipped,
}

/// How far one step is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepProgress {
    /// Where it is.
    pub state: StepState,
    /// When it opened.
    pub opened_at: Option<Timestamp>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// Which of its checks hold, while it is open.
    pub holding: Vec<bool>,
    /// What those say that do not.
    pub messages: Vec<Option<Localized<String>>>,
    /// What the student expects.
    pub guess: Option<Guess>,
    /// What really happened, once it is done and asked something.
    pub happened: Option<ChoiceId>,
    /// How deep each of its hints was looked into, 0 to 3.
    pub hints: Vec<u8>,
    /// Which of them fits now.
    pub offered: Option<usize>,
    /// Whether something was played for the student.
    pub helped: bool,
    /// How many moves of the solution were played since the run began or was taken up again.
    pub played: usize,
    /// From which moment on history counts for it.
    since: Moment,
    /// Since when all checks hold unbroken.
    holds_since: Option<Timestamp>,
}

/// How far a student is in a lab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub(super) steps: Vec<StepProgress>,
    pub(super) began_at: Option<Timestamp>,
    pub(super) attempt: u32,
}

/// All that was observed, to judge on.
pub struct Evidence<'a> {
    /// The namespace now.
    pub snapshot: &'a Snapshot,
    /// Where requests went; every open step has a scope in it.
    pub ledger: &'a mut Ledger,
    /// What came and went.
    pub history: &'a History,
    /// IPs the student noted.
    pub noted: &'a [std::net::IpAddr],
    /// What probes found.
    pub probes: &'a Probes,
}

/// What came of a judgement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// A step was done.
    pub ticked: bool,
    /// What a page shows may have changed.
    pub changed: bool,
    /// When to judge again even if nothing happens: then a step has held long enough.
    pub again_at: Option<Timestamp>,
}

impl Progress {
    /// A lab's first attempt begins: the steps that need nothing are open.
    #[must_use]
    pub fn begin(lab: &Lab, ledger: &mut Ledger, history: &History, now: Timestamp) -> Self {
        let fresh =
            |step: &Step| StepProgress { hints: vec![0; step.hints.len()], ..StepProgress::default() };
        let steps = lab.steps.iter().map(fresh).collect();
        let mut progress = Self { steps, began_at: Some(now), attempt: 1 };
        progress.open(lab, ledger, history, now);
        progress
    }

    /// Judges every open step on what is known now. Steps that open thereby are judged too: each on what happened
    /// since its own opening.
    pub fn judge(&mut self, lab: &Lab, evidence: &mut Evidence<'_>, now: Timestamp) -> Judged {
        let before = self.clone();
        let mut judged = Judged::default();
        loop {
            let world = World::new(&known(evidence, 0, Moment::default()));
            let mut ticked = false;
            for i in self.open_steps() {
                let facts = known(evidence, i, self.steps[i].since);
                ticked |= self.steps[i].judge(&lab.steps[i], &world.scene(&facts), now);
                if self.steps[i].state == StepState::Done {
                    evidence.ledger.close(Scope(i));
                }
            }
            if !ticked {
                break;
            }
            judged.ticked = true;
            self.open(lab, evidence.ledger, evidence.history, now);
        }
        judged.changed = *self != before;
        judged.again_at = self.due(lab);
        judged
    }

    fn open_steps(&self) -> Vec<usize> {
        (0..self.steps.len()).filter(|&i| self.steps[i].state == StepState::Current).collect()
    }

    /// Opens the steps whose needs are done.
    pub(super) fn open(&mut self, lab: &Lab, ledger: &mut Ledger, history: &History, now: Timestamp) {
        for (i, step) in lab.steps.iter().enumerate() {
            let ready = step.needs.iter().all(|&n| self.steps[n].state == StepState::Done);
            if self.steps[i].state == StepState::Ahead && ready {
                ledger.open(Scope(i));
                let opened = &mut self.steps[i];
                opened.state = StepState::Current;
                opened.opened_at = opened.opened_at.or(Some(now));
                opened.since = history.now();
            }
        }
    }

    /// When the next step has held long enough.
    fn due(&self, lab: &Lab) -> Option<Timestamp> {
        let open = self.steps.iter().zip(&lab.steps).filter(|(s, _)| s.state == StepState::Current);
        open.filter_map(|(s, step)| Some(s.holds_since? + stable(step))).min()
    }

    /// The student expects something. Only an open step that asks takes a guess, once.
    pub fn guess(&mut self, lab: &Lab, at: usize, guess: Guess) -> bool {
        let Some((step, progress)) = lab.steps.get(at).zip(self.steps.get_mut(at)) else { return false };
        let Some(prediction) = &step.prediction else { return false };
        let known = match &guess {
            Guess::Skipped => true,
            Guess::Choice(id) => prediction.choices.iter().any(|c| c.id == *id),
        };
        let takes = known && progress.state == StepState::Current && progress.guess.is_none();
        if takes {
            progress.guess = Some(guess);
        }
        takes
    }

    /// The student looks deeper into the hint that fits now. Returns how deep.
    pub fn hint(&mut self, lab: &Lab, at: usize) -> Option<u8> {
        let step = self.steps.get_mut(at).filter(|s| s.state == StepState::Current)?;
        let offered = step.offered?;
        let depths = lab.steps.get(at)?.hints.get(offered)?.depths();
        let depth = step.hints.get_mut(offered)?;
        *depth = (*depth + 1).min(depths);
        Some(*depth)
    }

    /// A move of a solution was played for the student in this step.
    pub fn help(&mut self, at: usize) {
        if let Some(step) = self.steps.get_mut(at) {
            step.helped = true;
            step.played += 1;
        }
    }

    /// Whether an expression holds for a step, on what happened since it opened.
    #[must_use]
    pub fn holds(&self, at: usize, expression: &Expression, evidence: &Evidence<'_>) -> bool {
        let Some(step) = self.steps.get(at) else { return false };
        let facts = known(evidence, at, step.since);
        let world = World::new(&facts);
        expression.holds(&world.scene(&facts))
    }

    /// How far each step is, in the order of the lab.
    #[must_use]
    pub fn steps_progress(&self) -> &[StepProgress] {
        &self.steps
    }

    /// How many steps are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|s| s.state == StepState::Done).count()
    }

    /// The first step to be done now, by its place.
    #[must_use]
    pub fn current(&self) -> Option<usize> {
        self.steps.iter().position(|s| s.state == StepState::Current)
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.steps.iter().all(|s| s.state == StepState::Done)
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// What one step may know.
fn known<'a>(evidence: &'a Evidence<'_>, step: usize, since: Moment) -> Facts<'a> {
    let traffic: Vec<_> = evidence.ledger.totals(Scope(step)).collect();
    Facts {
        snapshot: evidence.snapshot,
        chain: facts::chain(&traffic),
        traffic,
        seen: evidence.history.since(since),
        noted: evidence.noted,
        probes: evidence.probes.since(since),
    }
}

fn stable(step: &Step) -> SignedDuration {
    SignedDuration::from_secs(i64::from(step.stable_for))
}

impl StepProgress {
    /// Judges an open step. Returns whether it is done now.
    fn judge(&mut self, step: &Step, scene: &Scene<'_>, now: Timestamp) -> bool {
        self.holding = step.checks.iter().map(|c| c.expression.holds(scene)).collect();
        self.messages = step
            .checks
            .iter()
            .zip(&self.holding)
            .map(|(check, holds)| check.message.as_ref().filter(|_| !holds).and_then(|m| message(m, scene)))
            .collect();
        self.offered = offered(&step.hints, scene);
        if !self.holding.iter().all(|h| *h) {
            self.holds_since = None;
            return false;
        }
        // A clock that was set back begins the wait anew.
        let since = self.holds_since.filter(|since| *since <= now).unwrap_or(now);
        self.holds_since = Some(since);
        if now.duration_since(since) < stable(step) {
            return false;
        }
        self.finish(step, scene, now);
        true
    }

    fn finish(&mut self, step: &Step, scene: &Scene<'_>, now: Timestamp) {
        let asked = step.prediction.iter().flat_map(|p| &p.choices);
        self.happened = asked.into_iter().find(|c| c.happened.holds(scene)).map(|c| c.id.clone());
        self.state = StepState::Done;
        self.done_at = Some(now);
        self.holding.clear();
        self.messages.clear();
        self.offered = None;
        self.holds_since = None;
    }
}

/// What a check says in both languages; a message that cannot be made is left out.
fn message(message: &Localized<Expression>, scene: &Scene<'_>) -> Option<Localized<String>> {
    Some(Localized { en: message.en.says(scene).ok()?, it: message.it.says(scene).ok()? })
}

fn offered(hints: &[Hint], scene: &Scene<'_>) -> Option<usize> {
    hints.iter().position(|hint| hint.when.as_ref().is_none_or(|when| when.holds(scene)))
}
