//! Amounts of CPU, memory and the like, wherever they are written.
//!
//! Source: <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>, and Kubernetes'
//! `pkg/apis/core/validation`.

use serde_json::{Map, Value, json};

use super::{Causes, names};
use crate::quantity::Quantity;
use crate::quota;
use crate::status::{Cause, Status};
use crate::store::Resource;

/// What a container may ask for, unless its name has a slash.
const OF_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Writes every amount of an object as Kubernetes writes it.
///
/// # Errors
/// 400 for what is none.
pub(super) fn canonicalize(resource: Resource, object: &mut Value) -> Result<(), Status> {
    let kind = resource.info().kind;
    for amounts in all(resource, object) {
        for amount in amounts.values_mut().filter(|amount| !amount.is_null()) {
            let read = Quantity::of(amount).ok_or_else(|| {
                Status::bad_request(format!(
                    "{kind} in version \"v1\" cannot be handled as a {kind}: quantities must match the regular \
                     expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                ))
            })?;
            *amount = json!(read.to_string());
        }
    }
    Ok(())
}

/// The maps of amounts that an object has.
fn all(resource: Resource, object: &mut Value) -> Vec<&mut Map<String, Value>> {
    let spec = match resource {
        Resource::Pods => object.pointer_mut("/spec"),
        Resource::Deployments | Resource::ReplicaSets => object.pointer_mut("/spec/template/spec"),
        Resource::ResourceQuotas => {
            return object.pointer_mut("/spec/hard").and_then(Value::as_object_mut).into_iter().collect();
        }
        Resource::LimitRanges => {
            let limits = object.pointer_mut("/spec/limits").and_then(Value::as_array_mut);
            let limits = limits.into_iter().flatten().filter_map(Value::as_object_mut);
            return limits.flat_map(Map::values_mut).filter_map(Value::as_object_mut).collect();
        }
        _ => None,
    };
    let spec = spec.and_then(Value::as_object_mut);
    let lists = spec.into_iter().flat_map(|spec| {
        spec.iter_mut().filter(|(field, _)| matches!(field.as_str(), "containers" | "initContainers"))
    });
    let containers = lists.filter_map(|(_, list)| list.as_array_mut()).flatten();
    let resources = containers.filter_map(|c| c.pointer_mut("/resources").and_then(Value::as_object_mut));
    resources.flat_map(Map::values_mut).filter_map(Value::as_object_mut).collect()
}

/// Checks what a container asks for.
pub(super) fn check(container: &Value, at: &str) -> Causes {
    let (limits, requests) = (&container["resources"]["limits"], &container["resources"]["requests"]);
    let mut causes = Causes::new();
    for (list, amounts) in [("limits", limits), ("requests", requests)] {
        for (name, amount) in amounts.as_object().into_iter().flatten() {
            let field = format!("{at}.resources.{list}[{name}]");
            causes.extend(check_container_name(name, &field));
            causes.extend(check_quantity(amount, &field, name.contains('/')));
        }
    }
    for (name, request) in requests.as_object().into_iter().flatten() {
        let (request, limit) = (Quantity::of(request), Quantity::of(&limits[name.as_str()]));
        if let (Some(request), Some(limit)) = (request, limit)
            && request > limit
        {
            let why = format!("must be less than or equal to {name} limit of {limit}");
            let field = format!("{at}.resources.requests");
            causes.push(Cause::invalid(field, &json!(request.to_string()), &why));
        }
    }
    causes
}

/// Checks the name of something that a container may ask for.
pub(super) fn check_container_name(name: &str, field: &str) -> Causes {
    let mut causes = check_name(name, field);
    if !name.contains('/') && !OF_CONTAINERS.contains(&name) {
        causes.push(Cause::invalid(field, &json!(name), "must be a standard resource for containers"));
    }
    causes
}

/// Checks the name of anything that there are amounts of.
pub(super) fn check_name(name: &str, field: &str) -> Causes {
    if let Some(why) = names::qualified_name(name) {
        return vec![Cause::invalid(field, &json!(name), &why)];
    }
    let standard = name.contains('/') || name == "storage" || quota::STANDARD.contains(&name);
    let why = "must be a standard resource type or fully qualified";
    if standard { Causes::new() } else { vec![Cause::invalid(field, &json!(name), why)] }
}

/// Checks an amount; `counted` are those of which there are only whole ones.
pub(super) fn check_quantity(amount: &Value, field: &str, counted: bool) -> Causes {
    let Some(quantity) = Quantity::of(amount) else { return Causes::new() };
    let mut causes = Causes::new();
    let shown = json!(quantity.to_string());
    if quantity.is_negative() {
        causes.push(Cause::invalid(field, &shown, "must be greater than or equal to 0"));
    }
    if counted && !quantity.is_whole() {
        causes.push(Cause::invalid(field, &shown, "must be an integer"));
    }
    causes
}
