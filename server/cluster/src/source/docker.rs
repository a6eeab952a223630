//! The few things asked of docker: does it work, which containers are the cluster's nodes, start them, enter them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::process::Command;

use super::command::{self, Finished};
use super::complaint::{self, Complaint};
use super::error::SourceError;

/// How long docker has for a question.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long docker has to start the containers of a cluster.
const START_LIMIT: Duration = Duration::from_secs(60);
/// The label kind gives to the containers that are nodes. Source: kind's `providers/docker/constants.go`.
const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";

/// docker's command line.
#[derive(Debug, Clone)]
pub(crate) struct Docker {
    program: PathBuf,
}

/// What docker says about the container of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeContainer {
    /// The container's name, which is the node's too.
    pub name: String,
    /// docker's word: `running`, `exited`, `paused`, `created`, …
    pub state: String,
    /// kind's word: `control-plane`, `worker`, `external-load-balancer`.
    pub role: String,
    /// The image it was made from.
    pub image: String,
}

impl NodeContainer {
    /// Whether its processes run.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// Whether it is a Kubernetes node, and not the load balancer that kind puts before several control planes.
    #[must_use]
    pub fn is_node(&self) -> bool {
        self.role != "external-load-balancer"
    }
}

impl Docker {
    /// The program given, else `docker` on the PATH.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, SourceError> {
        let program =
            which::which(given.unwrap_or(Path::new("docker"))).map_err(|_| SourceError::DockerNotFound)?;
        Ok(Self { program })
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The engine's version: proof that it runs and serves us.
    pub(crate) async fn engine_version(&self) -> Result<String, SourceError> {
        let doing = "tell the engine's version";
        let out = self.run(doing, ["version", "--format", "{{.Server.Version}}"], ANSWER_LIMIT).await?;
        Ok(out.stdout.trim().to_owned())
    }

    /// The containers of a kind cluster, running or not, ordered by name; none if there is no such cluster.
    pub(crate) async fn nodes(&self, cluster: &str) -> Result<Vec<NodeContainer>, SourceError> {
        let filter = format!("label={CLUSTER_LABEL}={cluster}");
        let format = "{{.Names}}\t{{.State}}\t{{.Label \"io.x-k8s.kind.role\"}}\t{{.Image}}";
        let args = ["ps", "--all", "--no-trunc", "--filter", &filter, "--format", format];
        let out = self.run("list the cluster's nodes", args, ANSWER_LIMIT).await?;
        Ok(nodes(&out.stdout))
    }

    /// When a container was made, in RFC 3339.
    pub(crate) async fn created(&self, container: &str) -> Result<String, SourceError> {
        let args = ["container", "inspect", "--format", "{{.Created}}", container];
        let out = self.run("inspect a node", args, ANSWER_LIMIT).await?;
        Ok(out.stdout.trim().to_owned())
    }

    /// Starts what is stopped, and lets go on what is paused.
    pub(crate) async fn start(&self, nodes: &[NodeContainer]) -> Result<(), SourceError> {
        for node in nodes.iter().filter(|n| !n.is_running()) {
            let verb = if node.state == "paused" { "unpause" } else { "start" };
            match self.run("start a node", [verb, &node.name], START_LIMIT).await {
                Err(SourceError::DockerFailed { detail, .. }) => {
                    return Err(SourceError::NodeStartFailed { detail: format!("{}: {detail}", node.name) });
                }
                other => other?,
            };
        }
        Ok(())
    }

    /// Runs a program in a node. Its failure is in what it [`Finished`] with; an error is docker's own.
    pub(crate) async fn exec(
        &self,
        node: &str,
        program: &[&str],
        limit: Duration,
    ) -> Result<Finished, SourceError> {
        let mut args = vec!["exec", node];
        args.extend(program);
        self.ask("enter a node", args, limit).await
    }

    async fn run<S: AsRef<OsStr>>(
        &self,
        doing: &'static str,
        args: impl IntoIterator<Item = S>,
        limit: Duration,
    ) -> Result<Finished, SourceError> {
        let finished = self.ask(doing, args, limit).await?;
        if finished.success { Ok(finished) } else { Err(failure(doing, &finished)) }
    }

    async fn ask<S: AsRef<OsStr>>(
        &self,
        doing: &'static str,
        args: impl IntoIterator<Item = S>,
        limit: Duration,
    ) -> Result<Finished, SourceError> {
        let mut command = Command::new(&self.program);
        command.args(args);
        command::run(command, limit).await.map_err(|source| SourceError::Program {
            program: self.program.clone(),
            doing,
            source,
        })
    }
}

/// The lines of `docker ps` in our format.
fn nodes(listing: &str) -> Vec<NodeContainer> {
    let mut nodes: Vec<_> = listing
        .lines()
        .filter_map(|line| {
            let [name, state, role, image] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
            let [name, state, role, image] = [name, state, role, image].map(|s: &str| s.trim().to_owned());
            Some(NodeContainer { name, state, role, image })
        })
        .collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}

/// docker's failure, by its own words.
fn failure(doing: &'static str, finished: &Finished) -> SourceError {
    let detail = finished.complaint();
    known(&finished.stderr, &detail).unwrap_or(SourceError::DockerFailed { doing, detail })
}

/// The error that belongs to a complaint which docker and kind share.
pub(crate) fn known(text: &str, detail: &str) -> Option<SourceError> {
    let detail = detail.to_owned();
    Some(match complaint::read(text) {
        Complaint::NotRunning => SourceError::DockerNotRunning { detail },
        Complaint::PermissionDenied => SourceError::DockerPermissionDenied { detail },
        Complaint::ImageNotPullable { image } => SourceError::ImageNotPullable { image, detail },
        Complaint::PortTaken { address } => SourceError::PortTaken { address, detail },
        Complaint::NoSpace => SourceError::NoSpace { detail },
        Complaint::InotifyLimits => SourceError::InotifyLimits { detail },
        Complaint::RootlessLimits => SourceError::RootlessLimits { detail },
        Complaint::NodesExist | Complaint::HalfCreated | Complaint::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_becomes_nodes_in_the_order_of_their_names() {
        let listing = "lab-worker\texited\tworker\timg:1\nlab-control-plane\trunning\tcontrol-plane\timg:1\nbroken line\n";
        let names: Vec<_> = nodes(listing).into_iter().map(|n| (n.name.clone(), n.is_running())).collect();
        assert_eq!(names, [("lab-control-plane".to_owned(), true), ("lab-worker".to_owned(), false)]);
    }
}
