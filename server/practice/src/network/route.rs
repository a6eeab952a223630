//! What becomes of a connection's first packet.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::GATEWAY;
use super::address::Pool;
use super::affinity::Affinity;
use super::names::Names;
use super::policy::Policies;
use super::random::Random;
use super::rules::{Rule, Rules};
use super::stream::Arrival;

/// The ports that outgoing connections get. Source: `ip_local_port_range`, 32768 to 60999.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32768..=60999;

/// Everything that the network knows. Written by sandboxes, listeners and the proxy; read for each connection.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) rules: Rules,
    pub(super) names: Names,
    pub(super) affinity: Affinity,
    pub(super) policies: Policies,
    pub(super) random: Random,
    pool: Pool,
    pods: HashMap<Ipv4Addr, Pod>,
    node_port: u16,
}

/// A pod's sandbox.
#[derive(Debug)]
pub(super) struct Pod {
    namespace: String,
    name: String,
    listeners: Vec<(SocketAddrV4, mpsc::Sender<Arrival>)>,
    last_port: u16,
}

/// Where a connection goes.
#[derive(Debug)]
pub(super) enum Route {
    /// A listener takes it.
    Taken {
        /// Where the listener accepts.
        queue: mpsc::Sender<Arrival>,
        /// The client's end, as the listener sees it.
        local: SocketAddrV4,
        /// The listener's end, after a Service's address was replaced by an endpoint's.
        peer: SocketAddrV4,
    },
    /// The answer is a reset.
    Refused,
    /// There is no answer.
    Lost,
    /// The client has no network any more.
    Unreachable,
}

impl State {
    /// A new pod's address.
    pub(super) fn attach(&mut self, namespace: &str, name: &str) -> Option<Ipv4Addr> {
        let ip = self.pool.take(|ip| self.pods.contains_key(&ip))?;
        let first =
            *EPHEMERAL.start() + u16::try_from(self.random.below(EPHEMERAL.len())).unwrap_or_default();
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        self.pods.insert(ip, Pod { namespace, name, listeners: Vec::new(), last_port: first });
        Some(ip)
    }

    /// A pod is gone.
    pub(super) fn detach(&mut self, ip: Ipv4Addr) -> Option<Pod> {
        self.affinity.forget(ip);
        self.pods.remove(&ip)
    }

    /// The newest sandbox of that name.
    pub(super) fn ip_of(&self, namespace: &str, name: &str) -> Option<Ipv4Addr> {
        let named = |pod: &Pod| pod.namespace == namespace && pod.name == name;
        self.pods.iter().filter(|(_, pod)| named(pod)).map(|(&ip, _)| ip).max()
    }

    /// Takes connections to `address` in a pod; `false` where another listener does.
    pub(super) fn listen(
        &mut self,
        pod: Ipv4Addr,
        address: SocketAddrV4,
        queue: mpsc::Sender<Arrival>,
    ) -> bool {
        let Some(pod) = self.pods.get_mut(&pod) else { return false };
        let overlaps = |other: &SocketAddrV4| {
            let any = other.ip().is_unspecified() || address.ip().is_unspecified();
            other.port() == address.port() && (any || other.ip() == address.ip())
        };
        if pod.listeners.iter().any(|(other, _)| overlaps(other)) {
            return false;
        }
        pod.listeners.push((address, queue));
        true
    }

    /// A listener is closed.
    pub(super) fn forget(&mut self, pod: Ipv4Addr, address: SocketAddrV4) {
        if let Some(pod) = self.pods.get_mut(&pod) {
            pod.listeners.retain(|(other, queue)| *other != address || !queue.is_closed());
        }
    }

    /// Decides for a connection that a pod (or the node, [`GATEWAY`]) makes now.
    pub(super) fn route(&mut self, from: Ipv4Addr, to: SocketAddrV4, now: Instant) -> Route {
        if from != GATEWAY && !self.pods.contains_key(&from) {
            return Route::Unreachable;
        }
        if to.ip().is_loopback() {
            return self.deliver(from, from, to, Ipv4Addr::LOCALHOST);
        }
        let endpoint = match self.rules.find(to) {
            None => to,
            Some(Rule { endpoints, .. }) if endpoints.is_empty() => return Route::Refused,
            Some(rule) => self.affinity.choose(to, from, rule, now, &mut self.random),
        };
        // Policies see the addresses of pods, after the endpoint was chosen; the node is let through always.
        if !self.policies.is_empty() && from != GATEWAY && !self.policies.allow(from, endpoint) {
            return Route::Lost;
        }
        // A pod that reaches itself by its Service would answer itself directly: kube-proxy has such a connection
        // masqueraded. Source: https://kubernetes.io/docs/tutorials/services/source-ip/ (and observed on kind)
        let hairpin = endpoint != to && *endpoint.ip() == from;
        let source = if hairpin { GATEWAY } else { from };
        self.deliver(from, *endpoint.ip(), endpoint, source)
    }

    /// Whether an echo that a pod sends is answered; `None` where the pod has no network any more.
    pub(super) fn echoes(&self, from: Ipv4Addr, to: Ipv4Addr) -> Option<bool> {
        self.pods.get(&from)?;
        let answers = || self.pods.contains_key(&to) && self.policies.allow_echo(from, to);
        Some(to.is_loopback() || to == GATEWAY || answers())
    }

    /// To the listener in pod `at` that takes connections to `to`.
    fn deliver(&mut self, from: Ipv4Addr, at: Ipv4Addr, to: SocketAddrV4, source: Ipv4Addr) -> Route {
        let Some(pod) = self.pods.get(&at) else { return Route::Lost };
        let takes = |address: &SocketAddrV4| {
            address.port() == to.port() && (address.ip().is_unspecified() || address.ip() == to.ip())
        };
        match pod.listeners.iter().find(|(address, _)| takes(address)) {
            None => Route::Refused,
            Some((_, queue)) => {
                let queue = queue.clone();
                Route::Taken { queue, local: SocketAddrV4::new(source, self.local_port(from)), peer: to }
            }
        }
    }

    fn local_port(&mut self, from: Ipv4Addr) -> u16 {
        let last = match self.pods.get_mut(&from) {
            Some(pod) => &mut pod.last_port,
            None => &mut self.node_port,
        };
        *last =
            if EPHEMERAL.contains(last) && *last < *EPHEMERAL.end() { *last + 1 } else { *EPHEMERAL.start() };
        *last
    }
}
