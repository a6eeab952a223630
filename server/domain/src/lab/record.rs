//! What is kept of a run: enough to go on where it was left, and to see how it went.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::progress::{Guess, Progress, StepState};
use super::spec::Lab;
use crate::facts::History;
use crate::ids::{ChoiceId, LabId, StepId};
use crate::ledger::Ledger;

/// A run, as it is stored. By step ids, so that a lab that was corrected meanwhile keeps what is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// Which lab.
    pub lab: LabId,
    /// Which attempt, from 1: each start over begins a new one.
    pub attempt: u32,
    /// When this attempt began.
    pub began_at: Timestamp,
    /// When its last step was done.
    pub finished_at: Option<Timestamp>,
    /// What the checks of all done steps, and those that hold in open ones, are worth.
    pub points: u32,
    /// What the whole lab is worth.
    pub of_points: u32,
    /// The steps that were opened.
    pub steps: BTreeMap<StepId, StepRecord>,
}

/// A step, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepRecord {
    /// When it opened.
    pub opened_at: Option<Timestamp>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// What the student expected, if that was asked and answered.
    pub guess: Option<ChoiceId>,
    /// The student would rather see than guess.
    #[serde(default)]
    pub skipped: bool,
    /// What really happened.
    pub happened: Option<ChoiceId>,
    /// How deep each of its hints was looked into, 0 to 3.
    #[serde(default)]
    pub hints: Vec<u8>,
    /// Whether something was played for the student.
    #[serde(default)]
    pub helped: bool,
}

impl RunRecord {
    /// An attempt in which nothing was done yet.
    #[must_use]
    pub fn begun(lab: LabId, attempt: u32, now: Timestamp) -> Self {
        let (points, of_points, steps) = (0, 0, BTreeMap::new());
        Self { lab, attempt, began_at: now, finished_at: None, points, of_points, steps }
    }
}

impl Progress {
    /// What to keep; nothing before the attempt has begun.
    #[must_use]
    pub fn record(&self, lab: &Lab) -> Option<RunRecord> {
        let score = self.score(lab);
        let opened = self.steps.iter().zip(&lab.steps).filter(|(s, _)| s.state != StepState::Ahead);
        let steps = opened.map(|(s, step)| {
            let record = StepRecord {
                opened_at: s.opened_at,
                done_at: s.done_at,
                guess: match &s.guess {
                    Some(Guess::Choice(id)) => Some(id.clone()),
                    Some(Guess::Skipped) | None => None,
                },
                skipped: s.guess == Some(Guess::Skipped),
                happened: s.happened.clone(),
                hints: s.hints.clone(),
                helped: s.helped,
            };
            (step.id.clone(), record)
        });
        Some(RunRecord {
            lab: lab.id.clone(),
            attempt: self.attempt,
            began_at: self.began_at?,
            finished_at: self.steps.iter().map(|s| s.done_at).max().flatten().filter(|_| self.finished()),
            points: score.points,
            of_points: score.of,
            steps: steps.collect(),
        })
    }

    /// Goes on where a record ends: what was done stays done, what was open counts anew from now. Steps that the
    /// lab no longer has are forgotten.
    #[must_use]
    pub fn resume(
        lab: &Lab,
        record: &RunRecord,
        ledger: &mut Ledger,
        history: &History,
        now: Timestamp,
    ) -> Self {
        let mut progress = Self::begin(lab, &mut Ledger::default(), history, now);
        progress.attempt = record.attempt.max(1);
        progress.began_at = Some(record.began_at);
        for (step, fresh) in lab.steps.iter().zip(&mut progress.steps) {
            fresh.state = StepState::Ahead;
            let Some(kept) = record.steps.get(&step.id) else {
                fresh.opened_at = None;
                continue;
            };
            let choices = || step.prediction.iter().flat_map(|p| &p.choices).map(|c| &c.id);
            fresh.opened_at = kept.opened_at;
            fresh.done_at = kept.done_at;
            fresh.guess = match &kept.guess {
                Some(id) => choices().any(|c| c == id).then(|| Guess::Choice(id.clone())),
                None => kept.skipped.then_some(Guess::Skipped),
            };
            fresh.happened = kept.happened.clone().filter(|id| choices().any(|c| c == id));
            for ((depth, kept), hint) in fresh.hints.iter_mut().zip(&kept.hints).zip(&step.hints) {
                *depth = (*kept).min(hint.depths());
            }
            fresh.helped = kept.helped;
            if kept.done_at.is_some() {
                fresh.state = StepState::Done;
            }
        }
        progress.open(lab, ledger, history, now);
        progress
    }

    /// The attempt after this one, from the beginning.
    #[must_use]
    pub fn start_over(&self, lab: &Lab, ledger: &mut Ledger, history: &History, now: Timestamp) -> Self {
        Self { attempt: self.attempt + 1, ..Self::begin(lab, ledger, history, now) }
    }
}
