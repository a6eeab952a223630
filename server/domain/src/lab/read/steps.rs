//! The steps: checks, predictions, hints.

use std::collections::BTreeSet;

use serde_saphyr::Spanned;

use super::faults::Faults;
use super::raw::{RawCheck, RawHint, RawMessage, RawPrediction, RawStep};
use super::{LAB, LabFiles, order};
use crate::ids::StepId;
use crate::lab::cel::Expression;
use crate::lab::spec::{Answer, Check, Choice, Deeper, Hint, LabKind, Prediction, Step};
use crate::lab::text::{Localized, Prose, StepText};

/// How many answers a prediction may have.
const CHOICES: std::ops::RangeInclusive<usize> = 2..=5;
/// The longest time that checks may have to hold, in seconds.
const LONGEST_STABLE: u8 = 60;

pub(super) fn read(
    raw: Vec<RawStep>,
    kind: LabKind,
    prose: &Localized<Prose>,
    files: &LabFiles,
    faults: &mut Faults,
) -> Vec<Step> {
    if raw.is_empty() {
        faults.whole(LAB, "a lab has at least one step".into());
    }
    let needs = order::read(&raw, faults);
    let mut steps = BTreeSet::new();
    let mut checks = BTreeSet::new();
    for step in &raw {
        if !steps.insert(&step.id.value) {
            faults.at(LAB, &step.id, format!("two steps have the id {}", step.id.value));
        }
        for check in &step.checks {
            if !checks.insert(&check.id.value) {
                faults.at(LAB, &check.id, format!("two checks have the id {}", check.id.value));
            }
        }
    }
    raw.into_iter().zip(needs).map(|(step, needs)| one(step, needs, kind, prose, files, faults)).collect()
}

fn one(
    raw: RawStep,
    needs: Vec<usize>,
    kind: LabKind,
    prose: &Localized<Prose>,
    files: &LabFiles,
    faults: &mut Faults,
) -> Step {
    if raw.checks.is_empty() {
        let why = format!("step {} has no check: it would be done at once", raw.id.value);
        faults.at(LAB, &raw.id, why);
    }
    if raw.stable_for.value > LONGEST_STABLE {
        faults.at(LAB, &raw.stable_for, format!("stable_for is in seconds, at most {LONGEST_STABLE}"));
    }
    for act in &raw.acts {
        if let Some(file) = act.value.document() {
            files.document(LAB, &Spanned { value: file.to_owned(), ..elsewhere(act) }, faults);
        }
    }
    Step {
        text: Localized { en: text(&prose.en, &raw.id.value), it: text(&prose.it, &raw.id.value) },
        needs,
        stable_for: raw.stable_for.value,
        prediction: raw.predict.and_then(|p| prediction(p, faults)),
        checks: raw.checks.into_iter().filter_map(|c| check(c, faults)).collect(),
        acts: raw.acts.into_iter().map(|a| a.value).collect(),
        commands: raw.commands,
        hints: hints(raw.hints, &raw.id, kind, files, faults),
        id: raw.id.value,
    }
}

/// The same place, for another value.
fn elsewhere<T>(at: &Spanned<T>) -> Spanned<String> {
    Spanned { value: String::new(), referenced: at.referenced, defined: at.defined }
}

/// Its text; a step without one is a fault that was told already.
fn text(prose: &Prose, id: &StepId) -> StepText {
    prose.steps.iter().find(|(s, _)| s.id == id.as_str()).map(|(s, _)| s.clone()).unwrap_or_default()
}

/// Compiles an expression, or tells why not, where it stands.
pub(super) fn expression(file: &str, cel: &Spanned<String>, faults: &mut Faults) -> Option<Expression> {
    match Expression::compile(&cel.value) {
        Ok(expression) => Some(expression),
        Err(why) => {
            faults.at(file, cel, format!("{}: {why}", cel.value.trim()));
            None
        }
    }
}

fn check(raw: RawCheck, faults: &mut Faults) -> Option<Check> {
    let message = raw.message.and_then(|m| message(&m, faults));
    Some(Check {
        expression: expression(LAB, &raw.cel, faults)?,
        id: raw.id.value,
        says: raw.says,
        message,
        points: raw.points,
        hidden: raw.hidden,
    })
}

fn message(raw: &RawMessage, faults: &mut Faults) -> Option<Localized<Expression>> {
    let (en, it) = (expression(LAB, &raw.en, faults), expression(LAB, &raw.it, faults));
    Some(Localized { en: en?, it: it? })
}

fn prediction(raw: RawPrediction, faults: &mut Faults) -> Option<Prediction> {
    if !CHOICES.contains(&raw.options.value.len()) {
        let why = format!("a prediction has {} to {} options", CHOICES.start(), CHOICES.end());
        faults.at(LAB, &raw.options, why);
    }
    let mut ids = BTreeSet::new();
    let mut choices = Vec::new();
    for raw in raw.options.value {
        if !ids.insert(raw.id.value.clone()) {
            faults.at(LAB, &raw.id, format!("two options have the id {}", raw.id.value));
        }
        let happened = expression(LAB, &raw.happened, faults)?;
        choices.push(Choice { id: raw.id.value, says: raw.says, happened });
    }
    Some(Prediction { question: raw.question, choices, learn: raw.learn })
}

fn hints(
    raw: Vec<RawHint>,
    step: &Spanned<StepId>,
    kind: LabKind,
    files: &LabFiles,
    faults: &mut Faults,
) -> Vec<Hint> {
    let last = raw.len().saturating_sub(1);
    for (i, hint) in raw.iter().enumerate() {
        match (&hint.when, i == last) {
            (Some(when), true) => {
                let why = "the last hint has no `when`: it is offered when no other fits".into();
                faults.at(LAB, when, why);
            }
            (None, false) => {
                let why = "only the last hint has no `when`: those after it would never be offered".into();
                beside(hint, step, why, faults);
            }
            _ => {}
        }
    }
    raw.into_iter().filter_map(|h| hint(h, step, kind, files, faults)).collect()
}

/// Tells a fault of a hint where its text stands, as far as it has one.
fn beside(hint: &RawHint, step: &Spanned<StepId>, why: String, faults: &mut Faults) {
    match &hint.what {
        Some(what) => faults.at(LAB, what, why),
        None => faults.at(LAB, step, why),
    }
}

fn hint(
    raw: RawHint,
    step: &Spanned<StepId>,
    kind: LabKind,
    files: &LabFiles,
    faults: &mut Faults,
) -> Option<Hint> {
    let when = match &raw.when {
        Some(when) => Some(expression(LAB, when, faults)?),
        None => None,
    };
    let exam = kind == LabKind::Exam;
    let answer = match (&raw.command, &raw.document) {
        (Some(command), None) => Some(Answer::Command(command.clone())),
        (None, Some(document)) => {
            files.document(LAB, document, faults);
            Some(Answer::Document(document.value.clone()))
        }
        _ => None,
    };
    let deeper = match (&raw.what, answer) {
        (None, None) if exam && raw.command.is_none() => None,
        (Some(what), Some(answer)) if !exam => Some(Deeper { what: what.value.clone(), answer }),
        _ => {
            let why = match exam {
                true => "a hint of an exam says `where`, and no more",
                false => "a hint says `where` and `what`, and ends with either `command` or `document`",
            };
            beside(&raw, step, why.into(), faults);
            return None;
        }
    };
    Some(Hint { when, place: raw.place, deeper })
}
