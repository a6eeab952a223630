//! The `scale` subresource of Deployments and ReplicaSets.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/scale-v1/>.

use serde_json::{Value, json};

use crate::status::{Cause, Status};
use crate::store::{Resource, object};

/// The scale of an object.
pub(super) fn of(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let labels = object["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {"replicas": object["spec"]["replicas"].as_i64().unwrap_or(0)},
        "status": {
            "replicas": object["status"]["replicas"].as_i64().unwrap_or(0),
            "selector": selector.join(","),
        },
    })
}

/// The object with the replicas of this scale.
///
/// # Errors
/// 422 when they are negative or no number.
pub(super) fn apply(resource: Resource, old: &Value, scale: &Value) -> Result<Value, Status> {
    let given = &scale["spec"]["replicas"];
    let replicas = match given {
        Value::Null => 0,
        _ => given.as_i64().ok_or_else(|| {
            Status::bad_request(format!(
                "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal {given} into Go struct field ScaleSpec.spec.replicas of type int32"
            ))
        })?,
    };
    if replicas < 0 {
        let cause = Cause::invalid("spec.replicas", given, "must be greater than or equal to 0");
        let mut status = Status::invalid(resource, object::name(old), vec![cause]);
        status.message = status.message.replacen(&resource.qualified_kind(), "Scale.autoscaling", 1);
        return Err(status);
    }
    let mut object = old.clone();
    object["spec"]["replicas"] = json!(replicas);
    // A stale scale conflicts as a stale object does.
    if let Some(version) = scale["metadata"]["resourceVersion"].as_str() {
        object["metadata"]["resourceVersion"] = json!(version);
    }
    Ok(object)
}
