//! The acts that are about learning, not about the cluster: answer a prediction, look into a hint, be shown.

use axum::http::HeaderMap;
use axum::response::Response;
use clusterip_domain::ids::{ChoiceId, StepId};
use clusterip_domain::lab::{Guess, Lab, Move, Prediction, StepState};
use serde::Deserialize;

use super::form::Fields;
use super::{Told, tell, words};
use crate::error::WebError;
use crate::http::InRun;
use crate::play::Player;
use crate::run::Command;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Predict {
    step: StepId,
    /// Without one the student would rather see.
    choice: Option<ChoiceId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfStep {
    step: StepId,
}

pub(super) async fn predict(at: InRun, headers: HeaderMap, Fields(form): Fields<Predict>) -> Response {
    let told = guess(&at, form).await;
    tell(&at, &headers, told, "")
}

pub(super) async fn hint(at: InRun, headers: HeaderMap, Fields(form): Fields<OfStep>) -> Response {
    let told = deeper(&at, &form.step).await;
    tell(&at, &headers, told, "")
}

pub(super) async fn show(at: InRun, headers: HeaderMap, Fields(form): Fields<OfStep>) -> Response {
    let told = next_move(&at, &form.step).await;
    tell(&at, &headers, told, "")
}

fn place(lab: &Lab, step: &StepId) -> Result<usize, WebError> {
    lab.step(step).map(|(place, _)| place).ok_or(WebError::NotFound)
}

async fn guess(at: &InRun, form: Predict) -> Told {
    let lab = at.run.lab();
    let (step, asks) = lab.step(&form.step).ok_or(WebError::NotFound)?;
    let offers = |p: &Prediction| form.choice.iter().all(|id| p.choices.iter().any(|c| c.id == *id));
    if !asks.prediction.as_ref().is_some_and(offers) {
        return Err(WebError::NotFound);
    }
    let guess = form.choice.map_or(Guess::Skipped, Guess::Choice);
    let skipped = guess == Guess::Skipped;
    if !at.run.ask(|answer| Command::Guess(step, guess, answer)).await? {
        return Err(WebError::TooLate);
    }
    Ok(if skipped { words::skipped() } else { words::guessed() })
}

async fn deeper(at: &InRun, step: &StepId) -> Told {
    let step = place(&at.run.lab(), step)?;
    let depth = at.run.ask(|answer| Command::Hint(step, answer)).await?;
    depth.map(words::hint).ok_or(WebError::TooLate)
}

/// Plays the next move of the solution that students are shown; waits for what lies between two moves.
async fn next_move(at: &InRun, step: &StepId) -> Told {
    let lab = at.run.lab();
    let place = place(&lab, step)?;
    let moves = lab.shown_route().ok_or(WebError::NotFound)?.moves(place);
    let view = at.run.view();
    let progress = view.progress.steps_progress().get(place);
    let played = progress.filter(|s| s.state == StepState::Current).ok_or(WebError::TooLate)?.played;
    let player = Player::showing(at);
    for next in moves.iter().skip(played) {
        let said = player.play(&lab, place, next).await?;
        at.run.ask(|answer| Command::Help(place, answer)).await?;
        if !matches!(next, Move::Until(_)) {
            return Ok(said);
        }
    }
    Err(WebError::TooLate)
}
