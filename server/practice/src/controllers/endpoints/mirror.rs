//! Backends as the older `Endpoints`, which know no pod that terminates.
//!
//! Source: <https://kubernetes.io/docs/concepts/services-networking/service/#endpoints>

use serde_json::{Value, json};

use super::HEADLESS;
use super::backends::{Backend, Backends, Port};
use crate::store::object::map;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";

/// Whether this controller wrote it.
pub(super) fn is_ours(endpoints: &Value) -> bool {
    endpoints["metadata"]["labels"][MANAGED_BY] == CONTROLLER
}

/// `subsets`; `None` without backends. A pod that has none of the Service's ports is in none.
pub(super) fn subsets(service: &Value, backends: &Backends) -> Option<Value> {
    let has_ports = service["spec"]["ports"].as_array().is_some_and(|ports| !ports.is_empty());
    let subset = |(ports, group): (&Vec<Port>, &Vec<Backend>)| {
        let addresses = |ready: bool| -> Vec<Value> {
            let some = group.iter().filter(|backend| !backend.terminating && backend.ready == ready);
            some.map(address).collect()
        };
        let mut subset = json!({"ports": ports.iter().map(port).collect::<Vec<_>>()});
        for (field, addresses) in [("addresses", addresses(true)), ("notReadyAddresses", addresses(false))] {
            if !addresses.is_empty() {
                subset[field] = json!(addresses);
            }
        }
        (subset.get("addresses").is_some() || subset.get("notReadyAddresses").is_some()).then_some(subset)
    };
    let subsets: Vec<Value> = backends
        .groups
        .iter()
        .filter(|(ports, _)| !has_ports || !ports.is_empty())
        .filter_map(subset)
        .collect();
    (!subsets.is_empty()).then(|| json!(subsets))
}

fn address(backend: &Backend) -> Value {
    json!({"ip": backend.ip.to_string(), "nodeName": backend.node, "targetRef": backend.target})
}

fn port((name, protocol, number): &Port) -> Value {
    let mut port = json!({"port": number, "protocol": protocol});
    if !name.is_empty() {
        port["name"] = json!(name);
    }
    port
}

/// The Service's own labels, and whose it is.
pub(super) fn labels(service: &Value) -> Value {
    let mut labels = service["metadata"]["labels"].clone();
    let all = map(&mut labels);
    all.insert(MANAGED_BY.into(), json!(CONTROLLER));
    if service["spec"]["clusterIP"] == "None" {
        all.insert(HEADLESS.into(), json!(""));
    }
    labels
}

/// A new one.
pub(super) fn new(service: &Value, labels: &Value, subsets: Option<Value>) -> Value {
    let metadata = &service["metadata"];
    let mut endpoints = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels},
    });
    if let Some(subsets) = subsets {
        endpoints["subsets"] = subsets;
    }
    endpoints
}
