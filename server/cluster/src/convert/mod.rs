//! From Kubernetes objects to the domain: pure, one small function a kind. `k8s_openapi` types stop here.
//!
//! ```text
//! watch ─ Pod, Deployment, … ─▶ Convert::convert ─▶ domain object ─▶ index
//! ```
//!
//! Invariants: no field is required that the API does not require, so no object a cluster can hold makes this fail;
//! what lacks even a name is skipped by returning `None`.

mod network;
mod workload;

use clusterip_domain::snapshot::{Event, Labels, Owner};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time};

/// An object that the lab knows.
pub trait Convert {
    /// What it is in the domain.
    type Domain;

    /// Converts; `None` for an object that has no name.
    fn convert(&self) -> Option<Self::Domain>;
}

impl Convert for core::Event {
    type Domain = Event;

    fn convert(&self) -> Option<Event> {
        let series = self.series.as_ref();
        Some(Event {
            at: series
                .and_then(|s| s.last_observed_time.as_ref().map(|t| t.0))
                .or(self.last_timestamp.as_ref().map(|t| t.0))
                .or(self.event_time.as_ref().map(|t| t.0))
                .or(self.metadata.creation_timestamp.as_ref().map(|t| t.0)),
            warning: self.type_.as_deref() == Some("Warning"),
            reason: self.reason.clone().unwrap_or_default(),
            kind: self.involved_object.kind.clone().unwrap_or_default(),
            name: self.involved_object.name.clone().unwrap_or_default(),
            message: self.message.clone().unwrap_or_default(),
            count: series.and_then(|s| s.count).or(self.count).unwrap_or(1),
        })
    }
}

fn labels(labels: Option<&std::collections::BTreeMap<String, String>>) -> Labels {
    labels.cloned().unwrap_or_default()
}

fn time(time: Option<&Time>) -> Option<jiff::Timestamp> {
    time.map(|t| t.0)
}

fn owner(references: Option<&Vec<OwnerReference>>) -> Option<Owner> {
    let controller = references?.iter().find(|r| r.controller == Some(true))?;
    Some(Owner { kind: controller.kind.clone(), name: controller.name.clone() })
}

/// A port number; what is no port (0, negative, too large) was refused by the API server long before.
fn port(number: i32) -> u16 {
    u16::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests;
