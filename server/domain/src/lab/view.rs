//! The steps as a page shows them.

use super::progress::{Guess, Progress, StepProgress, StepState};
use super::spec::{Answer, Hint, Lab, Prediction, Step};
use super::text::Lang;
use crate::ids::{CheckId, ChoiceId};

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
    /// Its checks, without those that are hidden.
    pub checks: Vec<CheckView<'a>>,
    /// How many are hidden.
    pub hidden: usize,
    /// What it asks first, if anything.
    pub prediction: Option<PredictionView<'a>>,
    /// The hint that fits now.
    pub hint: Option<HintView<'a>>,
    /// Whether something was played for the student.
    pub helped: bool,
    /// How many moves of the solution were.
    pub played: usize,
    /// The step itself, for its acts and commands.
    pub step: &'a Step,
}

/// One check on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView<'a> {
    /// Id.
    pub id: &'a CheckId,
    /// The statement.
    pub says: &'a str,
    /// Whether it holds.
    pub holds: bool,
    /// What it says while it does not.
    pub message: Option<&'a str>,
}

/// A prediction on a page.
#[derive(Debug)]
pub struct PredictionView<'a> {
    /// The question.
    pub question: &'a str,
    /// The answers.
    pub choices: Vec<ChoiceView<'a>>,
    /// Where it stands.
    pub fate: Fate,
    /// What there is to learn from it, once it has come to its end.
    pub learn: &'a str,
}

/// Where a prediction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It waits for an answer: what the step lets one do is not shown yet.
    Asked,
    /// It was answered or skipped; what will happen is still to be seen.
    Open,
    /// The student expected what happened.
    Right,
    /// The student expected something else.
    Wrong,
    /// The step was done, and the student had not said.
    Unsaid,
}

/// One answer on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceView<'a> {
    /// Id.
    pub id: &'a ChoiceId,
    /// The answer.
    pub says: &'a str,
    /// The student's.
    pub guessed: bool,
    /// What really happened.
    pub happened: bool,
}

/// A hint on a page, as far as it was looked into.
#[derive(Debug, PartialEq, Eq)]
pub struct HintView<'a> {
    /// 0 to 3.
    pub depth: u8,
    /// Where to look.
    pub place: Option<&'a str>,
    /// What is wrong.
    pub what: Option<&'a str>,
    /// What to do.
    pub answer: Option<&'a Answer>,
    /// There is more of it.
    pub more: bool,
}

/// What was reached, of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// Points of the checks of all done steps, and of those that hold in open ones.
    pub points: u32,
    /// Points of the whole lab.
    pub of: u32,
}

impl Progress {
    /// The steps as a page shows them.
    #[must_use]
    pub fn steps<'a>(&'a self, lab: &'a Lab, lang: Lang) -> Vec<StepView<'a>> {
        let all = lab.steps.iter().zip(&self.steps).enumerate();
        all.map(|(i, (step, progress))| StepView::of(i, step, progress, lang)).collect()
    }

    /// What was reached.
    #[must_use]
    pub fn score(&self, lab: &Lab) -> Score {
        let of_step = |(step, progress): (&Step, &StepProgress)| -> u32 {
            let holds =
                |c: usize| progress.state == StepState::Done || progress.holding.get(c) == Some(&true);
            step.checks.iter().enumerate().filter(|(c, _)| holds(*c)).map(|(_, check)| check.points).sum()
        };
        Score { points: lab.steps.iter().zip(&self.steps).map(of_step).sum(), of: lab.points() }
    }
}

impl<'a> StepView<'a> {
    fn of(i: usize, step: &'a Step, progress: &'a StepProgress, lang: Lang) -> Self {
        let holds = |c| {
            progress.state == StepState::Done
                || (progress.state == StepState::Current && progress.holding.get(c) == Some(&true))
        };
        let message = |c: usize| {
            let message = progress.messages.get(c).and_then(Option::as_ref);
            message.map(|m| m.get(lang).as_str())
        };
        let listed = step.checks.iter().enumerate().filter(|(_, check)| !check.hidden);
        Self {
            id: step.id.as_str(),
            number: i + 1,
            title: &step.text.get(lang).title,
            html: &step.text.get(lang).html,
            state: progress.state,
            checks: listed
                .map(|(c, check)| CheckView {
                    id: &check.id,
                    says: check.says.get(lang),
                    holds: holds(c),
                    message: message(c),
                })
                .collect(),
            hidden: step.checks.iter().filter(|c| c.hidden).count(),
            prediction: step.prediction.as_ref().map(|p| PredictionView::of(p, progress, lang)),
            hint: progress.offered.and_then(|h| HintView::of(h, step.hints.get(h)?, progress, lang)),
            helped: progress.helped,
            played: progress.played,
            step,
        }
    }
}

impl<'a> PredictionView<'a> {
    fn of(prediction: &'a Prediction, progress: &StepProgress, lang: Lang) -> Self {
        let guessed = match &progress.guess {
            Some(Guess::Choice(id)) => Some(id),
            Some(Guess::Skipped) | None => None,
        };
        let fate = match (progress.state, guessed) {
            (StepState::Done, Some(id)) if progress.happened.as_ref() == Some(id) => Fate::Right,
            (StepState::Done, Some(_)) => Fate::Wrong,
            (StepState::Done, None) => Fate::Unsaid,
            (StepState::Current | StepState::Ahead, _) if progress.guess.is_some() => Fate::Open,
            (StepState::Current | StepState::Ahead, _) => Fate::Asked,
        };
        let choice = |c: &'a super::spec::Choice| ChoiceView {
            id: &c.id,
            says: c.says.get(lang),
            guessed: guessed == Some(&c.id),
            happened: progress.happened.as_ref() == Some(&c.id),
        };
        Self {
            question: prediction.question.get(lang),
            choices: prediction.choices.iter().map(choice).collect(),
            fate,
            learn: prediction.learn.get(lang),
        }
    }
}

impl<'a> HintView<'a> {
    fn of(place: usize, hint: &'a Hint, progress: &StepProgress, lang: Lang) -> Option<Self> {
        let depth = *progress.hints.get(place)?;
        let deeper = |least: u8| hint.deeper.as_ref().filter(|_| depth >= least);
        Some(Self {
            depth,
            place: (depth >= 1).then(|| hint.place.get(lang).as_str()),
            what: deeper(2).map(|d| d.what.get(lang).as_str()),
            answer: deeper(3).map(|d| &d.answer),
            more: depth < hint.depths(),
        })
    }
}
