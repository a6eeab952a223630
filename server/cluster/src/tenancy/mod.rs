//! A student's place in the cluster: a namespace with its bounds, and the lab's client pod in it.

use clusterip_domain::ids::Namespace;
use clusterip_domain::snapshot::ROLE_LABEL;
use k8s_openapi::api::core::v1 as core;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::{Client, Resource};
use serde_json::{Value, json};

/// The name of the lab's client pod in every namespace.
pub const CLIENT_POD: &str = "client";
/// The annotation of a namespace in which what the lab begins with was applied.
const SET_UP: &str = "clusterip-lab/set-up";
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

/// Makes the namespace beside a student's, with the same bounds and nothing of the lab's own in it.
///
/// # Errors
/// The first object that the API server refused or did not answer for.
pub async fn prepare_neighbour(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let failed = |what| {
        let namespace = namespace.clone();
        move |source| TenancyError { what, namespace, source }
    };
    let cluster: Api<core::Namespace> = Api::all(client.clone());
    let object = namespace_object(namespace);
    apply(&cluster, namespace.as_str(), &object).await.map_err(failed("the neighbour's namespace"))?;
    let quotas: Api<core::ResourceQuota> = Api::namespaced(client.clone(), namespace.as_str());
    apply(&quotas, "lab", &quota()).await.map_err(failed("the neighbour's quota"))
}

/// Whether what a lab begins with was applied in this namespace.
///
/// # Errors
/// The API server did not answer.
pub async fn is_set_up(client: &Client, namespace: &Namespace) -> Result<bool, TenancyError> {
    let cluster: Api<core::Namespace> = Api::all(client.clone());
    let found = cluster.get(namespace.as_str()).await;
    let object = found.map_err(|source| TenancyError {
        what: "the namespace",
        namespace: namespace.clone(),
        source,
    })?;
    Ok(object.metadata.annotations.is_some_and(|a| a.contains_key(SET_UP)))
}

/// Notes on the namespace that what a lab begins with was applied.
///
/// # Errors
/// The API server refused or did not answer.
pub async fn mark_set_up(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    annotate(client, namespace, json!({SET_UP: "done"})).await
}

/// Notes on the namespace that it is to be set up anew.
///
/// # Errors
/// The API server refused or did not answer.
pub async fn unmark_set_up(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    annotate(client, namespace, json!({SET_UP: null})).await
}

async fn annotate(client: &Client, namespace: &Namespace, annotations: Value) -> Result<(), TenancyError> {
    let cluster: Api<core::Namespace> = Api::all(client.clone());
    let mark = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
    let marked = cluster.patch(namespace.as_str(), &PatchParams::default(), &mark).await;
    marked.map(drop).map_err(|source| TenancyError {
        what: "the mark on the namespace",
        namespace: namespace.clone(),
        source,
    })
}

/// Deletes a namespace with all that is in it; one that is not there is deleted already.
///
/// # Errors
/// The API server refused or did not answer.
pub async fn delete(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let cluster: Api<core::Namespace> = Api::all(client.clone());
    match cluster.delete(namespace.as_str(), &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(TenancyError { what: "the end", namespace: namespace.clone(), source }),
    }
}

/// Makes the client pod if it is not there, and anew if it has ended or is not the lab's own any more.
///
/// # Errors
/// What the API server refused or did not answer for.
pub async fn ensure_client(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let pods: Api<core::Pod> = Api::namespaced(client.clone(), namespace.as_str());
    let failed = |source| TenancyError { what: "the client pod", namespace: namespace.clone(), source };
    match pods.get_opt(CLIENT_POD).await.map_err(failed)? {
        Some(pod) if is_fit(&pod) => return Ok(()),
        Some(pod) if pod.metadata.deletion_timestamp.is_none() => {
            let at_once = DeleteParams::default().grace_period(0);
            pods.delete(CLIENT_POD, &at_once).await.map_err(failed)?;
        }
        _ => {}
    }
    apply(&pods, CLIENT_POD, &client_pod()).await.map_err(failed)
}

/// Whether this client pod still serves: an evicted one stays as Failed, and an image can be changed in place.
fn is_fit(pod: &core::Pod) -> bool {
    let ended = pod
        .status
        .as_ref()
        .and_then(|s| s.phase.as_deref())
        .is_some_and(|p| p == "Failed" || p == "Succeeded");
    let image = pod.spec.as_ref().and_then(|s| s.containers.first()).and_then(|c| c.image.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !ended && image == Some(CLIENT_IMAGE)
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

/// Room for a rolling update of the most replicas a button asks for, and no way in from outside the cluster.
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
