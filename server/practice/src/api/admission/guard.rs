//! What nobody may do in the lab's namespaces, and what is the lab's own in them.
//!
//! On a real cluster the lab makes admission policies of the same rules, and their refusals read alike. Here they are
//! built in: this cluster does not serve those kinds. A namespace is the lab's by its label, here as there.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>.

use std::collections::BTreeMap;

use clusterip_domain::bounds::{
    CLIENT_POD, LAB, MANAGED_BY, OWN_LABELS, Policy, Refusal, SYSTEM_PRIORITY, student_of,
};
use serde_json::Value;

use crate::status::{Cause, Status};
use crate::store::{Resource, View, Writer, object};

/// The kinds whose labels are looked at.
const LABELLED: [Resource; 5] =
    [Resource::Pods, Resource::Services, Resource::ConfigMaps, Resource::Deployments, Resource::ReplicaSets];

/// Refuses what a policy does not let pass. `old` is what an update replaces.
pub(super) fn check(
    view: &View<'_>,
    writer: &Writer<'_>,
    resource: Resource,
    old: Option<&Value>,
    object: &Value,
) -> Result<(), Status> {
    if !LABELLED.contains(&resource) || !is_of_the_lab(view, object) {
        return Ok(());
    }
    let student = student_of(object::namespace(object));
    let found = for_everyone(resource, old, object).or_else(|| {
        let by_student = writer.who().is_some_and(|user| user.name == student);
        by_student.then(|| of_the_labs_own(resource, old, object)).flatten()
    });
    match found {
        None => Ok(()),
        Some((policy, refusal)) => Err(denied(resource, object::name(object), policy, &refusal)),
    }
}

fn is_of_the_lab(view: &View<'_>, object: &Value) -> bool {
    let namespace = view.get(Resource::Namespaces, "", object::namespace(object));
    namespace.is_some_and(|namespace| namespace["metadata"]["labels"][MANAGED_BY] == LAB)
}

fn for_everyone<'a>(
    resource: Resource,
    old: Option<&Value>,
    object: &'a Value,
) -> Option<(Policy, Refusal<'a>)> {
    let spec = &object["spec"];
    match resource {
        Resource::Services => match spec["type"].as_str() {
            Some(other) if !matches!(other, "" | "ClusterIP") => Some(Refusal::ServiceType(other)),
            _ => spec["externalIPs"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
                .then_some(Refusal::ExternalIps),
        },
        Resource::Pods => {
            let class = spec["priorityClassName"].as_str().unwrap_or_default();
            (old.is_none() && class.starts_with(SYSTEM_PRIORITY)).then_some(Refusal::SystemPriority)
        }
        _ => None,
    }
    .map(|refusal| (refusal.policy(), refusal))
}

fn of_the_labs_own(
    resource: Resource,
    old: Option<&Value>,
    object: &Value,
) -> Option<(Policy, Refusal<'static>)> {
    if resource == Resource::Pods && object::name(object) == CLIENT_POD {
        let refusal = match old {
            None => Some(Refusal::ClientName),
            Some(old) => (images(old) != images(object)).then_some(Refusal::ClientChanged),
        };
        if let Some(refusal) = refusal {
            return Some((refusal.policy(), refusal));
        }
    }
    let differ = |pointer| own_labels(old, pointer) != own_labels(Some(object), pointer);
    let policy =
        [("/metadata/labels", Policy::Labels), ("/spec/template/metadata/labels", Policy::Templates)];
    let (_, policy) = policy.into_iter().find(|(pointer, _)| differ(pointer))?;
    Some((policy, Refusal::OwnLabels))
}

fn images(pod: &Value) -> BTreeMap<String, &Value> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers.map(|container| (object::text(container, "/name").into_owned(), &container["image"])).collect()
}

fn own_labels<'a>(object: Option<&'a Value>, pointer: &str) -> BTreeMap<&'a str, &'a Value> {
    let labels = object.and_then(|object| object.pointer(pointer)).and_then(Value::as_object);
    let all = labels.into_iter().flatten().map(|(key, value)| (key.as_str(), value));
    all.filter(|(key, _)| key.starts_with(OWN_LABELS)).collect()
}

fn denied(resource: Resource, name: &str, policy: Policy, refusal: &Refusal<'_>) -> Status {
    let message = policy.denies(refusal);
    let mut status = Status::forbidden(resource, name, &message);
    if let Some(details) = &mut status.details {
        details.causes = vec![Cause { reason: "", field: String::new(), message }];
    }
    status
}
