//! What a student does, as calls to the API server. Each act returns when the API server has taken it; what comes
//! of it is seen through the watch, like everything else.

mod error;
mod show;

use clusterip_domain::ids::Namespace;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PropagationPolicy};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::json;

use crate::manifest::{self, AllowedKind, Document};

pub use error::ActError;
pub use show::ShownKind;

/// Who the API server is told has written what, in managedFields.
const FIELD_MANAGER: &str = "clusterip-lab";
/// The most replicas a button or form may ask for; the namespace's quota is the real bound.
pub const MAX_REPLICAS: u8 = 12;
/// Everything but the lab's own client.
const NOT_THE_CLIENT: &str = "clusterip-lab/role!=client";

/// The acts of one cluster.
#[derive(Clone)]
pub struct Actions {
    client: Client,
}

impl Actions {
    /// Acts through this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Applies every document: first all as a dry run with strict validation, so that nothing is written unless
    /// the API server takes all of it; then for real. Returns what was applied, `Service/my-clusterip-service`.
    ///
    /// # Errors
    /// What the API server says, verbatim, with the line it is about.
    pub async fn apply(
        &self,
        namespace: &Namespace,
        documents: &[Document],
    ) -> Result<Vec<String>, ActError> {
        for document in documents {
            self.patch(namespace, document, true).await?;
        }
        for document in documents {
            self.patch(namespace, document, false).await?;
        }
        Ok(documents.iter().map(|d| format!("{}/{}", d.kind.as_str(), d.name)).collect())
    }

    async fn patch(&self, namespace: &Namespace, document: &Document, dry_run: bool) -> Result<(), ActError> {
        let resource = resource(document.kind);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), namespace.as_str(), &resource);
        let mut params = PatchParams::apply(FIELD_MANAGER).force().validation_strict();
        params.dry_run = dry_run;
        let result = api.patch(&document.name, &params, &Patch::Apply(&document.object)).await;
        result.map(drop).map_err(|e| ActError::about("apply", e).at(document))
    }

    /// Sets the replicas of a Deployment, 0 to [`MAX_REPLICAS`].
    ///
    /// # Errors
    /// More replicas than allowed, no such Deployment, or an API server that cannot be reached.
    pub async fn scale(&self, namespace: &Namespace, deployment: &str, replicas: u8) -> Result<(), ActError> {
        if replicas > MAX_REPLICAS {
            return Err(ActError::TooManyReplicas { given: replicas });
        }
        let (deployment, api) = (named(deployment)?, self.api::<Deployment>(namespace));
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        let result = api.patch_scale(deployment, &PatchParams::default(), &patch).await;
        result.map(drop).map_err(|e| ActError::about("scale", e))
    }

    /// Gives a Deployment's first container another image, which begins a rolling update.
    ///
    /// # Errors
    /// No such Deployment, or an API server that refuses or cannot be reached.
    pub async fn set_image(
        &self,
        namespace: &Namespace,
        deployment: &str,
        image: &str,
    ) -> Result<(), ActError> {
        let failed = |e| ActError::about("set image", e);
        let (deployment, api) = (named(deployment)?, self.api::<Deployment>(namespace));
        let found = api.get(deployment).await.map_err(failed)?;
        let pod = found.spec.and_then(|s| s.template.spec);
        let container = pod.and_then(|p| p.containers.into_iter().next()).map(|c| c.name).unwrap_or_default();
        // Containers are merged by name, which only this kind of patch does.
        let containers = json!([{"name": container, "image": image}]);
        let patch = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": containers}}}}));
        api.patch(deployment, &PatchParams::default(), &patch).await.map(drop).map_err(failed)
    }

    /// Replaces a Deployment's pods as its strategy says, as `kubectl rollout restart` does.
    ///
    /// # Errors
    /// No such Deployment, or an API server that refuses or cannot be reached.
    pub async fn restart(
        &self,
        namespace: &Namespace,
        deployment: &str,
        now: Timestamp,
    ) -> Result<(), ActError> {
        let (deployment, api) = (named(deployment)?, self.api::<Deployment>(namespace));
        let metadata = json!({"annotations": {"kubectl.kubernetes.io/restartedAt": now}});
        let patch = Patch::Merge(json!({"spec": {"template": {"metadata": metadata}}}));
        let result = api.patch(deployment, &PatchParams::default(), &patch).await;
        result.map(drop).map_err(|e| ActError::about("restart", e))
    }

    /// Deletes a pod with its own grace period.
    ///
    /// # Errors
    /// No such pod, or an API server that cannot be reached.
    pub async fn delete_pod(&self, namespace: &Namespace, name: &str) -> Result<(), ActError> {
        let api: Api<Pod> = self.api(namespace);
        api.delete(named(name)?, &DeleteParams::default())
            .await
            .map(drop)
            .map_err(|e| ActError::about("delete pod", e))
    }

    /// Deletes a Service: its virtual IP goes with it.
    ///
    /// # Errors
    /// No such Service, or an API server that cannot be reached.
    pub async fn delete_service(&self, namespace: &Namespace, name: &str) -> Result<(), ActError> {
        let api: Api<Service> = self.api(namespace);
        api.delete(named(name)?, &DeleteParams::default())
            .await
            .map(drop)
            .map_err(|e| ActError::about("delete service", e))
    }

    /// Deletes everything the student made, and nothing of the lab's own. Pods get no grace: the student waits.
    ///
    /// # Errors
    /// An API server that refuses or cannot be reached.
    pub async fn clear(&self, namespace: &Namespace) -> Result<(), ActError> {
        let delete =
            DeleteParams { propagation_policy: Some(PropagationPolicy::Background), ..Default::default() };
        let theirs = ListParams::default().labels(NOT_THE_CLIENT);
        let failed = |e| ActError::about("reset", e);
        self.api::<Deployment>(namespace).delete_collection(&delete, &theirs).await.map_err(failed)?;
        self.api::<ReplicaSet>(namespace).delete_collection(&delete, &theirs).await.map_err(failed)?;
        let at_once = delete.clone().grace_period(0);
        self.api::<Pod>(namespace).delete_collection(&at_once, &theirs).await.map_err(failed)?;
        // The cluster puts its own certificate in every namespace; the next one is made at once, so leave it.
        let config = ListParams::default().fields("metadata.name!=kube-root-ca.crt");
        self.api::<ConfigMap>(namespace).delete_collection(&delete, &config).await.map_err(failed)?;
        let services = self.api::<Service>(namespace);
        for service in services.list_metadata(&theirs).await.map_err(failed)? {
            let name = service.metadata.name.unwrap_or_default();
            services.delete(&name, &delete).await.map_err(failed)?;
        }
        Ok(())
    }

    fn api<K>(&self, namespace: &Namespace) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace.as_str())
    }
}

/// A name that came from a browser, on its way into a request's path: the client puts it there as it is, so that
/// `web-1/proxy` or `web?x` would ask for something else.
fn named(name: &str) -> Result<&str, ActError> {
    if manifest::fits_a_path(name) {
        Ok(name)
    } else {
        Err(ActError::NoName { given: name.chars().take(80).collect() })
    }
}

fn resource(kind: AllowedKind) -> ApiResource {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind.as_str()))
}
