//! From what a button says ("to the Service's virtual IP") to an address and a bounded load.

use clusterip_domain::lab::Destination;
use clusterip_domain::ledger::{Target, TargetKind};
use clusterip_domain::snapshot::{Pod, PodState, Service};
use clusterip_domain::traffic::{Connections, LoadOutOfBounds, LoadSpec, MAX_REQUESTS};

use super::state::RunState;

/// How long a load lasts if nobody stops it, in seconds.
const LOAD_SECONDS: u32 = 900;
/// How long a request may take, in milliseconds.
const REQUEST_TIMEOUT_MS: u32 = 2000;
/// The port of a pod that declares none: the lab backend's.
pub(super) const BACKEND_PORT: u16 = 8080;
/// The port of a Service of which nothing is known.
pub(super) const HTTP: u16 = 80;

/// What a student asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where to.
    pub to: Destination,
    /// Requests a second.
    pub rate_per_second: u32,
    /// How requests share connections.
    pub connections: Connections,
}

/// An order with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aim {
    /// What the ledger calls it.
    pub target: Target,
    /// What the client is told.
    pub spec: LoadSpec,
}

/// Why an order has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AimError {
    /// The namespace is being prepared or cleared: what is in it now is not to be called.
    #[error("the lab is still being prepared")]
    Preparing,
    /// There is no pod to send to.
    #[error("no pod is Ready")]
    NoReadyPod,
    /// There is no such Service, and there never was one.
    #[error("there is no Service {0}")]
    NoService(String),
    /// The Service has no virtual IP.
    #[error("Service {0} has no virtual IP")]
    NoVirtualIp(String),
    /// The Service has no port.
    #[error("Service {0} has no port")]
    NoPort(String),
    /// From outside only a Service's virtual IP and its name are tried, and in a pod itself only that pod.
    #[error(
        "from outside only a Service can be tried: its virtual IP by HTTP or TCP, its name by DNS; \
         and in a pod only itself, by HTTP or TCP"
    )]
    NotFromThere,
}

impl Order {
    /// Checks the bounds of rate and connections.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn validate(&self) -> Result<(), LoadOutOfBounds> {
        self.spec("x", 1).validate()
    }

    fn spec(&self, host: &str, port: u16) -> LoadSpec {
        LoadSpec {
            host: host.into(),
            port,
            connections: self.connections,
            rate_per_second: self.rate_per_second,
            max_requests: MAX_REQUESTS,
            max_seconds: LOAD_SECONDS,
            timeout_ms: REQUEST_TIMEOUT_MS,
        }
    }

    /// Finds the address. A virtual IP that is gone keeps its address while traffic goes there, so that its silence
    /// can be seen.
    ///
    /// # Errors
    /// What is missing.
    pub fn aim(&self, state: &RunState) -> Result<Aim, AimError> {
        if state.is_waiting() {
            return Err(AimError::Preparing);
        }
        let target = match &self.to {
            Destination::PodIp => to_pod(state)?,
            Destination::VirtualIp { service, port } => to_virtual_ip(state, service, *port)?,
            Destination::DnsName { service, port } => to_name(state, service, *port)?,
            Destination::NeighbourName { service, port } => to_neighbour(state, service, *port),
        };
        let spec = self.spec(&target.host, target.port);
        Ok(Aim { target, spec })
    }
}

fn to_pod(state: &RunState) -> Result<Target, AimError> {
    let ready = |p: &&Pod| p.state == PodState::Ready && p.ip.is_some();
    let noted = |p: &&Pod| state.noted().iter().any(|n| Some(n.ip) == p.ip);
    let snapshot = state.snapshot();
    // The pod that traffic goes to already is kept: changing the rate does not change the pod.
    let dialled = state.window().filter(|w| w.running && w.target.kind == TargetKind::PodIp);
    if let Some(window) = dialled {
        return Ok(window.target.clone());
    }
    let pod = snapshot.workloads().filter(ready).find(noted).or_else(|| snapshot.workloads().find(ready));
    let (pod, ip) = pod.and_then(|p| Some((p, p.ip?))).ok_or(AimError::NoReadyPod)?;
    Ok(Target {
        kind: TargetKind::PodIp,
        name: pod.name.clone(),
        host: ip.to_string(),
        port: pod.ports.first().map_or(BACKEND_PORT, |p| p.port),
    })
}

fn to_virtual_ip(state: &RunState, name: &str, port: Option<u16>) -> Result<Target, AimError> {
    let before = state.window().filter(|w| w.target.kind == TargetKind::VirtualIp && w.target.name == name);
    match (state.snapshot().service(name), before) {
        (Some(service), _) => {
            let ip = service.cluster_ip.ok_or_else(|| AimError::NoVirtualIp(name.into()))?;
            let port = port.map_or_else(|| first_port(service), Ok)?;
            Ok(Target { kind: TargetKind::VirtualIp, name: name.into(), host: ip.to_string(), port })
        }
        (None, Some(window)) => Ok(window.target.clone()),
        (None, None) => Err(AimError::NoService(name.into())),
    }
}

/// With a port the name is called whether there is such a Service or not: that a name does not resolve is something
/// to be seen.
fn to_name(state: &RunState, name: &str, port: Option<u16>) -> Result<Target, AimError> {
    let port = match (port, state.snapshot().service(name)) {
        (Some(port), _) => port,
        (None, Some(service)) => first_port(service)?,
        (None, None) => state
            .window()
            .filter(|w| w.target.name == name)
            .map(|w| w.target.port)
            .ok_or_else(|| AimError::NoService(name.into()))?,
    };
    Ok(Target { kind: TargetKind::DnsName, name: name.into(), host: name.into(), port })
}

/// The neighbour's namespace is not watched: what is not said about its Service is taken for usual.
fn to_neighbour(state: &RunState, name: &str, port: Option<u16>) -> Target {
    let host = format!("{name}.{}", state.snapshot().namespace.neighbour());
    Target { kind: TargetKind::DnsName, name: host.clone(), host, port: port.unwrap_or(HTTP) }
}

fn first_port(service: &Service) -> Result<u16, AimError> {
    service.ports.first().map(|p| p.port).ok_or_else(|| AimError::NoPort(service.name.clone()))
}
