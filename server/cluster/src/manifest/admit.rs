//! Which objects a student may write, and where.

use clusterip_domain::bounds::{CLIENT_POD, OWN_LABELS, Refusal};
use clusterip_domain::ids::Namespace;
use serde_json::{Value, json};

use super::lines::Node;
use super::{Document, Refused};

/// A kind a student may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedKind {
    /// `v1` Pod
    Pod,
    /// `v1` Service
    Service,
    /// `v1` ConfigMap
    ConfigMap,
    /// `apps/v1` Deployment
    Deployment,
    /// `apps/v1` ReplicaSet
    ReplicaSet,
}

impl AllowedKind {
    const ALL: [Self; 5] = [Self::Pod, Self::Service, Self::ConfigMap, Self::Deployment, Self::ReplicaSet];

    /// The kind as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Service => "Service",
            Self::ConfigMap => "ConfigMap",
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
        }
    }

    /// The API group and version it is written in.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Pod | Self::Service | Self::ConfigMap => "v1",
            Self::Deployment | Self::ReplicaSet => "apps/v1",
        }
    }
}

/// Kinds that belong to no namespace, which students ask for most.
const CLUSTER_SCOPED: [&str; 14] = [
    "Namespace",
    "Node",
    "PersistentVolume",
    "StorageClass",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "PriorityClass",
    "RuntimeClass",
    "ValidatingAdmissionPolicy",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
];

/// Whether text can stand in the path of a request as it is. What is no name all the same, the API server says better.
pub(crate) fn fits_a_path(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

/// What of an object is the lab's own, and why it is refused.
fn reserved(kind: AllowedKind, name: &str, object: &Value) -> Option<(&'static str, String)> {
    if kind == AllowedKind::Pod && name == CLIENT_POD {
        return Some(("metadata.name", Refusal::ClientName.to_string()));
    }
    let labels = [
        ("/metadata/labels", "metadata.labels"),
        ("/spec/template/metadata/labels", "spec.template.metadata.labels"),
    ];
    let own = |pointer| {
        let labels = object.pointer(pointer).and_then(Value::as_object);
        labels.is_some_and(|labels| labels.keys().any(|key| key.starts_with(OWN_LABELS)))
    };
    let (_, path) = labels.into_iter().find(|(pointer, _)| own(pointer))?;
    Some((path, Refusal::OwnLabels.to_string()))
}

pub(super) fn admit(
    mut object: Value,
    tree: Node,
    first_line: usize,
    namespace: &Namespace,
) -> Result<Document, Refused> {
    let refuse = |code, path: &str, detail: String| {
        Err(Refused { code, line: Some(first_line + tree.line_of(path) - 1), detail })
    };
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, version) = (text("/kind"), text("/apiVersion"));
    if kind.is_empty() || version.is_empty() {
        let detail = "every object needs apiVersion and kind, as text".into();
        return refuse("kind_missing", "", detail);
    }
    if CLUSTER_SCOPED.contains(&kind) {
        let detail =
            format!("{kind} belongs to the whole cluster; the lab gives you the namespace {namespace}");
        return refuse("cluster_scoped_kind", "kind", detail);
    }
    let Some(allowed) = AllowedKind::ALL.into_iter().find(|k| k.as_str() == kind) else {
        let all: Vec<_> = AllowedKind::ALL.iter().map(|k| k.as_str()).collect();
        let detail = format!("{kind} is not part of this lab; it takes {}", all.join(", "));
        return refuse("kind_not_allowed", "kind", detail);
    };
    if version != allowed.api_version() {
        let detail = format!("{kind} is written with apiVersion {}, not {version}", allowed.api_version());
        return refuse("kind_not_allowed", "apiVersion", detail);
    }
    let name = text("/metadata/name").to_owned();
    if name.is_empty() {
        return refuse("name_missing", "metadata", format!("this {kind} has no metadata.name"));
    }
    if !fits_a_path(&name) {
        let detail = format!(
            "{name:?} cannot be a name: use a-z, 0-9 and '-', beginning and ending with a letter or digit"
        );
        return refuse("name_invalid", "metadata.name", detail);
    }
    if let Some((path, detail)) = reserved(allowed, &name, &object) {
        return refuse("reserved", path, detail);
    }
    let given = text("/metadata/namespace");
    if !given.is_empty() && given != namespace.as_str() {
        let detail = format!("namespace {given} is not yours: leave it out, or write {namespace}");
        return refuse("other_namespace", "metadata.namespace", detail);
    }
    if allowed == AllowedKind::Service {
        let service_type = text("/spec/type");
        if !matches!(service_type, "" | "ClusterIP") {
            let detail = Refusal::ServiceType(service_type).to_string();
            return refuse("service_type_not_allowed", "spec.type", detail);
        }
        if object.pointer("/spec/externalIPs").is_some() {
            let detail = Refusal::ExternalIps.to_string();
            return refuse("external_ips_not_allowed", "spec.externalIPs", detail);
        }
    }
    object["metadata"]["namespace"] = json!(namespace);
    Ok(Document { kind: allowed, name, object, line: first_line, tree })
}
