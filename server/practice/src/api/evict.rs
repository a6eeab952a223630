//! The `eviction` subresource, which `kubectl drain` uses: a deletion that asks first.
//!
//! There is nobody to ask, because disruption budgets are not modelled (they are not served either), so that every
//! eviction is granted.
//!
//! Source: <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>.

use std::sync::Arc;

use hyper::StatusCode;
use k8s_openapi::api::policy::v1::Eviction;
use serde_json::json;

use super::respond::{self, Answer};
use super::{Api, Asked, schema, write};
use crate::controllers::objects::set_condition;
use crate::status::Status;
use crate::store::{Mode, Resource, object};

impl Api {
    /// Evicts a pod, with the grace that it is given.
    pub(super) async fn evict(
        self: Arc<Self>,
        asked: Asked,
        namespace: &str,
        name: &str,
    ) -> Result<Answer, Status> {
        let (query, validation) = (asked.query.clone(), asked.query.validation()?);
        let body = asked.object().await?;
        if body["kind"] != "Eviction" || body["apiVersion"] != "policy/v1" {
            let given = [&body["apiVersion"], &body["kind"]].map(|word| word.as_str().unwrap_or_default());
            return Err(Status::bad_request(format!("not a policy/v1 Eviction: {}", given.join(" "))));
        }
        let (eviction, warnings) = schema::typed::<Eviction>("Eviction", body, validation)?;
        if eviction.metadata.name.as_deref() != Some(name) {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        let options = json!(eviction.delete_options);
        let mut deletion = write::deletion_of(&options, &query)?;
        let pod = self.store.get(Resource::Pods, namespace, name)?;
        deletion.check(Resource::Pods, &pod)?;
        if deletion.mode == Mode::Commit {
            self.tell_target(namespace, name, object::uid(&pod))?;
            // It held, and does no longer: that was our own write.
            deletion.uid = Some(object::uid(&pod).to_owned());
            deletion.resource_version = None;
        }
        self.store.delete(Resource::Pods, namespace, name, &deletion)?;
        let success =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        let mut answer = respond::json(StatusCode::CREATED, &success);
        respond::warn(&mut answer, &warnings);
        Ok(answer)
    }

    /// Writes into the pod why it goes.
    /// Source: <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions>.
    fn tell_target(&self, namespace: &str, name: &str, uid: &str) -> Result<(), Status> {
        let written = self.store.modify_status(Resource::Pods, namespace, name, |pod| {
            if object::uid(pod) != uid {
                return;
            }
            let mut conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let condition = json!({"type": "DisruptionTarget", "status": "True", "lastProbeTime": null,
                "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"});
            set_condition(&mut conditions, condition, &object::now(), &[]);
            pod["status"]["conditions"] = json!(conditions);
        });
        written.map(drop)
    }
}
