//! What controllers ask of objects.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::store::object::{is_deleting, name, namespace, uid};

/// A namespace and a name.
pub(crate) type Key = (String, String);

/// Where an object is.
pub(crate) fn key(object: &Value) -> Key {
    (namespace(object).to_owned(), name(object).to_owned())
}

/// The reference to the controller of an object, if it has one.
pub(crate) fn controller_of(object: &Value) -> Option<&Value> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["controller"] == true)
}

/// The controller's key, if it is of that kind.
pub(crate) fn controller_key(object: &Value, kind: &str) -> Option<Key> {
    let owner = controller_of(object).filter(|owner| owner["kind"] == kind)?;
    Some((namespace(object).to_owned(), owner["name"].as_str()?.to_owned()))
}

/// Whether `owner` controls it.
pub(crate) fn is_controlled_by(object: &Value, owner: &Value) -> bool {
    controller_of(object).is_some_and(|reference| reference["uid"] == uid(owner))
}

/// The reference by which an object says that `owner` controls it.
pub(crate) fn controller_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// A whole number of the object; `default` where it is absent.
pub(crate) fn number(object: &Value, pointer: &str, default: i64) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(default)
}

/// A status condition.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

/// Whether the pod says it is ready.
pub(crate) fn is_pod_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True")
}

/// Since when the pod has been ready, if it is.
pub(crate) fn ready_since(pod: &Value) -> Option<Timestamp> {
    let ready = condition(pod, "Ready").filter(|ready| ready["status"] == "True")?;
    ready["lastTransitionTime"].as_str()?.parse().ok()
}

/// Whether the pod's containers will not run again.
pub(crate) fn has_ended(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// Whether a controller counts the pod: it has not ended and was not told to.
pub(crate) fn is_active(pod: &Value) -> bool {
    !has_ended(pod) && !is_deleting(pod)
}

/// Sets a condition among others. Its transition time changes only with its status.
///
/// `stamps` are further times that are set when anything in it changes.
pub(crate) fn set_condition(conditions: &mut Vec<Value>, mut new: Value, now: &str, stamps: &[&str]) {
    let old = conditions.iter().position(|condition| condition["type"] == new["type"]);
    let before = old.map(|index| &conditions[index]);
    let same = |field: &str| before.is_some_and(|before| before[field] == new[field]);
    let unchanged = same("status") && same("reason") && same("message");
    let transition = match before {
        Some(before) if same("status") => before["lastTransitionTime"].clone(),
        _ => json!(now),
    };
    for stamp in stamps {
        new[*stamp] = match before {
            Some(before) if unchanged => before[*stamp].clone(),
            _ => json!(now),
        };
    }
    new["lastTransitionTime"] = transition;
    match old {
        Some(index) => conditions[index] = new,
        None => conditions.push(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conditions_time_changes_only_with_its_status() {
        let mut conditions = Vec::new();
        let mut set = |status: &str, reason: &str, now: &str| {
            set_condition(
                &mut conditions,
                json!({"type": "T", "status": status, "reason": reason}),
                now,
                &["up"],
            );
            (conditions[0]["lastTransitionTime"].clone(), conditions[0]["up"].clone(), conditions.len())
        };
        for (status, reason, now, transition, update) in [
            ("True", "A", "1", "1", "1"),
            ("True", "A", "2", "1", "1"),
            ("True", "B", "3", "1", "3"),
            ("False", "B", "4", "4", "4"),
        ] {
            assert_eq!(set(status, reason, now), (json!(transition), json!(update), 1));
        }
    }
}
