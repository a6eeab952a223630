//! `ReplicaSet`: as many pods of one template as asked for.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/>

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::events::{Recorder, Said};
use super::objects::{
    Key, controller_key, controller_of, controller_reference, is_active, is_controlled_by, is_pod_ready, key,
    number, ready_since, set_condition,
};
use super::runtime::{Controller, Done, object};
use crate::status::Status;
use crate::store::object::{is_deleting, map, name, namespace, now, text, uid};
use crate::store::{Deletion, Resource, Selector, Store, WatchEvent};

/// The most pods that one look at a set makes. Source: `BurstReplicas` in Kubernetes' `pkg/controller/replicaset`.
const BURST: usize = 500;

pub(crate) struct ReplicaSets {
    pub(crate) store: Arc<Store>,
    pub(crate) events: Recorder,
}

impl Controller for ReplicaSets {
    type Key = Key;
    const NAME: &'static str = "replicaset";

    fn watches(&self) -> Vec<Resource> {
        vec![Resource::ReplicaSets, Resource::Pods]
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<Key> {
        let object = object(event);
        if resource == Resource::ReplicaSets {
            return vec![key(object)];
        }
        if let Some(owner) = controller_key(object, "ReplicaSet") {
            return vec![owner];
        }
        // An orphan: whoever selects it may adopt it, and the one that lost it must see that.
        let sets =
            self.store.list(Resource::ReplicaSets, Some(namespace(object)), &Selector::default()).items;
        sets.iter().map(|set| key(set)).collect()
    }

    fn reconcile(&self, (namespace, name): &Key) -> Result<Done, Status> {
        let Some(set) = self.store.find(Resource::ReplicaSets, namespace, name) else { return Ok(Done::Now) };
        let pods = self.claim(&set)?;
        let outcome = if is_deleting(&set) { Ok(()) } else { self.scale(&set, pods) };
        let done = self.write_status(&set, outcome.as_ref().err())?;
        outcome.map(|()| done)
    }
}

impl ReplicaSets {
    /// The active pods of the set, after letting go of those it no longer selects and adopting those it does.
    fn claim(&self, set: &Value) -> Result<Vec<Arc<Value>>, Status> {
        let selector = Selector::label_selector(&set["spec"]["selector"]);
        let all = self.store.list(Resource::Pods, Some(namespace(set)), &Selector::default()).items;
        let mut claimed = Vec::new();
        for pod in all.into_iter().filter(|pod| is_active(pod)) {
            match (is_controlled_by(&pod, set), selector.matches(&pod)) {
                (true, true) => claimed.push(pod),
                (true, false) => self.release(set, &pod)?,
                (false, true) if controller_of(&pod).is_none() && !is_deleting(set) => {
                    claimed.push(self.adopt(set, &pod)?);
                }
                (false, _) => {}
            }
        }
        Ok(claimed)
    }

    fn release(&self, set: &Value, pod: &Value) -> Result<(), Status> {
        let released = self.store.modify(Resource::Pods, namespace(pod), name(pod), |pod| {
            let metadata = map(&mut pod["metadata"]);
            if let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") {
                owners.retain(|owner| owner["uid"] != uid(set));
                if owners.is_empty() {
                    metadata.remove("ownerReferences");
                }
            }
        });
        released.map(drop)
    }

    fn adopt(&self, set: &Value, pod: &Value) -> Result<Arc<Value>, Status> {
        self.store.modify(Resource::Pods, namespace(pod), name(pod), |pod| {
            let mut owners = pod["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
            owners.push(controller_reference(set));
            pod["metadata"]["ownerReferences"] = json!(owners);
        })
    }

    fn scale(&self, set: &Value, mut pods: Vec<Arc<Value>>) -> Result<(), Status> {
        let wanted = usize::try_from(number(set, "/spec/replicas", 1)).unwrap_or_default();
        // What is left is made when the first of these are seen.
        for _ in (pods.len()..wanted).take(BURST) {
            self.create(set)?;
        }
        if pods.len() > wanted {
            pods.sort_by_cached_key(|pod| keep_last(pod));
            for pod in &pods[..pods.len() - wanted] {
                self.store.delete(Resource::Pods, namespace(pod), name(pod), &Deletion::default())?;
                let message = format!("Deleted pod: {}", name(pod));
                self.events.tell(set, Said::normal("SuccessfulDelete", message));
            }
        }
        Ok(())
    }

    fn create(&self, set: &Value) -> Result<(), Status> {
        let template = &set["spec"]["template"];
        let mut metadata = template["metadata"].clone();
        let fields = map(&mut metadata);
        fields.retain(|field, _| matches!(field.as_str(), "labels" | "annotations" | "finalizers"));
        fields.insert("generateName".into(), json!(format!("{}-", name(set))));
        fields.insert("namespace".into(), set["metadata"]["namespace"].clone());
        fields.insert("ownerReferences".into(), json!([controller_reference(set)]));
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"],
            "status": {"phase": "Pending"}});
        match self.store.create(Resource::Pods, pod) {
            Ok(pod) => {
                self.events
                    .tell(set, Said::normal("SuccessfulCreate", format!("Created pod: {}", name(&pod))));
                Ok(())
            }
            Err(status) => {
                self.events.tell(set, Said::warning("FailedCreate", format!("Error creating: {status}")));
                Err(status)
            }
        }
    }

    /// Counts anew, from what there is now.
    fn write_status(&self, set: &Value, failure: Option<&Status>) -> Result<Done, Status> {
        let all = self.store.list(Resource::Pods, Some(namespace(set)), &Selector::default()).items;
        let pods: Vec<_> = all.iter().filter(|pod| is_active(pod) && is_controlled_by(pod, set)).collect();
        let selector =
            Selector::label_selector(&json!({"matchLabels": set["spec"]["template"]["metadata"]["labels"]}));
        let patience = number(set, "/spec/minReadySeconds", 0);
        let waits: Vec<i64> = pods.iter().filter_map(|pod| until_available(pod, patience)).collect();
        let counts = [
            ("availableReplicas", waits.iter().filter(|wait| **wait <= 0).count()),
            ("fullyLabeledReplicas", pods.iter().filter(|pod| selector.matches(pod)).count()),
            ("readyReplicas", pods.iter().filter(|pod| is_pod_ready(pod)).count()),
        ];
        let updated = self.store.modify_status(Resource::ReplicaSets, namespace(set), name(set), |set| {
            let mut conditions = set["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let known = conditions.iter().any(|condition| condition["type"] == "ReplicaFailure");
            match failure {
                None => conditions.retain(|condition| condition["type"] != "ReplicaFailure"),
                // Its message names another pod each time: the first is kept, or every try would be a change.
                Some(_) if known => {}
                Some(why) => set_condition(
                    &mut conditions,
                    json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                        "message": why.to_string()}),
                    &now(),
                    &[],
                ),
            }
            let mut status = json!({"replicas": pods.len(),
                "observedGeneration": number(set, "/metadata/generation", 1)});
            for (field, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                status[field] = json!(count);
            }
            if !conditions.is_empty() {
                status["conditions"] = json!(conditions);
            }
            set["status"] = status;
        });
        match updated {
            // It was deleted meanwhile: nobody wants its status.
            Err(status) if status.code == 404 => Ok(Done::Now),
            Err(status) => Err(status),
            Ok(_) => Ok(match waits.into_iter().filter(|wait| *wait > 0).min() {
                Some(wait) => Done::After(Duration::from_secs(wait.unsigned_abs())),
                None => Done::Now,
            }),
        }
    }
}

/// Seconds until a ready pod has been ready for long enough; `None` where it is not ready.
fn until_available(pod: &Value, patience: i64) -> Option<i64> {
    let since = ready_since(pod)?;
    if patience == 0 {
        return Some(0);
    }
    Some(patience - Timestamp::now().duration_since(since).as_secs())
}

/// The order in which pods go: first those without a node, then those that do not run, that are not ready, that
/// cost least to delete, that became ready last, that restarted most and that are youngest.
/// Source: <https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset>
fn keep_last(pod: &Value) -> impl Ord + use<> {
    let phase = match &*text(pod, "/status/phase") {
        "Running" => 2,
        "Unknown" => 1,
        _ => 0,
    };
    let cost = pod["metadata"]["annotations"]["controller.kubernetes.io/pod-deletion-cost"].as_str();
    let restarts = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    let restarts: i64 = restarts.map(|container| number(container, "/restartCount", 0)).sum();
    (
        !text(pod, "/spec/nodeName").is_empty(),
        phase,
        is_pod_ready(pod),
        cost.and_then(|cost| cost.parse::<i64>().ok()).unwrap_or(0),
        Reverse(ready_since(pod)),
        Reverse(restarts),
        Reverse(text(pod, "/metadata/creationTimestamp").into_owned()),
        uid(pod).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(uid: &str, node: &str, phase: &str, ready: Option<&str>, created: &str) -> Value {
        let ready =
            ready.map(|since| json!([{"type": "Ready", "status": "True", "lastTransitionTime": since}]));
        json!({"metadata": {"uid": uid, "creationTimestamp": created}, "spec": {"nodeName": node},
            "status": {"phase": phase, "conditions": ready}})
    }

    #[test]
    fn pods_go_in_kubernetes_order() {
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
        let mut pods = [
            pod("6-ready-longest", "n", "Running", Some(early), early),
            pod("5-ready-long-but-young", "n", "Running", Some(early), late),
            pod("4-ready-lately", "n", "Running", Some(late), early),
            pod("3-not-ready", "n", "Running", None, early),
            pod("2-pending", "n", "Pending", None, early),
            pod("1-no-node", "", "Pending", None, early),
        ];
        pods.sort_by_cached_key(keep_last);
        let order: Vec<&str> = pods.iter().map(|pod| &uid(pod)[..1]).collect();
        assert_eq!(order, ["1", "2", "3", "4", "5", "6"]);
    }
}
