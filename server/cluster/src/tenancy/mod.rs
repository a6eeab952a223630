//! A student's place in the cluster: a namespace with its bounds, and the lab's client pod in it.

use clusterip_domain::ids::Namespace;
use clusterip_domain::snapshot::ROLE_LABEL;
use k8s_openapi::api::core::v1 as core;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Resource};
use serde_json::{Value, json};

/// The name of the lab's client pod in every namespace.
pub const CLIENT_POD: &str = "client";
const FIELD_MANAGER: &str = "clusterip-lab-tenancy";
/// The image of the client pod.
const CLIENT_IMAGE: &str = "clusterip-lab/client:v1";

/// What could not be prepared, and why.
#[derive(Debug, thiserror::Error)]
#[error("preparing {what} in namespace {namespace}")]
pub struct TenancyError {
    /// The object.
    pub what: &'static str,
    /// The namespace.
    pub namespace: Namespace,
    /// What the API server or the connection said.
    #[source]
    pub source: kube::Error,
}

/// Makes the namespace, its bounds and the client pod; what is there already is left or brought up to date.
///
/// # Errors
/// The first object that the API server refused or did not answer for.
pub async fn prepare(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let failed = |what| {
        let namespace = namespace.clone();
        move |source| TenancyError { what, namespace, source }
    };
    let cluster: Api<core::Namespace> = Api::all(client.clone());
    apply(&cluster, namespace.as_str(), &namespace_object(namespace))
        .await
        .map_err(failed("the namespace"))?;
    let quotas: Api<core::ResourceQuota> = Api::namespaced(client.clone(), namespace.as_str());
    apply(&quotas, "lab", &quota()).await.map_err(failed("the quota"))?;
    ensure_client(client, namespace).await
}

/// Makes the client pod if it is not there.
///
/// # Errors
/// What the API server refused or did not answer for.
pub async fn ensure_client(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let pods: Api<core::Pod> = Api::namespaced(client.clone(), namespace.as_str());
    let failed = |source| TenancyError { what: "the client pod", namespace: namespace.clone(), source };
    let there = pods.get_opt(CLIENT_POD).await.map_err(failed)?;
    if there.is_none_or(|pod| pod.metadata.deletion_timestamp.is_some()) {
        apply(&pods, CLIENT_POD, &client_pod()).await.map_err(failed)?;
    }
    Ok(())
}

async fn apply<K>(api: &Api<K>, name: &str, object: &Value) -> Result<(), kube::Error>
where
    K: Resource + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(name, &params, &Patch::Apply(object)).await.map(drop)
}

/// Pod Security enforces *baseline*, because the plain YAML of a lesson and `kubectl create deployment` must work,
/// and warns at *restricted*. Source: <https://kubernetes.io/docs/concepts/security/pod-security-admission/>.
fn namespace_object(namespace: &Namespace) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": namespace,
            "labels": {
                "app.kubernetes.io/managed-by": "clusterip-lab",
                "pod-security.kubernetes.io/enforce": "baseline",
                "pod-security.kubernetes.io/warn": "restricted",
            },
        },
    })
}

/// Room for a rolling update of the most replicas a button asks for, and no way out of the cluster.
fn quota() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "lab"},
        "spec": {"hard": {
            "pods": "30",
            "services": "10",
            "services.nodeports": "0",
            "services.loadbalancers": "0",
        }},
    })
}

/// Meets Pod Security *restricted*: the one sysctl it sets, which lets its group send ICMP echoes without any
/// capability, is among the safe ones.
/// Source: <https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls>.
fn client_pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": CLIENT_POD, "labels": {ROLE_LABEL: "client"}},
        "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "65532 65532"}],
            },
            "containers": [{
                "name": "client",
                "image": CLIENT_IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    })
}
