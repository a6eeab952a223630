//! Which endpoint a connection gets: any, or the one that its client has already.
//!
//! Source: <https://kubernetes.io/docs/reference/networking/virtual-ips/#session-affinity>

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use tokio::time::Instant;

use super::random::Random;
use super::rules::Rule;

/// What iptables' `recent` module remembers: for a virtual IP and port and a client, the endpoint it had last.
#[derive(Debug, Default)]
pub(super) struct Affinity {
    last: HashMap<(SocketAddrV4, Ipv4Addr), (SocketAddrV4, Instant)>,
}

impl Affinity {
    /// The endpoint of a new connection from `client` to `service`; `rule` has at least one.
    ///
    /// Without affinity each is as likely, whatever went before. With it the client's last one is taken again for
    /// as long as it is among the endpoints and each connection follows within the timeout from the one before.
    pub(super) fn choose(
        &mut self,
        service: SocketAddrV4,
        client: Ipv4Addr,
        rule: &Rule,
        now: Instant,
        random: &mut Random,
    ) -> SocketAddrV4 {
        let any = |random: &mut Random| rule.endpoints[random.below(rule.endpoints.len())];
        let Some(timeout) = rule.affinity else { return any(random) };
        let kept = self.last.get(&(service, client)).filter(|(endpoint, since)| {
            rule.endpoints.contains(endpoint) && now.duration_since(*since) < timeout
        });
        let endpoint = kept.map_or_else(|| any(random), |(endpoint, _)| *endpoint);
        self.last.insert((service, client), (endpoint, now));
        endpoint
    }

    /// Keeps only what belongs to `wanted` Services.
    pub(super) fn keep(&mut self, wanted: impl Fn(SocketAddrV4) -> bool) {
        self.last.retain(|(service, _), _| wanted(*service));
    }

    /// A client is gone.
    pub(super) fn forget(&mut self, client: Ipv4Addr) {
        self.last.retain(|(_, of), _| *of != client);
    }
}
