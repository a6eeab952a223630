//! `ResourceQuota`: what is used of it. Whether it is kept is the admission's affair.
//!
//! Source: <https://kubernetes.io/docs/concepts/policy/resource-quotas/>

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::objects::{Key, has_ended, key};
use super::runtime::{Controller, Done, object};
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
        let used: Map<String, Value> =
            hard.keys().map(|what| (what.clone(), json!(self.used(namespace, what)))).collect();
        self.store.modify_status(Resource::ResourceQuotas, namespace, name, |quota| {
            quota["status"] = json!({"hard": hard, "used": used});
        })?;
        Ok(Done::Now)
    }
}

impl Quotas {
    /// How much of `what` there is. Amounts of CPU and memory are not counted: the pods here use none.
    fn used(&self, namespace: &str, what: &str) -> String {
        let count = |resource: Resource, wanted: &dyn Fn(&Value) -> bool| {
            let all = self.store.list(resource, Some(namespace), &Selector::default()).items;
            all.iter().filter(|object| wanted(object)).count().to_string()
        };
        let of_type = |kind: &'static str| move |service: &Value| service["spec"]["type"] == kind;
        match what {
            "pods" | "count/pods" => count(Resource::Pods, &|pod| !has_ended(pod)),
            "services.nodeports" => count(Resource::Services, &of_type("NodePort")),
            "services.loadbalancers" => count(Resource::Services, &of_type("LoadBalancer")),
            _ => match counted().find(|resource| names(*resource, what)) {
                Some(resource) => count(resource, &|_| true),
                None => "0".to_owned(),
            },
        }
    }
}

/// Whether a quota's `what` is this resource: `services`, `count/services`, `count/deployments.apps`.
fn names(resource: Resource, what: &str) -> bool {
    let info = resource.info();
    let counted = what.strip_prefix("count/");
    match info.group {
        "" => counted.unwrap_or(what) == info.plural,
        group => counted.is_some_and(|counted| counted == format!("{}.{group}", info.plural)),
    }
}

fn counted() -> impl Iterator<Item = Resource> {
    let all = Resource::ALL.into_iter().filter(|resource| resource.info().namespaced);
    all.filter(|resource| !matches!(resource, Resource::Events | Resource::ResourceQuotas))
}
