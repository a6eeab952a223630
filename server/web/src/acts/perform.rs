//! The acts themselves: one call each to the cluster or to the run.

use clusterip_cluster::actions::ActError;
use clusterip_cluster::manifest;
use clusterip_domain::lab::{Destination, Localized, Sharing};
use clusterip_domain::ledger::TargetKind;
use clusterip_domain::snapshot::{Pod, PodState};

use super::{Told, words};
use crate::error::WebError;
use crate::http::InRun;
use crate::run::{Command, Order, RunView};

pub(crate) async fn apply(at: &InRun, yaml: &str) -> Told {
    let documents = manifest::read(yaml, &at.run.namespace).map_err(ActError::from)?;
    let applied = at.cluster.actions.apply(&at.run.namespace, &documents).await?;
    Ok(words::applied(&applied))
}

pub(crate) async fn apply_document(at: &InRun, file: &str) -> Told {
    let lab = at.run.lab();
    let document = lab.offered(file).ok_or(WebError::NotFound)?;
    apply(at, document).await
}

pub(crate) async fn note_ips(at: &InRun) -> Told {
    match at.run.ask(Command::NoteIps).await? {
        0 => Err(crate::run::AimError::NoReadyPod.into()),
        count => Ok(words::noted(count)),
    }
}

pub(super) async fn send(at: &InRun, form: super::Send) -> Told {
    order(at, Order::try_from(form)?).await
}

/// Sends as a lab says it.
pub(crate) async fn send_to(at: &InRun, to: Destination, rate: u32, sharing: Sharing) -> Told {
    let connections = super::form::connections(sharing);
    order(at, Order { to, rate_per_second: rate, connections }).await
}

async fn order(at: &InRun, order: Order) -> Told {
    order.validate()?;
    let rate = order.rate_per_second;
    at.run.ask(|answer| Command::Send(order, answer)).await??;
    Ok(words::sending(rate))
}

pub(crate) async fn stop(at: &InRun) -> Told {
    at.run.ask(Command::Stop).await?;
    Ok(words::stopped())
}

pub(crate) async fn kill_pod(at: &InRun, asked: Option<String>, deployment: Option<String>) -> Told {
    let pod = asked.filter(|p| !p.is_empty()).or_else(|| victim(&at.run.view(), deployment.as_deref()));
    let pod = pod.ok_or(crate::run::AimError::NoReadyPod)?;
    at.cluster.actions.delete_pod(&at.run.namespace, &pod).await?;
    Ok(words::killed(&pod))
}

/// The pod that the traffic goes to directly, if it is there; else the oldest Ready one. Of one Deployment, if asked.
pub(crate) fn victim(view: &RunView, deployment: Option<&str>) -> Option<String> {
    let selector = deployment.map(|name| view.snapshot.deployments.iter().find(|d| d.name == name));
    let theirs = |pod: &Pod| match selector {
        None => true,
        Some(None) => false,
        Some(Some(d)) => d.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value)),
    };
    let ready = || view.snapshot.workloads().filter(|p| p.state == PodState::Ready && theirs(p));
    let dialled = view.window.as_ref().filter(|w| w.target.kind == TargetKind::PodIp).map(|w| &w.target.name);
    ready()
        .find(|p| Some(&p.name) == dialled)
        .or_else(|| ready().min_by_key(|p| p.created_at))
        .map(|p| p.name.clone())
}

pub(crate) async fn scale(at: &InRun, deployment: &str, replicas: u8) -> Told {
    at.cluster.actions.scale(&at.run.namespace, deployment, replicas).await?;
    Ok(words::scaled(deployment, replicas))
}

pub(crate) async fn set_image(at: &InRun, deployment: &str, image: &str) -> Told {
    at.cluster.actions.set_image(&at.run.namespace, deployment, image).await?;
    Ok(words::rolling(deployment, image))
}

pub(crate) async fn rollout_restart(at: &InRun, deployment: &str) -> Told {
    at.cluster.actions.restart(&at.run.namespace, deployment, jiff::Timestamp::now()).await?;
    Ok(words::restarting(deployment))
}

pub(crate) async fn delete_service(at: &InRun, name: &str) -> Told {
    at.cluster.actions.delete_service(&at.run.namespace, name).await?;
    Ok(words::deleted(name))
}

pub(crate) async fn reset(at: &InRun) -> Told {
    let _turn = at.run.ground().turn().await;
    at.run.ask(Command::Stop).await?;
    at.run.ask(|answer| Command::Wait(true, answer)).await?;
    at.run.desk().stop_lines();
    let cleared = at.run.ground().start_over(&at.run.lab()).await;
    // Not before: credentials that were issued meanwhile may be of the account that was replaced.
    at.run.desk().start_over().await;
    if let Err(error) = cleared {
        at.run.ask(|answer| Command::Wait(false, answer)).await?;
        return Err(error.into());
    }
    at.run.ask(Command::Restart).await?;
    Ok(words::reset())
}

/// What is said after a prediction was answered.
pub(crate) fn answered() -> Localized<String> {
    words::guessed()
}

/// What is said after something was waited for.
pub(crate) fn went_on() -> Localized<String> {
    words::went_on()
}
