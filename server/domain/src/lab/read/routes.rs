//! The ways through a lab, and the wrong states beside them.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::faults::Faults;
use super::raw::{RawMove, RawPart, RawWrong};
use super::steps::expression;
use super::{LAB, LabFiles};
use crate::ids::{ChoiceId, StepId};
use crate::lab::spec::{Move, Route, Step, Wrong};

/// The route that is shown to students, if there is one of that name; else the first by name.
const SHOWN: &str = "yaml";

pub(super) fn read(
    raw: BTreeMap<String, Vec<RawPart>>,
    steps: &[Step],
    files: &LabFiles,
    faults: &mut Faults,
) -> Vec<Route> {
    if raw.is_empty() {
        faults.whole(LAB, "a lab has at least one way through it: add `solutions`".into());
    }
    let mut routes: Vec<Route> =
        raw.into_iter().map(|(name, parts)| route(name, parts, steps, files, faults)).collect();
    routes.sort_by_key(|route| route.name != SHOWN);
    routes
}

fn route(name: String, raw: Vec<RawPart>, steps: &[Step], files: &LabFiles, faults: &mut Faults) -> Route {
    let mut parts: Vec<(usize, Vec<Move>)> = Vec::new();
    for part in raw {
        let Some(at) = place(&part.step, steps, LAB, faults) else { continue };
        if parts.iter().any(|(known, _)| *known == at) {
            faults.at(LAB, &part.step, format!("route {name} does step {} twice", part.step.value));
        }
        let early = steps[at].needs.iter().find(|need| !parts.iter().any(|(done, _)| done == *need));
        if let Some(need) = early {
            let why = format!("route {name} does {} before {}", part.step.value, steps[*need].id);
            faults.at(LAB, &part.step, why);
        }
        let moves =
            part.moves.into_iter().filter_map(|m| a_move(LAB, m, &steps[at], files, faults)).collect();
        parts.push((at, moves));
    }
    for (i, step) in steps.iter().enumerate() {
        if !parts.iter().any(|(at, _)| *at == i) {
            faults.whole(LAB, format!("route {name} leaves out step {}", step.id));
        }
    }
    Route { name, parts }
}

fn place(id: &Spanned<StepId>, steps: &[Step], file: &str, faults: &mut Faults) -> Option<usize> {
    let found = steps.iter().position(|s| s.id == id.value);
    if found.is_none() {
        faults.at(file, id, format!("there is no step {}", id.value));
    }
    found
}

fn a_move(file: &str, raw: RawMove, step: &Step, files: &LabFiles, faults: &mut Faults) -> Option<Move> {
    let RawMove { apply, document, kubectl, act, answer, until } = raw;
    let given = [
        apply.is_some(),
        document.is_some(),
        kubectl.is_some(),
        act.is_some(),
        answer.is_some(),
        until.is_some(),
    ];
    if given.into_iter().filter(|g| *g).count() != 1 {
        let why = format!(
            "step {}: each thing to do is one of apply, document, kubectl, act, answer, until",
            step.id
        );
        faults.whole(file, why);
        return None;
    }
    if let Some(path) = apply {
        files.document(file, &path, faults);
        return Some(Move::Apply(path.value));
    }
    if let Some(act) = act {
        if let Some(path) = act.value.document() {
            let path = Spanned { value: path.to_owned(), referenced: act.referenced, defined: act.defined };
            files.document(file, &path, faults);
        }
        return Some(Move::Act(act.value));
    }
    if let Some(answer) = answer {
        known_choice(file, &answer, step, faults);
        return Some(Move::Answer(answer.value));
    }
    if let Some(until) = until {
        return expression(file, &until, faults).map(Move::Until);
    }
    let inline = document.map(|d| Move::Document(d.value));
    inline.or(kubectl.map(|command| Move::Kubectl(command.value)))
}

fn known_choice(file: &str, answer: &Spanned<ChoiceId>, step: &Step, faults: &mut Faults) {
    let choices = step.prediction.iter().flat_map(|p| &p.choices);
    if !choices.into_iter().any(|c| c.id == answer.value) {
        faults.at(file, answer, format!("step {} has no option {}", step.id, answer.value));
    }
}

/// The wrong states: files in `wrong/` that are not documents themselves.
pub(super) fn wrongs(files: &LabFiles, steps: &[Step], routes: &[Route], faults: &mut Faults) -> Vec<Wrong> {
    let is_state = |(path, text): &(&String, &String)| {
        path.starts_with("wrong/")
            && path.ends_with(".yaml")
            && !text.lines().any(|line| line.starts_with("apiVersion:"))
    };
    let paths: Vec<&String> = files.texts.iter().filter(is_state).map(|(path, _)| path).collect();
    paths.into_iter().filter_map(|path| wrong(path, files, steps, routes, faults)).collect()
}

fn wrong(
    path: &str,
    files: &LabFiles,
    steps: &[Step],
    routes: &[Route],
    faults: &mut Faults,
) -> Option<Wrong> {
    let raw: RawWrong = files.parse(path, faults)?;
    let at = place(&raw.at, steps, path, faults)?;
    let route = routes.iter().position(|r| r.name == raw.route.value);
    if route.is_none() {
        faults.at(path, &raw.route, format!("there is no route {}", raw.route.value));
    }
    match steps[at].checks.iter().find(|c| c.id == raw.fails.value) {
        None => {
            let why = format!("step {} has no check {}", steps[at].id, raw.fails.value);
            faults.at(path, &raw.fails, why);
        }
        Some(check) if check.message.is_none() => {
            let why = format!("check {} has no message: say what is wrong and where to look", check.id);
            faults.at(path, &raw.fails, why);
        }
        Some(_) => {}
    }
    let name = path.trim_start_matches("wrong/").trim_end_matches(".yaml").to_owned();
    let moves = raw.moves.into_iter().filter_map(|m| a_move(path, m, &steps[at], files, faults)).collect();
    Some(Wrong { name, route: route?, at, moves, fails: raw.fails.value, message: raw.message })
}
