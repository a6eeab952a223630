//! Why a call does not arrive: the way of a request, hop by hop, and the misconception behind the first break.
//!
//! ```text
//! name ──▶ virtual IP ──▶ rule ──▶ endpoint ──▶ listener
//!  dns        Service      kernel   selector,     the pod's own socket
//!                                   readiness
//! ```
//!
//! Half of it is read from the [`Snapshot`], half is tried: [`next_probe`] says what to try next, given what was tried
//! already, until nothing more would tell anything; [`diagnose`] says what it all means.
//!
//! Invariants: pure; every hop names the evidence it rests on; what was neither seen nor tried is *unknown*, never
//! *ok*; hops behind the first break are not judged.

mod endpoints;
mod misconception;
mod plan;
mod selector;
mod words;

use std::net::IpAddr;

use serde::Serialize;

use crate::chain::UpstreamUrl;
use crate::ledger::Window;
use crate::probe::{Probed, Tool, Vantage};
use crate::rules::{Protocol, RulesView, Verdict};
use crate::snapshot::{Service, ServicePort, Snapshot};
use crate::traffic::ErrorKind;

pub use misconception::Misconception;
pub use plan::{MAX_WALK, Try, next_probe};
pub use selector::{Near, NearMiss};

/// What is called: a Service's name, short or long, or a virtual IP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// As it is called.
    pub host: String,
    /// The port that is called; the Service's first where none is given.
    pub port: Option<u16>,
}

/// What is called is neither a name nor an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a name nor an address: give a Service's name, such as my-clusterip-service")]
pub struct BadQuestion(pub String);

impl Question {
    /// Checks that it can be called at all.
    ///
    /// # Errors
    /// It is neither a name nor an address.
    pub fn new(host: &str, port: Option<u16>) -> Result<Self, BadQuestion> {
        let host = host.trim();
        let callable = format!("http://{host}").parse::<UpstreamUrl>().is_ok_and(|url| url.host() == host);
        if !callable {
            return Err(BadQuestion(host.chars().take(80).collect()));
        }
        Ok(Self { host: host.to_owned(), port: port.filter(|port| *port > 0) })
    }
}

/// All that a diagnosis looks at.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The namespace now.
    pub snapshot: &'a Snapshot,
    /// What is called.
    pub question: &'a Question,
    /// What this walk has tried so far.
    pub tried: &'a [Probed],
    /// What the student tried before.
    pub before: &'a [Probed],
    /// The load that runs, or ran last.
    pub window: Option<&'a Window>,
}

impl<'a> Case<'a> {
    /// The Service that is called, if it is there.
    fn service(&self) -> Option<&'a Service> {
        let host = self.question.host.as_str();
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.snapshot.services.iter().find(|s| s.cluster_ip == Some(ip));
        }
        let url: UpstreamUrl = format!("http://{host}").parse().ok()?;
        self.snapshot.service(url.service_in(self.snapshot.namespace.as_str())?)
    }

    /// The port that is called.
    fn port(&self) -> u16 {
        let first = || self.service().and_then(|s| s.ports.first()).map(|p| p.port);
        self.question.port.or_else(first).unwrap_or(80)
    }

    /// What the Service has at that port.
    fn service_port(&self) -> Option<&'a ServicePort> {
        self.service()?.ports.iter().find(|p| p.port == self.port())
    }

    /// What came of a try.
    fn outcome(&self, from: Vantage, tool: Tool, host: &str, port: u16) -> Option<&'a Probed> {
        self.tried
            .iter()
            .find(|p| p.from == from && p.tool == tool && p.target.host == host && p.target.port == port)
    }
}

/// The stations of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Station {
    /// The name resolves.
    Name,
    /// The Service has an address, and the port that is called.
    VirtualIp,
    /// The node's kernel knows what to do with it.
    Rule,
    /// There is a pod to send it to.
    Endpoint,
    /// The pod takes the connection.
    Listener,
}

/// How it is at a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The request gets past it.
    Ok,
    /// It ends here.
    Broken,
    /// Nothing was seen or tried that would tell.
    Unknown,
    /// It does not come so far.
    NotReached,
}

/// One station, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// Which.
    pub station: Station,
    /// How it is there.
    pub state: State,
    /// What was seen or tried.
    pub evidence: Evidence,
}

/// What was seen or tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "saw")]
pub enum Evidence {
    /// Nothing.
    Nothing,
    /// It is called by its address.
    CalledByAddress,
    /// The name has these addresses.
    Resolves {
        /// At least one.
        addresses: Vec<IpAddr>,
    },
    /// The name has none.
    NoSuchName {
        /// The name.
        host: String,
    },
    /// Its Service is in a namespace that is not watched.
    Elsewhere,
    /// The Service has this virtual IP and the port that is called.
    HasAddress {
        /// The virtual IP.
        ip: IpAddr,
        /// The port.
        port: u16,
        /// Where the port leads.
        target_port: String,
    },
    /// The Service has no virtual IP.
    NoVirtualIp,
    /// The Service has other ports.
    OtherPorts {
        /// What is called.
        asked: u16,
        /// What there is.
        ports: Vec<u16>,
    },
    /// The kernel's rules cannot be read.
    RulesUnreadable,
    /// The kernel has no rule for it.
    NoRule,
    /// The kernel spreads it over this many endpoints.
    RuleBalances {
        /// How many.
        endpoints: usize,
    },
    /// The kernel refuses it.
    RuleRefuses,
    /// The Service has a selector that is empty.
    NoSelector,
    /// There are no pods.
    NoPods,
    /// The selector matches none of the pods.
    NothingSelected {
        /// `key=value`, one a pair.
        selector: Vec<String>,
        /// How many pods there are.
        pods: usize,
    },
    /// The port is a name that none of the selected pods has.
    NoSuchPortName {
        /// The name.
        name: String,
        /// The names that there are.
        names: Vec<String>,
    },
    /// Pods are selected, and none is ready.
    NoneReady {
        /// Pod names, each with the reason it waits, if it says one.
        pods: Vec<(String, Option<String>)>,
    },
    /// There are endpoints.
    Endpoints {
        /// Those that take new connections.
        ready: usize,
        /// All.
        all: usize,
    },
    /// A pod answered.
    Answered {
        /// Which.
        pod: String,
    },
    /// A pod did not.
    Unanswered {
        /// Which.
        pod: String,
        /// Where it was called.
        address: String,
        /// How it failed.
        error: ErrorKind,
    },
}

/// What is behind the break, or behind what the student sees although nothing is broken.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// Its stable code, words and link.
    pub misconception: Misconception,
    /// Whether the evidence leaves no other explanation.
    pub certain: bool,
    /// The pod's labels that come nearest, where the selector matches none.
    pub near: Option<NearMiss>,
    /// What is meant, where it was found: a full name, a port, a pod.
    pub instead: Option<String>,
}

/// What [`diagnose`] says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// What is called.
    pub question: Question,
    /// The stations in order.
    pub hops: Vec<Hop>,
    /// Why.
    pub cause: Option<Cause>,
}

impl Diagnosis {
    /// The station at which the request ends.
    #[must_use]
    pub fn broken_at(&self) -> Option<Station> {
        self.hops.iter().find(|h| h.state == State::Broken).map(|h| h.station)
    }
}

impl Cause {
    fn certain(misconception: Misconception) -> Self {
        Self { misconception, certain: true, near: None, instead: None }
    }

    fn instead(self, instead: Option<String>) -> Self {
        Self { instead, ..self }
    }
}

/// A station as it is judged, before it is known whether the request comes so far.
type Judged = (State, Evidence, Option<Cause>);
type Judge = fn(&Case<'_>) -> Judged;

/// Walks the way of a request, up to the first break.
#[must_use]
pub fn diagnose(case: &Case<'_>) -> Diagnosis {
    let stations: [(Station, Judge); 5] = [
        (Station::Name, name),
        (Station::VirtualIp, virtual_ip),
        (Station::Rule, rule),
        (Station::Endpoint, endpoints::endpoint),
        (Station::Listener, endpoints::listener),
    ];
    let (mut hops, mut cause, mut broken) = (Vec::new(), None, false);
    for (station, judge) in stations {
        if broken {
            hops.push(Hop { station, state: State::NotReached, evidence: Evidence::Nothing });
            continue;
        }
        let (state, evidence, why) = judge(case);
        broken = state == State::Broken;
        cause = cause.or(why);
        hops.push(Hop { station, state, evidence });
    }
    let cause = cause.or_else(|| if broken { None } else { misconception::though_it_works(case) });
    Diagnosis { question: case.question.clone(), hops, cause }
}

fn name(case: &Case<'_>) -> Judged {
    let host = &case.question.host;
    if host.parse::<IpAddr>().is_ok() {
        return (State::Ok, Evidence::CalledByAddress, None);
    }
    let Some(asked) = case.outcome(Vantage::Client, Tool::Dns, host, 0) else {
        return (State::Unknown, Evidence::Nothing, None);
    };
    if asked.report.ok {
        return (State::Ok, Evidence::Resolves { addresses: asked.report.addresses.clone() }, None);
    }
    let cause = match case.service() {
        // Without ready pods, a headless name has no records.
        Some(service) => service.headless.then(|| Cause::certain(Misconception::Headless)),
        None => Some(plan::elsewhere(case).map_or_else(
            || {
                let names = case.snapshot.services.iter().map(|s| s.name.as_str());
                Cause::certain(Misconception::NoSuchService).instead(selector::nearest(host, names))
            },
            |full| Cause::certain(Misconception::OtherNamespace).instead(Some(full)),
        )),
    };
    (State::Broken, Evidence::NoSuchName { host: host.clone() }, cause)
}

fn virtual_ip(case: &Case<'_>) -> Judged {
    let Some(service) = case.service() else {
        return match case.question.host.parse::<IpAddr>() {
            // An address that no Service of the namespace has.
            Ok(_) => {
                (State::Broken, Evidence::NoVirtualIp, Some(Cause::certain(Misconception::NoSuchService)))
            }
            Err(_) => (State::Unknown, Evidence::Elsewhere, None),
        };
    };
    let Some(ip) = service.cluster_ip else {
        let cause = service.headless.then(|| Cause::certain(Misconception::Headless));
        return (State::Broken, Evidence::NoVirtualIp, cause);
    };
    match case.service_port() {
        Some(found) => {
            let (port, target_port) = (found.port, found.target_port.clone());
            (State::Ok, Evidence::HasAddress { ip, port, target_port }, None)
        }
        None => {
            let ports: Vec<u16> = service.ports.iter().map(|p| p.port).collect();
            let instead = ports.first().map(ToString::to_string);
            let cause = Cause::certain(Misconception::NoSuchPort).instead(instead);
            (State::Broken, Evidence::OtherPorts { asked: case.port(), ports }, Some(cause))
        }
    }
}

fn rule(case: &Case<'_>) -> Judged {
    let Some(ip) = case.service().and_then(|s| s.cluster_ip) else {
        return (State::Unknown, Evidence::Elsewhere, None);
    };
    let RulesView::Read { nodes, .. } = &case.snapshot.rules else {
        return (State::Unknown, Evidence::RulesUnreadable, None);
    };
    let found = nodes.iter().find_map(|node| node.find(ip, case.port(), Protocol::Tcp));
    match found.map(|rule| &rule.verdict) {
        None => (State::Broken, Evidence::NoRule, None),
        Some(Verdict::Balance { endpoints, .. }) => {
            (State::Ok, Evidence::RuleBalances { endpoints: endpoints.len() }, None)
        }
        // It does what it was told: the break is that there is no endpoint.
        Some(Verdict::Reject | Verdict::Drop) => (State::Ok, Evidence::RuleRefuses, None),
    }
}

#[cfg(test)]
mod tests;
