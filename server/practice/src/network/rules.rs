//! What kube-proxy makes of Services and EndpointSlices.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use clusterip_domain::rules::{EndpointShare, Protocol, ServiceRule, Verdict};
use serde_json::Value;

/// Names the Service of an EndpointSlice.
const SERVICE_NAME: &str = "/metadata/labels/kubernetes.io~1service-name";
/// How long an affinity lasts where nothing is said: three hours.
const DEFAULT_AFFINITY_SECONDS: u64 = 10_800;

/// What happens to new connections to one virtual IP and port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rule {
    /// Sorted; none refuses.
    pub(super) endpoints: Vec<SocketAddrV4>,
    /// `sessionAffinity: ClientIP`: for how long after its last connection a client keeps its endpoint.
    pub(super) affinity: Option<Duration>,
}

/// One rule for each Service port with a virtual IP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    rules: BTreeMap<(SocketAddrV4, Protocol), Rule>,
}

/// Of one Service: its endpoints by port name and protocol, those that are ready and those to fall back to.
#[derive(Debug, Default)]
struct Endpoints {
    ready: BTreeMap<(String, Protocol), BTreeSet<SocketAddrV4>>,
    terminating: BTreeMap<(String, Protocol), BTreeSet<SocketAddrV4>>,
}

impl Rules {
    /// The rules for these Services with these EndpointSlices.
    pub fn new<'a>(
        services: impl IntoIterator<Item = &'a Value>,
        slices: impl IntoIterator<Item = &'a Value>,
    ) -> Self {
        let endpoints = endpoints_by_service(slices);
        let mut rules = BTreeMap::new();
        for service in services {
            let Some(ip) = virtual_ip(service) else { continue };
            let of = endpoints.get(&identity(service));
            for port in service["spec"]["ports"].as_array().into_iter().flatten() {
                let Some(number) = port_number(&port["port"]) else { continue };
                let key = (text(&port["name"]).to_owned(), protocol(port));
                let rule = Rule {
                    endpoints: of.map(|of| of.of_port(&key)).unwrap_or_default(),
                    affinity: affinity(service),
                };
                rules.insert((SocketAddrV4::new(ip, number), key.1), rule);
            }
        }
        Self { rules }
    }

    /// The rule for TCP connections to that virtual IP and port.
    pub(super) fn find(&self, service: SocketAddrV4) -> Option<&Rule> {
        self.rules.get(&(service, Protocol::Tcp))
    }

    /// As it would be read from the kernel.
    pub(super) fn view(&self) -> Vec<ServiceRule> {
        let view = |(&(address, protocol), rule): (&(SocketAddrV4, Protocol), &Rule)| ServiceRule {
            cluster_ip: (*address.ip()).into(),
            port: address.port(),
            protocol,
            verdict: rule.verdict(),
        };
        self.rules.iter().map(view).collect()
    }
}

impl Rule {
    fn verdict(&self) -> Verdict {
        if self.endpoints.is_empty() {
            return Verdict::Reject;
        }
        let share = 1.0 / self.endpoints.len() as f64;
        let endpoint = |address: &SocketAddrV4| EndpointShare {
            ip: (*address.ip()).into(),
            port: address.port(),
            share,
        };
        Verdict::Balance {
            endpoints: self.endpoints.iter().map(endpoint).collect(),
            affinity_seconds: self.affinity.map(|a| u32::try_from(a.as_secs()).unwrap_or(u32::MAX)),
        }
    }
}

impl Endpoints {
    /// The ready ones; where there are none, those that still serve while they terminate.
    /// Source: <https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-to-terminating-endpoints>
    fn of_port(&self, key: &(String, Protocol)) -> Vec<SocketAddrV4> {
        let ready = self.ready.get(key).filter(|ready| !ready.is_empty());
        ready.or_else(|| self.terminating.get(key)).into_iter().flatten().copied().collect()
    }
}

fn endpoints_by_service<'a>(
    slices: impl IntoIterator<Item = &'a Value>,
) -> BTreeMap<(String, String), Endpoints> {
    let mut all: BTreeMap<_, Endpoints> = BTreeMap::new();
    for slice in slices.into_iter().filter(|slice| slice["addressType"] == "IPv4") {
        let Some(service) = slice.pointer(SERVICE_NAME).and_then(Value::as_str) else { continue };
        let key = (text(&slice["metadata"]["namespace"]).to_owned(), service.to_owned());
        let of = all.entry(key).or_default();
        for port in slice["ports"].as_array().into_iter().flatten() {
            let Some(number) = port_number(&port["port"]) else { continue };
            let key = (text(&port["name"]).to_owned(), protocol(port));
            for endpoint in slice["endpoints"].as_array().into_iter().flatten() {
                let Some(ip) = address(endpoint) else { continue };
                let address = SocketAddrV4::new(ip, number);
                if is_ready(endpoint) {
                    of.ready.entry(key.clone()).or_default().insert(address);
                } else if serves_to_the_end(endpoint) {
                    of.terminating.entry(key.clone()).or_default().insert(address);
                }
            }
        }
    }
    all
}

/// Namespace and name.
pub(super) fn identity(object: &Value) -> (String, String) {
    let metadata = &object["metadata"];
    (text(&metadata["namespace"]).to_owned(), text(&metadata["name"]).to_owned())
}

/// The Service's virtual IP, if it has one: a headless one says `None`.
pub(super) fn virtual_ip(service: &Value) -> Option<Ipv4Addr> {
    text(&service["spec"]["clusterIP"]).parse().ok()
}

/// Consumers use the first address only.
pub(super) fn address(endpoint: &Value) -> Option<Ipv4Addr> {
    endpoint["addresses"].get(0)?.as_str()?.parse().ok()
}

/// Absent means ready.
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/>
pub(super) fn is_ready(endpoint: &Value) -> bool {
    endpoint["conditions"]["ready"].as_bool().unwrap_or(true)
}

fn serves_to_the_end(endpoint: &Value) -> bool {
    let conditions = &endpoint["conditions"];
    conditions["serving"].as_bool().unwrap_or(false) && conditions["terminating"].as_bool().unwrap_or(false)
}

fn affinity(service: &Value) -> Option<Duration> {
    let spec = &service["spec"];
    (spec["sessionAffinity"] == "ClientIP").then(|| {
        let seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].as_u64();
        Duration::from_secs(seconds.unwrap_or(DEFAULT_AFFINITY_SECONDS))
    })
}

fn protocol(port: &Value) -> Protocol {
    match port["protocol"].as_str() {
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}

fn port_number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
