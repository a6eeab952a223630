//! What was observed in one namespace at one moment: the single source of every picture and every check.
//!
//! Written by the cluster's index, read by everyone. All lists are sorted by name, so that two snapshots of the
//! same state are equal and a picture does not dance. Serialised (camelCase) it is what check expressions see.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::chain::UpstreamUrl;
use crate::ids::Namespace;
use crate::rules::{RulesView, Unreadable};

/// Labels or a selector, sorted by key.
pub type Labels = BTreeMap<String, String>;

/// The label that marks the lab's own client pod; its value is `client`.
pub const ROLE_LABEL: &str = "clusterip-lab/role";

/// One namespace at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Which namespace.
    pub namespace: Namespace,
    /// Grows with every observed change while the server runs, of other namespaces too.
    pub revision: u64,
    /// Since when a watch is behind, if one is: what follows may be out of date.
    pub stale_since: Option<Timestamp>,
    /// Pods, the lab's client included.
    pub pods: Vec<Pod>,
    /// Deployments.
    pub deployments: Vec<Deployment>,
    /// ReplicaSets.
    pub replica_sets: Vec<ReplicaSet>,
    /// Services.
    pub services: Vec<Service>,
    /// EndpointSlices.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// The newest events, newest first, at most [`MAX_EVENTS`].
    pub events: Vec<Event>,
    /// What the nodes' kernels do for this namespace's Services.
    pub rules: RulesView,
}

/// How many events a snapshot keeps.
pub const MAX_EVENTS: usize = 50;

impl Snapshot {
    /// Whether it shows what another of this namespace shows, whenever each was taken.
    #[must_use]
    pub fn shows_as(&self, other: &Self) -> bool {
        self.stale_since == other.stale_since
            && self.pods == other.pods
            && self.deployments == other.deployments
            && self.replica_sets == other.replica_sets
            && self.services == other.services
            && self.endpoint_slices == other.endpoint_slices
            && self.events == other.events
            && self.rules.shows_as(&other.rules)
    }

    /// A namespace in which nothing was seen yet.
    #[must_use]
    pub fn empty(namespace: Namespace) -> Self {
        Self {
            namespace,
            revision: 0,
            stale_since: None,
            pods: Vec::new(),
            deployments: Vec::new(),
            replica_sets: Vec::new(),
            services: Vec::new(),
            endpoint_slices: Vec::new(),
            events: Vec::new(),
            rules: RulesView::Unreadable { why: Unreadable::NotReadYet },
        }
    }

    /// The student's pods: all but the lab's own client.
    pub fn workloads(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|p| p.role == PodRole::Workload)
    }

    /// The lab's client pod.
    #[must_use]
    pub fn client(&self) -> Option<&Pod> {
        self.pods.iter().find(|p| p.role == PodRole::Client)
    }

    /// The Service of that name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|s| s.name == name)
    }

    /// The Service in front: the first that no pod asks, so that a chain is called where it begins.
    #[must_use]
    pub fn front(&self) -> Option<&Service> {
        let asked =
            |s: &&Service| self.pods.iter().any(|p| self.upstream_of(p).is_some_and(|u| u.name == s.name));
        self.services.iter().find(|s| !asked(s)).or(self.services.first())
    }

    /// The Service of this namespace that a pod asks for each request.
    #[must_use]
    pub fn upstream_of(&self, pod: &Pod) -> Option<&Service> {
        self.service(pod.upstream.as_ref()?.service_in(self.namespace.as_str())?)
    }

    /// All endpoints of a Service, over all its EndpointSlices.
    pub fn endpoints<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Endpoint> {
        self.endpoint_slices
            .iter()
            .filter(move |s| s.service.as_deref() == Some(service))
            .flat_map(|s| s.endpoints.iter())
    }
}

/// Whose pod it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PodRole {
    /// The lab's own, which sends the requests.
    Client,
    /// The student's.
    Workload,
}

/// The life of a pod as a student sees it, from its phase, conditions and deletion mark.
/// Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PodState {
    /// Not scheduled, or its containers are not running yet.
    Pending,
    /// Its container waits for a reason that will not pass by itself (image missing, crash loop).
    Waiting,
    /// Runs, but is not ready.
    NotReady,
    /// Ready.
    Ready,
    /// Was told to stop.
    Terminating,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Name.
    pub name: String,
    /// UID: two pods of one name at different times are two pods.
    pub uid: String,
    /// Client or workload.
    pub role: PodRole,
    /// Where it is in its life.
    pub state: PodState,
    /// The reason a container waits or ended, as the kubelet words it (`ImagePullBackOff`).
    pub reason: Option<String>,
    /// Pod IP, once it has one.
    pub ip: Option<IpAddr>,
    /// Node, once scheduled.
    pub node: Option<String>,
    /// Labels.
    pub labels: Labels,
    /// The controller that made it, if any.
    pub owner: Option<Owner>,
    /// The first container's image.
    pub image: String,
    /// Ports its containers declare.
    pub ports: Vec<ContainerPort>,
    /// Whom the first container is told to ask for each request, by its `UPSTREAM` variable.
    pub upstream: Option<UpstreamUrl>,
    /// Restarts of all containers.
    pub restarts: i32,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// A controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// `ReplicaSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// Name, which a Service's targetPort may use.
    pub name: Option<String>,
    /// Number.
    pub port: u16,
}

/// A Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Replicas asked for.
    pub replicas: i32,
    /// Replicas ready.
    pub ready: i32,
    /// Replicas of the newest template.
    pub updated: i32,
    /// Pod labels it selects (`matchLabels`).
    pub selector: Labels,
    /// The first container's image.
    pub image: String,
    /// The first container's variables that are plain text; one that is read from elsewhere is empty.
    pub env: BTreeMap<String, String>,
    /// What the first container's readiness probe asks, as `kubectl describe` words it; `None`: nobody asks.
    pub readiness_probe: Option<String>,
    /// Whether the first container does something before it is told to stop (`lifecycle.preStop`).
    pub pre_stop: bool,
}

/// A ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSet {
    /// Name.
    pub name: String,
    /// The Deployment that made it, if any.
    pub owner: Option<Owner>,
    /// Replicas asked for.
    pub replicas: i32,
    /// Replicas ready.
    pub ready: i32,
}

/// The type of a Service. Source: <https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ServiceType {
    /// The default: a virtual IP inside the cluster.
    ClusterIP,
    /// A port on every node as well.
    NodePort,
    /// A load balancer outside as well.
    LoadBalancer,
    /// A DNS alias, no virtual IP.
    ExternalName,
}

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Type, as the API server defaulted it.
    #[serde(rename = "type")]
    pub service_type: ServiceType,
    /// The virtual IP; `None` for headless and `ExternalName`.
    pub cluster_ip: Option<IpAddr>,
    /// `clusterIP: None` was asked for.
    pub headless: bool,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// Selector; empty selects nothing.
    pub selector: Labels,
    /// `sessionAffinity: ClientIP`: a client keeps its pod.
    pub client_ip_affinity: bool,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

impl Service {
    /// Whether every pair of the selector is among the labels. An empty selector selects nothing.
    #[must_use]
    pub fn selects(&self, labels: &Labels) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|(k, v)| labels.get(k) == Some(v))
    }
}

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// Name, if it has one.
    pub name: Option<String>,
    /// The Service's own port.
    pub port: u16,
    /// The backend's port: a number or a container port's name, as text.
    pub target_port: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
}

/// An EndpointSlice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSlice {
    /// Name.
    pub name: String,
    /// The Service it belongs to, from `kubernetes.io/service-name`.
    pub service: Option<String>,
    /// Backend ports, resolved to numbers.
    pub ports: Vec<u16>,
    /// Endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// One endpoint with its three conditions.
/// Source: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its first address; the API says that consumers use only that one.
    pub address: Option<IpAddr>,
    /// The pod behind it.
    pub pod: Option<String>,
    /// Takes new connections.
    pub ready: bool,
    /// Answers, even while terminating.
    pub serving: bool,
    /// Its pod was told to stop.
    pub terminating: bool,
}

/// An event, as the cluster tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When it was last seen.
    pub at: Option<Timestamp>,
    /// `Warning` rather than `Normal`.
    pub warning: bool,
    /// `Scheduled`, `Killing`, …
    pub reason: String,
    /// The kind of object it is about.
    pub kind: String,
    /// The name of that object.
    pub name: String,
    /// What happened, in the cluster's words.
    pub message: String,
    /// How often.
    pub count: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(selector: &[(&str, &str)]) -> Service {
        Service {
            name: "s".into(),
            uid: "u".into(),
            service_type: ServiceType::ClusterIP,
            cluster_ip: None,
            headless: false,
            ports: vec![],
            selector: labels(selector),
            client_ip_affinity: false,
            created_at: None,
        }
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_selector_needs_every_pair_and_an_empty_one_selects_nothing() {
        let pod = labels(&[("app", "myapp"), ("type", "back-end"), ("pod-template-hash", "x")]);
        assert!(service(&[("app", "myapp")]).selects(&pod));
        assert!(service(&[("app", "myapp"), ("type", "back-end")]).selects(&pod));
        assert!(!service(&[("app", "myapp"), ("type", "backend")]).selects(&pod));
        assert!(!service(&[]).selects(&pod));
    }
}
