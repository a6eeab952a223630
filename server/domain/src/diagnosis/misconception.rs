//! What people get wrong: stable codes, and where Kubernetes documents it.

use serde::Serialize;

use super::{Case, Cause, endpoints};
use crate::ledger::{TargetKind, Window};
use crate::probe::Tool;
use crate::traffic::Connections;

/// So many answers from one pod are no chance any more: (1/2)^10 is less than a thousandth.
const MANY: u64 = 10;

/// A misconception. Its code is stable: APIs, hints and reports use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misconception {
    /// There is no Service of that name.
    NoSuchService,
    /// A Service of another namespace is called by its short name.
    OtherNamespace,
    /// `clusterIP: None`: the Service has no virtual IP.
    Headless,
    /// The Service has no such port.
    NoSuchPort,
    /// The Service has no selector.
    NoSelector,
    /// The selector matches no pod.
    SelectorMatchesNothing,
    /// The selector matches other pods, too.
    SelectorTooBroad,
    /// The pods are not ready.
    PodsNotReady,
    /// There are no pods.
    NoEndpoints,
    /// `targetPort` is a port on which nothing listens.
    WrongTargetPort,
    /// `targetPort` is a name that no container port has.
    NamedPortMissing,
    /// The application listens on 127.0.0.1 only.
    ListensOnLoopback,
    /// Something drops the packets: a `NetworkPolicy` may.
    NetworkPolicyPossible,
    /// A virtual IP does not answer a ping.
    PingVirtualIp,
    /// One kept connection stays with one pod.
    KeepAlivePins,
    /// `sessionAffinity: ClientIP` keeps a client with one pod.
    SessionAffinity,
}

impl Misconception {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::NoSuchService,
        Self::OtherNamespace,
        Self::Headless,
        Self::NoSuchPort,
        Self::NoSelector,
        Self::SelectorMatchesNothing,
        Self::SelectorTooBroad,
        Self::PodsNotReady,
        Self::NoEndpoints,
        Self::WrongTargetPort,
        Self::NamedPortMissing,
        Self::ListensOnLoopback,
        Self::NetworkPolicyPossible,
        Self::PingVirtualIp,
        Self::KeepAlivePins,
        Self::SessionAffinity,
    ];

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSuchService => "no-such-service",
            Self::OtherNamespace => "other-namespace",
            Self::Headless => "headless",
            Self::NoSuchPort => "no-such-port",
            Self::NoSelector => "no-selector",
            Self::SelectorMatchesNothing => "selector-matches-nothing",
            Self::SelectorTooBroad => "selector-too-broad",
            Self::PodsNotReady => "pods-not-ready",
            Self::NoEndpoints => "no-endpoints",
            Self::WrongTargetPort => "wrong-target-port",
            Self::NamedPortMissing => "named-port-missing",
            Self::ListensOnLoopback => "listens-on-loopback",
            Self::NetworkPolicyPossible => "network-policy-possible",
            Self::PingVirtualIp => "ping-virtual-ip",
            Self::KeepAlivePins => "keep-alive-pins",
            Self::SessionAffinity => "session-affinity",
        }
    }

    /// Where Kubernetes documents it.
    #[must_use]
    pub fn link(self) -> &'static str {
        match self {
            Self::NoSuchService => {
                "https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-exist"
            }
            Self::OtherNamespace => {
                "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#namespaces-of-services"
            }
            Self::Headless => {
                "https://kubernetes.io/docs/concepts/services-networking/service/#headless-services"
            }
            Self::NoSuchPort | Self::NamedPortMissing => {
                "https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports"
            }
            Self::NoSelector => {
                "https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors"
            }
            Self::SelectorMatchesNothing | Self::SelectorTooBroad => {
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
            }
            Self::PodsNotReady => {
                "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes"
            }
            Self::NoEndpoints => "https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/",
            Self::WrongTargetPort | Self::ListensOnLoopback => {
                "https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#are-the-pods-working"
            }
            Self::NetworkPolicyPossible => {
                "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
            }
            Self::PingVirtualIp => "https://kubernetes.io/docs/reference/networking/virtual-ips/",
            Self::KeepAlivePins => {
                "https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-iptables"
            }
            Self::SessionAffinity => {
                "https://kubernetes.io/docs/reference/networking/virtual-ips/#session-affinity"
            }
        }
    }
}

/// What puzzles although nothing is broken.
pub(super) fn though_it_works(case: &Case<'_>) -> Option<Cause> {
    let service = case.service()?;
    if pinged(case, &service.name) {
        return Some(Cause::certain(Misconception::PingVirtualIp));
    }
    if let Some(pod) = case.window.filter(|w| w.target.name == service.name).and_then(pinned) {
        let kept = matches!(case.window?.connections, Connections::KeepAlive { .. });
        let why = match (service.client_ip_affinity, kept) {
            (true, _) => Some(Misconception::SessionAffinity),
            (false, true) => Some(Misconception::KeepAlivePins),
            (false, false) => None,
        };
        if let Some(why) = why {
            return Some(Cause::certain(why).instead(Some(pod)));
        }
    }
    let stray = endpoints::mixes_kinds(case)?;
    Some(Cause { certain: false, ..Cause::certain(Misconception::SelectorTooBroad) }.instead(Some(stray)))
}

/// Whether the Service was pinged in vain, by its name or its virtual IP.
fn pinged(case: &Case<'_>, service: &str) -> bool {
    let last = case.before.iter().rfind(|p| p.target.name == service);
    last.is_some_and(|p| p.tool == Tool::Ping && !p.report.ok && p.target.kind != TargetKind::PodIp)
}

/// The one pod that has answered all, where there are several.
fn pinned(window: &Window) -> Option<String> {
    let mut answering = window.tally.backends.values().filter(|b| b.answered > 0);
    let only = answering.next().filter(|b| b.answered >= MANY && window.pods.len() > 1)?;
    answering.next().is_none().then(|| only.pod.clone())
}
