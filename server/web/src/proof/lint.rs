//! What a lab that can be read still lacks.

use std::collections::BTreeSet;

use clusterip_domain::lab::{Lab, LabError, LabKind, Localized};

/// The fewest wrong states of a lab.
const WRONG_STATES: usize = 5;
/// The fewest and most minutes a lab takes; an exam may take longer.
const MINUTES: std::ops::RangeInclusive<u8> = 5..=12;

/// Every lack, for its author.
#[must_use]
pub fn lint(lab: &Lab) -> Vec<LabError> {
    let mut lacks = Vec::new();
    let mut lack = |why: String| lacks.push(LabError { file: "lab.yaml".into(), line: None, why });
    if lab.wrongs.len() < WRONG_STATES {
        let n = lab.wrongs.len();
        lack(format!("{n} wrong states: add some under wrong/, at least {WRONG_STATES} in all"));
    }
    if lab.kind != LabKind::Exam && !MINUTES.contains(&lab.minutes) {
        let (least, most) = (MINUTES.start(), MINUTES.end());
        lack(format!("{} minutes: a lab takes {least} to {most}", lab.minutes));
    }
    if lab.kind != LabKind::Exam && lab.shown_route().is_none() {
        lack("no way through it plays without kubectl: nothing can be shown to students".into());
    }
    if lab.links.is_empty() {
        lack("no links: say where to read on".into());
    }
    for step in &lab.steps {
        if lab.kind != LabKind::Exam && step.hints.is_empty() {
            lack(format!("step {} has no hint", step.id));
        }
        for check in step.checks.iter().filter(|c| c.message.is_none()) {
            lack(format!("check {} has no message: say what is wrong and where to look", check.id));
        }
    }
    for (path, lines) in unused(lab) {
        let why = format!("nothing names this document of {lines} lines: use it, or remove it");
        lacks.push(LabError { file: path, line: None, why });
    }
    lacks.extend(untranslated(lab));
    lacks
}

/// Documents that nothing names.
fn unused(lab: &Lab) -> Vec<(String, usize)> {
    use clusterip_domain::lab::{Act, Answer, Move};
    let mut used: BTreeSet<&str> = lab.setup.iter().chain(&lab.neighbour).map(String::as_str).collect();
    for step in &lab.steps {
        used.extend(step.acts.iter().filter_map(Act::document));
        used.extend(step.hints.iter().filter_map(|h| match &h.deeper.as_ref()?.answer {
            Answer::Document(file) => Some(file.as_str()),
            Answer::Command(_) => None,
        }));
    }
    let of_routes = lab.routes.iter().flat_map(|r| &r.parts).flat_map(|(_, moves)| moves);
    for a_move in of_routes.chain(lab.wrongs.iter().flat_map(|w| &w.moves)) {
        used.extend(match a_move {
            Move::Apply(file) => Some(file.as_str()),
            Move::Act(act) => act.document(),
            _ => None,
        });
    }
    let states: BTreeSet<String> = lab.wrongs.iter().map(|w| format!("wrong/{}.yaml", w.name)).collect();
    let idle =
        lab.documents.iter().filter(|(path, _)| !used.contains(path.as_str()) && !states.contains(*path));
    idle.map(|(path, text)| (path.clone(), text.lines().count())).collect()
}

/// Sentences that are the same in both languages: nobody translated them.
fn untranslated(lab: &Lab) -> Vec<LabError> {
    let mut found = Vec::new();
    let mut same = |what: String, text: &Localized<String>| {
        // Short ones may be names, which have no translation.
        if text.en == text.it && text.en.split_whitespace().count() > 3 {
            let why = format!("{what} is the same in both languages: {}", text.en);
            found.push(LabError { file: "lab.yaml".into(), line: None, why });
        }
    };
    for step in &lab.steps {
        step.checks.iter().for_each(|c| same(format!("check {}", c.id), &c.says));
        if let Some(prediction) = &step.prediction {
            same(format!("the question of {}", step.id), &prediction.question);
            same(format!("what {} teaches", step.id), &prediction.learn);
        }
        for hint in &step.hints {
            same(format!("a hint of {}", step.id), &hint.place);
            if let Some(deeper) = &hint.deeper {
                same(format!("a hint of {}", step.id), &deeper.what);
            }
        }
    }
    found
}
