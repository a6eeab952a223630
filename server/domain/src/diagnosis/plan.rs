//! What to try next.

use super::Case;
use super::endpoints::{other_ports, sockets};
use crate::ledger::{Target, TargetKind};
use crate::probe::{Tool, Vantage};
use crate::traffic::ErrorKind;

/// The most tries of one walk.
pub const MAX_WALK: usize = 10;

/// A try: from where, with what, where to.
pub type Try = (Vantage, Tool, Target);

/// What to try next, given what was tried; `None` when nothing more would tell anything.
#[must_use]
pub fn next_probe(case: &Case<'_>) -> Option<Try> {
    if case.tried.len() >= MAX_WALK {
        return None;
    }
    let done = |t: &Try| case.outcome(t.0, t.1, &t.2.host, t.2.port).is_some();
    wanted(case).into_iter().find(|t| !done(t))
}

/// All that is worth trying, as far as what was tried already tells.
fn wanted(case: &Case<'_>) -> Vec<Try> {
    let host = &case.question.host;
    let is_name = host.parse::<std::net::IpAddr>().is_err();
    let mut tries = Vec::new();
    if is_name {
        tries.push((Vantage::Client, Tool::Dns, target(TargetKind::DnsName, host, host, 0)));
        if let Some(neighbour) = neighbour(case) {
            tries.push((Vantage::Client, Tool::Dns, target(TargetKind::DnsName, host, &neighbour, 0)));
        }
    }
    let resolves = case.outcome(Vantage::Client, Tool::Dns, host, 0).is_some_and(|p| p.report.ok);
    match case.service() {
        None if resolves => tries.push(http(TargetKind::DnsName, host, host, case.port())),
        None => {}
        Some(service) => {
            if let (Some(ip), Some(port)) = (service.cluster_ip, case.service_port()) {
                tries.push(http(TargetKind::VirtualIp, &service.name, &ip.to_string(), port.port));
            }
            tries.extend(at_the_pods(case));
        }
    }
    tries
}

/// Each kind of endpoint, and where one refuses, the pod itself.
fn at_the_pods(case: &Case<'_>) -> Vec<Try> {
    let mut tries = Vec::new();
    for socket in sockets(case) {
        let (ip, name) = (socket.ip.to_string(), socket.pod.name.as_str());
        tries.push(http(TargetKind::PodIp, name, &ip, socket.port));
        let asked = case.outcome(Vantage::Client, Tool::Http, &ip, socket.port);
        if asked.is_none_or(|p| p.report.ok) {
            continue;
        }
        let itself = |port| (Vantage::Itself, Tool::Http, target(TargetKind::PodIp, name, name, port));
        tries.push(itself(socket.port));
        let own = case.outcome(Vantage::Itself, Tool::Http, name, socket.port);
        if own.is_some_and(|p| p.report.error == Some(ErrorKind::Refused)) {
            tries.extend(other_ports(&socket).take(2).map(itself));
        }
    }
    tries
}

fn http(kind: TargetKind, name: &str, host: &str, port: u16) -> Try {
    (Vantage::Client, Tool::Http, target(kind, name, host, port))
}

fn target(kind: TargetKind, name: &str, host: &str, port: u16) -> Target {
    Target { kind, name: name.to_owned(), host: host.to_owned(), port }
}

/// The full name by which a short one might be meant: that of the run's second namespace.
fn neighbour(case: &Case<'_>) -> Option<String> {
    let host = &case.question.host;
    let unresolved = case.outcome(Vantage::Client, Tool::Dns, host, 0).is_some_and(|p| !p.report.ok);
    let short = !host.contains('.') && case.service().is_none();
    (unresolved && short).then(|| format!("{host}.{}", case.snapshot.namespace.neighbour()))
}

/// The full name, where it was found to resolve.
pub(super) fn elsewhere(case: &Case<'_>) -> Option<String> {
    let full = neighbour(case)?;
    case.outcome(Vantage::Client, Tool::Dns, &full, 0).filter(|p| p.report.ok).map(|_| full)
}
