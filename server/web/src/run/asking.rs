//! Questions to the network on behalf of a run: where a probe goes, and who asks.
//!
//! Invariants: a run asks one question at a time ([`RunHandle::turn`]); from outside nothing is dialled but a
//! Service's own virtual IP, and no name is looked up but a Service's own; on a simulated cluster neither is.

use std::net::{IpAddr, SocketAddr};

use clusterip_cluster::traffic::{TrafficError, probe};
use clusterip_domain::diagnosis::{Case, Diagnosis, Question, Try, diagnose, next_probe};
use clusterip_domain::lab::Destination;
use clusterip_domain::ledger::{Target, TargetKind};
use clusterip_domain::probe::{PROBE_MS, Probe, ProbeReport, ProbeSpec, Probed, Tool, Vantage};
use clusterip_domain::snapshot::{Pod, PodState, Service};
use clusterip_domain::traffic::ErrorKind;
use kube::Client;

use super::destination::{AimError, BACKEND_PORT, HTTP};
use super::{RunHandle, RunView};

/// How long each try of a diagnosis may take, in milliseconds: within a cluster an answer takes a few.
const TRY_MS: u32 = 1000;

/// Who asks: a run, on its cluster.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The cluster.
    pub client: &'a Client,
    /// Whether its network is inside this process, without a way in.
    pub simulated: bool,
    /// The run.
    pub run: &'a RunHandle,
}

impl Asking<'_> {
    /// Tries once.
    ///
    /// # Errors
    /// There is no way to the pod that asks.
    pub async fn ask(&self, attempt: Try) -> Result<Probed, TrafficError> {
        self.within(attempt, PROBE_MS).await
    }

    async fn within(&self, (from, tool, target): Try, timeout_ms: u32) -> Result<Probed, TrafficError> {
        let namespace = &self.run.namespace;
        let report = match from {
            Vantage::Client => {
                let (host, port) = (target.host.clone(), target.port);
                let spec = ProbeSpec { tool, host, port, timeout_ms };
                probe::from_client(self.client, namespace, &spec).await?
            }
            Vantage::Outside => self.outside(tool, &target).await,
            Vantage::Itself => probe::itself(self.client, namespace, &target.host, target.port).await?,
        };
        Ok(Probed { from, tool, target, report })
    }

    /// The practice cluster's network has no outside: nothing is dialled, and the report says so.
    async fn outside(&self, tool: Tool, target: &Target) -> ProbeReport {
        let untried = |error| ProbeReport { tried: false, ..ProbeReport::failed(error) };
        match (tool, target.host.parse::<IpAddr>()) {
            (Tool::Dns, _) if self.simulated => untried(ErrorKind::Dns),
            (Tool::Dns, _) => probe::name_from_outside(&target.host).await,
            (_, Ok(ip)) if !self.simulated => {
                probe::from_outside(tool, SocketAddr::new(ip, target.port)).await
            }
            _ => untried(ErrorKind::NoRoute),
        }
    }

    /// Walks the way of a request and says where it breaks.
    ///
    /// # Errors
    /// There is no way to a pod that asks.
    pub async fn diagnose(&self, question: &Question) -> Result<Diagnosis, TrafficError> {
        let mut tried = Vec::new();
        loop {
            let view = self.run.view();
            let case = Case {
                snapshot: &view.snapshot,
                question,
                tried: &tried,
                before: &view.probes,
                window: view.window.as_ref(),
            };
            let Some(next) = next_probe(&case) else { return Ok(diagnose(&case)) };
            tried.push(self.within(next, TRY_MS).await?);
        }
    }
}

/// Finds the address of a probe.
///
/// # Errors
/// What is missing, or that it cannot be asked from there.
pub fn aim(view: &RunView, probe: &Probe) -> Result<Try, AimError> {
    let connects = matches!(probe.tool, Tool::Http | Tool::Tcp);
    let reachable = match probe.from {
        Vantage::Client => true,
        Vantage::Outside => match &probe.to {
            Destination::VirtualIp { .. } => connects,
            Destination::DnsName { service, .. } => {
                probe.tool == Tool::Dns && view.snapshot.service(service).is_some()
            }
            _ => false,
        },
        Vantage::Itself => connects && probe.to == Destination::PodIp,
    };
    if !reachable {
        return Err(AimError::NotFromThere);
    }
    let (target, own) = match &probe.to {
        Destination::PodIp => (pod(view)?, None),
        Destination::VirtualIp { service, port } => (virtual_ip(view, service)?, *port),
        Destination::DnsName { service, port } => {
            let first = view.snapshot.service(service).and_then(first_port);
            (name(service, service.clone(), first), *port)
        }
        Destination::NeighbourName { service, port } => {
            let host = format!("{service}.{}", view.snapshot.namespace.neighbour());
            (name(&host, host.clone(), None), *port)
        }
    };
    let port = if connects { probe.port.or(own).unwrap_or(target.port) } else { 0 };
    // The way to a pod's own loopback is by its name.
    let host = if probe.from == Vantage::Itself { target.name.clone() } else { target.host };
    Ok((probe.from, probe.tool, Target { port, host, ..target }))
}

fn pod(view: &RunView) -> Result<Target, AimError> {
    let ready = |p: &&Pod| p.state == PodState::Ready && p.ip.is_some();
    let noted = |p: &&Pod| view.noted.iter().any(|n| Some(n.ip) == p.ip);
    let pods = || view.snapshot.workloads().filter(ready);
    let pod = pods().find(noted).or_else(|| pods().next()).ok_or(AimError::NoReadyPod)?;
    let ip = pod.ip.ok_or(AimError::NoReadyPod)?;
    let port = pod.ports.first().map_or(BACKEND_PORT, |p| p.port);
    Ok(Target { kind: TargetKind::PodIp, name: pod.name.clone(), host: ip.to_string(), port })
}

/// A Service that is gone keeps the address at which it was called last.
fn virtual_ip(view: &RunView, service: &str) -> Result<Target, AimError> {
    let (kind, name) = (TargetKind::VirtualIp, service.to_owned());
    if let Some(found) = view.snapshot.service(service) {
        let ip = found.cluster_ip.ok_or_else(|| AimError::NoVirtualIp(name.clone()))?;
        let port = first_port(found).unwrap_or(HTTP);
        return Ok(Target { kind, name, host: ip.to_string(), port });
    }
    let called = view.window.as_ref().map(|w| &w.target);
    let called = called.filter(|t| t.kind == kind && t.name == service);
    called.cloned().ok_or(AimError::NoService(name))
}

fn name(service: &str, host: String, port: Option<u16>) -> Target {
    Target { kind: TargetKind::DnsName, name: service.to_owned(), host, port: port.unwrap_or(HTTP) }
}

fn first_port(service: &Service) -> Option<u16> {
    service.ports.first().map(|p| p.port)
}
