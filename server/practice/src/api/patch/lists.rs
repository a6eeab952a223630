//! Which lists are maps in disguise: merged by a key, not replaced.
//!
//! Source: `x-kubernetes-patch-merge-key` and `x-kubernetes-list-map-keys` in Kubernetes' `OpenAPI` specification, for
//! the kinds served: <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>.

use crate::store::Resource;

/// How a list or map is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Replaced as a whole.
    Atomic,
    /// Elements are told apart by keys: the one of strategic merge patches, and those of server-side apply.
    Keyed { merge: &'static str, apply: &'static [&'static str] },
    /// Elements are texts, each there or not.
    Set,
}

const BY_NAME: Rule = Rule::Keyed { merge: "name", apply: &["name"] };
const BY_TYPE: Rule = Rule::Keyed { merge: "type", apply: &["type"] };
const BY_IP: Rule = Rule::Keyed { merge: "ip", apply: &["ip"] };

/// How the list at this path (field names, without indices) is merged.
pub(super) fn rule(resource: Resource, path: &[String]) -> Rule {
    let field = path.last().map_or("", String::as_str);
    let parent = path.len().checked_sub(2).map_or("", |at| path[at].as_str());
    let in_container = matches!(parent, "containers" | "initContainers" | "ephemeralContainers");
    match field {
        "finalizers" if parent == "metadata" => Rule::Set,
        "ownerReferences" if parent == "metadata" => Rule::Keyed { merge: "uid", apply: &["uid"] },
        "ports" if in_container => {
            Rule::Keyed { merge: "containerPort", apply: &["containerPort", "protocol"] }
        }
        "ports" if resource == Resource::Services && parent == "spec" => {
            Rule::Keyed { merge: "port", apply: &["port", "protocol"] }
        }
        "env" if in_container => BY_NAME,
        "volumeMounts" if in_container => Rule::Keyed { merge: "mountPath", apply: &["mountPath"] },
        "volumeDevices" if in_container => Rule::Keyed { merge: "devicePath", apply: &["devicePath"] },
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" if parent == "spec" => BY_NAME,
        "imagePullSecrets" | "secrets" => BY_NAME,
        "hostAliases" if parent == "spec" => BY_IP,
        "topologySpreadConstraints" => {
            Rule::Keyed { merge: "topologyKey", apply: &["topologyKey", "whenUnsatisfiable"] }
        }
        "conditions" if parent == "status" => BY_TYPE,
        "addresses" if resource == Resource::Nodes => BY_TYPE,
        "taints" if parent == "spec" => Rule::Keyed { merge: "key", apply: &["key"] },
        "podIPs" | "hostIPs" => BY_IP,
        _ => Rule::Atomic,
    }
}

/// Whether server-side apply takes the map at this path as one value.
pub(super) fn is_atomic_map(resource: Resource, path: &[String]) -> bool {
    let field = path.last().map_or("", String::as_str);
    match field {
        "selector" => path.len() == 2 && resource != Resource::NetworkPolicies,
        "labelSelector" | "podSelector" | "namespaceSelector" | "fieldRef" | "resourceFieldRef"
        | "configMapKeyRef" | "secretKeyRef" | "nodeSelectorTerms" | "involvedObject" | "targetRef"
        | "nodeSelector" => true,
        "roleRef" => resource == Resource::RoleBindings,
        _ => false,
    }
}

/// What an absent key counts as.
pub(super) fn default_key(key: &str) -> Option<&'static str> {
    (key == "protocol").then_some("TCP")
}
