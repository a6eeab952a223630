//! The namespace of a run with its bounds, the one beside it, and the mark of what was set up in it.

use clusterip_domain::bounds::{LAB, MANAGED_BY};
use clusterip_domain::ids::Namespace;
use k8s_openapi::api::core::v1::{Namespace as Object, ResourceQuota};
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::{TenancyError, access, apply, ensure_client, failed};

/// The annotation of a namespace in which what the lab begins with was applied.
const SET_UP: &str = "clusterip-lab/set-up";

/// Makes the namespace, its bounds, what its student may do, and the client pod; what is there already is left or brought
/// up to date.
///
/// # Errors
/// The first object that the API server refused or did not answer for.
pub async fn prepare(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    make(client, namespace).await?;
    tokio::try_join!(bound(client, namespace), access::give(client, namespace))?;
    ensure_client(client, namespace).await
}

/// Makes the namespace beside a student's, with the same bounds and nothing of the lab's own in it. The student may look
/// at what is there.
///
/// # Errors
/// The first object that the API server refused or did not answer for.
pub async fn prepare_neighbour(client: &Client, student: &Namespace) -> Result<(), TenancyError> {
    let neighbour = student.neighbour();
    make(client, &neighbour).await?;
    tokio::try_join!(bound(client, &neighbour), access::let_look(client, student, &neighbour))?;
    Ok(())
}

async fn make(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let cluster: Api<Object> = Api::all(client.clone());
    let made = apply(&cluster, namespace.as_str(), &namespace_object(namespace)).await;
    made.map_err(failed(namespace, "the namespace"))
}

async fn bound(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let quotas: Api<ResourceQuota> = Api::namespaced(client.clone(), namespace.as_str());
    apply(&quotas, "lab", &quota()).await.map_err(failed(namespace, "the quota"))
}

/// Whether what a lab begins with was applied in this namespace.
///
/// # Errors
/// The API server did not answer.
pub async fn is_set_up(client: &Client, namespace: &Namespace) -> Result<bool, TenancyError> {
    let cluster: Api<Object> = Api::all(client.clone());
    let found = cluster.get(namespace.as_str()).await;
    let object = found.map_err(failed(namespace, "the namespace"))?;
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
    let cluster: Api<Object> = Api::all(client.clone());
    let mark = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
    let marked = cluster.patch(namespace.as_str(), &PatchParams::default(), &mark).await;
    marked.map(drop).map_err(failed(namespace, "the mark on the namespace"))
}

/// Deletes a namespace with all that is in it; one that is not there is deleted already.
///
/// # Errors
/// The API server refused or did not answer.
pub async fn delete(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let cluster: Api<Object> = Api::all(client.clone());
    match cluster.delete(namespace.as_str(), &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(failed(namespace, "the end")(source)),
    }
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
                MANAGED_BY: LAB,
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
