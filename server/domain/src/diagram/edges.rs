//! Who reaches whom, and along which ways the traffic goes now.

use super::{Edge, EdgeKind, PodBox, ServiceBox};
use crate::ledger::{HopTally, TargetKind, Window};
use crate::snapshot::{Endpoint, Snapshot};

fn edge(id: String, kind: EdgeKind, hue: Option<usize>, active: bool) -> Edge {
    Edge { id, path: String::new(), kind, hue, active }
}

/// All ways, in a stable order.
pub(super) fn edges(
    snapshot: &Snapshot,
    has_client: bool,
    services: &[ServiceBox],
    pods: &[PodBox],
    running: Option<&Window>,
) -> Vec<Edge> {
    let mut edges = Vec::new();
    for service in services {
        // A Service made anew under the name of one that is gone is not where the traffic goes.
        let haunted = !service.ghost && services.iter().any(|s| s.ghost && s.name == service.name);
        let targeted = !haunted
            && running.is_some_and(|w| w.target.kind != TargetKind::PodIp && w.target.name == service.name);
        // Further tiers are called by pods; the client's way is drawn where it goes.
        if has_client && (service.tier == 0 || targeted) {
            let kind = if service.ghost { EdgeKind::Dead } else { EdgeKind::ClientToService };
            edges.push(edge(format!("client-service:{}", service.name), kind, None, targeted));
        }
        if !service.ghost {
            let hops = || further_on(snapshot, running, &service.name);
            let takes = |endpoint: &Endpoint, pod: &PodBox| {
                let called = hops().any(|hop| hop.backends.contains_key(&pod.name));
                (targeted && endpoint.ready) || called
            };
            edges.extend(to_pods(snapshot, service, pods, takes));
        }
    }
    edges.extend(to_upstreams(snapshot, pods, running));
    edges.extend(direct(pods, running));
    edges
}

/// What became of requests at that Service, as a hop behind the first.
fn further_on<'a>(
    snapshot: &'a Snapshot,
    running: Option<&'a Window>,
    service: &'a str,
) -> impl Iterator<Item = &'a HopTally> {
    let all = running.into_iter().flat_map(|w| &w.tally.chain);
    let namespace = snapshot.namespace.as_str();
    all.filter(move |((_, to), _)| to.service_in(namespace) == Some(service)).map(|(_, hop)| hop)
}

/// From a Service to its endpoints.
fn to_pods(
    snapshot: &Snapshot,
    service: &ServiceBox,
    pods: &[PodBox],
    takes: impl Fn(&Endpoint, &PodBox) -> bool,
) -> Vec<Edge> {
    let way = |endpoint: &Endpoint| {
        let pod = pods.iter().find(|p| endpoint.pod.as_deref() == Some(p.name.as_str()))?;
        let kind = match endpoint {
            Endpoint { ready: true, .. } => EdgeKind::Ready,
            Endpoint { terminating: true, .. } => EdgeKind::Draining,
            _ => EdgeKind::NotReady,
        };
        let id = format!("service:{}-pod:{}", service.name, pod.uid);
        Some(edge(id, kind, Some(pod.hue), takes(endpoint, pod)))
    };
    snapshot.endpoints(&service.name).filter_map(way).collect()
}

/// From pods to the Services they ask.
fn to_upstreams(snapshot: &Snapshot, pods: &[PodBox], running: Option<&Window>) -> Vec<Edge> {
    let way = |pod: &PodBox| {
        let asks = snapshot.workloads().find(|p| p.uid == pod.uid)?;
        let service = snapshot.upstream_of(asks)?;
        let asked = further_on(snapshot, running, &service.name).next().is_some();
        let id = format!("pod:{}-service:{}", pod.uid, service.name);
        Some(edge(id, EdgeKind::PodToService, Some(pod.hue), asked && pod.load.answered > 0))
    };
    pods.iter().filter_map(way).collect()
}

/// From the client to the pod it calls by its IP.
fn direct(pods: &[PodBox], running: Option<&Window>) -> Option<Edge> {
    let window = running.filter(|w| w.target.kind == TargetKind::PodIp)?;
    let pod = pods.iter().find(|p| p.name == window.target.name)?;
    let kind = if pod.ghost { EdgeKind::Dead } else { EdgeKind::ClientToPod };
    Some(edge(format!("client-pod:{}", pod.uid), kind, Some(pod.hue), true))
}
