//! From the text of a node's own tools to [`KernelRules`]: pure functions.
//!
//! ```text
//! nft list table ip kube-proxy ──▶ nftables ─┐
//! iptables-save -t nat, -t filter ▶ iptables ─┴─▶ KernelRules
//! ```
//!
//! Invariants: a line that is not kube-proxy's, or that is not understood, is passed over, never guessed at; the
//! result is ordered by virtual IP, port and protocol.

pub mod iptables;
pub mod nftables;

use clusterip_domain::rules::{KernelRules, Protocol, ProxyMode, ServiceRule};

/// Reads what a node printed, in whichever mode its kube-proxy writes.
///
/// Returns `None` if the text holds neither kube-proxy's nftables map nor its iptables chain: then there is no
/// kube-proxy there, or it has not yet written once.
#[must_use]
pub fn parse(node: &str, text: &str) -> Option<KernelRules> {
    let (mode, mut services) = if nftables::is_written_in(text) {
        (ProxyMode::Nftables, nftables::parse(text))
    } else if iptables::is_written_in(text) {
        (ProxyMode::Iptables, iptables::parse(text))
    } else {
        return None;
    };
    services.sort_by_key(|s| (s.cluster_ip, s.port, s.protocol));
    Some(KernelRules { node: node.to_owned(), mode, services })
}

/// `tcp`, `udp` or `sctp`, as both tools print them.
fn protocol(name: &str) -> Option<Protocol> {
    match name {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => Some(Protocol::Sctp),
        _ => None,
    }
}

/// Puts a rule in, once for each address, port and protocol: endpoints beat a refusal, because the two tables of
/// iptables are read one after the other and a Service that just got its first endpoint may be in both.
fn put(services: &mut Vec<ServiceRule>, rule: ServiceRule) {
    use clusterip_domain::rules::Verdict::Balance;
    let same =
        |s: &ServiceRule| (s.cluster_ip, s.port, s.protocol) == (rule.cluster_ip, rule.port, rule.protocol);
    match services.iter_mut().find(|s| same(s)) {
        Some(known) if !matches!(known.verdict, Balance { .. }) => *known = rule,
        Some(_) => {}
        None => services.push(rule),
    }
}

#[cfg(test)]
mod tests;
