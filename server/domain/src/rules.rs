//! What the kernel of a node was told to do with a Service's virtual IP: the third truth, beside label match
//! and EndpointSlice.
//!
//! ```text
//! iptables-save / nft list table ──parse──▶ KernelRules (one node) ──▶ RulesView ──▶ diagram, checks
//! ```
//!
//! Invariants: only rules that were read are here. A Service that the kernel does not know has no
//! [`ServiceRule`]: that absence means something too (a headless Service, or a node that is behind).

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How kube-proxy writes its rules.
/// Source: <https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-modes>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProxyMode {
    /// Chains `KUBE-SVC-…` walked in order, each with the probability that is left.
    Iptables,
    /// One verdict map from address, protocol and port to a chain, which draws one random number.
    Nftables,
}

/// The transport protocol of a Service port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP, what a Service port speaks when nothing is said.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// One backend in a rule, and how often the kernel chooses it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointShare {
    /// The pod's address, which replaces the virtual one.
    pub ip: IpAddr,
    /// The pod's port (the Service's `targetPort`, resolved), which replaces the Service's.
    pub port: u16,
    /// The share of all *new connections* that it gets, 0 to 1. The conditional probabilities of iptables
    /// (1/3, then 1/2 of the rest, then the rest) are multiplied out: the shares of a rule add up to 1.
    pub share: f64,
}

/// What the kernel does with a new connection to one virtual IP and port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "does")]
pub enum Verdict {
    /// Sends it to one of these, chosen at random.
    #[serde(rename_all = "camelCase")]
    Balance {
        /// In the kernel's own order; never empty.
        endpoints: Vec<EndpointShare>,
        /// `sessionAffinity: ClientIP`: for how many seconds a client address stays with its endpoint.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        affinity_seconds: Option<u32>,
    },
    /// Answers that nothing is there, at once: the client sees *connection refused*. The Service has no endpoint.
    Reject,
    /// Swallows it: the client waits until its own timeout. `internalTrafficPolicy: Local` with no endpoint
    /// on this node.
    Drop,
}

/// One port of one Service, as the kernel of one node has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRule {
    /// The virtual IP.
    pub cluster_ip: IpAddr,
    /// The Service's port, 1 to 65535.
    pub port: u16,
    /// TCP, UDP or SCTP.
    pub protocol: Protocol,
    /// What happens to a new connection.
    pub verdict: Verdict,
}

/// All Service rules of one node, ordered by virtual IP, port and protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KernelRules {
    /// The node they were read on.
    pub node: String,
    /// Who wrote them, and how.
    pub mode: ProxyMode,
    /// One for each Service port the kernel knows.
    pub services: Vec<ServiceRule>,
}

impl KernelRules {
    /// The rule for one virtual IP and port, if this kernel has one.
    #[must_use]
    pub fn find(&self, cluster_ip: IpAddr, port: u16, protocol: Protocol) -> Option<&ServiceRule> {
        self.services.iter().find(|s| s.cluster_ip == cluster_ip && s.port == port && s.protocol == protocol)
    }
}

impl ServiceRule {
    /// The share of new connections that reach `ip`, 0 to 1, summed over its ports.
    #[must_use]
    pub fn share_of(&self, ip: IpAddr) -> f64 {
        match &self.verdict {
            Verdict::Balance { endpoints, .. } => {
                endpoints.iter().filter(|e| e.ip == ip).map(|e| e.share).sum()
            }
            Verdict::Reject | Verdict::Drop => 0.0,
        }
    }
}

/// Why no rule can be shown. Language-neutral: the page words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "reason")]
pub enum Unreadable {
    /// Nobody has looked yet.
    NotReadYet,
    /// The cluster came from a kubeconfig: its nodes cannot be entered from here.
    NoWayIn,
    /// The cluster is simulated: there is no kernel behind it.
    Simulated,
    /// The node was entered, but neither of kube-proxy's two sets of rules was found.
    NoRules {
        /// What was looked for and what was found, in English.
        detail: String,
    },
    /// The node could not be entered, or its tools failed.
    Failed {
        /// What went wrong, in English, one line.
        detail: String,
    },
}

/// The kernel rules as far as they are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum RulesView {
    /// They cannot be shown.
    Unreadable {
        /// Why.
        why: Unreadable,
    },
    /// They were read.
    #[serde(rename_all = "camelCase")]
    Read {
        /// One for each node, in the order of their names.
        nodes: Vec<KernelRules>,
        /// When: they may have changed since.
        read_at: Timestamp,
    },
}

impl RulesView {
    /// Whether it shows what another shows, whenever each was read.
    #[must_use]
    pub fn shows_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Read { nodes, .. }, Self::Read { nodes: theirs, .. }) => nodes == theirs,
            (mine, theirs) => mine == theirs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn web() -> ServiceRule {
        let share = |last: u8, share| EndpointShare { ip: [10, 244, 0, last].into(), port: 8080, share };
        ServiceRule {
            cluster_ip: [10, 96, 12, 7].into(),
            port: 80,
            protocol: Protocol::Tcp,
            verdict: Verdict::Balance {
                endpoints: vec![share(5, 0.5), share(6, 0.5)],
                affinity_seconds: None,
            },
        }
    }

    fn view() -> RulesView {
        let rejected = ServiceRule { port: 81, verdict: Verdict::Reject, ..web() };
        let node = KernelRules {
            node: "lab-control-plane".into(),
            mode: ProxyMode::Iptables,
            services: vec![web(), rejected],
        };
        RulesView::Read { nodes: vec![node], read_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_view_is_camel_case_json_and_comes_back_whole() {
        let json = serde_json::to_value(view()).expect("plain data");
        assert_eq!(
            json,
            json!({
                "state": "read",
                "readAt": "1970-01-01T00:00:00Z",
                "nodes": [{
                    "node": "lab-control-plane",
                    "mode": "iptables",
                    "services": [
                        {"clusterIp": "10.96.12.7", "port": 80, "protocol": "TCP", "verdict": {"does": "balance",
                            "endpoints": [{"ip": "10.244.0.5", "port": 8080, "share": 0.5},
                                          {"ip": "10.244.0.6", "port": 8080, "share": 0.5}]}},
                        {"clusterIp": "10.96.12.7", "port": 81, "protocol": "TCP", "verdict": {"does": "reject"}},
                    ],
                }],
            })
        );
        assert_eq!(serde_json::from_value::<RulesView>(json).expect("what was written"), view());
    }

    #[test]
    fn an_affinity_is_spelled_in_camel_case_and_a_reason_is_tagged() {
        let verdict = Verdict::Balance { endpoints: vec![], affinity_seconds: Some(10800) };
        assert_eq!(
            serde_json::to_value(verdict).expect("plain data"),
            json!({"does": "balance", "endpoints": [], "affinitySeconds": 10800})
        );
        let unreadable = RulesView::Unreadable { why: Unreadable::NoWayIn };
        assert_eq!(
            serde_json::to_value(unreadable).expect("plain data"),
            json!({"state": "unreadable", "why": {"reason": "noWayIn"}})
        );
    }

    #[test]
    fn a_rule_is_found_by_address_port_and_protocol_and_knows_its_shares() {
        let RulesView::Read { nodes, .. } = view() else { unreachable!() };
        let ip = [10, 96, 12, 7].into();
        assert_eq!(nodes[0].find(ip, 80, Protocol::Tcp), Some(&web()));
        assert_eq!(nodes[0].find(ip, 80, Protocol::Udp), None);
        assert!((web().share_of([10, 244, 0, 6].into()) - 0.5).abs() < f64::EPSILON);
        assert!(web().share_of([10, 244, 0, 9].into()).abs() < f64::EPSILON);
    }
}
