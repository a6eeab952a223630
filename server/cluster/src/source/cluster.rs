//! `clusterip-lab cluster up`, `down` and `status`.

use std::path::PathBuf;

use serde::Serialize;

use super::claim::{Claim, Mark};
use super::files::private_folder;
use super::stage::Progress;
use super::{AgentImage, KindConfig, NodeContainer, Source, SourceConfig, SourceError, from_kind, open};
use crate::node::{NodeReader, images};

/// Opens the lab's own cluster, as `serve` does.
///
/// # Errors
/// See [`open`].
pub async fn up(
    config: &KindConfig,
    agent: Option<AgentImage<'_>>,
    progress: &Progress,
) -> Result<Source, SourceError> {
    open(&SourceConfig::Kind(config.clone()), agent, progress).await
}

/// What `down` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Down {
    /// The cluster and its kubeconfig are gone.
    Deleted,
    /// There was no such cluster.
    Absent,
}

/// Deletes the lab's own cluster. One of the same name that this lab did not make is only deleted with `force`.
///
/// # Errors
/// docker's or kind's failure, or [`SourceError::ClusterNotOurs`].
pub async fn down(config: &KindConfig, force: bool) -> Result<Down, SourceError> {
    private_folder(&config.state_dir)?;
    let docker = config.docker()?;
    let kind = config.kind(Some(&docker))?;
    let mut claim = from_kind::claim(config, &Progress::silent()).await?;
    // Only containers with kind's label for this name count: kind would delete no others either.
    let nodes = docker.nodes(config.name.as_str()).await?;
    let was = if nodes.is_empty() {
        Down::Absent
    } else if claim.mark()? == Mark::NotOurs && !force {
        return Err(SourceError::ClusterNotOurs { name: config.name.to_string() });
    } else {
        from_kind::delete(&docker, &kind, config.name.as_str()).await?;
        Down::Deleted
    };
    claim.set(Mark::NotOurs)?;
    // It opens nothing any more; that it was not there is what we want.
    let _ = std::fs::remove_file(config.kubeconfig());
    Ok(was)
}

/// How the lab's own cluster stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// Its name.
    pub name: String,
    /// Whether it is there, and running.
    pub state: ClusterState,
    /// Whether this lab made it.
    pub ours: bool,
    /// Our kubeconfig for it, whether or not it is there.
    pub kubeconfig: PathBuf,
    /// The containers that are its nodes.
    pub nodes: Vec<NodeContainer>,
    /// When it was made, in RFC 3339, as docker says.
    pub created: Option<String>,
    /// The kubelet's version on its first node; `None` if it is not running.
    pub kubernetes_version: Option<String>,
    /// Whether every node has the image of the lab's pods; `None` if that could not be seen or was not asked.
    pub agent_image: Option<bool>,
}

/// Whether a cluster is there, and running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClusterState {
    /// There is none.
    Absent,
    /// Its creation was cut short.
    HalfCreated,
    /// No node runs.
    Stopped,
    /// Some nodes run.
    PartlyStopped,
    /// Every node runs.
    Running,
}

/// Looks at the lab's own cluster without changing anything. kind is not needed.
///
/// # Errors
/// docker's failure to list containers. What else cannot be seen is left out.
pub async fn status(
    config: &KindConfig,
    agent: Option<AgentImage<'_>>,
) -> Result<ClusterStatus, SourceError> {
    let docker = config.docker()?;
    let nodes = docker.nodes(config.name.as_str()).await?;
    let mark = Claim::peek(&config.claim_file());
    let state = state(&nodes, mark);
    let created = match nodes.first() {
        Some(node) => docker.created(&node.name).await.ok(),
        None => None,
    };
    let reader = NodeReader::of_containers(docker, &nodes);
    let running = state == ClusterState::Running;
    let agent_image = match agent {
        Some(agent) if running => images::nodes_lacking(&reader, agent.tags).await.ok().map(|l| l.is_empty()),
        _ => None,
    };
    Ok(ClusterStatus {
        name: config.name.to_string(),
        state,
        ours: mark != Mark::NotOurs && !nodes.is_empty(),
        kubeconfig: config.kubeconfig(),
        kubernetes_version: if running { reader.kubelet_version().await } else { None },
        nodes,
        created,
        agent_image,
    })
}

fn state(nodes: &[NodeContainer], mark: Mark) -> ClusterState {
    match nodes.iter().filter(|n| n.is_running()).count() {
        _ if nodes.is_empty() => ClusterState::Absent,
        _ if mark == Mark::Creating => ClusterState::HalfCreated,
        0 => ClusterState::Stopped,
        running if running < nodes.len() => ClusterState::PartlyStopped,
        _ => ClusterState::Running,
    }
}
