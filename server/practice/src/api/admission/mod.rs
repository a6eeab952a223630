//! What happens to every object on its way into the store: namespace, defaults, checks, allocation, quota.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/>, and Kubernetes'
//! `pkg/apis/*/v1/defaults.go` and `pkg/apis/*/validation`.

mod account;
mod container;
mod defaults;
mod guard;
mod limits;
pub(crate) mod names;
mod policies;
mod quota;
mod rbac;
mod resources;
mod security;
mod service;
#[cfg(test)]
mod tests;
mod workload;

use serde_json::{Value, json};

use crate::authz;
use crate::kubelet::{token, unmodelled};
use crate::status::{Cause, Status};
use crate::store::{Admission, Resource, View, Writer, object};

/// The practice cluster's admission.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules;

/// What is wrong with an object so far.
type Causes = Vec<Cause>;

impl Admission for Rules {
    fn create(
        &self,
        view: &View<'_>,
        writer: &Writer<'_>,
        resource: Resource,
        object: &mut Value,
    ) -> Result<(), Status> {
        check_namespace(view, resource, object)?;
        if resource == Resource::Services {
            guard::check(view, writer, resource, None, object)?;
            service::refuse_unmodelled(object)?;
        }
        resources::canonicalize(resource, object)?;
        defaults::fill(resource, object);
        if resource == Resource::Services {
            service::default(object);
        }
        if resource == Resource::Pods {
            account::check(view, object)?;
            token::mount(object);
            limits::fill(view, object);
            defaults::classify(object);
        }
        if let Some(user) = writer.who() {
            authz::check_escalation(view, user, resource, None, object)?;
        }
        let name = object::name(object).to_owned();
        let causes = [names::metadata(resource, object), check(resource, object)].concat();
        refuse(resource, &name, causes)?;
        if resource == Resource::Pods {
            limits::check(view, object)?;
        }
        secure(view, writer, resource, None, object)?;
        refuse_unmodelled(resource, object)?;
        quota::check(view, resource, object)?;
        if resource == Resource::Services {
            service::allocate(view, object)?;
        }
        Ok(())
    }

    fn update(
        &self,
        view: &View<'_>,
        writer: &Writer<'_>,
        resource: Resource,
        old: &Value,
        object: &mut Value,
    ) -> Result<(), Status> {
        if resource == Resource::Services {
            guard::check(view, writer, resource, Some(old), object)?;
            service::refuse_unmodelled(object)?;
        }
        resources::canonicalize(resource, object)?;
        defaults::fill(resource, object);
        if let Some(user) = writer.who() {
            authz::check_escalation(view, user, resource, Some(old), object)?;
        }
        if resource == Resource::Services {
            service::keep_allocated(old, object);
            service::default(object);
        }
        let name = object::name(object).to_owned();
        let causes =
            [names::metadata(resource, object), check(resource, object), check_update(resource, old, object)];
        refuse(resource, &name, causes.concat())?;
        secure(view, writer, resource, Some(old), object)?;
        refuse_unmodelled(resource, object)?;
        if resource == Resource::Services {
            service::allocate(view, object)?;
        }
        Ok(())
    }
}

/// What Pod Security and the lab's own policies say, before what this cluster does not model: the first is what is to be
/// learnt. (Services were asked before: the types that are refused have no defaults here.)
fn secure(
    view: &View<'_>,
    writer: &Writer<'_>,
    resource: Resource,
    old: Option<&Value>,
    object: &Value,
) -> Result<(), Status> {
    match resource {
        Resource::Pods => security::pod(view, writer, old, object)?,
        Resource::Deployments | Resource::ReplicaSets => security::workload(view, writer, object),
        Resource::Namespaces => {
            let before = old.map(security::check_labels);
            let causes = security::check_labels(object);
            // Labels that were wrong before do not stand in the way of other changes.
            if before.as_ref() != Some(&causes) {
                refuse(resource, object::name(object), causes)?;
            }
            if let Some(old) = old {
                security::namespace(view, writer, old, object);
            }
        }
        _ => {}
    }
    if resource == Resource::Services { Ok(()) } else { guard::check(view, writer, resource, old, object) }
}

fn refuse(resource: Resource, name: &str, causes: Causes) -> Result<(), Status> {
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid(resource, name, causes)) }
}

/// What pods of real clusters may have and those here may not.
fn refuse_unmodelled(resource: Resource, object: &Value) -> Result<(), Status> {
    let spec = match resource {
        Resource::Pods => &object["spec"],
        Resource::Deployments | Resource::ReplicaSets => &object["spec"]["template"]["spec"],
        Resource::RoleBindings => return rbac::refuse_unmodelled(object),
        Resource::ResourceQuotas => return quota::refuse_unmodelled(object),
        Resource::LimitRanges => return limits::refuse_unmodelled(object),
        _ => return Ok(()),
    };
    match unmodelled(spec) {
        None => Ok(()),
        Some(what) => Err(Status::not_modelled(resource, object::name(object), what)),
    }
}

/// A namespace must be there, and not going.
fn check_namespace(view: &View<'_>, resource: Resource, object: &Value) -> Result<(), Status> {
    if !resource.info().namespaced {
        return Ok(());
    }
    let name = object::namespace(object);
    let found = view.get(Resource::Namespaces, "", name);
    let found = found.ok_or_else(|| Status::not_found(Resource::Namespaces, name))?;
    // Events may tell of the end.
    if !object::is_deleting(found) || resource == Resource::Events {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {name} because it is being terminated");
    let mut status = Status::forbidden(resource, object::name(object), &why);
    if let Some(details) = &mut status.details {
        let message = format!("namespace {name} is being terminated");
        details.causes =
            vec![Cause { reason: "NamespaceTerminating", field: "metadata.namespace".into(), message }];
    }
    Err(status)
}

fn check(resource: Resource, object: &Value) -> Causes {
    match resource {
        Resource::Services => service::check(object),
        Resource::Pods => container::pod_spec(&object["spec"], "spec"),
        Resource::Deployments | Resource::ReplicaSets => workload::check(resource, object),
        Resource::NetworkPolicies => policies::check(object),
        Resource::ResourceQuotas => quota::check_quota(object),
        Resource::LimitRanges => limits::check_range(object),
        Resource::Roles => rbac::role(object),
        Resource::RoleBindings => rbac::binding(object),
        _ => Causes::new(),
    }
}

fn check_update(resource: Resource, old: &Value, object: &Value) -> Causes {
    match resource {
        Resource::Services => service::check_update(old, object),
        Resource::Pods => workload::check_pod_update(old, object),
        Resource::Deployments | Resource::ReplicaSets => workload::check_update(old, object),
        Resource::RoleBindings => rbac::check_update(old, object),
        Resource::ConfigMaps | Resource::Secrets if old["immutable"] == true => immutable(old, object),
        _ => Causes::new(),
    }
}

/// A ConfigMap or Secret that says that it does not change.
fn immutable(old: &Value, object: &Value) -> Causes {
    let mut causes = Causes::new();
    if object["immutable"] != true {
        causes.push(Cause::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for field in ["data", "binaryData"] {
        if old.get(field) != object.get(field) {
            causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
    causes
}

/// Sets a field that is absent or null.
fn absent(map: &mut Value, field: &str, value: impl Into<Value>) {
    if map[field].is_null() {
        map[field] = value.into();
    }
}

/// A port number.
fn check_port(field: &str, value: &Value) -> Option<Cause> {
    let fine = value.as_i64().is_some_and(|port| (1..=65535).contains(&port));
    let shown = if value.is_null() { &json!(0) } else { value };
    (!fine).then(|| Cause::invalid(field, shown, "must be between 1 and 65535, inclusive"))
}
