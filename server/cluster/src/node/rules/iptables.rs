//! kube-proxy's iptables mode, as `iptables-save` prints it.
//!
//! ```text
//! nat     KUBE-SERVICES ──-d VIP --dport──▶ KUBE-SVC-… ──--probability──▶ KUBE-SEP-… ──▶ DNAT
//! filter  KUBE-SERVICES ──-d VIP --dport──▶ REJECT (no endpoints) or DROP (none on this node)
//! ```
//!
//! Source: `pkg/proxy/iptables/proxier.go` of Kubernetes 1.34.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use clusterip_domain::rules::{EndpointShare, ServiceRule, Verdict};

use super::{protocol, put};

/// The chain that kube-proxy hooks in, of both tables.
const SERVICES: &str = "KUBE-SERVICES";

/// Whether this is a text of `iptables-save` from a node on which kube-proxy writes iptables.
#[must_use]
pub fn is_written_in(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(":KUBE-SERVICES ") || line.starts_with("-A KUBE-SERVICES "))
}

/// The cluster-IP rules of `iptables-save -t nat` and `iptables-save -t filter`, one after the other, in either
/// order and for both address families at once. External and load balancer addresses are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<ServiceRule> {
    let chains = chains(text);
    let mut services = Vec::new();
    for rule in chains.get(SERVICES).into_iter().flatten() {
        if let Some(service) = service(rule, &chains) {
            put(&mut services, service);
        }
    }
    services
}

type Chains<'a> = HashMap<&'a str, Vec<Rule<'a>>>;

/// The rules of every `KUBE-` chain, in order. The two tables share only the name of [`SERVICES`].
fn chains(text: &str) -> Chains<'_> {
    let mut chains = Chains::new();
    for line in text.lines().map(str::trim) {
        let Some((chain, options)) = line.strip_prefix("-A ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        if chain.starts_with("KUBE-") {
            chains.entry(chain).or_default().push(Rule { words: words(options) });
        }
    }
    chains
}

/// One `-A` line behind its chain's name.
struct Rule<'a> {
    words: Vec<&'a str>,
}

impl<'a> Rule<'a> {
    /// What follows `option`, unless the option is negated with `!`.
    fn value(&self, option: &str) -> Option<&'a str> {
        let at = self.words.iter().position(|w| *w == option)?;
        let negated = at > 0 && self.words[at - 1] == "!";
        self.words.get(at + 1).copied().filter(|_| !negated)
    }

    fn has(&self, option: &str) -> bool {
        self.words.contains(&option)
    }
}

/// Words at blanks; what is in double quotes is one word (kube-proxy's comments hold no escaped quote).
fn words(options: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (nth, part) in options.split('"').enumerate() {
        if nth % 2 == 1 {
            words.push(part);
        } else {
            words.extend(part.split_whitespace());
        }
    }
    words
}

fn service(rule: &Rule<'_>, chains: &Chains<'_>) -> Option<ServiceRule> {
    let target = rule.value("-j")?;
    let verdict = match target {
        "REJECT" => Verdict::Reject,
        "DROP" => Verdict::Drop,
        // KUBE-SVL: `internalTrafficPolicy: Local`. KUBE-EXT and KUBE-FW are for addresses from outside.
        chain if chain.starts_with("KUBE-SVC-") || chain.starts_with("KUBE-SVL-") => balance(chain, chains)?,
        _ => return None,
    };
    Some(ServiceRule {
        cluster_ip: address(rule.value("-d")?)?,
        port: rule.value("--dport")?.parse().ok()?,
        protocol: protocol(rule.value("-p")?)?,
        verdict,
    })
}

/// `10.96.0.1/32`, `fd00::1/128` or the bare address.
fn address(given: &str) -> Option<IpAddr> {
    let (ip, length) = given.split_once('/').unwrap_or((given, ""));
    let ip: IpAddr = ip.parse().ok()?;
    let whole = if ip.is_ipv4() { "32" } else { "128" };
    (length.is_empty() || length == whole).then_some(ip)
}

/// Walks a service's chain as a new connection does: each rule takes its part of what the ones before it left.
fn balance(chain: &str, chains: &Chains<'_>) -> Option<Verdict> {
    let mut left = 1.0_f64;
    let mut endpoints = Vec::new();
    let mut affinity_seconds = None;
    for rule in chains.get(chain)? {
        let Some(target) = rule.value("-j").filter(|t| t.starts_with("KUBE-SEP-")) else { continue };
        if rule.has("--rcheck") {
            affinity_seconds = rule.value("--seconds").and_then(|s| s.parse().ok());
            continue;
        }
        let taken = match rule.value("--probability") {
            Some(probability) => left * probability.parse::<f64>().ok()?,
            None => left,
        };
        left -= taken;
        let to = destination(target, chains)?;
        endpoints.push(EndpointShare { ip: to.ip(), port: to.port(), share: taken });
    }
    (!endpoints.is_empty()).then_some(Verdict::Balance { endpoints, affinity_seconds })
}

/// Where an endpoint's chain rewrites the destination to.
fn destination(chain: &str, chains: &Chains<'_>) -> Option<SocketAddr> {
    chains.get(chain)?.iter().find_map(|rule| rule.value("--to-destination"))?.parse().ok()
}
