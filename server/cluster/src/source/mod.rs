//! Where a cluster comes from.
//!
//! ```text
//! SourceConfig::Kind ──────── docker, kind ─┐   progress: StageEvent, StageEvent, …
//! SourceConfig::Kubeconfig ── a context ────┴─▶ Source { client, description, capabilities, nodes }
//! ```
//!
//! Invariants: of the user's machine, only the kind cluster of the given name and our own state folder are changed:
//! no other context, no other kubeconfig, no environment. Every wait is bounded; dropping the future of [`open`]
//! kills what it started, and the next [`open`] clears up what that left behind.

mod address;
mod claim;
pub mod cluster;
mod command;
mod complaint;
mod connect;
mod cure;
mod docker;
mod error;
mod files;
mod from_kind;
mod from_kubeconfig;
mod from_practice;
mod kind;
pub mod stage;
#[cfg(test)]
pub(crate) mod tests;
mod text;

use std::path::{Path, PathBuf};

use clusterip_domain::ids::ClusterName;
use clusterip_domain::rules::Unreadable;
use serde::Serialize;

pub use address::ApiAddress;
pub use command::CommandError;
pub(crate) use command::run;
pub(crate) use docker::Docker;
pub use docker::NodeContainer;
pub use error::SourceError;
pub use from_practice::{Simulated, open_practice};
pub(crate) use kind::Kind;
pub use stage::{Progress, Stage, StageEvent, StageState};
pub use text::Text;

use crate::node::NodeReader;

/// Which cluster to open.
#[derive(Debug, Clone)]
pub enum SourceConfig {
    /// The lab's own cluster, made with kind if it is not there.
    Kind(KindConfig),
    /// A cluster that somebody else keeps.
    Kubeconfig {
        /// The file; `None` reads what kubectl would read (`$KUBECONFIG`, then `~/.kube/config`).
        path: Option<PathBuf>,
        /// The context's name.
        context: String,
    },
}

impl SourceConfig {
    /// The stages that [`open`] goes through, in order: what a page can show before anything happened.
    #[must_use]
    pub fn stages(&self) -> &'static [Stage] {
        match self {
            Self::Kind(_) => stage::KIND_STAGES,
            Self::Kubeconfig { .. } => stage::KUBECONFIG_STAGES,
        }
    }
}

/// The lab's own kind cluster.
#[derive(Debug, Clone)]
pub struct KindConfig {
    /// Its name; kind's context for it is `kind-NAME`.
    pub name: ClusterName,
    /// The node image for a cluster that has to be made; `None` leaves it to kind.
    pub node_image: Option<String>,
    /// A kind configuration file for a cluster that has to be made: more nodes, another proxy mode.
    pub kind_config: Option<PathBuf>,
    /// Our own folder, made if needed, for our eyes only.
    pub state_dir: PathBuf,
    /// Other programs than those on the PATH.
    pub programs: Programs,
}

impl KindConfig {
    /// Our own kubeconfig, rewritten whenever the cluster is opened. Readable by its owner alone.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.state_dir.join(format!("{}.kubeconfig", self.name))
    }

    /// kind's name for the context.
    #[must_use]
    pub fn context(&self) -> String {
        format!("kind-{}", self.name)
    }

    fn claim_file(&self) -> PathBuf {
        self.state_dir.join(format!("{}.state", self.name))
    }

    pub(crate) fn docker(&self) -> Result<Docker, SourceError> {
        Docker::find(self.programs.docker.as_deref())
    }

    pub(crate) fn kind(&self, docker: Option<&Docker>) -> Result<Kind, SourceError> {
        Kind::find(self.programs.kind.as_deref(), docker, self.name.as_str(), &self.kubeconfig())
    }
}

/// Paths or names of the programs we run; `None` is the usual name on the PATH.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// `docker`.
    pub docker: Option<PathBuf>,
    /// `kind`.
    pub kind: Option<PathBuf>,
    /// `kubectl`: nothing needs it, but students like to have it.
    pub kubectl: Option<PathBuf>,
}

/// The image that the lab's pods run, and where it is to be had.
#[derive(Debug, Clone, Copy)]
pub struct AgentImage<'a> {
    /// An archive as `kind load image-archive` takes it.
    pub archive: Archive<'a>,
    /// Every tag in it.
    pub tags: &'a [ImageTag],
}

/// Where an archive is.
#[derive(Debug, Clone, Copy)]
pub enum Archive<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// In a file.
    File(&'a Path),
}

/// A tag, and the content it must stand for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageTag {
    /// `clusterip-lab/backend:v1`.
    pub reference: String,
    /// The digest of its manifest: `sha256:…`.
    pub digest: String,
}

/// A cluster that answers.
#[derive(Clone)]
pub struct Source {
    /// The instructor's client.
    pub client: kube::Client,
    /// What it was made from: address, certificate authority and credentials (secret).
    pub config: kube::Config,
    /// What the page says about it.
    pub description: Description,
    /// What it can show.
    pub capabilities: Capabilities,
    /// The way into its nodes.
    pub nodes: NodeReader,
}

impl Source {
    /// Where others find its API server, without the instructor's credentials.
    #[must_use]
    pub fn address(&self) -> ApiAddress {
        ApiAddress::of(&self.config)
    }
}

/// What the page says about a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// What keeps it.
    pub kind: SourceKind,
    /// The cluster's name: kind's, or the context's.
    pub name: String,
    /// The context's name, for `kubectl --context`.
    pub context: String,
    /// The kubeconfig that has this context; `None` is the user's own.
    pub kubeconfig: Option<PathBuf>,
    /// The API server's version: `v1.34.4`.
    pub kubernetes_version: String,
    /// The nodes' names, ordered; empty if we may not list them.
    pub nodes: Vec<String>,
}

/// What keeps a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// kind, on this machine.
    Kind,
    /// Somebody else.
    Kubeconfig,
    /// This program, which simulates it.
    Practice,
}

/// What a cluster can show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Why its nodes' kernel rules cannot be read; `None` means that they can.
    pub rules_unreadable: Option<Unreadable>,
    /// Whether its nodes have the image of the lab's pods: if not, a published one must be named.
    pub agent_image: AgentImageState,
    /// Whether it is simulated.
    pub simulated: bool,
}

/// Whether the nodes have the image of the lab's pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AgentImageState {
    /// They had it.
    Present,
    /// It was brought to them.
    Loaded,
    /// They must pull one: it was not given, or there is no way to bring it.
    MustBePulled,
}

/// Whether docker and kind are there and docker's engine answers: whether a kind cluster can be hoped for.
///
/// # Errors
/// What is missing.
pub async fn kind_works(config: &KindConfig) -> Result<(), SourceError> {
    let docker = config.docker()?;
    config.kind(Some(&docker))?;
    docker.engine_version().await.map(drop)
}

/// Opens a cluster, making it first if need be, and tells how it goes.
///
/// # Errors
/// Whatever keeps the cluster from answering, with its cure; the failed stage was told before.
pub async fn open(
    config: &SourceConfig,
    agent: Option<AgentImage<'_>>,
    progress: &Progress,
) -> Result<Source, SourceError> {
    match config {
        SourceConfig::Kind(config) => from_kind::open(config, agent, progress).await,
        SourceConfig::Kubeconfig { path, context } => {
            from_kubeconfig::open(path.as_deref(), context, progress).await
        }
    }
}
