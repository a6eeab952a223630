//! The pods' network, in memory, with kube-proxy's semantics.
//!
//! ```text
//! pod ── connect ──▶ route ──┬─ a Service's rule ──▶ one endpoint, chosen once ──▶ its pod's listener
//!                            ├─ no endpoint, or nobody listens ──▶ refused at once
//!                            └─ nobody owns the address ──▶ silence, and ETIMEDOUT in the end
//! NetworkPolicies ── policy, a little late ──▶ Policies
//! Services, EndpointSlices ── proxy, a little late ──▶ Rules        ── at once ──▶ Names (cluster DNS)
//! ```
//!
//! What a connection meets was observed on a kind cluster (Kubernetes 1.34, kube-proxy in its iptables mode, one
//! node) and is the same here:
//!
//! | to | the client sees |
//! |---|---|
//! | a virtual IP and port with ready endpoints | one of them, at random, for as long as the connection lasts |
//! | a virtual IP and port without endpoints | *connection refused* |
//! | a virtual IP on a port that the Service does not have | nothing, until its own timeout |
//! | a virtual IP whose Service was deleted, or that never had one | nothing, until its own timeout |
//! | a pod IP and port on which nothing listens, or whose process has ended | *connection refused* |
//! | a pod IP whose pod is gone, or that never had one | nothing, until its own timeout |
//! | whatever a `NetworkPolicy` does not let through | nothing, until its own timeout |
//!
//! An ICMP echo is answered by a pod IP and by the node's, and by nothing else.
//!
//! Invariants: only TCP, and echoes; an endpoint is chosen once per *connection*; a connection outlives the rule it came by;
//! nothing but a rule answers on a virtual IP, so there is nothing there to ping; no lock is held across an await.
//!
//! Source: <https://kubernetes.io/docs/reference/networking/virtual-ips/>

mod address;
mod affinity;
mod names;
mod pod;
pub(crate) mod policy;
pub mod proxy;
mod random;
mod route;
mod rules;
mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clusterip_agent::http::Ends;
use clusterip_agent::network::Resolved;
use clusterip_domain::rules::{KernelRules, ProxyMode, RulesView};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

pub use names::Names;
pub use pod::{PodDialer, Sandbox};
pub use random::Random;
pub use rules::Rules;
pub use stream::{PodListener, PodStream};

use policy::Policies;
use route::{Route, State};

/// Where a node's own connections to its pods come from, and those of a pod that reached itself by its Service.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 1);

/// Who answers for names: where kind's cluster DNS is, too.
const NAME_SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 96, 0, 10)), 53);

/// How long a connect goes unanswered before the kernel gives up.
/// Source: `tcp_syn_retries` in <https://docs.kernel.org/networking/ip-sysctl.html> ("131seconds").
pub const SYN_TIMEOUT: Duration = Duration::from_secs(131);

/// How long a query to a name server that says nothing goes unanswered: two tries of five seconds.
/// Source: `timeout` and `attempts` in resolv.conf(5).
pub const NAME_TIMEOUT: Duration = Duration::from_secs(10);

/// The raw errors of a Linux socket, by which the agent classifies them.
mod errno {
    pub(super) const EACCES: i32 = 13;
    pub(super) const EADDRNOTAVAIL: i32 = 99;
    pub(super) const EADDRINUSE: i32 = 98;
    pub(super) const ENETUNREACH: i32 = 101;
    pub(super) const ETIMEDOUT: i32 = 110;
    pub(super) const ECONNREFUSED: i32 = 111;
}

/// The network of all pods. Clones are the same network.
#[derive(Debug, Clone, Default)]
pub struct Network {
    state: Arc<Mutex<State>>,
}

impl Network {
    /// A network without pods and rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A network whose choices repeat, for tests.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let network = Self::default();
        network.state().random = Random::seeded(seed);
        network
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a pod's sandbox, with an address of its own until it is dropped.
    ///
    /// # Errors
    /// All addresses are taken.
    pub fn attach(&self, namespace: &str, name: &str) -> io::Result<Sandbox> {
        let ip = self.state().attach(namespace, name).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "no IP addresses available in range 10.244.0.0/16",
            )
        })?;
        Ok(Sandbox::new(self.clone(), namespace, ip))
    }

    /// Takes the rules that kube-proxy has written.
    pub fn set_rules(&self, rules: Rules) {
        let mut state = self.state();
        state.affinity.keep(|service| rules.find(service).is_some());
        state.rules = rules;
    }

    /// Takes the records of the cluster's DNS.
    pub fn set_names(&self, names: Names) {
        self.state().names = names;
    }

    /// The rules as a node's kernel has them: simulated, which the source has to say.
    #[must_use]
    pub fn rules(&self, node: &str) -> RulesView {
        let services = self.state().rules.view();
        let rules = KernelRules { node: node.to_owned(), mode: ProxyMode::Iptables, services };
        RulesView::Read { nodes: vec![rules], read_at: Timestamp::now() }
    }

    /// Connects to a port on a pod's own loopback, as the API server's port-forward does.
    ///
    /// # Errors
    /// Not found: the pod has no sandbox. Refused: nothing listens there.
    pub async fn connect_loopback(&self, namespace: &str, pod: &str, port: u16) -> io::Result<PodStream> {
        let ip = self.state().ip_of(namespace, pod).ok_or(io::ErrorKind::NotFound)?;
        self.dial(ip, SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
    }

    /// Connects from the node, as the kubelet's probes do.
    ///
    /// # Errors
    /// As a socket has them.
    pub async fn connect_from_node(&self, to: SocketAddr) -> io::Result<PodStream> {
        self.dial(GATEWAY, to).await
    }

    /// Takes what the `NetworkPolicies` come to.
    pub(crate) fn set_policies(&self, policies: Policies) {
        self.state().policies = policies;
    }

    /// Whether a pod may ask the name server.
    fn may_resolve(&self, pod: Ipv4Addr) -> bool {
        self.state().policies.allow_names(pod)
    }

    /// The addresses of a name, asked for in a pod of `namespace`, in the order the name server gives them.
    fn resolve(&self, namespace: &str, host: &str) -> Option<Resolved> {
        // In every pod's /etc/hosts.
        if host.eq_ignore_ascii_case("localhost") {
            let name = host.to_owned();
            return Some(Resolved { name, addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)] });
        }
        let mut state = self.state();
        let (name, mut found) = state.names.find(namespace, host)?;
        // A headless Service's addresses are shuffled in every answer.
        // Source: https://coredns.io/plugins/loadbalance/
        state.random.shuffle(&mut found);
        Some(Resolved { name, addresses: found.into_iter().map(IpAddr::V4).collect() })
    }

    /// An echo from a pod: pods and the node answer, and nothing has a virtual IP.
    async fn ping(&self, from: Ipv4Addr, to: IpAddr) -> io::Result<()> {
        let IpAddr::V4(to) = to else { return Err(io::Error::from_raw_os_error(errno::ENETUNREACH)) };
        let answered = self.state().echoes(from, to);
        match answered {
            None => Err(io::Error::from_raw_os_error(errno::ENETUNREACH)),
            Some(true) => Ok(()),
            Some(false) => std::future::pending().await,
        }
    }

    async fn dial(&self, from: Ipv4Addr, to: SocketAddr) -> io::Result<PodStream> {
        let SocketAddr::V4(to) = to else { return Err(io::Error::from_raw_os_error(errno::ENETUNREACH)) };
        let route = self.state().route(from, to, Instant::now());
        match route {
            Route::Unreachable => Err(io::Error::from_raw_os_error(errno::ENETUNREACH)),
            Route::Refused => Err(io::Error::from_raw_os_error(errno::ECONNREFUSED)),
            Route::Lost => {
                sleep(SYN_TIMEOUT).await;
                Err(io::Error::from_raw_os_error(errno::ETIMEDOUT))
            }
            Route::Taken { queue, local, peer } => {
                let (near, far) = stream::pair(local, Ends { local: peer.into(), peer: local.into() });
                match queue.send(far).await {
                    Ok(()) => Ok(near),
                    Err(_) => Err(io::Error::from_raw_os_error(errno::ECONNREFUSED)),
                }
            }
        }
    }
}
