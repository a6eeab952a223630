//! kube-proxy's nftables mode, as `nft list table ip kube-proxy` prints it.
//!
//! ```text
//! map service-ips           VIP . tcp . 80 : goto service-…  ──numgen random mod n vmap──▶ endpoint-… ──▶ dnat
//! map no-endpoint-services  VIP . tcp . 80 : goto reject-chain, or drop (none on this node)
//! set cluster-ips           tells virtual IPs from external ones
//! ```
//!
//! Source: `pkg/proxy/nftables/proxier.go` of Kubernetes 1.34.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use clusterip_domain::rules::{EndpointShare, Protocol, ServiceRule, Verdict};

use super::{protocol, put};

/// Whether this is kube-proxy's nftables table.
#[must_use]
pub fn is_written_in(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "map service-ips {")
}

/// The cluster-IP rules of `nft list table`, of one family or of both printed one after the other.
/// External and load balancer addresses are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<ServiceRule> {
    let mut services = Vec::new();
    let words = words(text);
    let mut rest = words.as_slice();
    // table ip kube-proxy { … }
    while let Some(open) = rest.iter().position(|w| *w == "{") {
        let (body, behind) = block(&rest[open..]);
        Table::read(body).services(&mut services);
        rest = behind;
    }
    services
}

/// Words at blanks, with `{`, `}`, `,` and `;` standing alone and what is in double quotes as one word.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (nth, part) in text.split('"').enumerate() {
        if nth % 2 == 1 {
            words.push(part);
            continue;
        }
        for mut word in part.split_whitespace() {
            while let Some(at) = word.find(['{', '}', ',', ';']) {
                words.extend([&word[..at], &word[at..=at]].into_iter().filter(|w| !w.is_empty()));
                word = &word[at + 1..];
            }
            words.extend(Some(word).filter(|w| !w.is_empty()));
        }
    }
    words
}

/// Splits at the end of the block that `words` begin with: what is between its braces, and what follows.
fn block<'w, 'a>(words: &'w [&'a str]) -> (&'w [&'a str], &'w [&'a str]) {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match *word {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && at > 0 {
            return (&words[1..at], &words[at + 1..]);
        }
    }
    (words.get(1..).unwrap_or_default(), &[])
}

/// The blocks of one table, by name.
#[derive(Default)]
struct Table<'w, 'a> {
    chains: HashMap<&'a str, &'w [&'a str]>,
    maps: HashMap<&'a str, &'w [&'a str]>,
    sets: HashMap<&'a str, &'w [&'a str]>,
}

impl<'w, 'a> Table<'w, 'a> {
    fn read(mut body: &'w [&'a str]) -> Self {
        let mut table = Table::default();
        while let Some(open) = body.iter().position(|w| *w == "{") {
            let (inside, behind) = block(&body[open..]);
            if let [.., kind, name] = body[..open] {
                match kind {
                    "chain" => table.chains.insert(name, inside),
                    "map" => table.maps.insert(name, inside),
                    "set" => table.sets.insert(name, inside),
                    _ => None,
                };
            }
            body = behind;
        }
        table
    }

    fn services(&self, services: &mut Vec<ServiceRule>) {
        let virtual_ips: HashSet<IpAddr> =
            self.elements(&self.sets, "cluster-ips").filter_map(|e| e.first()?.parse().ok()).collect();
        for element in self.elements(&self.maps, "service-ips") {
            if let Some(((cluster_ip, protocol, port), chain)) = entry(element)
                && virtual_ips.contains(&cluster_ip)
                && let Some(verdict) = chain.and_then(|chain| self.balance(chain))
            {
                put(services, ServiceRule { cluster_ip, port, protocol, verdict });
            }
        }
        for element in self.elements(&self.maps, "no-endpoint-services") {
            if let Some(((cluster_ip, protocol, port), chain)) = entry(element)
                && virtual_ips.contains(&cluster_ip)
            {
                let verdict = if chain.is_some() { Verdict::Reject } else { Verdict::Drop };
                put(services, ServiceRule { cluster_ip, port, protocol, verdict });
            }
        }
    }

    /// What is between the braces of `elements = { … }` of a set or map, cut at its commas.
    fn elements<'s>(
        &'s self,
        blocks: &'s HashMap<&'a str, &'w [&'a str]>,
        name: &str,
    ) -> impl Iterator<Item = &'w [&'a str]> + 's {
        let body = blocks.get(name).copied().unwrap_or_default();
        let at = body.windows(3).position(|w| w == ["elements", "=", "{"]);
        let inside = at.map_or(&body[..0], |at| block(&body[at + 2..]).0);
        inside.split(|w| *w == ",").filter(|e| !e.is_empty())
    }

    /// A service's chain draws one number below n and has one endpoint for each.
    fn balance(&self, chain: &str) -> Option<Verdict> {
        let rules = *self.chains.get(chain)?;
        let vmap = rules.iter().position(|w| *w == "vmap")?;
        let choices: Vec<_> =
            block(&rules[vmap + 1..]).0.split(|w| *w == ",").filter(|c| !c.is_empty()).collect();
        let share = 1.0 / f64::from(u32::try_from(choices.len()).ok()?);
        let endpoints = choices
            .into_iter()
            .map(|choice| {
                let to = self.destination(choice.last()?)?;
                Some(EndpointShare { ip: to.ip(), port: to.port(), share })
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Verdict::Balance { endpoints, affinity_seconds: self.affinity(rules) })
    }

    /// `meta l4proto tcp dnat to 10.244.0.5:8080`, with `ip` or `ip6` before `to` in some versions.
    fn destination(&self, chain: &str) -> Option<SocketAddr> {
        let rules = *self.chains.get(chain)?;
        let dnat = rules.iter().position(|w| *w == "dnat")?;
        rules[dnat..].windows(2).find(|w| w[0] == "to")?[1].parse().ok()
    }

    /// The time limit of the set in which a service's chain looks its client up first.
    fn affinity(&self, rules: &[&str]) -> Option<u32> {
        let set = rules.iter().find_map(|w| w.strip_prefix('@').filter(|s| s.starts_with("affinity-")))?;
        let body = *self.sets.get(set)?;
        // `flags dynamic,timeout` says the word too: the duration is what follows and can be read as one.
        body.windows(2).filter(|w| w[0] == "timeout").find_map(|w| seconds(w[1]))
    }
}

/// The key of kube-proxy's verdict maps.
type Front = (IpAddr, Protocol, u16);

/// `10.96.0.1 . tcp . 443 [comment "…"] : goto CHAIN`, or `: drop`, which has no chain.
fn entry<'a>(element: &[&'a str]) -> Option<(Front, Option<&'a str>)> {
    let colon = element.iter().position(|w| *w == ":")?;
    let [ip, ".", transport, ".", port, ..] = element[..colon] else { return None };
    let key = (ip.parse().ok()?, protocol(transport)?, port.parse().ok()?);
    match element[colon + 1..] {
        ["goto", chain] => Some((key, Some(chain))),
        ["drop"] => Some((key, None)),
        _ => None,
    }
}

/// nft's durations: `3h`, `10m40s`, `1d2h`.
fn seconds(duration: &str) -> Option<u32> {
    let mut total = 0_u32;
    let mut number = None::<u32>;
    for c in duration.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
            continue;
        }
        let unit = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    number.is_none().then_some(total).filter(|t| *t > 0)
}
