//! "As YAML": a live object without the noise.

use clusterip_domain::ids::Namespace;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;

use super::{ActError, Actions, named};

/// A kind that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownKind {
    /// `v1` Pod
    Pod,
    /// `v1` Service
    Service,
    /// `apps/v1` Deployment
    Deployment,
    /// `apps/v1` ReplicaSet
    ReplicaSet,
    /// `discovery.k8s.io/v1` EndpointSlice
    EndpointSlice,
}

impl std::str::FromStr for ShownKind {
    type Err = ();

    /// Reads the kind in lower case, as in a URL.
    fn from_str(kind: &str) -> Result<Self, ()> {
        match kind {
            "pod" => Ok(Self::Pod),
            "service" => Ok(Self::Service),
            "deployment" => Ok(Self::Deployment),
            "replicaset" => Ok(Self::ReplicaSet),
            "endpointslice" => Ok(Self::EndpointSlice),
            _ => Err(()),
        }
    }
}

impl ShownKind {
    fn resource(self) -> ApiResource {
        let (group, kind) = match self {
            Self::Pod => ("", "Pod"),
            Self::Service => ("", "Service"),
            Self::Deployment => ("apps", "Deployment"),
            Self::ReplicaSet => ("apps", "ReplicaSet"),
            Self::EndpointSlice => ("discovery.k8s.io", "EndpointSlice"),
        };
        ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind))
    }
}

impl Actions {
    /// The object as YAML, without managedFields and what `kubectl apply` keeps for itself.
    ///
    /// # Errors
    /// No such object, or an API server that cannot be reached.
    pub async fn yaml(&self, namespace: &Namespace, kind: ShownKind, name: &str) -> Result<String, ActError> {
        let resource = kind.resource();
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), namespace.as_str(), &resource);
        let object = api.get(named(name)?).await.map_err(|e| ActError::about("show", e))?;
        let mut value = serde_json::to_value(&object).unwrap_or_default();
        quiet(&mut value);
        // A JSON value always has a YAML form; an empty text would only be an empty sheet.
        Ok(serde_saphyr::to_string(&value).unwrap_or_default())
    }
}

fn quiet(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
}
