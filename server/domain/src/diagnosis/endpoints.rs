//! The last two stations: is there a pod to send the request to, and does it take the connection?

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::selector::{TEMPLATE_HASH, nearest_miss};
use super::{Case, Cause, Evidence, Judged, Misconception, State};
use crate::probe::{Probed, Tool, Vantage};
use crate::snapshot::{Labels, Pod, PodState, Service, ServicePort};
use crate::traffic::ErrorKind;

/// The most endpoints that are tried, one of each kind of pod.
const MAX_TRIED: usize = 3;
/// Labels by which versions of one application differ on purpose.
const VERSIONS: [&str; 6] =
    [TEMPLATE_HASH, "controller-revision-hash", "version", "track", "release", "app.kubernetes.io/version"];

/// A pod's socket as the Service means it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Socket<'a> {
    pub(super) pod: &'a Pod,
    pub(super) ip: IpAddr,
    pub(super) port: u16,
}

/// The ready endpoints to try: the first of each kind of pod.
pub(super) fn sockets<'a>(case: &Case<'a>) -> Vec<Socket<'a>> {
    let (Some(service), Some(port)) = (case.service(), called_port(case)) else { return Vec::new() };
    let ready = |pod: &&Pod| {
        let mut endpoints = case.snapshot.endpoints(&service.name);
        endpoints.any(|e| e.ready && e.pod.as_deref() == Some(pod.name.as_str()))
    };
    let mut kinds: BTreeMap<Labels, Socket<'a>> = BTreeMap::new();
    for pod in case.snapshot.workloads().filter(ready) {
        if let (Some(ip), Some(port)) = (pod.ip, target_port(port, pod)) {
            kinds.entry(kind(pod)).or_insert(Socket { pod, ip, port });
        }
    }
    kinds.into_values().take(MAX_TRIED).collect()
}

/// The Service's port that is called, or the only one that can be meant.
fn called_port<'a>(case: &Case<'a>) -> Option<&'a ServicePort> {
    case.service_port().or_else(|| case.service().filter(|s| s.headless)?.ports.first())
}

/// A Service's port on one pod, whose declared ports may give a name its number.
fn target_port(port: &ServicePort, pod: &Pod) -> Option<u16> {
    let named = || pod.ports.iter().find(|p| p.name.as_deref() == Some(&port.target_port)).map(|p| p.port);
    port.target_port.parse().ok().or_else(named)
}

/// What tells kinds of pods apart: their labels, without those of versions.
fn kind(pod: &Pod) -> Labels {
    let of_kind = |(key, _): &(&String, &String)| !VERSIONS.contains(&key.as_str());
    pod.labels.iter().filter(of_kind).map(|(k, v)| (k.clone(), v.clone())).collect()
}

pub(super) fn endpoint(case: &Case<'_>) -> Judged {
    let Some(service) = case.service() else { return (State::Unknown, Evidence::Elsewhere, None) };
    let all = case.snapshot.endpoints(&service.name).count();
    let ready = case.snapshot.endpoints(&service.name).filter(|e| e.ready).count();
    let pods: Vec<&Pod> = case.snapshot.workloads().filter(|p| p.state != PodState::Terminating).collect();
    let selected: Vec<&Pod> = pods.iter().filter(|p| service.selects(&p.labels)).copied().collect();
    let broken = |evidence, cause| (State::Broken, evidence, Some(cause));
    if service.selector.is_empty() && all == 0 {
        return broken(Evidence::NoSelector, Cause::certain(Misconception::NoSelector));
    }
    if let Some((name, names)) = missing_name(case, &selected) {
        let instead = names.first().cloned();
        let cause = Cause::certain(Misconception::NamedPortMissing).instead(instead);
        return broken(Evidence::NoSuchPortName { name, names }, cause);
    }
    if ready > 0 {
        return (State::Ok, Evidence::Endpoints { ready, all }, None);
    }
    if pods.is_empty() {
        return broken(Evidence::NoPods, Cause::certain(Misconception::NoEndpoints));
    }
    if selected.is_empty() {
        return nothing_selected(service, &pods);
    }
    let waiting = selected.iter().map(|p| (p.name.clone(), p.reason.clone())).collect();
    broken(Evidence::NoneReady { pods: waiting }, Cause::certain(Misconception::PodsNotReady))
}

/// The name of a port that no selected pod has, with the names they have.
fn missing_name(case: &Case<'_>, selected: &[&Pod]) -> Option<(String, Vec<String>)> {
    let port = called_port(case)?;
    let missing = !selected.is_empty() && selected.iter().all(|pod| target_port(port, pod).is_none());
    missing.then(|| {
        let mut names: Vec<String> =
            selected.iter().flat_map(|pod| &pod.ports).filter_map(|p| p.name.clone()).collect();
        names.sort();
        names.dedup();
        (port.target_port.clone(), names)
    })
}

fn nothing_selected(service: &Service, pods: &[&Pod]) -> Judged {
    let selector = service.selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let near = nearest_miss(&service.selector, pods.iter().copied());
    let cause = Cause { near, ..Cause::certain(Misconception::SelectorMatchesNothing) };
    (State::Broken, Evidence::NothingSelected { selector, pods: pods.len() }, Some(cause))
}

pub(super) fn listener(case: &Case<'_>) -> Judged {
    let sockets = sockets(case);
    let tried: Vec<_> = sockets
        .iter()
        .filter_map(|s| {
            let asked = case.outcome(Vantage::Client, Tool::Http, &s.ip.to_string(), s.port)?;
            Some((s, asked))
        })
        .collect();
    if tried.is_empty() {
        return by_the_front(case);
    }
    let failed = tried.iter().find_map(|(socket, asked)| Some((*socket, asked.report.error?)));
    let Some((socket, error)) = failed else {
        let pod = tried.iter().find_map(|(_, asked)| asked.report.pod.clone()).unwrap_or_default();
        return (State::Ok, Evidence::Answered { pod }, None);
    };
    let any_answers = tried.iter().any(|(_, asked)| asked.report.ok);
    let cause = if any_answers {
        let stray = Some(socket.pod.name.clone());
        Some(Cause::certain(Misconception::SelectorTooBroad).instead(stray))
    } else {
        why_unanswered(case, socket, error)
    };
    let (pod, address) = (socket.pod.name.clone(), format!("{}:{}", socket.ip, socket.port));
    (State::Broken, Evidence::Unanswered { pod, address, error }, cause)
}

/// Without an endpoint to try, what came of calling the name or the virtual IP itself.
fn by_the_front(case: &Case<'_>) -> Judged {
    let front = case.tried.iter().find(|p| p.from == Vantage::Client && p.tool == Tool::Http);
    match front.map(|p| (&p.report, p)) {
        Some((report, _)) if report.ok => {
            (State::Ok, Evidence::Answered { pod: report.pod.clone().unwrap_or_default() }, None)
        }
        Some((report, Probed { target, .. })) => {
            let error = report.error.unwrap_or(ErrorKind::Timeout);
            let address = format!("{}:{}", target.host, target.port);
            (State::Broken, Evidence::Unanswered { pod: String::new(), address, error }, None)
        }
        None => (State::Unknown, Evidence::Nothing, None),
    }
}

/// A pod that does not take the connection of another pod may still take one on its own loopback.
fn why_unanswered(case: &Case<'_>, socket: &Socket<'_>, error: ErrorKind) -> Option<Cause> {
    let itself = case.outcome(Vantage::Itself, Tool::Http, &socket.pod.name, socket.port)?;
    // What answers on its own loopback with something else than a backend's answer takes connections, too.
    let listens = itself.report.ok || itself.report.error == Some(ErrorKind::BadAnswer);
    match (error, listens) {
        (ErrorKind::Refused, true) => Some(Cause::certain(Misconception::ListensOnLoopback)),
        (ErrorKind::Refused, false) => {
            let declared = other_ports(socket).find(|port| {
                let asked = case.outcome(Vantage::Itself, Tool::Http, &socket.pod.name, *port);
                asked.is_some_and(|asked| asked.report.ok)
            });
            let instead = declared.map(|port| port.to_string());
            Some(Cause::certain(Misconception::WrongTargetPort).instead(instead))
        }
        (ErrorKind::Timeout | ErrorKind::NoRoute, true) => {
            Some(Cause { certain: false, ..Cause::certain(Misconception::NetworkPolicyPossible) })
        }
        _ => None,
    }
}

/// The ports that the pod declares, but for the one that is called.
pub(super) fn other_ports<'a>(socket: &Socket<'a>) -> impl Iterator<Item = u16> + use<'a> {
    let called = socket.port;
    socket.pod.ports.iter().map(|p| p.port).filter(move |port| *port != called)
}

/// Whether the selector takes in pods of more than one controller that are not versions of one another.
pub(super) fn mixes_kinds(case: &Case<'_>) -> Option<String> {
    let sockets = sockets(case);
    let (first, rest) = sockets.split_first()?;
    let stray = rest.iter().find(|s| s.pod.owner != first.pod.owner)?;
    Some(stray.pod.name.clone())
}
