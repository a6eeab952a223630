//! Empties a namespace that is being deleted, and then lets it go.
//!
//! Source: <https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace>

use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::set_condition;
use super::runtime::{Controller, Done, object};
use crate::status::Status;
use crate::store::object::{is_deleting, name, namespace, now};
use crate::store::{Deletion, Resource, Selector, Store, WatchEvent};

pub(crate) struct Namespaces {
    pub(crate) store: Arc<Store>,
}

impl Controller for Namespaces {
    type Key = String;
    const NAME: &'static str = "namespace";

    fn watches(&self) -> Vec<Resource> {
        contents().chain([Resource::Namespaces]).collect()
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<String> {
        let object = object(event);
        let of = if resource == Resource::Namespaces { name(object) } else { namespace(object) };
        let found = self.store.find(Resource::Namespaces, "", of);
        found.filter(|found| is_deleting(found)).map(|_| of.to_owned()).into_iter().collect()
    }

    fn reconcile(&self, of: &String) -> Result<Done, Status> {
        let found = self.store.find(Resource::Namespaces, "", of).filter(|found| is_deleting(found));
        if found.is_none() {
            return Ok(Done::Now);
        }
        for resource in contents() {
            for object in self.store.list(resource, Some(of), &Selector::default()).items {
                if !is_deleting(&object) {
                    // What somebody else deleted meanwhile is as good.
                    self.store.delete(resource, of, name(&object), &Deletion::default()).ok();
                }
            }
        }
        let left: Vec<String> = contents().filter_map(|resource| self.left(resource, of)).collect();
        if left.is_empty() {
            self.store.finalize(Resource::Namespaces, "", of)?;
        } else {
            self.say(of, &left)?;
        }
        Ok(Done::Now)
    }
}

impl Namespaces {
    fn left(&self, resource: Resource, of: &str) -> Option<String> {
        let count = self.store.list(resource, Some(of), &Selector::default()).items.len();
        let group = resource.info().group;
        let plural = resource.info().plural;
        let named = if group.is_empty() { format!("{plural}.") } else { format!("{plural}.{group}") };
        (count > 0).then(|| format!("{named} has {count} resource instances"))
    }

    fn say(&self, of: &str, left: &[String]) -> Result<(), Status> {
        let message = format!("Some resources are remaining: {}", left.join(", "));
        let conditions: [Value; 2] = [
            json!({"type": "NamespaceDeletionContentFailure", "status": "False", "reason": "ContentDeleted",
                "message": "All content successfully deleted, may be waiting on finalization"}),
            json!({"type": "NamespaceContentRemaining", "status": "True", "reason": "SomeResourcesRemain",
                "message": message}),
        ];
        let written = self.store.modify_status(Resource::Namespaces, "", of, |namespace| {
            let mut all = namespace["status"]["conditions"].as_array().cloned().unwrap_or_default();
            for condition in conditions {
                set_condition(&mut all, condition, &now(), &[]);
            }
            namespace["status"]["conditions"] = json!(all);
        });
        written.map(drop)
    }
}

/// Everything that is in namespaces.
fn contents() -> impl Iterator<Item = Resource> {
    Resource::ALL.into_iter().filter(|resource| resource.info().namespaced)
}
