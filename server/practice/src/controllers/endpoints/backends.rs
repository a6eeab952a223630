//! A Service's pods, and the ports they are reached on.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::controllers::objects::{has_ended, is_pod_ready};
use crate::store::object::is_deleting;

/// A pod behind a Service.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Backend {
    /// Its address.
    pub(super) ip: Ipv4Addr,
    /// Takes new connections.
    pub(super) ready: bool,
    /// Answers, even while it terminates.
    pub(super) serving: bool,
    /// Was told to stop.
    pub(super) terminating: bool,
    /// `nodeName`.
    pub(super) node: Value,
    /// `targetRef`.
    pub(super) target: Value,
}

/// A port, resolved for a pod: name, protocol and number, sorted by name.
pub(super) type Port = (String, String, u16);

/// Backends by the ports they have, each group sorted by address.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Backends {
    /// Ports are those of the pods: two pods may name different numbers alike.
    pub(super) groups: BTreeMap<Vec<Port>, Vec<Backend>>,
}

impl Backends {
    /// Of the pods that the Service selects.
    pub(super) fn of(service: &Value, pods: &[Arc<Value>]) -> Self {
        let mut groups: BTreeMap<Vec<Port>, Vec<Backend>> = BTreeMap::new();
        let publishes_all = service["spec"]["publishNotReadyAddresses"] == true;
        for pod in pods.iter().filter(|pod| !has_ended(pod)) {
            let Some(backend) = backend(pod, publishes_all) else { continue };
            groups.entry(ports(service, pod)).or_default().push(backend);
        }
        for backends in groups.values_mut() {
            backends.sort_by_key(|backend| backend.ip);
        }
        Self { groups }
    }
}

/// Source: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>
fn backend(pod: &Value, publishes_all: bool) -> Option<Backend> {
    let ip = pod["status"]["podIP"].as_str()?.parse().ok()?;
    let metadata = &pod["metadata"];
    let (serving, terminating) = (is_pod_ready(pod), is_deleting(pod));
    Some(Backend {
        ip,
        ready: publishes_all || (serving && !terminating),
        serving,
        terminating,
        node: pod["spec"]["nodeName"].clone(),
        target: json!({"kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"],
            "uid": metadata["uid"]}),
    })
}

/// The Service's ports as this pod has them. A name that it does not have is left out.
fn ports(service: &Value, pod: &Value) -> Vec<Port> {
    let mut ports: Vec<Port> = service["spec"]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|port| {
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            let number = match &port["targetPort"] {
                Value::String(name) => named_port(pod, name, protocol)?,
                Value::Number(number) => number.as_u64()?,
                _ => port["port"].as_u64()?,
            };
            let name = port["name"].as_str().unwrap_or_default();
            Some((name.to_owned(), protocol.to_owned(), u16::try_from(number).ok()?))
        })
        .collect();
    ports.sort();
    ports
}

fn named_port(pod: &Value, name: &str, protocol: &str) -> Option<u64> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let wanted =
        |port: &&Value| port["name"] == name && port["protocol"].as_str().unwrap_or("TCP") == protocol;
    ports.find(wanted)?["containerPort"].as_u64()
}
