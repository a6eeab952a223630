//! The real cluster: its node, the kernel in it, and its API server.
//!
//! `CLUSTERIP_LAB_KIND_NAME` is the cluster (else `clusterip-lab`), `CLUSTERIP_LAB_KIND` kind's program (else the
//! PATH's), `CLUSTERIP_LAB_NODE_IMAGE` the node image (else kind's own).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use clusterip_cluster::source::{KindConfig, Programs, Progress, Source, cluster};
use clusterip_domain::rules::{KernelRules, RulesView};
use kube::Client;
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

/// What the one node's kernel does, read now.
pub async fn kernel(source: &Source) -> KernelRules {
    match source.nodes.rules().await {
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

/// How many watches of cluster-wide lists the API server has open, by its own count.
/// Source: <https://kubernetes.io/docs/reference/instrumentation/metrics/>, `apiserver_longrunning_requests`.
pub async fn watches(client: &Client) -> u64 {
    let request = hyper::Request::get("/metrics").body(Vec::new()).expect("a request");
    let text = client.request_text(request).await.expect("the API server tells its metrics");
    let ours = |line: &&str| {
        line.starts_with("apiserver_longrunning_requests{")
            && line.contains(r#"scope="cluster""#)
            && line.contains(r#"verb="WATCH""#)
    };
    let value = |line: &str| line.rsplit_once(' ').and_then(|(_, n)| n.parse::<f64>().ok());
    text.lines().filter(ours).filter_map(value).sum::<f64>() as u64
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
