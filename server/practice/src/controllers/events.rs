//! What is told of objects: `kubectl get events`, and the end of `kubectl describe`.
//!
//! Invariants: the same thing said again counts and makes no new object; of one object a source says no more than
//! [`BURST`] things in a row; what was said longer than [`KEPT`] ago is forgotten.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/>, and for the limits
//! `k8s.io/client-go/tools/record`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::store::object::{name, namespace, now, uid};
use crate::store::{Deletion, Resource, Store};

/// How much a source says of one object before it must pause.
const BURST: f64 = 25.0;
/// How long until it may say one thing more.
const REFILL: Duration = Duration::from_secs(300);
/// How long events are kept.
const KEPT: Duration = Duration::from_secs(3600);
/// The most that are remembered, whatever their age.
const MOST: usize = 10_000;

/// Whether something is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Tone {
    /// It is.
    Normal,
    /// It is not.
    Warning,
}

/// Something that happened to an object.
#[derive(Debug, Clone)]
pub(crate) struct Said<'a> {
    /// Normal or Warning.
    pub(crate) tone: Tone,
    /// One word.
    pub(crate) reason: &'a str,
    /// A sentence.
    pub(crate) message: String,
    /// The part of the object it is about, or empty.
    pub(crate) field: String,
}

impl<'a> Said<'a> {
    /// As it should be.
    pub(crate) fn normal(reason: &'a str, message: impl Into<String>) -> Self {
        Self { tone: Tone::Normal, reason, message: message.into(), field: String::new() }
    }

    /// Not as it should be.
    pub(crate) fn warning(reason: &'a str, message: impl Into<String>) -> Self {
        Self { tone: Tone::Warning, ..Self::normal(reason, message) }
    }

    /// About this container.
    pub(crate) fn of_container(self, container: &str) -> Self {
        Self { field: format!("spec.containers{{{container}}}"), ..self }
    }
}

/// Object, part, reason and message: what makes two events one.
type Same = (String, String, String, String);

#[derive(Debug, Default)]
struct Memory {
    told: HashMap<Same, (String, String)>,
    ages: VecDeque<(Instant, Same)>,
    allowance: HashMap<String, (f64, Instant)>,
    serial: u64,
}

/// Writes the events of one component.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    store: Arc<Store>,
    component: &'static str,
    host: Option<&'static str>,
    memory: Arc<Mutex<Memory>>,
}

impl Recorder {
    /// For a component, and the node it runs on if it belongs to one.
    pub(crate) fn new(store: &Arc<Store>, component: &'static str, host: Option<&'static str>) -> Self {
        Self { store: Arc::clone(store), component, host, memory: Arc::default() }
    }

    /// Tells it. An event that the store refuses is lost, as it is on a real cluster.
    pub(crate) fn tell(&self, about: &Value, said: Said<'_>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        for (namespace, name) in memory.forget_old(at) {
            self.store.delete(Resource::Events, &namespace, &name, &Deletion::now()).ok();
        }
        if !memory.may_tell(uid(about), at) {
            return;
        }
        let Said { tone, reason, message, field } = said;
        let same = (uid(about).to_owned(), field, reason.to_owned(), message);
        if let Some((namespace, name)) = memory.told.get(&same)
            && self.count(namespace, name)
        {
            return;
        }
        memory.serial += 1;
        let event = self.event(about, tone, &same, memory.serial);
        if let Ok(event) = self.store.create(Resource::Events, event) {
            memory.told.insert(same.clone(), (namespace(&event).to_owned(), name(&event).to_owned()));
            memory.ages.push_back((at, same));
        }
    }

    fn count(&self, namespace: &str, name: &str) -> bool {
        let counted = self.store.modify(Resource::Events, namespace, name, |event| {
            event["count"] = json!(event["count"].as_u64().unwrap_or(1) + 1);
            event["lastTimestamp"] = json!(now());
        });
        counted.is_ok()
    }

    fn event(&self, about: &Value, tone: Tone, (_, field, reason, message): &Same, serial: u64) -> Value {
        let metadata = &about["metadata"];
        // Events of what is in no namespace are in `default`.
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let mut involved = json!({
            "apiVersion": about["apiVersion"], "kind": about["kind"], "name": metadata["name"],
            "namespace": namespace, "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
        });
        if !field.is_empty() {
            involved["fieldPath"] = json!(field);
        }
        let mut source = json!({"component": self.component});
        if let Some(host) = self.host {
            source["host"] = json!(host);
        }
        let nanos = jiff::Timestamp::now().as_nanosecond() as u64;
        let time = now();
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {
                "name": format!("{}.{:x}", name(about), nanos.wrapping_add(serial)), "namespace": namespace,
            },
            "involvedObject": involved,
            "reason": reason, "message": message,
            "type": if tone == Tone::Normal { "Normal" } else { "Warning" },
            "count": 1, "firstTimestamp": time, "lastTimestamp": time, "eventTime": null,
            "source": source,
            "reportingComponent": self.component, "reportingInstance": self.host.unwrap_or_default(),
        })
    }
}

impl Memory {
    fn may_tell(&mut self, object: &str, at: Instant) -> bool {
        let (left, since) = self.allowance.entry(object.to_owned()).or_insert((BURST, at));
        let refilled = at.duration_since(*since).as_secs_f64() / REFILL.as_secs_f64();
        (*left, *since) = ((*left + refilled).min(BURST), at);
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }

    /// Where the events are that are too old, or too many.
    fn forget_old(&mut self, at: Instant) -> Vec<(String, String)> {
        let mut old = Vec::new();
        while self.ages.len() > MOST
            || self.ages.front().is_some_and(|(since, _)| at.duration_since(*since) > KEPT)
        {
            let Some((_, same)) = self.ages.pop_front() else { break };
            old.extend(self.told.remove(&same));
            self.allowance.remove(&same.0);
        }
        old
    }
}
