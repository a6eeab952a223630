//! The way into a cluster's nodes: which images they have, and what their kernels were told.
//!
//! Nodes of kind are containers, entered with `docker exec`; those of other clusters cannot be entered from here. The
//! practice cluster has no nodes to enter, but tells what its network does in the same words.
//!
//! Invariants: nothing in a node is changed; only constant command lines are run there.

pub mod images;
pub mod rules;

use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::rules::{KernelRules, RulesView, Unreadable};
use jiff::Timestamp;

use crate::source::{Docker, NodeContainer, SourceError};

/// How long a node's tool has to print. On a busy machine entering a container alone takes a second.
const READ_LIMIT: Duration = Duration::from_secs(20);
/// Prints whichever of its two sets of rules kube-proxy keeps, for both address families. A tool that is missing, or
/// a family that is not in use, prints nothing: what counts is what was printed.
const PRINT_RULES: &str = "nft list table ip kube-proxy 2>/dev/null; nft list table ip6 kube-proxy 2>/dev/null; \
    for save in iptables-save ip6tables-save; do $save -t nat 2>/dev/null; $save -t filter 2>/dev/null; done; true";

/// The way into the nodes of one cluster. Cheap to clone.
#[derive(Clone)]
pub struct NodeReader {
    way_in: WayIn,
}

#[derive(Clone)]
enum WayIn {
    None,
    Containers(Arc<Containers>),
    Told(Arc<TellRules>),
}

/// Tells what a simulated network does.
pub type TellRules = dyn Fn() -> RulesView + Send + Sync;

#[derive(Debug)]
struct Containers {
    docker: Docker,
    names: Vec<String>,
}

impl NodeReader {
    /// For a cluster whose nodes cannot be entered.
    #[must_use]
    pub fn no_way_in() -> Self {
        Self { way_in: WayIn::None }
    }

    /// For a simulated cluster, which tells its rules itself.
    #[must_use]
    pub fn told(tell: Arc<TellRules>) -> Self {
        Self { way_in: WayIn::Told(tell) }
    }

    fn containers(&self) -> Option<&Containers> {
        match &self.way_in {
            WayIn::Containers(containers) => Some(containers),
            WayIn::None | WayIn::Told(_) => None,
        }
    }

    pub(crate) fn of_containers(docker: Docker, nodes: &[NodeContainer]) -> Self {
        let names = nodes.iter().filter(|n| n.is_node()).map(|n| n.name.clone()).collect();
        Self { way_in: WayIn::Containers(Arc::new(Containers { docker, names })) }
    }

    /// The names of the nodes that can be entered.
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.containers().map_or(&[], |c| &c.names)
    }

    /// Reads the kernel rules of every node, now. Takes a few tenths of a second for each: call it when something
    /// changed, not for every page.
    pub async fn rules(&self) -> RulesView {
        let containers = match &self.way_in {
            WayIn::Containers(containers) => containers,
            WayIn::Told(tell) => return tell(),
            WayIn::None => return RulesView::Unreadable { why: Unreadable::NoWayIn },
        };
        let mut nodes = Vec::new();
        for name in &containers.names {
            match containers.rules(name).await {
                Ok(rules) => nodes.push(rules),
                Err(why) => return RulesView::Unreadable { why },
            }
        }
        RulesView::Read { nodes, read_at: Timestamp::now() }
    }

    /// What one node printed, for a page that shows the rules as they are.
    ///
    /// # Errors
    /// Why it cannot be entered, or that it is no node of this cluster.
    pub async fn raw_rules(&self, node: &str) -> Result<String, Unreadable> {
        let containers = self.containers().ok_or(Unreadable::NoWayIn)?;
        if !containers.names.iter().any(|name| name == node) {
            return Err(Unreadable::Failed { detail: format!("{node:?} is no node of this cluster") });
        }
        containers.raw_rules(node).await
    }

    /// `v1.34.4`, as the first node's kubelet says.
    pub(crate) async fn kubelet_version(&self) -> Option<String> {
        let containers = self.containers()?;
        let said = containers.run(containers.names.first()?, &["kubelet", "--version"]).await.ok()?;
        said.split_whitespace().last().map(str::to_owned)
    }

    /// What containerd in a node lists as its images.
    pub(crate) async fn image_listing(&self, node: &str) -> Result<String, SourceError> {
        match self.containers() {
            Some(containers) => containers.run(node, &["ctr", "--namespace=k8s.io", "images", "list"]).await,
            None => Ok(String::new()),
        }
    }
}

impl Containers {
    async fn rules(&self, node: &str) -> Result<KernelRules, Unreadable> {
        let text = self.raw_rules(node).await?;
        rules::parse(node, &text).ok_or_else(|| Unreadable::NoRules {
            detail: format!(
                "neither the nftables table kube-proxy nor the iptables chain KUBE-SERVICES is in node {node}"
            ),
        })
    }

    async fn raw_rules(&self, node: &str) -> Result<String, Unreadable> {
        self.run(node, &["sh", "-c", PRINT_RULES])
            .await
            .map_err(|error| Unreadable::Failed { detail: error.chain() })
    }

    async fn run(&self, node: &str, program: &[&str]) -> Result<String, SourceError> {
        let finished = self.docker.exec(node, program, READ_LIMIT).await?;
        if finished.success {
            Ok(finished.stdout)
        } else {
            Err(SourceError::DockerFailed { doing: "run a tool in a node", detail: finished.complaint() })
        }
    }
}
