//! Pods and what makes them.

use std::collections::BTreeMap;

use clusterip_domain::chain::{UPSTREAM_VARIABLE, UpstreamUrl};
use clusterip_domain::snapshot::{ContainerPort, Deployment, Pod, PodRole, PodState, ROLE_LABEL, ReplicaSet};
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Convert, labels, owner, port, time};

/// Reasons to wait that pass by themselves; any other is worth showing.
const PASSING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

impl Convert for core::Pod {
    type Domain = Pod;

    fn convert(&self) -> Option<Pod> {
        let meta = &self.metadata;
        let spec = self.spec.as_ref();
        let status = self.status.as_ref();
        let containers = spec.map(|s| s.containers.as_slice()).unwrap_or_default();
        let labels = labels(meta.labels.as_ref());
        let reason = stuck(self);
        Some(Pod {
            name: meta.name.clone()?,
            uid: meta.uid.clone().unwrap_or_default(),
            role: match labels.get(ROLE_LABEL).map(String::as_str) {
                Some("client") => PodRole::Client,
                _ => PodRole::Workload,
            },
            state: state(self, reason.as_deref()),
            reason,
            ip: status.and_then(|s| s.pod_ip.as_deref()).and_then(|ip| ip.parse().ok()),
            node: spec.and_then(|s| s.node_name.clone()),
            labels,
            owner: owner(meta.owner_references.as_ref()),
            image: containers.first().and_then(|c| c.image.clone()).unwrap_or_default(),
            ports: containers
                .iter()
                .flat_map(|c| c.ports.iter().flatten())
                .map(|p| ContainerPort { name: p.name.clone(), port: port(p.container_port) })
                .collect(),
            upstream: containers.first().and_then(upstream),
            restarts: status
                .map(|s| s.container_statuses.iter().flatten().map(|c| c.restart_count).sum())
                .unwrap_or_default(),
            created_at: time(meta.creation_timestamp.as_ref()),
        })
    }
}

/// Whom the container is told to ask. What a variable is made of from elsewhere (`valueFrom`) is not known here, and
/// what names no upstream is the container's own trouble: it does not start.
fn upstream(container: &core::Container) -> Option<UpstreamUrl> {
    let variable = container.env.iter().flatten().find(|v| v.name == UPSTREAM_VARIABLE)?;
    variable.value.as_deref()?.parse().ok()
}

fn state(pod: &core::Pod, stuck: Option<&str>) -> PodState {
    let status = pod.status.as_ref();
    let ready = status
        .is_some_and(|s| s.conditions.iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True"));
    if pod.metadata.deletion_timestamp.is_some() {
        return PodState::Terminating;
    }
    match status.and_then(|s| s.phase.as_deref()) {
        Some("Succeeded") => PodState::Succeeded,
        Some("Failed") => PodState::Failed,
        _ if ready => PodState::Ready,
        _ if stuck.is_some() => PodState::Waiting,
        Some("Running") => PodState::NotReady,
        _ => PodState::Pending,
    }
}

/// Why a container waits, or why the pod cannot be scheduled, in the cluster's own word.
fn stuck(pod: &core::Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let waiting = status
        .container_statuses
        .iter()
        .flatten()
        .filter_map(|c| c.state.as_ref()?.waiting.as_ref()?.reason.clone())
        .find(|reason| !PASSING.contains(&reason.as_str()));
    let unscheduled = || {
        let scheduled = status.conditions.iter().flatten().find(|c| c.type_ == "PodScheduled")?;
        (scheduled.status == "False").then(|| scheduled.reason.clone()).flatten()
    };
    waiting.or_else(unscheduled).or_else(|| status.reason.clone())
}

impl Convert for apps::Deployment {
    type Domain = Deployment;

    fn convert(&self) -> Option<Deployment> {
        let spec = self.spec.as_ref();
        let status = self.status.as_ref();
        let container = spec.and_then(|s| s.template.spec.as_ref()?.containers.first());
        Some(Deployment {
            name: self.metadata.name.clone()?,
            uid: self.metadata.uid.clone().unwrap_or_default(),
            replicas: spec.and_then(|s| s.replicas).unwrap_or(1),
            ready: status.and_then(|s| s.ready_replicas).unwrap_or_default(),
            updated: status.and_then(|s| s.updated_replicas).unwrap_or_default(),
            selector: labels(spec.and_then(|s| s.selector.match_labels.as_ref())),
            image: container.and_then(|c| c.image.clone()).unwrap_or_default(),
            env: container.map(env).unwrap_or_default(),
            readiness_probe: container.and_then(|c| c.readiness_probe.as_ref()).map(question),
            pre_stop: container.and_then(|c| c.lifecycle.as_ref()?.pre_stop.as_ref()).is_some(),
        })
    }
}

fn env(container: &core::Container) -> BTreeMap<String, String> {
    let variables = container.env.iter().flatten();
    variables.map(|v| (v.name.clone(), v.value.clone().unwrap_or_default())).collect()
}

/// What a probe asks, in the words of `kubectl describe`.
fn question(probe: &core::Probe) -> String {
    let number = |port: &IntOrString| match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    };
    if let Some(exec) = &probe.exec {
        format!("exec [{}]", exec.command.iter().flatten().cloned().collect::<Vec<_>>().join(" "))
    } else if let Some(get) = &probe.http_get {
        let scheme = get.scheme.as_deref().unwrap_or("HTTP").to_ascii_lowercase();
        let host = get.host.as_deref().unwrap_or_default();
        let path = get.path.as_deref().unwrap_or("/");
        format!("http-get {scheme}://{host}:{}{path}", number(&get.port))
    } else if let Some(socket) = &probe.tcp_socket {
        format!("tcp-socket {}:{}", socket.host.as_deref().unwrap_or_default(), number(&socket.port))
    } else if let Some(grpc) = &probe.grpc {
        format!("grpc <pod>:{} {}", grpc.port, grpc.service.as_deref().unwrap_or_default())
    } else {
        "unknown".into()
    }
}

impl Convert for apps::ReplicaSet {
    type Domain = ReplicaSet;

    fn convert(&self) -> Option<ReplicaSet> {
        Some(ReplicaSet {
            name: self.metadata.name.clone()?,
            owner: owner(self.metadata.owner_references.as_ref()),
            replicas: self.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1),
            ready: self.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or_default(),
        })
    }
}
