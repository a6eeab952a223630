//! Plays the moves of a lab's solutions: for a student who is shown, and for an author's proof.
//!
//! Invariant: a move is over when what it asked for is seen, within a time; only then comes the next.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::actions::ActError;
use clusterip_cluster::manifest;
use clusterip_domain::lab::{Act, Guess, Lab, Localized, Move};
use clusterip_domain::probe::{Probe, Probed};
use clusterip_domain::snapshot::PodState;
use clusterip_domain::traffic::ErrorKind;
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::ListParams;
use tokio::time::Instant;

use crate::acts::{perform, probe};
use crate::error::WebError;
use crate::http::InRun;
use crate::kubectl::{Kubectl, Placeholders};
use crate::run::{Command, Look, RunView, has};

/// How long what a move asked for may take to be seen, where somebody looks on.
const SEEN_WITHIN: Duration = Duration::from_secs(20);
/// How long a move that waits for something may wait, and anything where many play at once.
const HOLDS_WITHIN: Duration = Duration::from_secs(60);

/// Who plays: a run, and kubectl where there is one.
pub(crate) struct Player<'a> {
    at: &'a InRun,
    kubectl: Option<&'a Kubectl>,
    patience: Duration,
}

impl<'a> Player<'a> {
    /// For a student, who looks on.
    pub(crate) fn showing(at: &'a InRun) -> Self {
        Self { at, kubectl: None, patience: SEEN_WITHIN }
    }

    /// For a proof, beside many others.
    pub(crate) fn proving(at: &'a InRun, kubectl: Option<&'a Kubectl>) -> Self {
        Self { at, kubectl, patience: HOLDS_WITHIN }
    }

    /// Plays one move of a step. Says what was done.
    ///
    /// # Errors
    /// What the cluster said, or that what was asked for is not seen.
    pub(crate) async fn play(
        &self,
        lab: &Arc<Lab>,
        step: usize,
        a_move: &Move,
    ) -> Result<Localized<String>, WebError> {
        match a_move {
            Move::Apply(file) => {
                let yaml = lab.documents.get(file).ok_or(WebError::NotFound)?;
                self.apply(yaml).await
            }
            Move::Document(yaml) => self.apply(yaml).await,
            Move::Kubectl(command) => self.kubectl(command).await,
            Move::Act(act) => self.act_when_it_can(lab, act).await,
            Move::Answer(choice) => {
                let guess = Guess::Choice(choice.clone());
                // Answered already: so much the better.
                self.at.run.ask(|answer| Command::Guess(step, guess, answer)).await?;
                Ok(perform::answered())
            }
            Move::Until(_) => self.until(lab, step, a_move).await,
        }
    }

    async fn apply(&self, yaml: &str) -> Result<Localized<String>, WebError> {
        let said = perform::apply(self.at, yaml).await?;
        let documents = manifest::read(yaml, &self.at.run.namespace).map_err(ActError::from)?;
        self.seen(|view| documents.iter().all(|d| has(&view.snapshot, d.kind, &d.name))).await?;
        Ok(said)
    }

    async fn kubectl(&self, command: &str) -> Result<Localized<String>, WebError> {
        let kubectl = self.kubectl.ok_or(WebError::NotFound)?;
        let command = self.filled(command).await;
        match kubectl.run(&self.at.run.namespace, &command).await {
            Ok(_) => self.services_are_seen().await?,
            Err(error) => return Err(WebError::BadForm(error.to_string())),
        }
        Ok(Localized { en: command.clone(), it: command })
    }

    /// Waits until the picture has the Services that the cluster has: what is sent next must not go to the address of
    /// one that a command has replaced.
    async fn services_are_seen(&self) -> Result<(), WebError> {
        let run = &self.at.run;
        let services = Api::<Service>::namespaced(self.at.cluster.client.clone(), run.namespace.as_str());
        // A cluster that does not answer says so at the next move.
        let Ok(there) = services.list(&ListParams::default()).await else { return Ok(()) };
        let there: BTreeSet<String> = there.into_iter().filter_map(|s| s.metadata.uid).collect();
        let seen =
            |view: &RunView| view.snapshot.services.iter().map(|s| s.uid.clone()).collect::<BTreeSet<_>>();
        self.seen(|view| seen(view) == there).await
    }

    /// A command with its placeholders filled, as soon as they can be. What never comes is left as it stands, and
    /// kubectl says so.
    pub(crate) async fn filled(&self, command: &str) -> String {
        let mut filled = String::new();
        let fills = |view: &RunView| {
            filled = Placeholders::of(&view.snapshot).fill(command);
            Placeholders::all_filled(&filled)
        };
        let _ = self.seen(fills).await;
        filled
    }

    /// Does it as soon as there is something to aim at: the pods that a lab begins with are Ready only after a while.
    async fn act_when_it_can(&self, lab: &Lab, act: &Act) -> Result<Localized<String>, WebError> {
        let mut views = self.at.run.views();
        let until = Instant::now() + self.patience;
        loop {
            views.mark_unchanged();
            let aimless = match self.act(lab, act).await {
                Err(WebError::Aim(error)) => error,
                done => return done,
            };
            match tokio::time::timeout_at(until, views.changed()).await {
                Ok(changed) => changed.map_err(|_| crate::run::RunOver)?,
                Err(_) => return Err(aimless.into()),
            }
        }
    }

    async fn act(&self, lab: &Lab, act: &Act) -> Result<Localized<String>, WebError> {
        let at = self.at;
        let said = match act {
            Act::Edit { file } | Act::Apply { file } => {
                return self.apply(lab.documents.get(file).ok_or(WebError::NotFound)?).await;
            }
            Act::KillPod { deployment } => {
                let pod = perform::victim(&at.run.view(), deployment.as_deref());
                let said = perform::kill_pod(at, pod.clone(), None).await?;
                let ready = |view: &RunView| {
                    view.snapshot
                        .pods
                        .iter()
                        .any(|p| Some(&p.name) == pod.as_ref() && p.state == PodState::Ready)
                };
                self.seen(|view| !ready(view)).await?;
                return Ok(said);
            }
            Act::NoteIps => perform::note_ips(at).await?,
            Act::Send { to, rate, connections } => {
                perform::send_to(at, to.clone(), *rate, *connections).await?
            }
            Act::Stop => perform::stop(at).await?,
            Act::Scale { deployment, replicas } => perform::scale(at, deployment, *replicas).await?,
            Act::SetImage { deployment, image } => perform::set_image(at, deployment, image).await?,
            Act::RolloutRestart { deployment } => perform::rollout_restart(at, deployment).await?,
            Act::DeleteService { name } => perform::delete_service(at, name).await?,
            Act::Probe { from, tool, to, port } => {
                self.ask(&Probe { from: *from, tool: *tool, to: to.clone(), port: *port }).await?
            }
        };
        self.seen(|view| came_of(act, view)).await?;
        Ok(said)
    }

    /// Asks, and once more if that timed out, as a student would: on a busy machine an answer may come too late.
    async fn ask(&self, probe: &Probe) -> Result<Localized<String>, WebError> {
        let said = probe::perform(self.at, probe).await?;
        let timed_out = |p: &Probed| p.report.tried && p.report.error == Some(ErrorKind::Timeout);
        if !self.at.run.view().probes.last().is_some_and(timed_out) {
            return Ok(said);
        }
        probe::perform(self.at, probe).await
    }

    /// Goes on when the expression holds, as the step's own checks would be judged.
    async fn until(&self, lab: &Arc<Lab>, step: usize, a_move: &Move) -> Result<Localized<String>, WebError> {
        let Some((route, part, index)) = position(lab, a_move) else { return Err(WebError::NotFound) };
        let holds = async || {
            let lab = Arc::clone(lab);
            let look = Look::at(move |state| match expression(&lab, route, part, index) {
                Some(Move::Until(expression)) => state.holds(step, expression),
                _ => false,
            });
            self.at.run.ask(|answer| Command::Look(look, answer)).await
        };
        let mut views = self.at.run.views();
        let wait = async {
            loop {
                views.mark_unchanged();
                if holds().await? {
                    return Ok(());
                }
                views.changed().await.map_err(|_| crate::run::RunOver)?;
            }
        };
        match tokio::time::timeout(HOLDS_WITHIN, wait).await {
            Ok(done) => done.map(|()| perform::went_on()),
            Err(_) => Err(WebError::NotSeen),
        }
    }

    async fn seen(&self, holds: impl FnMut(&RunView) -> bool) -> Result<(), WebError> {
        seen(self.at, self.patience, holds).await.map(drop)
    }
}

/// Waits until a page of the run would show something.
///
/// # Errors
/// It did not in time, or the run is over.
pub(crate) async fn seen(
    at: &InRun,
    time: Duration,
    mut holds: impl FnMut(&RunView) -> bool,
) -> Result<Arc<RunView>, WebError> {
    let mut views = at.run.views();
    let wait = async {
        loop {
            let view = Arc::clone(&views.borrow_and_update());
            if holds(&view) {
                return Ok(view);
            }
            views.changed().await.map_err(|_| crate::run::RunOver)?;
        }
    };
    match tokio::time::timeout(time, wait).await {
        Ok(seen) => seen,
        Err(_) => Err(WebError::NotSeen),
    }
}

/// Whether what an act asked for is in the picture.
fn came_of(act: &Act, view: &RunView) -> bool {
    let deployment = |name: &str| view.snapshot.deployments.iter().find(|d| d.name == name);
    match act {
        Act::Send { .. } => view.window.as_ref().is_some_and(|w| w.tally.sent() > 0),
        Act::Stop => view.window.as_ref().is_none_or(|w| !w.running),
        Act::Scale { deployment: name, replicas } => {
            deployment(name).is_some_and(|d| d.replicas == i32::from(*replicas))
        }
        Act::SetImage { deployment: name, image } => deployment(name).is_some_and(|d| d.image == *image),
        Act::DeleteService { name } => view.snapshot.service(name).is_none(),
        _ => true,
    }
}

/// Where a move stands in its lab: route or wrong state, part, place.
fn position(lab: &Lab, a_move: &Move) -> Option<(usize, usize, usize)> {
    let place = |moves: &[Move]| moves.iter().position(|m| std::ptr::eq(m, a_move));
    let in_routes = lab.routes.iter().enumerate().find_map(|(r, route)| {
        let found = |(p, (_, moves)): (usize, &(usize, Vec<Move>))| place(moves).map(|m| (r, p, m));
        route.parts.iter().enumerate().find_map(found)
    });
    let in_wrongs = lab
        .wrongs
        .iter()
        .enumerate()
        .find_map(|(w, wrong)| place(&wrong.moves).map(|m| (lab.routes.len() + w, 0, m)));
    in_routes.or(in_wrongs)
}

fn expression(lab: &Lab, route: usize, part: usize, index: usize) -> Option<&Move> {
    match route.checked_sub(lab.routes.len()) {
        Some(wrong) => lab.wrongs.get(wrong)?.moves.get(index),
        None => lab.routes.get(route)?.parts.get(part)?.1.get(index),
    }
}
