//! Who may what: the access reviews.

use k8s_openapi::api::authorization::v1 as authorization;
use serde_json::{Value, json};

use super::super::Api;
use super::Question;
use crate::authn::User;
use crate::authz::{self, Access, Rule, Target};
use crate::status::{Cause, Status};

impl Api {
    /// `kubectl auth can-i VERB RESOURCE`
    pub(super) fn may_i(&self, question: &Question) -> Result<(Value, Vec<String>), Status> {
        let (asked, warnings) = question.read::<authorization::SelfSubjectAccessReview>()?;
        let spec = &asked.spec;
        let access =
            question.access(spec.resource_attributes.as_ref(), spec.non_resource_attributes.as_ref())?;
        let status = self.decision(&question.user, &access);
        let value = json!({"metadata": asked.metadata, "spec": asked.spec});
        Ok((question.answered(value, status), warnings))
    }

    /// `kubectl auth can-i --list`
    pub(super) fn what_may_i(&self, question: &Question) -> Result<(Value, Vec<String>), Status> {
        let (asked, warnings) = question.read::<authorization::SelfSubjectRulesReview>()?;
        let namespace = asked.spec.namespace.clone().unwrap_or_default();
        if namespace.is_empty() {
            return Err(Status::bad_request("no namespace on request"));
        }
        let (rules, unresolved) = self.store.view(|view| authz::rules_of(view, &question.user, &namespace));
        let told = |wanted: fn(&Rule) -> bool| -> Vec<Value> {
            rules.iter().filter(|rule| wanted(rule)).map(Rule::to_value).collect()
        };
        let mut status = json!({
            "resourceRules": told(|rule| rule.paths.is_empty()),
            "nonResourceRules": told(|rule| !rule.paths.is_empty()),
            "incomplete": false,
        });
        if !unresolved.is_empty() {
            status["evaluationError"] = json!(authz::together(&unresolved));
        }
        // A real API server answers without the question.
        Ok((question.answered(json!({"metadata": asked.metadata, "spec": {}}), status), warnings))
    }

    /// Whether somebody may.
    pub(super) fn may_he(&self, question: &Question) -> Result<(Value, Vec<String>), Status> {
        let (asked, warnings) = question.read::<authorization::SubjectAccessReview>()?;
        let status = self.decide_for(question, &asked.spec)?;
        let value = json!({"metadata": asked.metadata, "spec": asked.spec});
        Ok((question.answered(value, status), warnings))
    }

    /// Whether somebody may, in the namespace of the path.
    pub(super) fn may_he_here(&self, question: &Question) -> Result<(Value, Vec<String>), Status> {
        let (asked, warnings) = question.read::<authorization::LocalSubjectAccessReview>()?;
        let spec = &asked.spec;
        let here = question.namespace.as_deref().unwrap_or_default();
        if spec.non_resource_attributes.is_some() {
            let why = "disallowed on this kind of request";
            let cause =
                Cause::invalid("spec.nonResourceAttributes", &json!(spec.non_resource_attributes), why);
            return Err(question.invalid(cause));
        }
        let meant = spec.resource_attributes.as_ref().map(|a| a.namespace.as_deref().unwrap_or_default());
        if let Some(meant) = meant.filter(|meant| *meant != here) {
            let field = "spec.resourceAttributes.namespace";
            return Err(question.invalid(Cause::invalid(
                field,
                &json!(meant),
                "must match metadata.namespace",
            )));
        }
        let status = self.decide_for(question, spec)?;
        let mut value = json!({"metadata": asked.metadata, "spec": asked.spec});
        value["metadata"]["namespace"] = json!(here);
        Ok((question.answered(value, status), warnings))
    }

    fn decide_for(
        &self,
        question: &Question,
        spec: &authorization::SubjectAccessReviewSpec,
    ) -> Result<Value, Status> {
        let access =
            question.access(spec.resource_attributes.as_ref(), spec.non_resource_attributes.as_ref())?;
        let user = User {
            name: spec.user.clone().unwrap_or_default(),
            uid: spec.uid.clone().unwrap_or_default(),
            groups: spec.groups.clone().unwrap_or_default(),
            extra: spec.extra.clone().unwrap_or_default(),
        };
        if user.name.is_empty() && user.groups.is_empty() {
            let why = "at least one of user or group must be specified";
            return Err(question.invalid(Cause::invalid("spec.user", &json!(""), why)));
        }
        Ok(self.decision(&user, &access))
    }

    fn decision(&self, user: &User, access: &Access) -> Value {
        let decision = self.store.view(|view| authz::decide(view, user, access));
        let mut status = json!({"allowed": decision.allowed});
        if !decision.reason.is_empty() {
            status["reason"] = json!(decision.reason);
        }
        status
    }
}

impl Question {
    fn access(
        &self,
        resource: Option<&authorization::ResourceAttributes>,
        path: Option<&authorization::NonResourceAttributes>,
    ) -> Result<Access, Status> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match (resource, path) {
            (Some(resource), None) => Ok(Access {
                verb: text(&resource.verb),
                target: Target::Resource {
                    group: text(&resource.group),
                    resource: text(&resource.resource),
                    subresource: text(&resource.subresource),
                    namespace: text(&resource.namespace),
                    name: text(&resource.name),
                },
            }),
            (None, Some(path)) => {
                Ok(Access { verb: text(&path.verb), target: Target::Path(text(&path.path)) })
            }
            (Some(_), Some(path)) => {
                let why = "cannot be specified in combination with resourceAttributes";
                Err(self.invalid(Cause::invalid("spec.nonResourceAttributes", &json!(path), why)))
            }
            (None, None) => {
                let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
                Err(self.invalid(Cause::invalid("spec.resourceAttributes", &Value::Null, why)))
            }
        }
    }
}
