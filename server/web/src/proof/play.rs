//! The plays of one lab.

use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::lab::{Act, Lab, Move, StepState, Wrong};
use tokio::time::Instant;

use super::stage::Stage;
use crate::error::WebError;
use crate::kubectl::Kubectl;
use crate::play::{Player, seen};
use crate::run::RunView;

/// How long a step may take to tick once all was done for it.
const TICKS_WITHIN: Duration = Duration::from_secs(90);
/// How long a step may take before what was asked of the network for it is asked again.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How long a wrong state may take to be told.
const TOLD_WITHIN: Duration = Duration::from_secs(60);
/// How long what must not happen is waited for, beyond what any step must hold.
const MUST_NOT: Duration = Duration::from_secs(4);
/// What a command that is meant to fail ends with.
const FAILS: &str = "# fails";

/// Something to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Nothing is done: the lab must not finish.
    Untouched,
    /// A route, by its place; for the first or the second time.
    Route(usize, u8),
    /// A wrong state, by its place.
    Wrong(usize),
    /// The commands of the text.
    Commands,
}

/// Which plays of a lab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Plays {
    /// Every one.
    #[default]
    All,
    /// Untouched, and each route once: where a play takes long, and the rest is proved elsewhere.
    Routes,
}

/// The plays of a lab.
pub(super) fn plan(lab: &Lab, plays: Plays) -> Vec<What> {
    let untouched = std::iter::once(What::Untouched);
    if plays == Plays::Routes {
        return untouched.chain((0..lab.routes.len()).map(|r| What::Route(r, 1))).collect();
    }
    let mut plays: Vec<What> = untouched.collect();
    plays.extend((0..lab.routes.len()).flat_map(|r| [What::Route(r, 1), What::Route(r, 2)]));
    plays.extend((0..lab.wrongs.len()).map(What::Wrong));
    if lab.steps.iter().any(|s| !s.commands.is_empty()) {
        plays.push(What::Commands);
    }
    plays
}

impl What {
    /// What it is called.
    #[must_use]
    pub fn name(self, lab: &Lab) -> String {
        match self {
            Self::Untouched => "untouched".to_owned(),
            Self::Route(r, time) => format!("route {} ({time})", lab.routes[r].name),
            Self::Wrong(w) => format!("wrong/{}", lab.wrongs[w].name),
            Self::Commands => "commands".to_owned(),
        }
    }

    /// Whether some of it is done with kubectl.
    pub(super) fn needs_kubectl(self, lab: &Lab) -> bool {
        let any = |moves: &[Move]| moves.iter().any(|m| matches!(m, Move::Kubectl(_)));
        let in_route = |r: usize| lab.routes[r].parts.iter().any(|(_, moves)| any(moves));
        match self {
            Self::Untouched => false,
            Self::Commands => true,
            Self::Route(r, _) => in_route(r),
            Self::Wrong(w) => any(&lab.wrongs[w].moves) || in_route(lab.wrongs[w].route),
        }
    }
}

/// Plays it. An error says why it is no proof.
pub(super) async fn play(
    stage: &Stage,
    kubectl: Option<&Kubectl>,
    lab: &Arc<Lab>,
    what: What,
) -> Result<(), String> {
    let play = Play { stage, kubectl, lab };
    match what {
        What::Untouched => play.untouched().await,
        What::Route(r, _) => play.route(r, None).await,
        What::Wrong(w) => play.wrong(&lab.wrongs[w]).await,
        What::Commands => play.commands().await,
    }
}

struct Play<'a> {
    stage: &'a Stage,
    kubectl: Option<&'a Kubectl>,
    lab: &'a Arc<Lab>,
}

impl Play<'_> {
    /// Nothing is done, and no step ticks.
    async fn untouched(&self) -> Result<(), String> {
        let long = self.lab.steps.iter().map(|s| s.stable_for).max().unwrap_or_default();
        let time = MUST_NOT + Duration::from_secs(long.into());
        match seen(&self.stage.at, time, |view| view.progress.done() > 0).await {
            Ok(view) => Err(format!("steps are done though nothing was: {}", self.ticked(&view))),
            Err(_) => Ok(()),
        }
    }

    /// Every step of a route, or those before one.
    async fn route(&self, route: usize, until: Option<usize>) -> Result<(), String> {
        let player = Player::proving(&self.stage.at, self.kubectl);
        for (step, moves) in &self.lab.routes[route].parts {
            if Some(*step) == until {
                return Ok(());
            }
            for (i, a_move) in moves.iter().enumerate() {
                let played = player.play(self.lab, *step, a_move).await;
                played.map_err(|e| self.at(*step, i, a_move, &e))?;
            }
            self.ticks(*step, moves).await?;
        }
        Ok(())
    }

    /// Waits until a step ticks. What was asked of the network is asked again meanwhile, as a student is told to do:
    /// the name server and the kernel's rules follow the API when they can.
    async fn ticks(&self, step: usize, moves: &[Move]) -> Result<(), String> {
        let until = Instant::now() + TICKS_WITHIN;
        let player = Player::proving(&self.stage.at, self.kubectl);
        while Instant::now() < until {
            if seen(&self.stage.at, ASKED_AGAIN_AFTER, |view| is_done(view, step)).await.is_ok() {
                return Ok(());
            }
            for question in moves.iter().filter(|m| matches!(m, Move::Act(Act::Probe { .. }))) {
                // What the answer is worth, the checks of the step say.
                let _ = player.play(self.lab, step, question).await;
            }
        }
        Err(format!("step {} does not tick: {}", self.lab.steps[step].id, self.open(step)))
    }

    /// The wrong state is told, and the step does not tick.
    async fn wrong(&self, wrong: &Wrong) -> Result<(), String> {
        self.route(wrong.route, Some(wrong.at)).await?;
        let player = Player::proving(&self.stage.at, self.kubectl);
        for (i, a_move) in wrong.moves.iter().enumerate() {
            let played = player.play(self.lab, wrong.at, a_move).await;
            played.map_err(|e| self.at(wrong.at, i, a_move, &e))?;
        }
        let step = &self.lab.steps[wrong.at];
        let check = step.checks.iter().position(|c| c.id == wrong.fails);
        let check = check.ok_or_else(|| format!("there is no check {}", wrong.fails))?;
        if seen(&self.stage.at, TOLD_WITHIN, |view| tells(view, wrong, check)).await.is_err() {
            return Err(format!(
                "{} does not say {:?}: {}",
                wrong.fails,
                wrong.message.en,
                self.open(wrong.at)
            ));
        }
        let time = MUST_NOT + Duration::from_secs(step.stable_for.into());
        match seen(&self.stage.at, time, |view| is_done(view, wrong.at)).await {
            Ok(_) => Err(format!("step {} ticks in a wrong state", step.id)),
            Err(_) if tells(&self.stage.at.run.view(), wrong, check) => Ok(()),
            Err(_) => Err(format!("{} said it, and no longer does: {}", wrong.fails, self.open(wrong.at))),
        }
    }

    /// Every command of every step, in the order of the shown route: those that change something before its moves,
    /// those that look after them.
    async fn commands(&self) -> Result<(), String> {
        let player = Player::proving(&self.stage.at, self.kubectl);
        for (step, moves) in &self.lab.routes[0].parts {
            let commands = &self.lab.steps[*step].commands;
            for command in commands.iter().filter(|c| changes(c)) {
                self.command(command).await?;
            }
            for (i, a_move) in moves.iter().enumerate() {
                if is_done(&self.stage.at.run.view(), *step) {
                    break;
                }
                match player.play(self.lab, *step, a_move).await {
                    // What a command has done already cannot be done again.
                    Ok(_) | Err(WebError::Act(_) | WebError::Aim(_)) => {}
                    Err(error) => return Err(self.at(*step, i, a_move, &error)),
                }
            }
            self.ticks(*step, moves).await?;
            for command in commands.iter().filter(|c| !changes(c)) {
                self.command(command).await?;
            }
        }
        Ok(())
    }

    async fn command(&self, command: &str) -> Result<(), String> {
        let (line, must_fail) = match command.split_once(FAILS) {
            Some((line, _)) => (line, true),
            None => (command.split(" # ").next().unwrap_or(command), false),
        };
        let Some(words) = line.trim().strip_prefix("kubectl ") else {
            // Another program, from the student's own machine: what it meets there is not ours to prove.
            return Ok(());
        };
        let kubectl = self.kubectl.ok_or("there is no kubectl")?;
        let filled = Player::proving(&self.stage.at, self.kubectl).filled(words).await;
        match (kubectl.run(&self.stage.at.run.namespace, &filled).await, must_fail) {
            (Ok(_), false) | (Err(_), true) => Ok(()),
            (Ok(_), true) => Err(format!("this command is meant to fail, and does not: {command}")),
            (Err(error), false) => Err(error.to_string()),
        }
    }

    fn at(&self, step: usize, place: usize, a_move: &Move, error: &WebError) -> String {
        let cause = std::error::Error::source(error).map(|s| format!(": {s}")).unwrap_or_default();
        let what = match a_move {
            Move::Apply(file) => format!("apply {file}"),
            Move::Kubectl(command) => format!("kubectl {command}"),
            Move::Until(expression) => format!("until {}", expression.source()),
            Move::Act(act) => format!("{act:?}"),
            Move::Document(_) => "document".to_owned(),
            Move::Answer(choice) => format!("answer {choice}"),
        };
        let (id, open) = (&self.lab.steps[step].id, self.open(step));
        format!("step {id}, move {} ({what}): {error}{cause}; {open}", place + 1)
    }

    /// The checks that do not hold, and what they say.
    fn open(&self, step: usize) -> String {
        let view = self.stage.at.run.view();
        let progress = &view.progress.steps_progress()[step];
        if progress.state != StepState::Current {
            return format!("the step is {:?}", progress.state);
        }
        let checks = self.lab.steps[step].checks.iter().enumerate();
        let failing = checks.filter(|(c, _)| progress.holding.get(*c) != Some(&true));
        let said = failing.map(|(c, check)| match progress.messages.get(c).and_then(Option::as_ref) {
            Some(message) => format!("{} ({})", check.id, message.en),
            None => check.id.to_string(),
        });
        format!("not held: {}", said.collect::<Vec<_>>().join(", "))
    }

    fn ticked(&self, view: &RunView) -> String {
        let steps = self.lab.steps.iter().zip(view.progress.steps_progress());
        let done = steps.filter(|(_, p)| p.state == StepState::Done).map(|(s, _)| s.id.to_string());
        done.collect::<Vec<_>>().join(", ")
    }
}

fn is_done(view: &RunView, step: usize) -> bool {
    view.progress.steps_progress()[step].state == StepState::Done
}

/// Whether the check does not hold, and says what belongs to the wrong state in both languages.
fn tells(view: &RunView, wrong: &Wrong, check: usize) -> bool {
    let progress = &view.progress.steps_progress()[wrong.at];
    let message = progress.messages.get(check).and_then(Option::as_ref);
    progress.holding.get(check) == Some(&false)
        && message.is_some_and(|m| m.en.contains(&wrong.message.en) && m.it.contains(&wrong.message.it))
}

/// Whether a command changes something, by its verb.
fn changes(command: &str) -> bool {
    const VERBS: [&str; 14] = [
        "annotate",
        "apply",
        "autoscale",
        "create",
        "delete",
        "edit",
        "expose",
        "label",
        "patch",
        "replace",
        "rollout",
        "run",
        "scale",
        "set",
    ];
    let mut words = command.split_whitespace().skip_while(|w| *w == "kubectl" || w.starts_with('-'));
    let looks = command.contains("rollout status") || command.contains("rollout history");
    words.next().is_some_and(|verb| VERBS.contains(&verb)) && !looks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_changes_something_is_told_by_its_verb() {
        for (command, expected) in [
            ("kubectl expose pod x", true),
            ("kubectl get pods", false),
            ("kubectl rollout restart deployment/x", true),
            ("kubectl rollout status deployment/x", false),
            ("kubectl exec client -- curl http://x", false),
            ("curl http://10.0.0.1", false),
        ] {
            assert_eq!(changes(command), expected, "{command}");
        }
    }
}
