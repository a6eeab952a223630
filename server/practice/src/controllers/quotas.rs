//! `ResourceQuota`: what is used of it. Whether it is kept is the admission's affair.
//!
//! Source: <https://kubernetes.io/docs/concepts/policy/resource-quotas/>

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::objects::{Key, key};
use super::runtime::{Controller, Done, object};
use crate::quantity::Quantity;
use crate::quota::{self, Amounts};
use crate::status::Status;
use crate::store::object::namespace;
use crate::store::{Resource, Selector, Store, WatchEvent};

pub(crate) struct Quotas {
    pub(crate) store: Arc<Store>,
}

impl Controller for Quotas {
    type Key = Key;
    const NAME: &'static str = "resourcequota";

    fn watches(&self) -> Vec<Resource> {
        counted().chain([Resource::ResourceQuotas]).collect()
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<Key> {
        let object = object(event);
        if resource == Resource::ResourceQuotas && !matches!(event, WatchEvent::Deleted(_)) {
            return vec![key(object)];
        }
        let quotas = self.store.list(Resource::ResourceQuotas, Some(namespace(object)), &Selector::default());
        quotas.items.iter().map(|quota| key(quota)).collect()
    }

    fn reconcile(&self, (namespace, name): &Key) -> Result<Done, Status> {
        let Some(quota) = self.store.find(Resource::ResourceQuotas, namespace, name) else {
            return Ok(Done::Now);
        };
        let hard = quota["spec"]["hard"].as_object().cloned().unwrap_or_default();
        let used: Map<String, Value> = self
            .used(namespace, &hard)
            .into_iter()
            .map(|(word, amount)| (word, json!(amount.to_string())))
            .collect();
        self.store.modify_status(Resource::ResourceQuotas, namespace, name, |quota| {
            quota["status"] = json!({"hard": hard, "used": used});
        })?;
        Ok(Done::Now)
    }
}

impl Quotas {
    /// How much there is of all that is limited; of what there is none here, nothing.
    fn used(&self, namespace: &str, hard: &Map<String, Value>) -> Amounts {
        let mut words: BTreeMap<Option<Resource>, Vec<&str>> = BTreeMap::new();
        for word in hard.keys() {
            words.entry(quota::resource_of(word)).or_default().push(word);
        }
        let now = Timestamp::now();
        let mut used = Amounts::new();
        for (resource, words) in words {
            used.extend(match resource {
                None => words.into_iter().map(|word| (word.to_owned(), Quantity::whole(0))).collect(),
                Some(resource) => {
                    let all = self.store.list(resource, Some(namespace), &Selector::default()).items;
                    quota::total(resource, all.iter().map(|object| &**object), &words, now)
                }
            });
        }
        used
    }
}

fn counted() -> impl Iterator<Item = Resource> {
    let all = Resource::ALL.into_iter().filter(|resource| resource.info().namespaced);
    all.filter(|resource| !matches!(resource, Resource::Events | Resource::ResourceQuotas))
}
