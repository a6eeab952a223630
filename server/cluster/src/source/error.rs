//! Why there is no cluster, with a stable code; the cures are in [`super::cure`].

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::KubeconfigError;

use super::command::CommandError;
use super::text::Text;

/// Why a source did not yield a cluster. Each variant names the operation; [`SourceError::cure`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no program `docker`.
    #[error("docker was not found on the PATH")]
    DockerNotFound,
    /// The client is there, its engine is not.
    #[error("docker's engine does not answer: {detail}")]
    DockerNotRunning {
        /// The client's own words.
        detail: String,
    },
    /// The engine does not serve this user.
    #[error("docker's engine refuses this user: {detail}")]
    DockerPermissionDenied {
        /// The client's own words.
        detail: String,
    },
    /// docker failed in a way that has no variant of its own.
    #[error("docker could not {doing}: {detail}")]
    DockerFailed {
        /// What it was asked to do: "list the cluster's nodes".
        doing: &'static str,
        /// Its own last words.
        detail: String,
    },
    /// The practice cluster did not start.
    #[error("the practice cluster did not start")]
    PracticeFailed {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no program `kind`.
    #[error("kind was not found on the PATH")]
    KindNotFound,
    /// kind failed in a way that has no variant of its own.
    #[error("kind could not {doing}: {detail}")]
    KindFailed {
        /// What it was asked to do.
        doing: &'static str,
        /// Its own last words.
        detail: String,
    },
    /// A program could not be run or gave no answer.
    #[error("{program} could not {doing}")]
    Program {
        /// Which.
        program: PathBuf,
        /// What it was asked to do.
        doing: &'static str,
        /// Why not.
        #[source]
        source: CommandError,
    },
    /// The node image is neither here nor to be had.
    #[error("the node image {} cannot be pulled: {detail}", image.as_deref().unwrap_or("of kind"))]
    ImageNotPullable {
        /// Its reference.
        image: Option<String>,
        /// docker's own words.
        detail: String,
    },
    /// Another program listens where the cluster's API server should.
    #[error("port {} is taken by another program: {detail}", address.as_deref().unwrap_or("of the cluster"))]
    PortTaken {
        /// `127.0.0.1:6443`.
        address: Option<String>,
        /// docker's own words.
        detail: String,
    },
    /// The disk on which docker keeps its data is full.
    #[error("docker has no disk space left: {detail}")]
    NoSpace {
        /// docker's own words.
        detail: String,
    },
    /// The machine allows too few inotify instances.
    #[error("the machine's inotify limits are too low for a node: {detail}")]
    InotifyLimits {
        /// The node's own words.
        detail: String,
    },
    /// Rootless docker lacks what kind needs.
    #[error("rootless docker lacks what kind needs: {detail}")]
    RootlessLimits {
        /// kind's own words.
        detail: String,
    },
    /// Anything else that kept kind from making the cluster.
    #[error("kind could not create cluster {name}: {}", tail.last().map_or("it said nothing", String::as_str))]
    ClusterCreateFailed {
        /// The cluster.
        name: String,
        /// The last lines that kind printed, at most a dozen.
        tail: Vec<String>,
    },
    /// kind found containers of that name where docker had listed none a moment before.
    #[error("a cluster {name} appeared while ours was being created: {detail}")]
    ClusterExists {
        /// The cluster.
        name: String,
        /// kind's own words.
        detail: String,
    },
    /// Somebody's creation of the cluster was cut short, and it was not ours to delete.
    #[error("cluster {name} was never finished: {detail}")]
    ClusterHalfCreated {
        /// The cluster.
        name: String,
        /// kind's own words.
        detail: String,
    },
    /// Another process of ours is at it.
    #[error("another clusterip-lab is preparing cluster {name}")]
    ClusterBusy {
        /// The cluster.
        name: String,
    },
    /// A cluster of that name is there, but this lab did not make it.
    #[error("cluster {name} was not created by clusterip-lab")]
    ClusterNotOurs {
        /// The cluster.
        name: String,
    },
    /// A container of the cluster does not start.
    #[error("the cluster's nodes could not be started: {detail}")]
    NodeStartFailed {
        /// docker's own words.
        detail: String,
    },
    /// The pods' image could not be brought to the nodes.
    #[error("the image of the lab's pods could not be loaded: {detail}")]
    ImageLoadFailed {
        /// kind's own words, or what was missing afterwards.
        detail: String,
    },
    /// Our own folder cannot be used.
    #[error("{} could not be written", path.display())]
    StateUnwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A kubeconfig is not there, or is not one.
    #[error("the kubeconfig {} could not be read: {detail}", path.as_deref().map_or("of this user".into(), |p| p.to_string_lossy()))]
    KubeconfigUnreadable {
        /// Which, if not the user's own.
        path: Option<PathBuf>,
        /// Why. The cause itself is not kept: a parser quotes the lines around a mistake, and these hold secrets.
        detail: String,
    },
    /// The kubeconfig has no such context.
    #[error("there is no context {context:?} in the kubeconfig, only {there:?}")]
    ContextNotFound {
        /// What was asked for.
        context: String,
        /// What there is, in the file's order.
        there: Vec<String>,
    },
    /// The API server gives no answer.
    #[error("the API server at {url} does not answer: {detail}")]
    ApiUnreachable {
        /// Where.
        url: String,
        /// The innermost cause.
        detail: String,
        /// The whole.
        #[source]
        source: Box<kube::Error>,
    },
    /// The API server does not know these credentials.
    #[error("the API server at {url} does not accept the kubeconfig's credentials")]
    ApiUnauthorized {
        /// Where.
        url: String,
    },
    /// The API server knows who we are and refuses what the lab needs.
    #[error("the API server at {url} does not let this user {what}")]
    ApiForbidden {
        /// Where.
        url: String,
        /// "create namespaces".
        what: &'static str,
    },
    /// Something did not come about in its time.
    #[error("waited {} s for {waiting_for}: {last}", waited.as_secs())]
    Timeout {
        /// "the cluster to be ready".
        waiting_for: &'static str,
        /// How long.
        waited: Duration,
        /// How it stood at the end.
        last: String,
    },
}

impl SourceError {
    pub(crate) fn unreadable(path: Option<&Path>, error: &KubeconfigError) -> Self {
        let detail = match error {
            KubeconfigError::Parse(error) => match error.location() {
                Some(at) => {
                    format!("line {}, column {} is not what a kubeconfig has there", at.line(), at.column())
                }
                None => "it is not a kubeconfig".to_owned(),
            },
            other => chain(other),
        };
        Self::KubeconfigUnreadable { path: path.map(Path::to_owned), detail }
    }

    /// A stable name for programs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DockerNotFound => "docker_not_found",
            Self::DockerNotRunning { .. } => "docker_not_running",
            Self::DockerPermissionDenied { .. } => "docker_permission_denied",
            Self::DockerFailed { .. } => "docker_failed",
            Self::KindNotFound => "kind_not_found",
            Self::KindFailed { .. } => "kind_failed",
            Self::Program { .. } => "program_failed",
            Self::ImageNotPullable { .. } => "image_not_pullable",
            Self::PortTaken { .. } => "port_taken",
            Self::NoSpace { .. } => "no_space",
            Self::InotifyLimits { .. } => "inotify_limits",
            Self::RootlessLimits { .. } => "rootless_limits",
            Self::ClusterCreateFailed { .. } => "cluster_create_failed",
            Self::ClusterExists { .. } => "cluster_exists",
            Self::ClusterHalfCreated { .. } => "cluster_half_created",
            Self::ClusterBusy { .. } => "cluster_busy",
            Self::ClusterNotOurs { .. } => "cluster_not_ours",
            Self::NodeStartFailed { .. } => "node_start_failed",
            Self::ImageLoadFailed { .. } => "image_load_failed",
            Self::StateUnwritable { .. } => "state_unwritable",
            Self::KubeconfigUnreadable { .. } => "kubeconfig_unreadable",
            Self::ContextNotFound { .. } => "context_not_found",
            Self::ApiUnreachable { .. } => "api_unreachable",
            Self::ApiUnauthorized { .. } => "api_unauthorized",
            Self::ApiForbidden { .. } => "api_forbidden",
            Self::PracticeFailed { .. } => "practice_failed",
            Self::Timeout { .. } => "timeout",
        }
    }

    /// What to do about it, in one or two sentences.
    #[must_use]
    pub fn cure(&self) -> Text {
        super::cure::cure(self)
    }

    /// The error and its causes, outermost first, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// An error and its causes in one line; a cause that its parent already quotes is not said twice.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !line.contains(&said) {
            line.push_str(": ");
            line.push_str(&said);
        }
        cause = error.source();
    }
    line
}
