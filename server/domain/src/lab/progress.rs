//! How far a student is: steps tick by themselves, in order, and stay ticked.

use serde::Serialize;

use super::check::Bound;
use super::spec::Lab;
use super::text::Lang;
use crate::facts::Facts;

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// Done, for good.
    Done,
    /// The one to do now.
    Current,
    /// Later.
    Ahead,
}

/// How many steps are done. Steps are done in order, so a number is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Steps done, from the first.
    pub done: usize,
    /// Which checks of the current step hold.
    pub holding: Vec<bool>,
}

impl Progress {
    /// Judges the current step on what is known now. Returns whether it was just done; then the caller marks a
    /// new step in ledger and history before it judges again, because the next step counts from its own start.
    pub fn judge(&mut self, lab: &Lab, facts: &Facts<'_>) -> bool {
        let Some(step) = lab.steps.get(self.done) else { return false };
        let bound = Bound::new(facts);
        self.holding = step.checks.iter().map(|c| c.expression.holds(&bound)).collect();
        let done = self.holding.iter().all(|h| *h);
        if done {
            self.done += 1;
            self.holding.clear();
        }
        done
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn finished(&self, lab: &Lab) -> bool {
        self.done >= lab.steps.len()
    }

    /// The steps as a page shows them.
    #[must_use]
    pub fn steps<'a>(&self, lab: &'a Lab, lang: Lang) -> Vec<StepView<'a>> {
        let view = |(i, step): (usize, &'a super::spec::Step)| {
            let state = match i.cmp(&self.done) {
                std::cmp::Ordering::Less => StepState::Done,
                std::cmp::Ordering::Equal => StepState::Current,
                std::cmp::Ordering::Greater => StepState::Ahead,
            };
            let checks = step.checks.iter().enumerate().map(|(c, check)| CheckView {
                says: check.says.get(lang),
                holds: state == StepState::Done
                    || (state == StepState::Current && self.holding.get(c) == Some(&true)),
            });
            StepView {
                id: step.id.as_str(),
                number: i + 1,
                title: &step.text.get(lang).title,
                html: &step.text.get(lang).html,
                state,
                checks: checks.collect(),
                step,
            }
        };
        lab.steps.iter().enumerate().map(view).collect()
    }
}

/// One step on a page.
#[derive(Debug)]
pub struct StepView<'a> {
    /// Id.
    pub id: &'a str,
    /// From 1.
    pub number: usize,
    /// Title.
    pub title: &'a str,
    /// Prose as HTML.
    pub html: &'a str,
    /// Where it is.
    pub state: StepState,
    /// Its checks.
    pub checks: Vec<CheckView<'a>>,
    /// The step itself, for its acts and commands.
    pub step: &'a super::spec::Step,
}

/// One check on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView<'a> {
    /// The statement.
    pub says: &'a str,
    /// Whether it holds.
    pub holds: bool,
}
