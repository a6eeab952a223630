//! What an update makes of the stored object and the one that was sent.

use serde_json::{Value, json};

use super::{Part, Resource, object};
use crate::status::Status;

/// What an update must agree on with the stored object, where it says it.
pub(super) fn check_identity(resource: Resource, old: &Value, sent: &Value) -> Result<(), Status> {
    let name = object::name(old);
    if let Some(uid) = sent["metadata"]["uid"].as_str().filter(|uid| *uid != object::uid(old)) {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            object::uid(old)
        );
        return Err(Status::conflict(resource, name, &why));
    }
    match sent["metadata"]["resourceVersion"].as_str() {
        Some(version) if !version.is_empty() && version != object::text(old, "/metadata/resourceVersion") => {
            Err(Status::modified(resource, name))
        }
        _ => Ok(()),
    }
}

/// The object that results when this part of `sent` is written: what only the system writes stays as it was.
pub(super) fn take_part(resource: Resource, old: &Value, mut sent: Value, part: Part) -> Value {
    if part == Part::Status {
        let mut object = old.clone();
        let status = object::map(&mut sent).remove("status");
        match status {
            Some(status) => object::map(&mut object).insert("status".into(), status),
            None => object::map(&mut object).remove("status"),
        };
        return object;
    }
    for field in ["apiVersion", "kind"] {
        sent[field] = old[field].clone();
    }
    if resource.has_status() {
        match old.get("status") {
            Some(status) => object::map(&mut sent).insert("status".into(), status.clone()),
            None => object::map(&mut sent).remove("status"),
        };
    }
    let metadata = object::metadata(&mut sent);
    for field in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        match old["metadata"].get(field) {
            Some(value) => metadata.insert(field.into(), value.clone()),
            None => metadata.remove(field),
        };
    }
    sent
}

/// Counts a change of the spec.
pub(super) fn count_generation(resource: Resource, old: &Value, object: &mut Value) {
    // A pod that gets its node was not changed by anyone who asks for something.
    let bound = resource == Resource::Pods && old["spec"]["nodeName"] != object["spec"]["nodeName"];
    if resource.info().generations && old.get("spec") != object.get("spec") && !bound {
        let generation = old["metadata"]["generation"].as_u64().unwrap_or(1) + 1;
        object::metadata(object).insert("generation".into(), json!(generation));
    }
}
