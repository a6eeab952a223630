//! `EndpointSlice`, and the older `Endpoints`: which pods are behind a Service, and in what state.
//!
//! ```text
//! Service.selector ─┐
//! pods ─────────────┴─▶ Backends, grouped by the ports they resolve to ──▶ EndpointSlices
//!                                                                     └──▶ Endpoints
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/>

mod backends;
mod mirror;
mod slices;
mod trigger;

use std::sync::Arc;

use serde_json::Value;

use super::objects::{Key, key};
use super::runtime::{Controller, Done, object};
use crate::status::Status;
use crate::store::object::{is_deleting, map, namespace};
use crate::store::{Deletion, Resource, Selector, Store, WatchEvent};
use backends::Backends;
pub(crate) use trigger::Triggers;
use trigger::stamp;

/// Names the Service of an `EndpointSlice`.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Marks what belongs to a Service without a virtual IP.
const HEADLESS: &str = "service.kubernetes.io/headless";

pub(crate) struct Endpoints {
    pub(crate) store: Arc<Store>,
    pub(crate) triggers: Triggers,
}

impl Controller for Endpoints {
    type Key = Key;
    const NAME: &'static str = "endpointslice";

    fn watches(&self) -> Vec<Resource> {
        vec![Resource::Services, Resource::Pods, Resource::EndpointSlices]
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<Key> {
        let object = object(event);
        match resource {
            Resource::Services => vec![key(object)],
            Resource::EndpointSlices => {
                let service = object["metadata"]["labels"][SERVICE_NAME].as_str();
                service
                    .map(|service| (namespace(object).to_owned(), service.to_owned()))
                    .into_iter()
                    .collect()
            }
            // Its labels may have changed: what selected it before must look, too.
            _ => {
                let services =
                    self.store.list(Resource::Services, Some(namespace(object)), &Selector::default()).items;
                services.iter().map(|service| key(service)).collect()
            }
        }
    }

    fn reconcile(&self, of: &Key) -> Result<Done, Status> {
        let (namespace, name) = of;
        let service = self.store.find(Resource::Services, namespace, name).filter(|s| !is_deleting(s));
        let Some(service) = service else {
            // Its slices go with their owner; the Endpoints object has none.
            self.triggers.forget(of);
            self.remove_mirror(namespace, name)?;
            return Ok(Done::Now);
        };
        let Some(selector) = selector(&service) else { return Ok(Done::Now) };
        let pods = self.store.list(Resource::Pods, Some(namespace), &selector).items;
        let backends = Backends::of(&service, &pods);
        let trigger = self.triggers.look(of, &service, &pods);
        self.write_slices(&service, &backends, trigger.as_deref())?;
        self.write_mirror(&service, &backends, trigger.as_deref())?;
        Ok(Done::Now)
    }
}

impl Endpoints {
    fn write_slices(
        &self,
        service: &Value,
        backends: &Backends,
        trigger: Option<&str>,
    ) -> Result<(), Status> {
        let (namespace, name) = key(service);
        let existing =
            self.store.list(Resource::EndpointSlices, Some(&namespace), &Selector::default()).items;
        let mut existing: Vec<_> = existing
            .into_iter()
            .filter(|slice| slices::is_ours(slice, &name) && !is_deleting(slice))
            .collect();
        for (ports, endpoints) in slices::wanted(backends) {
            let place = existing.iter().position(|slice| slices::same_ports(slice, &ports));
            // An empty slice becomes any other; the last one becomes empty rather than go.
            let place = place.or_else(|| existing.iter().position(|slice| slices::is_empty(slice)));
            let place = place.or_else(|| (endpoints.is_null() && !existing.is_empty()).then_some(0));
            match place.map(|place| existing.remove(place)) {
                None => {
                    let mut slice = slices::new(service, &ports, &endpoints);
                    stamp(&mut slice, trigger);
                    self.store.create(Resource::EndpointSlices, slice).map(drop)?;
                }
                Some(slice) => {
                    let (_, name) = key(&slice);
                    let labels = slices::labels(service);
                    self.store.modify(Resource::EndpointSlices, &namespace, &name, |slice| {
                        let is = |field: &str, value: &Value| slice[field] == *value;
                        let same = is("ports", &ports) && is("endpoints", &endpoints);
                        if same && slice["metadata"]["labels"] == labels {
                            return;
                        }
                        slice["ports"] = ports;
                        slice["endpoints"] = endpoints;
                        slice["metadata"]["labels"] = labels;
                        stamp(slice, trigger);
                    })?;
                }
            }
        }
        for slice in existing {
            let (_, name) = key(&slice);
            self.store.delete(Resource::EndpointSlices, &namespace, &name, &Deletion::default())?;
        }
        Ok(())
    }

    fn write_mirror(
        &self,
        service: &Value,
        backends: &Backends,
        trigger: Option<&str>,
    ) -> Result<(), Status> {
        let (namespace, name) = key(service);
        let subsets = mirror::subsets(service, backends);
        let labels = mirror::labels(service);
        if self.store.find(Resource::Endpoints, &namespace, &name).is_none() {
            let mut endpoints = mirror::new(service, &labels, subsets);
            stamp(&mut endpoints, trigger);
            return self.store.create(Resource::Endpoints, endpoints).map(drop);
        }
        let written = self.store.modify(Resource::Endpoints, &namespace, &name, |endpoints| {
            let before = endpoints.clone();
            endpoints["metadata"]["labels"] = labels;
            match subsets {
                Some(subsets) => endpoints["subsets"] = subsets,
                None => drop(map(endpoints).remove("subsets")),
            }
            if *endpoints != before {
                stamp(endpoints, trigger);
            }
        });
        written.map(drop)
    }

    fn remove_mirror(&self, namespace: &str, name: &str) -> Result<(), Status> {
        let mirror = self.store.find(Resource::Endpoints, namespace, name);
        if mirror.is_some_and(|mirror| mirror::is_ours(&mirror)) {
            self.store.delete(Resource::Endpoints, namespace, name, &Deletion::default())?;
        }
        Ok(())
    }
}

/// What the Service selects; `None` where its endpoints are not this controller's.
fn selector(service: &Value) -> Option<Selector> {
    if service["spec"]["type"] == "ExternalName" {
        return None;
    }
    let wanted = service["spec"]["selector"].as_object()?;
    (!wanted.is_empty()).then(|| Selector::labels(wanted))
}
