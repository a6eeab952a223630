//! Everything that is neither workload nor network.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age::since;
use super::{AGE, Column, NAME, Row, age, items, name, number, or_none, text, wide};
use crate::store::object;

pub(super) const NAMESPACE: &[Column] = &[NAME, text("Status"), AGE];
pub(super) const NODE: &[Column] = &[
    NAME,
    text("Status"),
    text("Roles"),
    AGE,
    text("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
];
pub(super) const EVENT: &[Column] = &[
    text("Last Seen"),
    text("Type"),
    text("Reason"),
    text("Object"),
    wide("Subobject"),
    wide("Source"),
    text("Message"),
    wide("First Seen"),
    wide("Count"),
    wide("Name"),
];
pub(super) const CONFIG_MAP: &[Column] = &[NAME, number("Data"), AGE];
pub(super) const SECRET: &[Column] = &[NAME, text("Type"), number("Data"), AGE];
pub(super) const SERVICE_ACCOUNT: &[Column] = &[NAME, number("Secrets"), AGE];
pub(super) const RESOURCE_QUOTA: &[Column] = &[NAME, text("Request"), text("Limit"), AGE];
pub(super) const CREATED_AT: &[Column] = &[NAME, text("Created At")];
pub(super) const ROLE_BINDING: &[Column] =
    &[NAME, text("Role"), AGE, wide("Users"), wide("Groups"), wide("ServiceAccounts")];

pub(super) fn namespace(object: &Value, now: Timestamp) -> Row {
    vec![name(object), object["status"]["phase"].clone(), age(object, now)]
}

pub(super) fn node(node: &Value, now: Timestamp) -> Row {
    let ready = items(&node["status"]["conditions"]).find(|c| c["type"] == "Ready");
    let mut status = match ready.map(|c| c["status"] == "True") {
        Some(true) => "Ready",
        Some(false) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if node["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    let labels = node["metadata"]["labels"].as_object();
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let address = |kind: &str| {
        let found = items(&node["status"]["addresses"]).find(|a| a["type"] == kind);
        or_none(found.map(|a| object::text(a, "/address").into_owned()).unwrap_or_default())
    };
    let info = |field: &str| {
        let text = object::text(node, &format!("/status/nodeInfo/{field}")).into_owned();
        json!(if text.is_empty() { "<unknown>".to_owned() } else { text })
    };
    vec![
        name(node),
        json!(status),
        or_none(roles.join(",")),
        age(node, now),
        json!(object::text(node, "/status/nodeInfo/kubeletVersion")),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}

pub(super) fn event(event: &Value, now: Timestamp) -> Row {
    let text = |pointer: &str| object::text(event, pointer).into_owned();
    let or = |first: &str, second: &str| {
        if event.pointer(first).is_some_and(Value::is_string) { first.to_owned() } else { second.to_owned() }
    };
    let stamp = |pointer: String| event.pointer(&pointer).cloned().unwrap_or_default();
    let first = since(&stamp(or("/firstTimestamp", "/eventTime")), now);
    let last = match event["lastTimestamp"].is_string() {
        true => since(&event["lastTimestamp"], now),
        false => first.clone(),
    };
    let kind = text("/involvedObject/kind").to_lowercase();
    let source = match (text("/source/component"), text("/source/host")) {
        (component, host) if component.is_empty() && host.is_empty() => text("/reportingComponent"),
        (component, host) if host.is_empty() => component,
        (component, host) => format!("{component}, {host}"),
    };
    vec![
        json!(last),
        json!(text("/type")),
        json!(text("/reason")),
        json!(format!("{kind}/{}", text("/involvedObject/name"))),
        json!(text("/involvedObject/fieldPath")),
        json!(source),
        json!(text("/message").trim()),
        json!(first),
        json!(event["count"].as_u64().unwrap_or(1).to_string()),
        name(event),
    ]
}

fn size(map: &Value) -> usize {
    map.as_object().map_or(0, serde_json::Map::len)
}

pub(super) fn config_map(object: &Value, now: Timestamp) -> Row {
    vec![name(object), json!(size(&object["data"]) + size(&object["binaryData"])), age(object, now)]
}

pub(super) fn secret(object: &Value, now: Timestamp) -> Row {
    vec![name(object), object["type"].clone(), json!(size(&object["data"])), age(object, now)]
}

pub(super) fn service_account(object: &Value, now: Timestamp) -> Row {
    vec![name(object), json!(items(&object["secrets"]).count()), age(object, now)]
}

pub(super) fn resource_quota(quota: &Value, now: Timestamp) -> Row {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let hard = quota["status"]["hard"].as_object();
    for (key, hard) in hard.into_iter().flatten() {
        let used = quota["status"]["used"][key].as_str().unwrap_or("0");
        let said = format!("{key}: {used}/{}", hard.as_str().unwrap_or_default());
        if key.starts_with("limits.") { &mut limits } else { &mut requests }.push(said);
    }
    vec![name(quota), json!(requests.join(", ")), json!(limits.join(", ")), age(quota, now)]
}

pub(super) fn created_at(object: &Value) -> Row {
    vec![name(object), object["metadata"]["creationTimestamp"].clone()]
}

pub(super) fn role_binding(binding: &Value, now: Timestamp) -> Row {
    let role =
        format!("{}/{}", object::text(binding, "/roleRef/kind"), object::text(binding, "/roleRef/name"));
    let subjects = |kind: &str| {
        let of_kind = items(&binding["subjects"]).filter(|s| s["kind"] == kind);
        let named = of_kind.map(|s| {
            let name = object::text(s, "/name");
            match s["namespace"].as_str() {
                Some(namespace) if kind == "ServiceAccount" => format!("{namespace}/{name}"),
                _ => name.into_owned(),
            }
        });
        json!(named.collect::<Vec<_>>().join(", "))
    };
    vec![
        name(binding),
        json!(role),
        age(binding, now),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}
