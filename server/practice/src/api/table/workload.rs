//! Pods, Deployments and ReplicaSets.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age::since;
use super::{AGE, Column, NAME, Row, age, items, labels, name, number, or_none, text, wide};
use crate::store::object;

pub(super) const POD: &[Column] = &[
    NAME,
    text("Ready"),
    text("Status"),
    text("Restarts"),
    AGE,
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];
pub(super) const DEPLOYMENT: &[Column] = &[
    NAME,
    text("Ready"),
    number("Up-to-date"),
    number("Available"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
pub(super) const REPLICA_SET: &[Column] = &[
    NAME,
    number("Desired"),
    number("Current"),
    number("Ready"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

pub(super) fn pod(pod: &Value, now: Timestamp) -> Row {
    let statuses = &pod["status"]["containerStatuses"];
    let ready = items(statuses).filter(|c| c["ready"] == true && c["state"]["running"].is_object()).count();
    let total = items(&pod["spec"]["containers"]).count();
    let restarts: u64 = items(statuses).map(|c| c["restartCount"].as_u64().unwrap_or(0)).sum();
    let last = items(statuses).filter_map(|c| c["lastState"]["terminated"]["finishedAt"].as_str()).max();
    let restarts = match last {
        Some(last) if restarts > 0 => format!("{restarts} ({} ago)", since(&json!(last), now)),
        _ => restarts.to_string(),
    };
    let ip = object::text(pod, "/status/podIP").into_owned();
    let node = object::text(pod, "/spec/nodeName").into_owned();
    vec![
        name(pod),
        json!(format!("{ready}/{total}")),
        json!(pod_status(pod)),
        json!(restarts),
        age(pod, now),
        or_none(ip),
        or_none(node),
        json!("<none>"),
        json!("<none>"),
    ]
}

/// The word in the STATUS column.
fn pod_status(pod: &Value) -> String {
    let status = &pod["status"];
    let mut word = object::text(pod, "/status/phase").into_owned();
    if let Some(reason) = status["reason"].as_str() {
        reason.clone_into(&mut word);
    }
    let mut running = false;
    for container in items(&status["containerStatuses"]).collect::<Vec<_>>().into_iter().rev() {
        let state = &container["state"];
        if let Some(reason) = state["waiting"]["reason"].as_str() {
            reason.clone_into(&mut word);
        } else if state["terminated"].is_object() {
            word = terminated(&state["terminated"]);
        } else if container["ready"] == true && state["running"].is_object() {
            running = true;
        }
    }
    if word == "Completed" && running {
        let is_ready = items(&status["conditions"]).any(|c| c["type"] == "Ready" && c["status"] == "True");
        word = if is_ready { "Running" } else { "NotReady" }.to_owned();
    }
    match (object::is_deleting(pod), status["reason"] == "NodeLost") {
        (true, true) => "Unknown".to_owned(),
        (true, false) if !matches!(&*object::text(pod, "/status/phase"), "Succeeded" | "Failed") => {
            "Terminating".to_owned()
        }
        _ => word,
    }
}

fn terminated(state: &Value) -> String {
    match (state["reason"].as_str(), state["signal"].as_i64()) {
        (Some(reason), _) if !reason.is_empty() => reason.to_owned(),
        (_, Some(signal)) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{}", state["exitCode"].as_i64().unwrap_or(0)),
    }
}

fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn template(object: &Value) -> [Value; 3] {
    let containers = &object["spec"]["template"]["spec"]["containers"];
    let join = |field: &str| {
        let all: Vec<&str> = items(containers).filter_map(|c| c[field].as_str()).collect();
        json!(all.join(","))
    };
    [join("name"), join("image"), labels(&object["spec"]["selector"]["matchLabels"])]
}

pub(super) fn deployment(object: &Value, now: Timestamp) -> Row {
    let ready = format!("{}/{}", count(object, "/status/readyReplicas"), count(object, "/spec/replicas"));
    let mut row = vec![
        name(object),
        json!(ready),
        json!(count(object, "/status/updatedReplicas")),
        json!(count(object, "/status/availableReplicas")),
        age(object, now),
    ];
    row.extend(template(object));
    row
}

pub(super) fn replica_set(object: &Value, now: Timestamp) -> Row {
    let mut row = vec![
        name(object),
        json!(count(object, "/spec/replicas")),
        json!(count(object, "/status/replicas")),
        json!(count(object, "/status/readyReplicas")),
        age(object, now),
    ];
    row.extend(template(object));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_word_is_the_one_that_kubectl_prints() {
        let with = |state: Value, ready: bool| json!({"status": {"phase": "Running", "containerStatuses": [{"state": state, "ready": ready}]}});
        let running = json!({"running": {}});
        for (pod, word) in [
            (json!({"status": {"phase": "Pending"}}), "Pending"),
            (with(running, true), "Running"),
            (with(json!({"waiting": {"reason": "ImagePullBackOff"}}), false), "ImagePullBackOff"),
            (with(json!({"terminated": {"reason": "Completed"}}), false), "Completed"),
            (with(json!({"terminated": {"exitCode": 3}}), false), "ExitCode:3"),
            (json!({"metadata": {"deletionTimestamp": "x"}, "status": {"phase": "Running"}}), "Terminating"),
        ] {
            assert_eq!(pod_status(&pod), word);
        }
    }
}
