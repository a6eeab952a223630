//! The picture, as numbers and words: where everything stands and what it says. Drawn by one template for the
//! live page, the page without JavaScript and the exported picture.
//!
//! ```text
//! client ──▶ Service (an address, no body) ──▶ pods      wide: left to right
//!                                                        tall: top to bottom
//! ```
//!
//! Where pods ask an upstream, its Service and its pods make a band of their own below ([`bands`]).
//!
//! Invariants: nothing is in it that was not observed. Objects keep their places and hues while others come and
//! go ([`Places`]). What the traffic goes to stays in the picture as a ghost after it is gone, because a request
//! to an address nobody has any more is what is to be seen.

mod bands;
mod edges;
mod layout;
mod places;
mod pods;
mod tiers;

use std::net::IpAddr;

use serde::Serialize;

use crate::ledger::{TargetKind, Window};
use crate::rules::{RulesView, Verdict};
use crate::snapshot::{Endpoint, PodState, Service, Snapshot};

use pods::{ghost, living};
use tiers::Tiers;

pub use layout::{Frame, Shape, vacant};
pub use places::{HUES, Place, Places};
pub use pods::load;

/// The whole picture in one shape. Lengths are in SVG user units.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagram {
    /// Wide or tall.
    pub shape: Shape,
    /// Width of the view box.
    pub width: f64,
    /// Height of the view box.
    pub height: f64,
    /// The client; `None` until its pod was seen.
    pub client: Option<ClientBox>,
    /// Services, and the ghost of one.
    pub services: Vec<ServiceBox>,
    /// Pods, and the ghost of one.
    pub pods: Vec<PodBox>,
    /// Who reaches whom.
    pub edges: Vec<Edge>,
}

/// The lab's client pod.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientBox {
    /// Where.
    pub frame: Frame,
    /// Pod name.
    pub name: String,
    /// Pod IP.
    pub ip: Option<IpAddr>,
    /// State.
    pub state: PodState,
}

/// A Service: drawn as an address without a body.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceBox {
    /// Where.
    pub frame: Frame,
    /// Tier, from 0, the nearest to the client.
    pub tier: usize,
    /// Name.
    pub name: String,
    /// The virtual IP.
    pub virtual_ip: Option<String>,
    /// `80 → 8080`, one a port.
    pub ports: Vec<PortLine>,
    /// `app=myapp`, one a pair.
    pub selector: Vec<String>,
    /// Endpoints that take new connections.
    pub ready: usize,
    /// All endpoints.
    pub endpoints: usize,
    /// What the node's kernel does.
    pub rule: Rule,
    /// It is gone, and traffic still goes to its address.
    pub ghost: bool,
}

/// A Service port and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortLine {
    /// The Service's.
    pub port: u16,
    /// The backend's.
    pub target_port: String,
}

/// What a kernel does with a new connection to the virtual IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "does")]
pub enum Rule {
    /// The rules cannot be read, or were not yet.
    Unknown,
    /// No rule for this address.
    Absent,
    /// Spreads over this many endpoints.
    Balances {
        /// How many.
        endpoints: usize,
    },
    /// Refuses.
    Rejects,
}

/// A pod with its three truths: label match, EndpointSlice conditions, kernel rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodBox {
    /// Where.
    pub frame: Frame,
    /// Tier, from 0, the nearest to the client.
    pub tier: usize,
    /// Row of its tier, from 0; rows may be empty.
    pub row: usize,
    /// Number of its hue, 0 to [`HUES`]` - 1`, its own for life.
    pub hue: usize,
    /// UID.
    pub uid: String,
    /// Full name.
    pub name: String,
    /// The end of its name, which tells it from its siblings.
    pub short_name: String,
    /// Pod IP.
    pub ip: Option<IpAddr>,
    /// State.
    pub state: PodState,
    /// Why it waits, as the kubelet words it.
    pub reason: Option<String>,
    /// The image's tag: `v1`.
    pub version: String,
    /// Labels, `key=value`.
    pub labels: Vec<String>,
    /// Whether some Service's selector matches its labels.
    pub selected: bool,
    /// Its conditions in the EndpointSlice, if it is an endpoint.
    pub endpoint: Option<Endpoint>,
    /// The share of new connections that the kernel's rule gives it, 0 to 1.
    pub rule_share: Option<f64>,
    /// The student noted its IP.
    pub noted: bool,
    /// It is gone, and traffic still goes to its IP.
    pub ghost: bool,
    /// Its part of the traffic now.
    pub load: Load,
}

/// A pod's part of the window's traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// Answers.
    pub answered: u64,
    /// Of all answers, 0 to 1.
    pub share: f64,
    /// The band that chance allows, 0 to 1; `None` where chance does not choose (keep-alive, a pod IP, a pod that
    /// is no ready endpoint).
    pub band: Option<(f64, f64)>,
}

/// A way from one box to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Edge {
    /// Stable: `client-service:NAME`, `service:NAME-pod:UID`, `client-pod:UID`, `pod:UID-service:NAME`.
    pub id: String,
    /// SVG path data.
    pub path: String,
    /// What it says.
    pub kind: EdgeKind,
    /// The hue of the pod at its end.
    pub hue: Option<usize>,
    /// Traffic goes along it now.
    pub active: bool,
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EdgeKind {
    /// The client knows the Service's address.
    ClientToService,
    /// The pod takes new connections.
    Ready,
    /// The pod finishes what it has, and gets nothing new.
    Draining,
    /// The pod is an endpoint that is not ready: nothing comes this way.
    NotReady,
    /// The client goes to a pod directly.
    ClientToPod,
    /// The pod asks the Service for each request it gets.
    PodToService,
    /// The way leads nowhere.
    Dead,
}

impl Diagram {
    /// Draws what is known, in one shape.
    #[must_use]
    pub fn of(
        snapshot: &Snapshot,
        places: &Places,
        window: Option<&Window>,
        noted: &[IpAddr],
        shape: Shape,
    ) -> Self {
        let running = window.filter(|w| w.running);
        let services = services(snapshot, running);
        let pods: Vec<PodBox> = places
            .iter()
            .map(|place| match snapshot.workloads().find(|p| p.uid == place.uid) {
                Some(pod) => living(pod, place, snapshot, window, noted),
                None => ghost(place, noted),
            })
            .collect();
        let client = snapshot.client().map(|pod| ClientBox {
            frame: Frame::default(),
            name: pod.name.clone(),
            ip: pod.ip,
            state: pod.state,
        });
        let edges = edges::edges(snapshot, client.is_some(), &services, &pods, running);
        let mut diagram = Self { shape, width: 0.0, height: 0.0, client, services, pods, edges };
        layout::lay_out(&mut diagram);
        diagram
    }

    /// How many tiers there are: one, unless pods ask an upstream.
    #[must_use]
    pub fn tiers(&self) -> usize {
        self.services.iter().map(|s| s.tier + 1).max().unwrap_or(1)
    }
}

fn services(snapshot: &Snapshot, running: Option<&Window>) -> Vec<ServiceBox> {
    let tiers = Tiers::of(snapshot);
    let mut boxes: Vec<ServiceBox> =
        snapshot.services.iter().map(|s| service_box(snapshot, s, &tiers)).collect();
    let dead = running.filter(|w| {
        w.target.kind != TargetKind::PodIp
            && snapshot.service(&w.target.name).is_none_or(|s| !has_address(s, w))
    });
    if let Some(window) = dead {
        boxes.push(ServiceBox {
            frame: Frame::default(),
            tier: 0,
            name: window.target.name.clone(),
            virtual_ip: Some(window.target.host.clone()),
            ports: vec![],
            selector: vec![],
            ready: 0,
            endpoints: 0,
            rule: Rule::Absent,
            ghost: true,
        });
    }
    boxes
}

fn has_address(service: &Service, window: &Window) -> bool {
    window.target.kind == TargetKind::DnsName
        || service.cluster_ip.is_some_and(|ip| ip.to_string() == window.target.host)
}

fn service_box(snapshot: &Snapshot, service: &Service, tiers: &Tiers) -> ServiceBox {
    ServiceBox {
        frame: Frame::default(),
        tier: tiers.service(&service.name),
        name: service.name.clone(),
        virtual_ip: service.cluster_ip.map(|ip| ip.to_string()),
        ports: service
            .ports
            .iter()
            .map(|p| PortLine { port: p.port, target_port: p.target_port.clone() })
            .collect(),
        selector: service.selector.iter().map(|(k, v)| format!("{k}={v}")).collect(),
        ready: snapshot.endpoints(&service.name).filter(|e| e.ready).count(),
        endpoints: snapshot.endpoints(&service.name).count(),
        rule: rule_of(&snapshot.rules, service),
        ghost: false,
    }
}

fn rule_of(rules: &RulesView, service: &Service) -> Rule {
    let RulesView::Read { nodes, .. } = rules else { return Rule::Unknown };
    let found = nodes.iter().flat_map(|n| &n.services).find(|r| Some(r.cluster_ip) == service.cluster_ip);
    match found.map(|r| &r.verdict) {
        None => Rule::Absent,
        Some(Verdict::Balance { endpoints, .. }) => Rule::Balances { endpoints: endpoints.len() },
        Some(Verdict::Reject | Verdict::Drop) => Rule::Rejects,
    }
}

#[cfg(test)]
mod tests;
