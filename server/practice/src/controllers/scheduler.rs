//! Gives pods their node. There is one, so the only question is whether it will do.
//!
//! Source: <https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/>

use std::sync::Arc;

use serde_json::{Value, json};

use super::events::{Recorder, Said};
use super::objects::{Key, key, set_condition};
use super::runtime::{Controller, Done, object};
use crate::status::Status;
use crate::store::object::{is_deleting, now, text};
use crate::store::{Resource, Selector, Store, WatchEvent};

pub(crate) struct Scheduler {
    pub(crate) store: Arc<Store>,
    pub(crate) events: Recorder,
}

impl Controller for Scheduler {
    type Key = Key;
    const NAME: &'static str = "scheduler";

    fn watches(&self) -> Vec<Resource> {
        vec![Resource::Pods, Resource::Nodes]
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<Key> {
        if resource == Resource::Pods {
            return if waits(object(event)) { vec![key(object(event))] } else { Vec::new() };
        }
        let pods = self.store.list(Resource::Pods, None, &Selector::default()).items;
        pods.iter().filter(|pod| waits(pod)).map(|pod| key(pod)).collect()
    }

    fn reconcile(&self, (namespace, name): &Key) -> Result<Done, Status> {
        let Some(pod) = self.store.find(Resource::Pods, namespace, name).filter(|pod| waits(pod)) else {
            return Ok(Done::Now);
        };
        let nodes = self.store.list(Resource::Nodes, None, &Selector::default()).items;
        match nodes.iter().find(|node| refusal(&pod, node).is_none()) {
            Some(node) => self.bind(&pod, &text(node, "/metadata/name")),
            None => self.refuse(&pod, &nodes),
        }
    }
}

impl Scheduler {
    fn bind(&self, pod: &Value, node: &str) -> Result<Done, Status> {
        let (namespace, name) = key(pod);
        self.store.modify(Resource::Pods, &namespace, &name, |pod| pod["spec"]["nodeName"] = json!(node))?;
        self.condition(pod, json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null}))?;
        let message = format!("Successfully assigned {namespace}/{name} to {node}");
        self.events.tell(pod, Said::normal("Scheduled", message));
        Ok(Done::Now)
    }

    fn refuse(&self, pod: &Value, nodes: &[Arc<Value>]) -> Result<Done, Status> {
        let reasons: Vec<&str> = nodes.iter().filter_map(|node| refusal(pod, node)).collect();
        let why = match reasons.first() {
            None => "no nodes available to schedule pods".to_owned(),
            Some(reason) => format!(
                "0/{count} nodes are available: {count} {reason}. preemption: 0/{count} nodes are available: {count} \
                 Preemption is not helpful for scheduling.",
                count = reasons.len()
            ),
        };
        let condition = json!({"type": "PodScheduled", "status": "False", "lastProbeTime": null,
            "reason": "Unschedulable", "message": why});
        self.condition(pod, condition)?;
        self.events.tell(pod, Said::warning("FailedScheduling", why));
        Ok(Done::Now)
    }

    fn condition(&self, pod: &Value, condition: Value) -> Result<(), Status> {
        let (namespace, name) = key(pod);
        self.store
            .modify_status(Resource::Pods, &namespace, &name, |pod| {
                let mut conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
                set_condition(&mut conditions, condition, &now(), &[]);
                pod["status"]["conditions"] = json!(conditions);
            })
            .map(drop)
    }
}

/// Whether the pod waits for this scheduler.
fn waits(pod: &Value) -> bool {
    let scheduler = pod["spec"]["schedulerName"].as_str().unwrap_or("default-scheduler");
    text(pod, "/spec/nodeName").is_empty() && scheduler == "default-scheduler" && !is_deleting(pod)
}

/// Why a node will not do for a pod, in the scheduler's words.
fn refusal(pod: &Value, node: &Value) -> Option<&'static str> {
    if node["spec"]["unschedulable"] == true {
        return Some("node(s) were unschedulable");
    }
    let wanted = pod["spec"]["nodeSelector"].as_object().into_iter().flatten();
    let labels = &node["metadata"]["labels"];
    let mismatch = wanted.into_iter().any(|(key, value)| labels.get(key) != Some(value));
    mismatch.then_some("node(s) didn't match Pod's node affinity/selector")
}
