//! The objects of one namespace, by kind and name.

use std::collections::BTreeMap;

use clusterip_domain::snapshot::{Deployment, EndpointSlice, Event, Pod, ReplicaSet, Service, Snapshot};

use super::{Wanted, newest};

/// A watched resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `v1/pods`
    Pod,
    /// `apps/v1/deployments`
    Deployment,
    /// `apps/v1/replicasets`
    ReplicaSet,
    /// `v1/services`
    Service,
    /// `discovery.k8s.io/v1/endpointslices`
    EndpointSlice,
    /// `v1/events`
    Event,
}

impl Kind {
    /// All of them: one watch each.
    pub const ALL: [Self; 6] =
        [Self::Pod, Self::Deployment, Self::ReplicaSet, Self::Service, Self::EndpointSlice, Self::Event];
}

/// An object of the domain, with the name of its Kubernetes object where the domain does not keep that.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// A pod.
    Pod(Pod),
    /// A Deployment.
    Deployment(Deployment),
    /// A ReplicaSet.
    ReplicaSet(ReplicaSet),
    /// A Service.
    Service(Service),
    /// An EndpointSlice.
    EndpointSlice(EndpointSlice),
    /// An event and the name of the Event object, which is not the name of what it is about.
    Event(String, Event),
}

/// What a watch saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An object is there, or is different.
    Put {
        /// Its namespace.
        namespace: String,
        /// The object.
        object: Box<Object>,
    },
    /// An object is gone.
    Gone {
        /// Its namespace.
        namespace: String,
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// The whole resource was listed anew: what is not here is gone.
    Relisted {
        /// Which.
        kind: Kind,
        /// Every object with its namespace.
        objects: Vec<(String, Object)>,
    },
}

impl Change {
    /// The resource it is about.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Put { object, .. } => object.kind(),
            Self::Gone { kind, .. } | Self::Relisted { kind, .. } => *kind,
        }
    }
}

impl Object {
    /// Its resource.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Pod(_) => Kind::Pod,
            Self::Deployment(_) => Kind::Deployment,
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::Service(_) => Kind::Service,
            Self::EndpointSlice(_) => Kind::EndpointSlice,
            Self::Event(..) => Kind::Event,
        }
    }
}

/// One namespace.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pods: BTreeMap<String, Pod>,
    deployments: BTreeMap<String, Deployment>,
    replica_sets: BTreeMap<String, ReplicaSet>,
    services: BTreeMap<String, Service>,
    endpoint_slices: BTreeMap<String, EndpointSlice>,
    events: BTreeMap<String, Event>,
}

impl Objects {
    pub(super) fn put(&mut self, object: Object) {
        match object {
            Object::Pod(o) => drop(self.pods.insert(o.name.clone(), o)),
            Object::Deployment(o) => drop(self.deployments.insert(o.name.clone(), o)),
            Object::ReplicaSet(o) => drop(self.replica_sets.insert(o.name.clone(), o)),
            Object::Service(o) => drop(self.services.insert(o.name.clone(), o)),
            Object::EndpointSlice(o) => drop(self.endpoint_slices.insert(o.name.clone(), o)),
            Object::Event(name, o) => drop(self.events.insert(name, o)),
        }
    }

    pub(super) fn remove(&mut self, kind: Kind, name: &str) {
        match kind {
            Kind::Pod => drop(self.pods.remove(name)),
            Kind::Deployment => drop(self.deployments.remove(name)),
            Kind::ReplicaSet => drop(self.replica_sets.remove(name)),
            Kind::Service => drop(self.services.remove(name)),
            Kind::EndpointSlice => drop(self.endpoint_slices.remove(name)),
            Kind::Event => drop(self.events.remove(name)),
        }
    }

    pub(super) fn clear(&mut self, kind: Kind) {
        match kind {
            Kind::Pod => self.pods.clear(),
            Kind::Deployment => self.deployments.clear(),
            Kind::ReplicaSet => self.replica_sets.clear(),
            Kind::Service => self.services.clear(),
            Kind::EndpointSlice => self.endpoint_slices.clear(),
            Kind::Event => self.events.clear(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pods.is_empty()
            && self.deployments.is_empty()
            && self.replica_sets.is_empty()
            && self.services.is_empty()
            && self.endpoint_slices.is_empty()
            && self.events.is_empty()
    }

    pub(super) fn wanted_rules(&self) -> Vec<Wanted> {
        let wanted = |service: &Service| {
            let slices =
                self.endpoint_slices.values().filter(|s| s.service.as_deref() == Some(&service.name));
            let mut ready: Vec<_> =
                slices.flat_map(|s| &s.endpoints).filter(|e| e.ready).filter_map(|e| e.address).collect();
            ready.sort();
            ready.dedup();
            service.cluster_ip.map(|virtual_ip| Wanted { virtual_ip, ready })
        };
        self.services.values().filter_map(wanted).collect()
    }

    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.pods = self.pods.values().cloned().collect();
        snapshot.deployments = self.deployments.values().cloned().collect();
        snapshot.replica_sets = self.replica_sets.values().cloned().collect();
        snapshot.services = self.services.values().cloned().collect();
        snapshot.endpoint_slices = self.endpoint_slices.values().cloned().collect();
        snapshot.events = newest(self.events.values().cloned().collect());
    }
}
