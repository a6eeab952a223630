//! Backends as `EndpointSlices`.

use serde_json::{Value, json};

use super::backends::{Backend, Backends, Port};
use super::{HEADLESS, SERVICE_NAME};
use crate::controllers::objects::controller_reference;
use crate::store::object::{map, name};

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
/// The most endpoints of one slice, which is Kubernetes' default.
const MOST: usize = 100;

/// Whether this controller wrote it, for that Service.
pub(super) fn is_ours(slice: &Value, service: &str) -> bool {
    let labels = &slice["metadata"]["labels"];
    labels[SERVICE_NAME] == service && labels[MANAGED_BY] == CONTROLLER
}

/// Whether it has no endpoints: such a slice may become any other.
pub(super) fn is_empty(slice: &Value) -> bool {
    slice["endpoints"].as_array().is_none_or(Vec::is_empty)
}

/// Whether it is for these ports.
pub(super) fn same_ports(slice: &Value, ports: &Value) -> bool {
    slice["ports"] == *ports
}

/// The slices there should be, as ports and endpoints. One at least: a Service without pods has an empty one.
pub(super) fn wanted(backends: &Backends) -> Vec<(Value, Value)> {
    let slices = backends.groups.iter().flat_map(|(ports, group)| {
        let endpoints = |part: &[Backend]| part.iter().map(endpoint).collect();
        group.chunks(MOST).map(move |part| (ports_of(ports), endpoints(part)))
    });
    let slices: Vec<_> = slices.collect();
    if slices.is_empty() { vec![(Value::Null, Value::Null)] } else { slices }
}

fn ports_of(ports: &[Port]) -> Value {
    let port = |(name, protocol, number): &Port| json!({"name": name, "protocol": protocol, "port": number});
    if ports.is_empty() { Value::Null } else { ports.iter().map(port).collect() }
}

fn endpoint(backend: &Backend) -> Value {
    json!({
        "addresses": [backend.ip.to_string()],
        "conditions": {
            "ready": backend.ready, "serving": backend.serving, "terminating": backend.terminating,
        },
        "nodeName": backend.node,
        "targetRef": backend.target,
    })
}

/// The Service's own labels, and those by which a slice is found.
pub(super) fn labels(service: &Value) -> Value {
    let mut labels = service["metadata"]["labels"].clone();
    let all = map(&mut labels);
    all.insert(SERVICE_NAME.into(), service["metadata"]["name"].clone());
    all.insert(MANAGED_BY.into(), json!(CONTROLLER));
    if service["spec"]["clusterIP"] == "None" {
        all.insert(HEADLESS.into(), json!(""));
    }
    labels
}

/// A new slice.
pub(super) fn new(service: &Value, ports: &Value, endpoints: &Value) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": format!("{}-", name(service)),
            "namespace": service["metadata"]["namespace"],
            "labels": labels(service),
            "ownerReferences": [controller_reference(service)],
        },
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": endpoints,
    })
}
