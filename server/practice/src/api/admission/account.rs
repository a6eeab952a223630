//! The `ServiceAccount` that a pod runs as.
//!
//! Source: Kubernetes' `plugin/pkg/admission/serviceaccount/admission.go`.

use serde_json::Value;

use crate::status::Status;
use crate::store::{Resource, View, object};

/// Refuses a pod whose account is not there.
pub(super) fn check(view: &View<'_>, pod: &Value) -> Result<(), Status> {
    let (namespace, account) = (object::namespace(pod), object::text(pod, "/spec/serviceAccountName"));
    // The default one is made a moment after its namespace, which no client should have to wait for here.
    if matches!(&*account, "" | "default")
        || view.get(Resource::ServiceAccounts, namespace, &account).is_some()
    {
        return Ok(());
    }
    let why = format!(
        "error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
    );
    Err(Status::forbidden(Resource::Pods, object::name(pod), &why))
}
