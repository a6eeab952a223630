//! What happens to every object on its way into the store: namespace, defaults, checks, allocation, quota.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/>, and Kubernetes'
//! `pkg/apis/*/v1/defaults.go` and `pkg/apis/*/validation`.

mod container;
mod defaults;
pub(crate) mod names;
mod quota;
mod service;
#[cfg(test)]
mod tests;
mod workload;

use serde_json::{Value, json};

use crate::kubelet::{token, unmodelled};
use crate::status::{Cause, Status};
use crate::store::{Admission, Resource, View, object};

/// The practice cluster's admission.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules;

/// What is wrong with an object so far.
type Causes = Vec<Cause>;

impl Admission for Rules {
    fn create(&self, view: &View<'_>, resource: Resource, object: &mut Value) -> Result<(), Status> {
        check_namespace(view, resource, object)?;
        refuse_unmodelled(resource, object)?;
        defaults::fill(resource, object);
        if resource == Resource::Pods {
            token::mount(object);
        }
        let mut causes = names::metadata(resource, object);
        let name = object::name(object).to_owned();
        if resource == Resource::Services {
            service::refuse_unmodelled(object)?;
            service::default(object);
        }
        causes.extend(check(resource, object));
        refuse(resource, &name, causes)?;
        quota::check(view, resource, object)?;
        if resource == Resource::Services {
            service::allocate(view, object)?;
        }
        Ok(())
    }

    fn update(
        &self,
        view: &View<'_>,
        resource: Resource,
        old: &Value,
        object: &mut Value,
    ) -> Result<(), Status> {
        refuse_unmodelled(resource, object)?;
        defaults::fill(resource, object);
        let mut causes = names::metadata(resource, object);
        let name = object::name(object).to_owned();
        if resource == Resource::Services {
            service::refuse_unmodelled(object)?;
            service::keep_allocated(old, object);
            service::default(object);
        }
        causes.extend(check(resource, object));
        causes.extend(check_update(resource, old, object));
        refuse(resource, &name, causes)?;
        if resource == Resource::Services {
            service::allocate(view, object)?;
        }
        Ok(())
    }
}

fn refuse(resource: Resource, name: &str, causes: Causes) -> Result<(), Status> {
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid(resource, name, causes)) }
}

/// What pods of real clusters may have and those here may not.
fn refuse_unmodelled(resource: Resource, object: &Value) -> Result<(), Status> {
    let spec = match resource {
        Resource::Pods => &object["spec"],
        Resource::Deployments | Resource::ReplicaSets => &object["spec"]["template"]["spec"],
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
        _ => Causes::new(),
    }
}

fn check_update(resource: Resource, old: &Value, object: &Value) -> Causes {
    match resource {
        Resource::Services => service::check_update(old, object),
        Resource::Pods => workload::check_pod_update(old, object),
        Resource::Deployments | Resource::ReplicaSets => workload::check_update(old, object),
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
