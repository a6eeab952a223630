//! The student's Roles.
//!
//! `kubectl get all` lists kinds that no lab has: they may be read, so that it does not end in refusals.

use clusterip_domain::bounds::STUDENT;
use clusterip_domain::ids::Namespace;
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io/v1";
const LOOK: [&str; 3] = ["get", "list", "watch"];
const ALL: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// In the student's own namespace.
pub(super) fn own() -> Value {
    json!([
        rule(&[""], &["pods", "services", "configmaps"], &ALL),
        rule(&["apps"], &["deployments", "replicasets"], &ALL),
        rule(&["apps"], &["deployments/scale", "replicasets/scale"], &["get", "update", "patch"]),
        rule(&[""], &["pods/log"], &["get"]),
        // A WebSocket begins with GET, and SPDY with POST.
        rule(&[""], &["pods/exec", "pods/attach", "pods/portforward"], &["get", "create"]),
        rule(&[""], &["pods/eviction"], &["create"]),
        rule(
            &[""],
            &[
                "endpoints",
                "events",
                "resourcequotas",
                "limitranges",
                "serviceaccounts",
                "replicationcontrollers"
            ],
            &LOOK,
        ),
        rule(&["discovery.k8s.io"], &["endpointslices"], &LOOK),
        rule(&["events.k8s.io"], &["events"], &LOOK),
        rule(&["networking.k8s.io"], &["networkpolicies"], &LOOK),
        rule(&["apps"], &["daemonsets", "statefulsets"], &LOOK),
        rule(&["batch"], &["jobs", "cronjobs"], &LOOK),
        rule(&["autoscaling"], &["horizontalpodautoscalers"], &LOOK),
    ])
}

/// In the namespace beside it.
pub(super) fn neighbour() -> Value {
    json!([
        rule(&[""], &["pods", "services", "endpoints"], &LOOK),
        rule(&["discovery.k8s.io"], &["endpointslices"], &LOOK),
    ])
}

fn rule(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": groups, "resources": resources, "verbs": verbs})
}

/// A Role with these rules.
pub(super) fn role(rules: &Value) -> Value {
    json!({"apiVersion": GROUP, "kind": "Role", "metadata": {"name": STUDENT}, "rules": rules})
}

/// Gives the Role of its own namespace to the student of this one.
pub(super) fn binding(student: &Namespace) -> Value {
    json!({
        "apiVersion": GROUP,
        "kind": "RoleBinding",
        "metadata": {"name": STUDENT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": STUDENT},
        "subjects": [{"kind": "ServiceAccount", "name": STUDENT, "namespace": student}],
    })
}
