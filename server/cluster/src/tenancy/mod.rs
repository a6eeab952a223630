//! A student's place in the cluster: a namespace with its bounds, what a student may do in it and what nobody may, and the
//! lab's client pod.
//!
//! ```text
//! prepare ──▶ Namespace ──▶ quota, ServiceAccount, Role, RoleBinding ──▶ client pod
//! access::issue ──▶ a token of that ServiceAccount ──▶ kubeconfig
//! access::revoke ──▶ the ServiceAccount anew: the tokens of the one before it are void
//! guard::apply ──▶ admission policies, once a cluster
//! ```
//!
//! Invariants: a student's credentials reach nothing outside its namespace but, to look at, the neighbour's; everything
//! here can be done again at any time, and brings what is there up to date.

pub mod access;
mod client_pod;
pub mod guard;
mod namespace;

use clusterip_domain::ids::Namespace;
use kube::Resource;
use kube::api::{Api, Patch, PatchParams};
use serde_json::Value;

pub use client_pod::ensure_client;
pub use clusterip_domain::bounds::CLIENT_POD;
pub use namespace::{delete, is_set_up, mark_set_up, prepare, prepare_neighbour, unmark_set_up};

/// Who the API server is told has written what, in managedFields.
const FIELD_MANAGER: &str = "clusterip-lab-tenancy";

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

/// Makes errors of one namespace, each of what was to be done.
fn failed(namespace: &Namespace, what: &'static str) -> impl FnOnce(kube::Error) -> TenancyError {
    let namespace = namespace.clone();
    move |source| TenancyError { what, namespace, source }
}

/// Brings an object to what it is to be, whoever changed it.
async fn apply<K>(api: &Api<K>, name: &str, object: &Value) -> Result<(), kube::Error>
where
    K: Resource + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(name, &params, &Patch::Apply(object)).await.map(drop)
}
