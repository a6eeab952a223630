//! Deleting: at once, after a grace period, or when the finalizers are done.
//!
//! Source: <https://kubernetes.io/docs/concepts/architecture/garbage-collection/> and
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::state::State;
use super::{Mode, Resource, Store, object};
use crate::status::Status;

/// Holds an object until its dependents are gone.
pub const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the objects that this one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go after it.
    #[default]
    Background,
    /// They go before it: it stays, with a `foregroundDeletion` finalizer that the garbage collector takes away.
    Foreground,
    /// They stay, without their owner.
    Orphan,
}

/// How to delete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deletion {
    /// Seconds that a pod gets; its own when `None`.
    pub grace_seconds: Option<u32>,
    /// What becomes of what it owns.
    pub propagation: Propagation,
    /// Only if it is this one.
    pub uid: Option<String>,
    /// Only if it has not changed since.
    pub resource_version: Option<String>,
    /// Whether it is for real.
    pub mode: Mode,
}

impl Deletion {
    /// At once, whatever grace the object would have: how the kubelet ends a pod.
    #[must_use]
    pub fn now() -> Self {
        Self { grace_seconds: Some(0), ..Self::default() }
    }

    /// Whether its preconditions hold for an object.
    ///
    /// # Errors
    /// 409 when one does not.
    pub fn check(&self, resource: Resource, object: &Value) -> Result<(), Status> {
        let pairs = [
            (&self.uid, "UID", object::text(object, "/metadata/uid")),
            (&self.resource_version, "ResourceVersion", object::text(object, "/metadata/resourceVersion")),
        ];
        for (wanted, what, is) in pairs {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != is) {
                let why = format!(
                    "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}"
                );
                return Err(Status::conflict(resource, object::name(object), &why));
            }
        }
        Ok(())
    }
}

/// What a deletion came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone; its last state.
    Gone(Arc<Value>),
    /// It is still there, with a `deletionTimestamp`.
    Later(Arc<Value>),
}

impl Store {
    /// Deletes an object. A pod on a node with a grace period is only marked: its kubelet ends it with
    /// [`Deletion::now`]. A namespace is only marked: its controller empties it and calls [`Store::finalize`].
    ///
    /// # Errors
    /// 404, or 409 when a precondition does not hold.
    pub fn delete(
        &self,
        resource: Resource,
        namespace: &str,
        name: &str,
        deletion: &Deletion,
    ) -> Result<Deleted, Status> {
        let mut state = self.lock();
        let old = state.get(resource, namespace, name).cloned();
        let old = old.ok_or_else(|| Status::not_found(resource, name))?;
        deletion.check(resource, &old)?;
        if deletion.propagation == Propagation::Orphan && deletion.mode == Mode::Commit {
            state.orphan(object::uid(&old));
        }
        let mut object = (*old).clone();
        let grace = grace(resource, &old, deletion);
        mark(resource, &mut object, grace, deletion.propagation);
        if is_finished(resource, &object) {
            return Ok(Deleted::Gone(state.remove(resource, object, deletion.mode)));
        }
        if object == *old {
            return Ok(Deleted::Later(old));
        }
        Ok(Deleted::Later(state.put(resource, object, deletion.mode)))
    }

    /// Ends a namespace that is being deleted and is empty.
    ///
    /// # Errors
    /// 404.
    pub fn finalize(&self, resource: Resource, namespace: &str, name: &str) -> Result<Arc<Value>, Status> {
        let mut state = self.lock();
        let old = state.get(resource, namespace, name).cloned();
        let old = old.ok_or_else(|| Status::not_found(resource, name))?;
        Ok(state.remove(resource, (*old).clone(), Mode::Commit))
    }
}

impl State {
    /// Takes the owner out of everything that it owns.
    fn orphan(&mut self, owner: &str) {
        let owned = |object: &Value| {
            let owners = object["metadata"]["ownerReferences"].as_array();
            owners.is_some_and(|owners| owners.iter().any(|o| o["uid"] == owner))
        };
        for resource in Resource::ALL {
            let dependents: Vec<Value> =
                self.list(resource, None).filter(|o| owned(o)).map(|o| (**o).clone()).collect();
            for mut object in dependents {
                let metadata = object::metadata(&mut object);
                if let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") {
                    owners.retain(|o| o["uid"] != owner);
                    if owners.is_empty() {
                        metadata.remove("ownerReferences");
                    }
                }
                self.put(resource, object, Mode::Commit);
            }
        }
    }
}

/// Seconds until the object goes. Only pods that have a node and have not ended get any.
fn grace(resource: Resource, old: &Value, deletion: &Deletion) -> u32 {
    if resource != Resource::Pods
        || object::text(old, "/spec/nodeName").is_empty()
        || matches!(&*object::text(old, "/status/phase"), "Succeeded" | "Failed")
    {
        return 0;
    }
    let own = old["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
    let own = u32::try_from(own).unwrap_or(u32::MAX);
    let wanted = deletion.grace_seconds.unwrap_or(own);
    match old["metadata"]["deletionGracePeriodSeconds"].as_u64() {
        // A second deletion may only shorten the grace.
        Some(given) => wanted.min(u32::try_from(given).unwrap_or(u32::MAX)),
        None => wanted,
    }
}

fn mark(resource: Resource, object: &mut Value, grace: u32, propagation: Propagation) {
    let first = !object::is_deleting(object);
    let generations = resource.info().generations;
    let metadata = object::metadata(object);
    if propagation == Propagation::Foreground && first {
        let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
        if let Some(list) = finalizers.as_array_mut().filter(|list| !list.contains(&json!(FOREGROUND))) {
            list.push(json!(FOREGROUND));
        }
    }
    let given = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_u64);
    if first || given != Some(u64::from(grace)) {
        let end = Timestamp::now().checked_add(SignedDuration::from_secs(i64::from(grace)));
        metadata.insert("deletionTimestamp".into(), json!(end.map(object::stamp).unwrap_or_default()));
        metadata.insert("deletionGracePeriodSeconds".into(), json!(grace));
    }
    if first && generations {
        let generation = metadata.get("generation").and_then(Value::as_u64).unwrap_or(1) + 1;
        metadata.insert("generation".into(), json!(generation));
    }
    if resource == Resource::Namespaces {
        metadata.remove("deletionGracePeriodSeconds");
        object["status"]["phase"] = json!("Terminating");
    }
}

/// Whether nothing holds an object any more that is being deleted.
pub(super) fn is_finished(resource: Resource, object: &Value) -> bool {
    object::is_deleting(object)
        && resource != Resource::Namespaces
        && object["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(0) == 0
        && object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty)
}
