//! The real cluster: its node, and the kernel in it.
//!
//! `CLUSTERIP_LAB_KIND_NAME` is the cluster (else `clusterip-lab`), `CLUSTERIP_LAB_KIND` kind's program (else the
//! PATH's), `CLUSTERIP_LAB_NODE_IMAGE` the node image (else kind's own).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use clusterip_cluster::source::{KindConfig, Programs, Progress, Source, cluster};
use clusterip_domain::rules::{KernelRules, RulesView};
use tokio::process::Command;

/// The cluster's name.
#[must_use]
pub fn name() -> String {
    std::env::var("CLUSTERIP_LAB_KIND_NAME").unwrap_or_else(|_| "clusterip-lab".into())
}

/// The container that is its one node.
#[must_use]
pub fn node() -> String {
    format!("{}-control-plane", name())
}

/// How to open it, with what the lab keeps of it in this folder.
#[must_use]
pub fn config(state: &Path) -> KindConfig {
    KindConfig {
        name: name().parse().expect("CLUSTERIP_LAB_KIND_NAME is a name"),
        node_image: std::env::var("CLUSTERIP_LAB_NODE_IMAGE").ok(),
        kind_config: None,
        state_dir: state.to_owned(),
        programs: Programs {
            kind: std::env::var_os("CLUSTERIP_LAB_KIND").map(Into::into),
            ..Programs::default()
        },
    }
}

/// A way to the cluster that is not the server's.
pub async fn attach(state: &Path) -> Source {
    cluster::up(&config(state), None, &Progress::silent()).await.unwrap_or_else(|e| panic!("{}", e.chain()))
}

/// The rules of the one node.
///
/// # Panics
/// They cannot be read, or there are more nodes.
#[must_use]
pub fn one_node(rules: RulesView) -> KernelRules {
    match rules {
        RulesView::Read { mut nodes, .. } if nodes.len() == 1 => nodes.remove(0),
        other => panic!("not one node's rules: {other:?}"),
    }
}

/// How many new connections the node's kernel has sent to each pod since its rule was written: the packet counters
/// of kube-proxy's DNAT rules. The `nat` table sees the first packet of a connection, and no other.
/// Source: iptables-extensions(8), DNAT; iptables-save(8), `--counters`.
pub async fn connections_by_pod() -> BTreeMap<IpAddr, u64> {
    let text = docker(&["exec", &node(), "iptables-save", "--counters", "-t", "nat"]).await;
    let mut counts = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains(" -A KUBE-SEP-")) {
        let Some((_, to)) = line.split_once("--to-destination ") else { continue };
        let ip = to.rsplit_once(':').and_then(|(ip, _)| ip.parse().ok()).expect("an address and a port");
        let packets = line.trim_start_matches('[').split(':').next().and_then(|n| n.parse::<u64>().ok());
        *counts.entry(ip).or_default() += packets.expect("a counter");
    }
    counts
}

/// Freezes the node with all its processes, or lets it go on.
///
/// # Panics
/// docker refused.
pub fn hold(still: bool) {
    let act = if still { "pause" } else { "unpause" };
    let done = std::process::Command::new("docker").args([act, &node()]).output().expect("docker is there");
    assert!(done.status.success(), "docker {act}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Runs docker, and returns what it printed.
///
/// # Panics
/// It failed.
pub async fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().await.expect("docker is there");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {complaint}");
    String::from_utf8(output.stdout).expect("text")
}
