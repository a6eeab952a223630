//! Services, their endpoints, and network policies.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AGE, Column, NAME, Row, age, few, items, labels, name, or_none, text, wide};
use crate::store::object;

pub(super) const SERVICE: &[Column] =
    &[NAME, text("Type"), text("Cluster-IP"), text("External-IP"), text("Port(s)"), AGE, wide("Selector")];
pub(super) const ENDPOINTS: &[Column] = &[NAME, text("Endpoints"), AGE];
pub(super) const ENDPOINT_SLICE: &[Column] =
    &[NAME, text("AddressType"), text("Ports"), text("Endpoints"), AGE];
pub(super) const NETWORK_POLICY: &[Column] = &[NAME, text("Pod-Selector"), AGE];

pub(super) fn service(service: &Value, now: Timestamp) -> Row {
    let ports: Vec<String> = items(&service["spec"]["ports"])
        .map(|p| format!("{}/{}", p["port"], p["protocol"].as_str().unwrap_or("TCP")))
        .collect();
    vec![
        name(service),
        service["spec"]["type"].clone(),
        or_none(object::text(service, "/spec/clusterIP").into_owned()),
        json!("<none>"),
        or_none(ports.join(",")),
        age(service, now),
        labels(&service["spec"]["selector"]),
    ]
}

pub(super) fn endpoints(endpoints: &Value, now: Timestamp) -> Row {
    let mut all = Vec::new();
    for subset in items(&endpoints["subsets"]) {
        let ports: Vec<&Value> = items(&subset["ports"]).collect();
        for address in items(&subset["addresses"]) {
            let ip = object::text(address, "/ip").into_owned();
            if ports.is_empty() {
                all.push(ip);
            } else {
                all.extend(ports.iter().map(|p| format!("{ip}:{}", p["port"])));
            }
        }
    }
    // Addresses that are not ready are not shown, but they are not nothing either.
    let unready = all.is_empty() && items(&endpoints["subsets"]).next().is_some();
    let shown = if unready { json!("") } else { or_none(few(&all)) };
    vec![name(endpoints), shown, age(endpoints, now)]
}

pub(super) fn endpoint_slice(slice: &Value, now: Timestamp) -> Row {
    let ports: Vec<String> = items(&slice["ports"])
        .map(|p| p["port"].as_u64().map_or_else(|| "*".to_owned(), |port| port.to_string()))
        .collect();
    let addresses: Vec<String> = items(&slice["endpoints"])
        .flat_map(|e| items(&e["addresses"]))
        .filter_map(|a| a.as_str().map(str::to_owned))
        .collect();
    let unset = |text: String| json!(if text.is_empty() { "<unset>".to_owned() } else { text });
    vec![
        name(slice),
        slice["addressType"].clone(),
        unset(few(&ports)),
        unset(few(&addresses)),
        age(slice, now),
    ]
}

pub(super) fn network_policy(policy: &Value, now: Timestamp) -> Row {
    vec![name(policy), labels(&policy["spec"]["podSelector"]["matchLabels"]), age(policy, now)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_one_line() {
        let row = service(
            &json!({"metadata": {"name": "s"}, "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.9",
                "ports": [{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
                "selector": {"b": "2", "a": "1"}}}),
            Timestamp::UNIX_EPOCH,
        );
        let expected = ["s", "ClusterIP", "10.96.0.9", "<none>", "80/TCP,53/UDP", "<unknown>", "a=1,b=2"];
        assert_eq!(row, expected.map(|cell| json!(cell)));
    }
}
