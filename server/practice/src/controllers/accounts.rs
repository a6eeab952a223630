//! What every namespace has: a `ServiceAccount` and the cluster's certificate.
//!
//! Source: <https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts>

use std::sync::Arc;

use serde_json::{Value, json};

use super::runtime::{Controller, Done, object};
use crate::status::Status;
use crate::store::object::{is_deleting, name, namespace};
use crate::store::{Resource, Store, WatchEvent};

const ACCOUNT: &str = "default";
const CERTIFICATE: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
                           endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
                           guaranteed across distributions of Kubernetes clusters.";

pub(crate) struct Accounts {
    pub(crate) store: Arc<Store>,
    /// The API server's CA, as PEM.
    pub(crate) ca: String,
}

impl Controller for Accounts {
    type Key = String;
    const NAME: &'static str = "accounts";

    fn watches(&self) -> Vec<Resource> {
        vec![Resource::Namespaces, Resource::ServiceAccounts, Resource::ConfigMaps]
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<String> {
        let object = object(event);
        if resource == Resource::Namespaces {
            return vec![name(object).to_owned()];
        }
        let ours = matches!(name(object), ACCOUNT | CERTIFICATE);
        if ours { vec![namespace(object).to_owned()] } else { Vec::new() }
    }

    fn reconcile(&self, of: &String) -> Result<Done, Status> {
        let found = self.store.find(Resource::Namespaces, "", of).filter(|found| !is_deleting(found));
        if found.is_none() {
            return Ok(Done::Now);
        }
        self.ensure(Resource::ServiceAccounts, json!({"metadata": {"name": ACCOUNT, "namespace": of}}))?;
        let certificate = json!({
            "metadata": {
                "name": CERTIFICATE, "namespace": of, "annotations": {"kubernetes.io/description": DESCRIPTION},
            },
            "data": {"ca.crt": self.ca},
        });
        self.ensure(Resource::ConfigMaps, certificate)?;
        Ok(Done::Now)
    }
}

impl Accounts {
    fn ensure(&self, resource: Resource, object: Value) -> Result<(), Status> {
        let (of, name) = super::objects::key(&object);
        if self.store.find(resource, &of, &name).is_none() {
            self.store.create(resource, object)?;
        }
        Ok(())
    }
}
