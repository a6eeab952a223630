//! A lab as the engine and the page use it: everything in it was checked when it was read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::act::Act;
use super::cel::Expression;
use super::text::{Lang, Localized, StepText};
use crate::ids::{CheckId, ChoiceId, LabId, StepId};

/// How a lab teaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabKind {
    /// One idea, by doing.
    #[default]
    Lesson,
    /// Something broken, to be repaired.
    Trouble,
    /// A specification, to be built with hints that say only where to look.
    Exam,
}

/// Where to read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is there.
    pub title: Localized<String>,
    /// Its address, https.
    pub url: String,
}

/// One thing that must be so for a step to be done.
#[derive(Debug)]
pub struct Check {
    /// Id, unique in the lab.
    pub id: CheckId,
    /// What must hold.
    pub expression: Expression,
    /// A short statement of it that becomes true, "three pods are Ready".
    pub says: Localized<String>,
    /// Makes what to say while it does not hold: the misconception, and where to look.
    pub message: Option<Localized<Expression>>,
    /// What it is worth.
    pub points: u32,
    /// It grades, and is not listed.
    pub hidden: bool,
}

/// Help in three depths.
#[derive(Debug)]
pub struct Hint {
    /// In which state it is offered; `None`: in any.
    pub when: Option<Expression>,
    /// Depth 1: where to look.
    pub place: Localized<String>,
    /// The depths below; an exam has none.
    pub deeper: Option<Deeper>,
}

impl Hint {
    /// How many depths it has.
    #[must_use]
    pub fn depths(&self) -> u8 {
        if self.deeper.is_some() { 3 } else { 1 }
    }
}

/// What a hint says when it is not enough to know where to look.
#[derive(Debug)]
pub struct Deeper {
    /// Depth 2: what is wrong.
    pub what: Localized<String>,
    /// Depth 3: what to do.
    pub answer: Answer,
}

/// The last depth of a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A command.
    Command(String),
    /// A document of the lab.
    Document(String),
}

/// What a student is asked before the effect is shown.
#[derive(Debug)]
pub struct Prediction {
    /// The question.
    pub question: Localized<String>,
    /// Two to five answers.
    pub choices: Vec<Choice>,
    /// Said with the comparison.
    pub learn: Localized<String>,
}

/// One answer.
#[derive(Debug)]
pub struct Choice {
    /// Id, unique in the question.
    pub id: ChoiceId,
    /// The answer.
    pub says: Localized<String>,
    /// Whether this is what really happened.
    pub happened: Expression,
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Id, unique in the lab.
    pub id: StepId,
    /// Title and prose.
    pub text: Localized<StepText>,
    /// The steps, by their place in the lab, that must be done before this one opens.
    pub needs: Vec<usize>,
    /// How many seconds all checks must hold unbroken.
    pub stable_for: u8,
    /// What is asked first.
    pub prediction: Option<Prediction>,
    /// All must hold; at least one.
    pub checks: Vec<Check>,
    /// Buttons.
    pub acts: Vec<Act>,
    /// Commands that do the same, or show it, one a line.
    pub commands: Vec<String>,
    /// Help, the last without a condition.
    pub hints: Vec<Hint>,
}

/// One thing done on the way through a lab.
#[derive(Debug)]
pub enum Move {
    /// Apply a document of the lab.
    Apply(String),
    /// Apply this YAML.
    Document(String),
    /// Run kubectl.
    Kubectl(String),
    /// Press a button.
    Act(Act),
    /// Answer the step's prediction.
    Answer(ChoiceId),
    /// Go on when this holds.
    Until(Expression),
}

/// A way through the whole lab.
#[derive(Debug)]
pub struct Route {
    /// `yaml`, `expose`, `patch`, …
    pub name: String,
    /// What to do for each step, by its place, in the order in which they are done.
    pub parts: Vec<(usize, Vec<Move>)>,
}

/// A wrong state that students reach, and what the lab says to it.
#[derive(Debug)]
pub struct Wrong {
    /// Its file's name without `.yaml`.
    pub name: String,
    /// The route that leads there, by its place.
    pub route: usize,
    /// The step at which it goes wrong, by its place.
    pub at: usize,
    /// What is done wrong.
    pub moves: Vec<Move>,
    /// The check that must not hold.
    pub fails: CheckId,
    /// A part of what that check must say.
    pub message: Localized<String>,
}

/// A whole lab.
#[derive(Debug)]
pub struct Lab {
    /// Id, unique in the course.
    pub id: LabId,
    /// Its place in the course, from 1.
    pub number: u8,
    /// How it teaches.
    pub kind: LabKind,
    /// How long it takes, in minutes.
    pub minutes: u8,
    /// Which of the course's claims it lets the student see, from 1.
    pub claims: Vec<u8>,
    /// Where to read on.
    pub links: Vec<Link>,
    /// Title.
    pub title: Localized<String>,
    /// Introduction, as HTML.
    pub intro: Localized<String>,
    /// Steps in order, at least one.
    pub steps: Vec<Step>,
    /// Documents applied when a run begins.
    pub setup: Vec<String>,
    /// Documents of the namespace beside the student's, if there is one.
    pub neighbour: Vec<String>,
    /// Ways through it, the first is shown; at least one.
    pub routes: Vec<Route>,
    /// Wrong states.
    pub wrongs: Vec<Wrong>,
    /// The lab's documents by path, as text.
    pub documents: BTreeMap<String, String>,
}

impl Route {
    /// What to do for a step.
    #[must_use]
    pub fn moves(&self, step: usize) -> &[Move] {
        self.parts.iter().find(|(at, _)| *at == step).map_or(&[], |(_, moves)| moves)
    }
}

impl Lab {
    /// The step of that id, with its place.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, s)| s.id == *id)
    }

    /// The title in that language.
    #[must_use]
    pub fn title(&self, lang: Lang) -> &str {
        self.title.get(lang)
    }

    /// A document that the student may have: one that an act or a hint offers.
    #[must_use]
    pub fn offered(&self, path: &str) -> Option<&str> {
        let of_act = self.steps.iter().flat_map(|s| &s.acts).filter_map(Act::document);
        let of_hint =
            self.steps.iter().flat_map(|s| &s.hints).filter_map(|h| match &h.deeper.as_ref()?.answer {
                Answer::Document(file) => Some(file.as_str()),
                Answer::Command(_) => None,
            });
        let known = of_act.chain(of_hint).any(|file| file == path);
        known.then(|| self.documents.get(path).map(String::as_str)).flatten()
    }

    /// The route that students are shown: the first that needs no kubectl. None in an exam.
    #[must_use]
    pub fn shown_route(&self) -> Option<&Route> {
        let plain =
            |r: &&Route| r.parts.iter().all(|(_, m)| m.iter().all(|m| !matches!(m, Move::Kubectl(_))));
        self.routes.iter().find(plain).filter(|_| self.kind != LabKind::Exam)
    }

    /// What the whole lab is worth.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.steps.iter().flat_map(|s| &s.checks).map(|c| c.points).sum()
    }
}
