//! The moves of a step's solution, as the student is shown them: what was played, what comes next.

use clusterip_domain::lab::{Lab, Move, StepState, StepView};

use super::steps::act;
use crate::words::{Words, fill};

/// One move.
pub(super) struct MoveDrawing<'a> {
    /// `played`, `next` or `later`.
    pub(super) class: &'static str,
    pub(super) label: String,
    /// The YAML it applies, while it comes next.
    pub(super) text: Option<&'a str>,
}

/// The moves of an open step; none where the lab shows none.
pub(super) fn moves<'a>(w: &'static Words, lab: &'a Lab, view: &StepView<'a>) -> Vec<MoveDrawing<'a>> {
    let Some(route) = lab.shown_route().filter(|_| view.state == StepState::Current) else { return vec![] };
    let moves = route.moves(view.number - 1).iter().enumerate();
    let next = moves.clone().find(|(i, m)| *i >= view.played && told(m)).map(|(i, _)| i);
    moves
        .filter(|(_, m)| told(m))
        .map(|(i, a_move)| MoveDrawing {
            class: match next {
                Some(next) if i == next => "next",
                Some(next) if i > next => "later",
                _ => "played",
            },
            label: label(w, a_move),
            text: text(lab, a_move).filter(|_| next == Some(i)),
        })
        .collect()
}

/// What is waited for between two moves is not told.
fn told(a_move: &Move) -> bool {
    !matches!(a_move, Move::Until(_))
}

fn label(w: &'static Words, a_move: &Move) -> String {
    match a_move {
        Move::Apply(file) => fill(w.lab.do_apply, &[("file", file)]),
        Move::Document(_) => w.lab.show_yaml.to_owned(),
        Move::Kubectl(command) => format!("kubectl {command}"),
        Move::Act(button) => act(w, button).label,
        Move::Answer(_) => w.lab.show_answer.to_owned(),
        Move::Until(_) => String::new(),
    }
}

fn text<'a>(lab: &'a Lab, a_move: &'a Move) -> Option<&'a str> {
    match a_move {
        Move::Apply(file) => lab.documents.get(file).map(String::as_str),
        Move::Document(yaml) => Some(yaml),
        Move::Act(button) => button.document().and_then(|file| lab.documents.get(file)).map(String::as_str),
        Move::Kubectl(_) | Move::Answer(_) | Move::Until(_) => None,
    }
}
