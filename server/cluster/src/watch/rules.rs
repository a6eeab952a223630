//! Following the kernels' rules: read when a Service or its endpoints change, until they agree, and not otherwise.
//!
//! kube-proxy writes them up to a second after the EndpointSlice changed. That short gap is real, and worth seeing:
//! the picture shows an endpoint without a rule until the kernel has it.

use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::rules::{RulesView, Verdict};
use tokio_util::sync::CancellationToken;

use crate::index::{Index, Wanted};
use crate::node::NodeReader;

/// How long to wait before each further reading, while rules and endpoints disagree. The last one is repeated for as
/// long as they do: after an outage kube-proxy may take half a minute until it asks the API server again.
const READ_AGAIN: [Duration; 6] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1000),
    Duration::from_millis(1500),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// Follows the rules until the token is cancelled.
pub async fn follow(nodes: NodeReader, index: Arc<Index>, stop: CancellationToken) {
    let work = async {
        let mut revisions = index.revisions();
        let mut settled: Option<Vec<Wanted>> = None;
        loop {
            let wanted = index.wanted_rules();
            if settled.as_ref() != Some(&wanted) {
                read_until_settled(&nodes, &index).await;
                settled = Some(wanted);
                continue;
            }
            if revisions.changed().await.is_err() {
                return;
            }
        }
    };
    stop.run_until_cancelled(work).await;
}

async fn read_until_settled(nodes: &NodeReader, index: &Index) {
    let wanted = index.wanted_rules();
    let last = std::iter::repeat(READ_AGAIN[READ_AGAIN.len() - 1]);
    for wait in [Duration::ZERO].into_iter().chain(READ_AGAIN).chain(last) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // Something else is wanted now: the caller begins anew, without waiting.
            () = changed(index, &wanted) => return,
        }
        let rules = nodes.rules().await;
        let done = match &rules {
            RulesView::Read { .. } => agrees(&rules, &index.wanted_rules()),
            // No way in will not open by itself; anything else may.
            RulesView::Unreadable { why } => *why == clusterip_domain::rules::Unreadable::NoWayIn,
        };
        index.set_rules(rules);
        if done {
            return;
        }
    }
}

/// Waits until the index wants other rules.
async fn changed(index: &Index, wanted: &[Wanted]) {
    let mut revisions = index.revisions();
    while index.wanted_rules() == wanted && revisions.changed().await.is_ok() {}
}

/// Whether every node has, for every virtual IP, just the ready endpoints.
fn agrees(rules: &RulesView, wanted: &[Wanted]) -> bool {
    let RulesView::Read { nodes, .. } = rules else { return false };
    nodes.iter().all(|node| {
        wanted.iter().all(|want| {
            let rule = node.services.iter().find(|s| s.cluster_ip == want.virtual_ip);
            let mut has: Vec<_> = match rule.map(|r| &r.verdict) {
                Some(Verdict::Balance { endpoints, .. }) => endpoints.iter().map(|e| e.ip).collect(),
                Some(Verdict::Reject | Verdict::Drop) => Vec::new(),
                None => return false,
            };
            has.sort();
            has.dedup();
            has == want.ready
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clusterip_domain::rules::{EndpointShare, KernelRules, Protocol, ProxyMode, ServiceRule};

    fn rules(endpoints: &[u8]) -> RulesView {
        let share = |last: &u8| EndpointShare { ip: [10, 244, 0, *last].into(), port: 8080, share: 0.5 };
        let verdict = match endpoints {
            [] => Verdict::Reject,
            some => Verdict::Balance { endpoints: some.iter().map(share).collect(), affinity_seconds: None },
        };
        let rule =
            ServiceRule { cluster_ip: [10, 96, 0, 9].into(), port: 80, protocol: Protocol::Tcp, verdict };
        let node = KernelRules { node: "n".into(), mode: ProxyMode::Iptables, services: vec![rule] };
        RulesView::Read { nodes: vec![node], read_at: jiff::Timestamp::UNIX_EPOCH }
    }

    fn wanted(ready: &[u8]) -> Vec<Wanted> {
        let ready = ready.iter().map(|last| [10, 244, 0, *last].into()).collect();
        vec![Wanted { virtual_ip: [10, 96, 0, 9].into(), ready }]
    }

    #[test]
    fn rules_agree_when_they_have_just_the_ready_endpoints() {
        assert!(agrees(&rules(&[6, 5]), &wanted(&[5, 6])));
        assert!(agrees(&rules(&[]), &wanted(&[])));
        assert!(agrees(&rules(&[5]), &[]), "rules of other namespaces do not matter");
        assert!(!agrees(&rules(&[5]), &wanted(&[5, 6])));
        assert!(!agrees(&rules(&[5, 6]), &wanted(&[6])));
        let unknown = vec![Wanted { virtual_ip: [10, 96, 0, 1].into(), ready: vec![] }];
        assert!(!agrees(&rules(&[5]), &unknown), "a Service the kernel does not know yet");
    }
}
