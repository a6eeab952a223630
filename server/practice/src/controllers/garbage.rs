//! Deletes what has lost its owner.
//!
//! ```text
//! owner gone ──▶ dependents without another owner are deleted (background)
//! owner deleting, with the finalizer foregroundDeletion ──▶ dependents first, then the finalizer goes
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/architecture/garbage-collection/>

use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::key;
use super::runtime::{Controller, Done, object};
use crate::status::Status;
use crate::store::object::{is_deleting, map, name, namespace, uid};
use crate::store::{Deletion, FOREGROUND, Propagation, Resource, Selector, Store, WatchEvent};

/// A resource, a namespace and a name.
type Place = (Resource, String, String);

pub(crate) struct Garbage {
    pub(crate) store: Arc<Store>,
}

impl Controller for Garbage {
    type Key = Place;
    const NAME: &'static str = "garbage";

    fn watches(&self) -> Vec<Resource> {
        owned_kinds().collect()
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<Place> {
        let object = object(event);
        let mut keys = Vec::new();
        if matches!(event, WatchEvent::Deleted(_)) {
            keys.extend(self.dependents(object).map(|(resource, object)| place(resource, &object)));
            keys.extend(owners(object).filter_map(|owner| owner_place(object, owner)));
        } else if owners(object).next().is_some() || is_deleting(object) {
            keys.push(place(resource, object));
            if is_deleting(object) {
                keys.extend(owners(object).filter_map(|owner| owner_place(object, owner)));
            }
        }
        keys
    }

    fn reconcile(&self, (resource, namespace, name): &Place) -> Result<Done, Status> {
        let Some(object) = self.store.find(*resource, namespace, name) else { return Ok(Done::Now) };
        if is_deleting(&object) {
            return self.finish_foreground(*resource, &object);
        }
        let all = owners(&object).count();
        let dangling: Vec<&Value> = owners(&object).filter(|owner| !self.is_there(&object, owner)).collect();
        if dangling.is_empty() {
            return Ok(Done::Now);
        }
        if dangling.len() == all {
            let deletion = Deletion { uid: Some(uid(&object).to_owned()), ..Deletion::default() };
            self.store.delete(*resource, namespace, name, &deletion)?;
            return Ok(Done::Now);
        }
        let kept: Vec<Value> =
            owners(&object).filter(|owner| self.is_there(&object, owner)).cloned().collect();
        self.store.modify(*resource, namespace, name, |object| {
            object["metadata"]["ownerReferences"] = json!(kept);
        })?;
        Ok(Done::Now)
    }
}

impl Garbage {
    /// Deletes the dependents of an object that waits for them, and lets it go when there are none.
    fn finish_foreground(&self, resource: Resource, object: &Value) -> Result<Done, Status> {
        let waits = object["metadata"]["finalizers"].as_array();
        if !waits.is_some_and(|finalizers| finalizers.iter().any(|finalizer| finalizer == FOREGROUND)) {
            return Ok(Done::Now);
        }
        let mut left = 0;
        for (resource, dependent) in self.dependents(object) {
            let reference = owners(&dependent).find(|owner| owner["uid"] == uid(object));
            let blocks = reference.is_some_and(|owner| owner["blockOwnerDeletion"] == true);
            left += usize::from(blocks);
            if !is_deleting(&dependent) {
                let has_more = self.dependents(&dependent).next().is_some();
                let propagation = if has_more { Propagation::Foreground } else { Propagation::Background };
                let deletion =
                    Deletion { uid: Some(uid(&dependent).to_owned()), propagation, ..Deletion::default() };
                self.store.delete(resource, namespace(&dependent), name(&dependent), &deletion)?;
            }
        }
        // A dependent that went at once wakes this again.
        if left == 0 {
            self.store.modify(resource, namespace(object), name(object), |object| {
                let metadata = map(&mut object["metadata"]);
                if let Some(Value::Array(finalizers)) = metadata.get_mut("finalizers") {
                    finalizers.retain(|finalizer| finalizer != FOREGROUND);
                }
            })?;
        }
        Ok(Done::Now)
    }

    fn dependents(&self, owner: &Value) -> impl Iterator<Item = (Resource, Arc<Value>)> {
        let of = uid(owner).to_owned();
        // An owner in no namespace may own what is in any.
        let within = Some(namespace(owner)).filter(|namespace| !namespace.is_empty()).map(str::to_owned);
        let store = Arc::clone(&self.store);
        owned_kinds().flat_map(move |resource| {
            let of = of.clone();
            let all = store.list(resource, within.as_deref(), &Selector::default()).items;
            all.into_iter()
                .filter(move |object| owners(object).any(|owner| owner["uid"] == of.as_str()))
                .map(move |object| (resource, object))
        })
    }

    fn is_there(&self, object: &Value, owner: &Value) -> bool {
        // A kind that the cluster does not have cannot be judged, so it is left alone.
        let Some((resource, namespace, name)) = owner_place(object, owner) else { return true };
        self.store.find(resource, &namespace, &name).is_some_and(|found| owner["uid"] == uid(&found))
    }
}

fn place(resource: Resource, object: &Value) -> Place {
    let (namespace, name) = key(object);
    (resource, namespace, name)
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

fn owner_place(object: &Value, owner: &Value) -> Option<Place> {
    let resource = Resource::of_kind(owner["apiVersion"].as_str()?, owner["kind"].as_str()?)?;
    let namespace = if resource.info().namespaced { namespace(object).to_owned() } else { String::new() };
    Some((resource, namespace, owner["name"].as_str()?.to_owned()))
}

/// Events own and are owned by nothing, and are many.
fn owned_kinds() -> impl Iterator<Item = Resource> {
    Resource::ALL.into_iter().filter(|resource| *resource != Resource::Events)
}
