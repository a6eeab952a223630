//! What a Deployment says of itself.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status>

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::sizes::Bounds;
use crate::controllers::objects::{condition, number, set_condition};
use crate::store::object::{name, now};

const NEW_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
const OUT_OF_TIME: &str = "ProgressDeadlineExceeded";

/// The status that follows from the sets, and in how many seconds the deadline may pass.
pub(super) fn status(
    deployment: &Value,
    new: Option<&Arc<Value>>,
    all: &[Arc<Value>],
) -> (Value, Option<i64>) {
    let sum = |field: &str| all.iter().map(|set| number(set, field, 0)).sum::<i64>();
    let (replicas, available) = (sum("/status/replicas"), sum("/status/availableReplicas"));
    let updated = new.map_or(0, |set| number(set, "/status/replicas", 0));
    let counts = [
        ("replicas", replicas),
        ("updatedReplicas", updated),
        ("readyReplicas", sum("/status/readyReplicas")),
        ("availableReplicas", available),
        ("unavailableReplicas", (replicas - available).max(0)),
    ];
    let mut status = json!({"observedGeneration": number(deployment, "/metadata/generation", 1)});
    for (field, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        status[field] = json!(count);
    }
    if let Some(collisions) = deployment["status"].get("collisionCount") {
        status["collisionCount"] = collisions.clone();
    }
    let mut conditions = deployment["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let until = progress(deployment, new, &status, &mut conditions);
    availability(deployment, available, &mut conditions);
    let failure = all.iter().filter_map(|set| condition(set, "ReplicaFailure")).next_back();
    match failure {
        Some(failure) => set(&mut conditions, failure.clone()),
        None => conditions.retain(|condition| condition["type"] != "ReplicaFailure"),
    }
    status["conditions"] = json!(conditions);
    (status, until)
}

fn set(conditions: &mut Vec<Value>, condition: Value) {
    set_condition(conditions, condition, &now(), &["lastUpdateTime"]);
}

fn availability(deployment: &Value, available: i64, conditions: &mut Vec<Value>) {
    let bounds = Bounds::of(deployment);
    let condition = if available >= bounds.wanted - bounds.unavailable {
        json!({"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
            "message": "Deployment has minimum availability."})
    } else {
        json!({"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable",
            "message": "Deployment does not have minimum availability."})
    };
    set(conditions, condition);
}

/// Writes the condition `Progressing`; tells in how many seconds it has to be looked at again.
fn progress(
    deployment: &Value,
    new: Option<&Arc<Value>>,
    status: &Value,
    conditions: &mut Vec<Value>,
) -> Option<i64> {
    let current = condition(deployment, "Progressing");
    if deployment["spec"]["paused"] == true {
        if current.is_none_or(|condition| condition["reason"] != "DeploymentPaused") {
            set(
                conditions,
                json!({"type": "Progressing", "status": "Unknown", "reason": "DeploymentPaused",
                "message": "Deployment is paused"}),
            );
        }
        return None;
    }
    let new = new?;
    let get = |status: &Value, field: &str| status[field].as_i64().unwrap_or(0);
    let settled = get(status, "replicas") == get(status, "updatedReplicas")
        && current.is_some_and(|condition| condition["reason"] == NEW_SET_AVAILABLE);
    if settled {
        return None;
    }
    let say = |conditions: &mut Vec<Value>, truth: &str, reason: &str, what: &str| {
        let message = format!("ReplicaSet \"{}\" {what}", name(new));
        set(
            conditions,
            json!({"type": "Progressing", "status": truth, "reason": reason, "message": message}),
        );
    };
    let wanted = number(deployment, "/spec/replicas", 1);
    if ["replicas", "updatedReplicas", "availableReplicas"].into_iter().all(|f| get(status, f) == wanted) {
        say(conditions, "True", NEW_SET_AVAILABLE, "has successfully progressed.");
        return None;
    }
    let before = &deployment["status"];
    let old = |status: &Value| get(status, "replicas") - get(status, "updatedReplicas");
    let moved = ["updatedReplicas", "readyReplicas", "availableReplicas"]
        .into_iter()
        .any(|field| get(status, field) > get(before, field))
        || old(status) < old(before);
    let names_it = current.is_some_and(|c| c["message"].as_str().is_some_and(|m| m.contains(name(new))));
    if moved || !names_it {
        // Progress moves the time from which the deadline counts, even where the words stay.
        conditions.retain(|condition| condition["type"] != "Progressing" || condition["status"] != "Unknown");
        refresh(conditions);
        say(conditions, "True", "ReplicaSetUpdated", "is progressing.");
        return Some(number(deployment, "/spec/progressDeadlineSeconds", 600));
    }
    let left = until_deadline(deployment, current);
    if left <= 0 {
        say(conditions, "False", OUT_OF_TIME, "has timed out progressing.");
        return None;
    }
    Some(left)
}

/// Makes the next [`set`] write the time of `Progressing` anew.
fn refresh(conditions: &mut [Value]) {
    for condition in conditions.iter_mut().filter(|condition| condition["type"] == "Progressing") {
        condition["message"] = Value::Null;
    }
}

fn until_deadline(deployment: &Value, progressing: Option<&Value>) -> i64 {
    let deadline = number(deployment, "/spec/progressDeadlineSeconds", 600);
    let since =
        progressing.and_then(|condition| condition["lastUpdateTime"].as_str()?.parse::<Timestamp>().ok());
    since.map_or(deadline, |since| deadline - Timestamp::now().duration_since(since).as_secs())
}
