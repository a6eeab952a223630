//! Tables: what `kubectl get` prints is made by the server.
//!
//! Source: `k8s.io/kubernetes/pkg/printers/internalversion/printers.go`, for columns and cells;
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>.

mod age;
mod network;
mod other;
mod workload;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::accept::{Include, partial};
use crate::store::Resource;

/// One column: its name, its type, and whether only `-o wide` shows it.
type Column = (&'static str, &'static str, bool);

/// The cells of one object.
type Row = Vec<Value>;

const NAME: Column = ("Name", "string", false);
const AGE: Column = ("Age", "string", false);
const SCALE: &[Column] = &[NAME, number("Desired"), number("Available"), AGE];

/// A column of text.
const fn text(name: &'static str) -> Column {
    (name, "string", false)
}

/// A column of numbers.
const fn number(name: &'static str) -> Column {
    (name, "integer", false)
}

/// A column of text for `-o wide`.
const fn wide(name: &'static str) -> Column {
    (name, "string", true)
}

/// The table of some objects.
pub(super) fn render(resource: Resource, objects: &[&Value], include: Include, metadata: Value) -> Value {
    let now = Timestamp::now();
    let rows: Vec<Value> =
        objects.iter().map(|object| row(&cells(resource, object, now), object, include)).collect();
    table(columns(resource), &rows, metadata)
}

/// The table of a scale.
pub(super) fn scale(scale: &Value, include: Include) -> Value {
    let (desired, available) = (&scale["spec"]["replicas"], &scale["status"]["replicas"]);
    let cells = [name(scale), desired.clone(), available.clone(), age(scale, Timestamp::now())];
    let metadata = json!({"resourceVersion": scale["metadata"]["resourceVersion"]});
    table(SCALE, &[row(&cells, scale, include)], metadata)
}

fn row(cells: &[Value], object: &Value, include: Include) -> Value {
    let mut row = json!({"cells": cells});
    match include {
        Include::None => {}
        Include::Metadata => row["object"] = partial(object),
        Include::Object => row["object"] = object.clone(),
    }
    row
}

fn table(columns: &[Column], rows: &[Value], metadata: Value) -> Value {
    let column = |(name, kind, is_wide): &Column| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({"name": name, "type": kind, "format": format, "description": "", "priority": i32::from(*is_wide)})
    };
    let definitions: Vec<Value> = columns.iter().map(column).collect();
    let mut table = json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": definitions, "rows": rows,
    });
    table["metadata"] = metadata;
    table
}

fn columns(resource: Resource) -> &'static [Column] {
    match resource {
        Resource::Pods => workload::POD,
        Resource::Deployments => workload::DEPLOYMENT,
        Resource::ReplicaSets => workload::REPLICA_SET,
        Resource::Services => network::SERVICE,
        Resource::Endpoints => network::ENDPOINTS,
        Resource::EndpointSlices => network::ENDPOINT_SLICE,
        Resource::NetworkPolicies => network::NETWORK_POLICY,
        Resource::Namespaces => other::NAMESPACE,
        Resource::Nodes => other::NODE,
        Resource::Events => other::EVENT,
        Resource::ConfigMaps => other::CONFIG_MAP,
        Resource::Secrets => other::SECRET,
        Resource::ServiceAccounts => other::SERVICE_ACCOUNT,
        Resource::ResourceQuotas => other::RESOURCE_QUOTA,
        Resource::LimitRanges | Resource::Roles => other::CREATED_AT,
        Resource::RoleBindings => other::ROLE_BINDING,
    }
}

fn cells(resource: Resource, object: &Value, now: Timestamp) -> Row {
    match resource {
        Resource::Pods => workload::pod(object, now),
        Resource::Deployments => workload::deployment(object, now),
        Resource::ReplicaSets => workload::replica_set(object, now),
        Resource::Services => network::service(object, now),
        Resource::Endpoints => network::endpoints(object, now),
        Resource::EndpointSlices => network::endpoint_slice(object, now),
        Resource::NetworkPolicies => network::network_policy(object, now),
        Resource::Namespaces => other::namespace(object, now),
        Resource::Nodes => other::node(object, now),
        Resource::Events => other::event(object, now),
        Resource::ConfigMaps => other::config_map(object, now),
        Resource::Secrets => other::secret(object, now),
        Resource::ServiceAccounts => other::service_account(object, now),
        Resource::ResourceQuotas => other::resource_quota(object, now),
        Resource::LimitRanges | Resource::Roles => other::created_at(object),
        Resource::RoleBindings => other::role_binding(object, now),
    }
}

/// `metadata.name`
fn name(object: &Value) -> Value {
    object["metadata"]["name"].clone()
}

/// The time since it was made.
fn age(object: &Value, now: Timestamp) -> Value {
    json!(age::since(&object["metadata"]["creationTimestamp"], now))
}

/// A text, or `<none>`.
fn or_none(text: String) -> Value {
    json!(if text.is_empty() { "<none>".to_owned() } else { text })
}

/// `a=1,b=2`, or `<none>`.
fn labels(map: &Value) -> Value {
    let map = map.as_object();
    let mut pairs: Vec<String> = map
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.sort();
    or_none(pairs.join(","))
}

/// The elements of a list.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// At most three, and how many more there are.
fn few(all: &[String]) -> String {
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(",");
    if all.len() > 3 { format!("{shown} + {} more...", all.len() - 3) } else { shown }
}
