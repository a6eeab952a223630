//! `clusterip-lab doctor`: what is there, what is missing, and what to do, in the order in which to do it.
//!
//! Invariants: it never fails and changes nothing; every probe is bounded in time, and they run side by side.

mod probes;

use serde::Serialize;

use crate::source::{KindConfig, Text};

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// docker's client and engine.
    Docker,
    /// kind.
    Kind,
    /// The machine's limits that kind's nodes run into. Linux only.
    Limits,
    /// The lab's own cluster.
    Cluster,
    /// kubectl.
    Kubectl,
    /// The contexts of the user's own kubeconfig.
    Contexts,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// It works.
    Ok,
    /// It is not there, and the lab's own cluster needs it.
    Missing,
    /// It is there and does not work.
    Broken,
    /// It is not there, and nothing needs it.
    Optional,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What.
    pub what: What,
    /// How it stands.
    pub health: Health,
    /// Its version, if it has one and told it.
    pub version: Option<String>,
    /// What was seen.
    pub detail: Text,
    /// What to do, unless it works.
    pub cure: Option<Text>,
}

impl Finding {
    fn ok(what: What, version: Option<String>, detail: Text) -> Self {
        Self { what, health: Health::Ok, version, detail, cure: None }
    }

    fn not_ok(what: What, health: Health, detail: Text, cure: Text) -> Self {
        Self { what, health, version: None, detail, cure: Some(cure) }
    }
}

/// Looks at everything that [`crate::source::open`] needs, and at what is merely nice to have.
pub async fn doctor(config: &KindConfig) -> Vec<Finding> {
    let (docker, kind, limits, cluster, kubectl, contexts) = tokio::join!(
        probes::docker(config),
        probes::kind(config),
        probes::limits(),
        probes::cluster(config),
        probes::kubectl(config),
        probes::contexts(),
    );
    [Some(docker), Some(kind), limits, cluster, Some(kubectl), contexts].into_iter().flatten().collect()
}

/// Whether the lab's own cluster can be opened, as far as a look can tell: nothing is missing, nothing broken.
#[must_use]
pub fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|f| matches!(f.health, Health::Ok | Health::Optional))
}

#[cfg(test)]
mod tests;
