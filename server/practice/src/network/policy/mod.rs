//! `NetworkPolicy`: which connections between pods are let through.
//!
//! ```text
//! NetworkPolicies, Pods, Namespaces ── follow, a little late ──▶ Policies ──▶ route: a new connection, after the choice
//!                                                                             of an endpoint; a query to the DNS
//! ```
//!
//! Invariants: what is denied is dropped, so that the client waits until it gives up; rules only add; both ends must
//! agree; the node reaches its pods, and a pod reaches itself, whatever a policy says; only new connections are looked
//! at; without policies nothing is looked at but the policies themselves.
//!
//! The cluster's DNS is a pod of `kube-system` with the label `k8s-app: kube-dns`, as policies meet it on a real cluster,
//! where it is a common mistake to forget it in an egress rule.
//!
//! Source: <https://kubernetes.io/docs/concepts/services-networking/network-policies/>

mod compile;
mod follow;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::RangeInclusive;

use clusterip_domain::rules::Protocol;

pub(crate) use follow::start;

/// The address of the cluster's DNS, behind its virtual IP: no pod is ever given it.
pub(super) const DNS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 244, 255, 255), 53);

/// Who may connect to whom. None: everyone to everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Policies {
    /// The pods that some policy selects.
    pods: HashMap<Ipv4Addr, Isolation>,
    /// The ports that have a name, by pod, protocol and name.
    named: BTreeMap<(Ipv4Addr, Protocol, String), BTreeSet<u16>>,
}

/// What is let through to and from a pod; `None` is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Isolation {
    ingress: Option<Vec<Allowed>>,
    egress: Option<Vec<Allowed>>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    /// At the other end; `None` is everyone.
    peers: Option<Peers>,
    /// At the end that is connected to; `None` is every port.
    ports: Option<Vec<Port>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Peers {
    pods: BTreeSet<Ipv4Addr>,
    blocks: Vec<Block>,
}

/// A range of addresses with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    cidr: Cidr,
    except: Vec<Cidr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cidr {
    network: u32,
    mask: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Port {
    protocol: Protocol,
    /// `None` is every port of the protocol.
    number: Option<Number>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Number {
    Range(RangeInclusive<u16>),
    /// As the pod that is connected to calls it.
    Name(String),
}

impl Policies {
    /// Whether there is nothing to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Whether a new TCP connection is let through. Neither end is a virtual IP.
    pub(super) fn allow(&self, from: Ipv4Addr, to: SocketAddrV4) -> bool {
        from == *to.ip() || self.agree(from, to, Protocol::Tcp)
    }

    /// Whether a pod may ask the cluster's DNS.
    pub(super) fn allow_names(&self, from: Ipv4Addr) -> bool {
        self.is_empty() || self.agree(from, DNS, Protocol::Udp)
    }

    /// Whether an echo request is let through: by rules for every port only, because it has none.
    pub(super) fn allow_echo(&self, from: Ipv4Addr, to: Ipv4Addr) -> bool {
        from == to || self.pass(from, to, |rule| rule.ports.is_none())
    }

    fn agree(&self, from: Ipv4Addr, to: SocketAddrV4, protocol: Protocol) -> bool {
        self.pass(from, *to.ip(), |rule| self.has_port(rule, to, protocol))
    }

    /// Whether at each end that is isolated, there is a rule for the other end and such a port.
    fn pass(&self, from: Ipv4Addr, to: Ipv4Addr, port: impl Fn(&Allowed) -> bool) -> bool {
        let egress = self.pods.get(&from).and_then(|pod| pod.egress.as_ref());
        let ingress = self.pods.get(&to).and_then(|pod| pod.ingress.as_ref());
        let passes = |rules: Option<&Vec<Allowed>>, peer: Ipv4Addr| {
            rules.is_none_or(|rules| rules.iter().any(|rule| rule.has_peer(peer) && port(rule)))
        };
        passes(egress, to) && passes(ingress, from)
    }

    fn has_port(&self, rule: &Allowed, to: SocketAddrV4, protocol: Protocol) -> bool {
        let is = |port: &Port| {
            port.protocol == protocol
                && match &port.number {
                    None => true,
                    Some(Number::Range(range)) => range.contains(&to.port()),
                    Some(Number::Name(name)) => {
                        let named = self.named.get(&(*to.ip(), protocol, name.clone()));
                        named.is_some_and(|numbers| numbers.contains(&to.port()))
                    }
                }
        };
        rule.ports.as_ref().is_none_or(|ports| ports.iter().any(is))
    }
}

impl Allowed {
    fn has_peer(&self, peer: Ipv4Addr) -> bool {
        self.peers.as_ref().is_none_or(|peers| {
            peers.pods.contains(&peer) || peers.blocks.iter().any(|block| block.contains(peer))
        })
    }
}

impl Block {
    fn contains(&self, ip: Ipv4Addr) -> bool {
        self.cidr.contains(ip) && !self.except.iter().any(|hole| hole.contains(ip))
    }
}

impl Cidr {
    /// Reads `10.0.0.0/8`. IPv6 ranges are none: there are no such addresses here.
    fn parse(text: &str) -> Option<Self> {
        let (ip, length) = text.split_once('/')?;
        let (ip, length) = (ip.parse::<Ipv4Addr>().ok()?, length.parse::<u32>().ok()?);
        let mask = match length {
            0 => 0,
            1..=32 => u32::MAX << (32 - length),
            _ => return None,
        };
        Some(Self { network: u32::from(ip) & mask, mask })
    }

    fn contains(self, ip: Ipv4Addr) -> bool {
        u32::from(ip) & self.mask == self.network
    }
}
