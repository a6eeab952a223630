//! What a Deployment says of itself.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status>, and for the
//! order of the conditions Kubernetes' `pkg/controller/deployment/progress.go`.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::sizes::Bounds;
use crate::controllers::objects::{condition, number};
use crate::store::object::{name, now};

const PROGRESSING: &str = "Progressing";
const NEW_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
const OUT_OF_TIME: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// The status that follows from the sets, and in how many seconds the deadline may pass.
pub(super) fn status(
    deployment: &Value,
    new: Option<&Arc<Value>>,
    all: &[Arc<Value>],
) -> (Value, Option<i64>) {
    let mut conditions = deployment["status"]["conditions"].as_array().cloned().unwrap_or_default();
    pause(deployment, &mut conditions);
    let mut status = counted(deployment, new, all);
    availability(deployment, &status, &mut conditions);
    let paused = deployment["spec"]["paused"] == true;
    let until = if paused { None } else { progress(deployment, new, &status, &mut conditions) };
    let failure = all.iter().filter_map(|set| condition(set, "ReplicaFailure")).next_back();
    match failure {
        Some(failure) => {
            let mut failure = failure.clone();
            failure["lastUpdateTime"] = failure["lastTransitionTime"].clone();
            put(&mut conditions, failure);
        }
        None => conditions.retain(|condition| condition["type"] != "ReplicaFailure"),
    }
    status["conditions"] = json!(conditions);
    (status, until)
}

/// The conditions of a Deployment for whose template a set was just made.
pub(super) fn created(deployment: &Value, set: &Value) -> Vec<Value> {
    let mut conditions = deployment["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let message = format!("Created new replica set \"{}\"", name(set));
    put(&mut conditions, progressing("True", "NewReplicaSetCreated", &message));
    conditions
}

fn counted(deployment: &Value, new: Option<&Arc<Value>>, all: &[Arc<Value>]) -> Value {
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
    status
}

fn get(status: &Value, field: &str) -> i64 {
    status[field].as_i64().unwrap_or(0)
}

fn find<'a>(conditions: &'a [Value], kind: &str) -> Option<&'a Value> {
    conditions.iter().find(|condition| condition["type"] == kind)
}

/// Writes a condition. One with the same status and reason stays as it was, its message too; one that changes becomes
/// the last.
fn put(conditions: &mut Vec<Value>, mut new: Value) {
    let before = find(conditions, new["type"].as_str().unwrap_or_default());
    let same = |field: &str| before.is_some_and(|before| before[field] == new[field]);
    if same("status") && same("reason") {
        return;
    }
    let time = json!(now());
    let transition = match before {
        Some(before) if same("status") => before["lastTransitionTime"].clone(),
        _ => time.clone(),
    };
    new["lastTransitionTime"] = transition;
    new["lastUpdateTime"] = time;
    conditions.retain(|condition| condition["type"] != new["type"]);
    conditions.push(new);
}

fn progressing(truth: &str, reason: &str, message: &str) -> Value {
    json!({"type": PROGRESSING, "status": truth, "reason": reason, "message": message})
}

/// A Deployment that was paused or resumed says so first.
fn pause(deployment: &Value, conditions: &mut Vec<Value>) {
    let is_paused = deployment["spec"]["paused"] == true;
    let reason = find(conditions, PROGRESSING).and_then(|condition| condition["reason"].as_str());
    let said = match (is_paused, reason) {
        (_, Some(OUT_OF_TIME)) | (true, Some(PAUSED)) => return,
        (true, _) => progressing("Unknown", PAUSED, "Deployment is paused"),
        (false, Some(PAUSED)) => progressing("Unknown", "DeploymentResumed", "Deployment is resumed"),
        (false, _) => return,
    };
    put(conditions, said);
}

fn availability(deployment: &Value, status: &Value, conditions: &mut Vec<Value>) {
    let bounds = Bounds::of(deployment);
    put(
        conditions,
        if get(status, "availableReplicas") >= bounds.wanted - bounds.unavailable {
            json!({"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
                "message": "Deployment has minimum availability."})
        } else {
            json!({"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable",
                "message": "Deployment does not have minimum availability."})
        },
    );
}

/// Writes the condition `Progressing`; tells in how many seconds it has to be looked at again.
fn progress(
    deployment: &Value,
    new: Option<&Arc<Value>>,
    status: &Value,
    conditions: &mut Vec<Value>,
) -> Option<i64> {
    let current = find(conditions, PROGRESSING).cloned();
    let reason = current.as_ref().and_then(|condition| condition["reason"].as_str());
    if get(status, "replicas") == get(status, "updatedReplicas") && reason == Some(NEW_SET_AVAILABLE) {
        return None;
    }
    let subject = match new {
        Some(set) => format!("ReplicaSet \"{}\"", name(set)),
        None => format!("Deployment \"{}\"", name(deployment)),
    };
    let wanted = number(deployment, "/spec/replicas", 1);
    let counts = ["replicas", "updatedReplicas", "availableReplicas"];
    if counts.into_iter().all(|field| get(status, field) == wanted) {
        let message = format!("{subject} has successfully progressed.");
        put(conditions, progressing("True", NEW_SET_AVAILABLE, &message));
        return None;
    }
    if has_moved(&deployment["status"], status) {
        let mut said = progressing("True", "ReplicaSetUpdated", &format!("{subject} is progressing."));
        // Progress moves the time from which the deadline counts, even where the words stay.
        let since = current.filter(|current| current["status"] == "True");
        let since = since.map_or_else(|| json!(now()), |current| current["lastTransitionTime"].clone());
        conditions.retain(|condition| condition["type"] != PROGRESSING);
        (said["lastTransitionTime"], said["lastUpdateTime"]) = (since, json!(now()));
        conditions.push(said);
        return Some(number(deployment, "/spec/progressDeadlineSeconds", 600));
    }
    // What was rolled out whole has no deadline before a new set is made.
    let current = current.filter(|current| current["reason"] != NEW_SET_AVAILABLE)?;
    let left = until_deadline(deployment, &current);
    if left > 0 {
        return Some(left);
    }
    put(conditions, progressing("False", OUT_OF_TIME, &format!("{subject} has timed out progressing.")));
    None
}

fn has_moved(before: &Value, status: &Value) -> bool {
    let old = |status: &Value| get(status, "replicas") - get(status, "updatedReplicas");
    let grown = ["updatedReplicas", "readyReplicas", "availableReplicas"];
    grown.into_iter().any(|field| get(status, field) > get(before, field)) || old(status) < old(before)
}

fn until_deadline(deployment: &Value, current: &Value) -> i64 {
    if current["reason"] == OUT_OF_TIME {
        return 0;
    }
    let deadline = number(deployment, "/spec/progressDeadlineSeconds", 600);
    let since = current["lastUpdateTime"].as_str().and_then(|since| since.parse::<Timestamp>().ok());
    since.map_or(deadline, |since| deadline - Timestamp::now().duration_since(since).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_changes_becomes_the_last_and_one_that_does_not_keeps_its_words() {
        let mut conditions = Vec::new();
        for (kind, truth, reason, message, order) in [
            ("Progressing", "True", "A", "first", "Progressing first"),
            ("Available", "False", "B", "no", "Progressing first, Available no"),
            ("Progressing", "True", "A", "again", "Progressing first, Available no"),
            ("Progressing", "True", "C", "more", "Available no, Progressing more"),
            ("Available", "True", "D", "yes", "Progressing more, Available yes"),
        ] {
            put(
                &mut conditions,
                json!({"type": kind, "status": truth, "reason": reason, "message": message}),
            );
            let told = |c: &Value| format!("{} {}", c["type"], c["message"]).replace('"', "");
            assert_eq!(conditions.iter().map(told).collect::<Vec<_>>().join(", "), order);
        }
    }

    #[test]
    fn pausing_is_said_and_so_is_resuming() {
        let mut deployment = json!({"metadata": {"name": "d"}, "spec": {"paused": true}, "status": {}});
        let reason = |deployment: &Value| {
            let (status, _) = status(deployment, None, &[]);
            let conditions = status["conditions"].as_array().unwrap();
            find(conditions, PROGRESSING).map(|c| c["reason"].as_str().unwrap().to_owned())
        };
        assert_eq!(reason(&deployment).as_deref(), Some(PAUSED));
        deployment["status"] = status(&deployment, None, &[]).0;
        deployment["spec"]["paused"] = json!(false);
        assert_eq!(reason(&deployment).as_deref(), Some("DeploymentResumed"));
    }
}
