//! Pod Security admission: what the pods of a namespace may ask for, by the labels of the namespace.
//!
//! ```text
//! Namespace labels ──▶ Policy { enforce, audit, warn } ──▶ Pod: refused, or a warning
//!                                                     └──▶ Deployment, ReplicaSet: a warning about its template
//! ```
//!
//! `audit` is checked to be valid and does nothing more: there is no audit log.
//!
//! Source: <https://kubernetes.io/docs/concepts/security/pod-security-admission/>, and
//! `k8s.io/pod-security-admission/admission/admission.go`.

mod checks;
mod policy;
mod profiles;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::controllers::objects::controller_of;
use crate::status::Status;
use crate::store::{Resource, View, Writer, object};
use checks::Violation;
pub(super) use policy::check_labels;
use policy::{Level, LevelVersion, Policy};

/// How many of a namespace's pods are looked at when its policy changes.
const MOST_PODS: usize = 3000;

/// Refuses a pod that its namespace forbids, or warns about it. `old` is the pod as it was.
pub(super) fn pod(
    view: &View<'_>,
    writer: &Writer<'_>,
    old: Option<&Value>,
    pod: &Value,
) -> Result<(), Status> {
    if old.is_some_and(|old| images(old) == images(pod)) {
        return Ok(());
    }
    let policy = policy_of(view, pod);
    let violations = checks::run(policy.enforce, &pod["metadata"], &pod["spec"]);
    if !violations.is_empty() {
        let why = format!("violates PodSecurity \"{}\": {}", policy.enforce, details(&violations));
        return Err(Status::forbidden(Resource::Pods, object::name(pod), &why));
    }
    warn(writer, policy.warn, &pod["metadata"], &pod["spec"]);
    Ok(())
}

/// Warns about pods that would be made of this template.
pub(super) fn workload(view: &View<'_>, writer: &Writer<'_>, workload: &Value) {
    let template = &workload["spec"]["template"];
    warn(writer, policy_of(view, workload).warn, &template["metadata"], &template["spec"]);
}

/// Warns about the pods that a namespace would no longer take.
pub(super) fn namespace(view: &View<'_>, writer: &Writer<'_>, old: &Value, namespace: &Value) {
    let (before, now) = (Policy::of(old).enforce, Policy::of(namespace).enforce);
    let relaxed = now.version == before.version && now.level <= before.level;
    if now == before || now.level == Level::Privileged || relaxed {
        return;
    }
    let name = object::name(namespace);
    let pods: Vec<&Value> = view.list(Resource::Pods, Some(name)).map(|pod| &**pod).collect();
    let checked = by_controller(&pods);
    if checked.len() > MOST_PODS {
        writer.warn(format!(
            "new PodSecurity enforce level only checked against the first {MOST_PODS} of {} existing pods",
            checked.len()
        ));
    }
    // Reasons, with the first of the pods and how many there are.
    let mut found: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for pod in checked.into_iter().take(MOST_PODS) {
        let violations = checks::run(now, &pod["metadata"], &pod["spec"]);
        if !violations.is_empty() {
            let reasons: Vec<&str> = violations.iter().map(|violation| violation.reason).collect();
            let entry = found.entry(reasons.join(", ")).or_insert((object::name(pod), 0));
            entry.0 = entry.0.min(object::name(pod));
            entry.1 += 1;
        }
    }
    if found.is_empty() {
        return;
    }
    writer.warn(format!(
        "existing pods in namespace \"{name}\" violate the new PodSecurity enforce level \"{now}\""
    ));
    let mut warnings: Vec<String> = found
        .into_iter()
        .map(|(reasons, (first, count))| match count {
            1 => format!("{first}: {reasons}"),
            2 => format!("{first} (and 1 other pod): {reasons}"),
            _ => format!("{first} (and {} other pods): {reasons}", count - 1),
        })
        .collect();
    warnings.sort();
    warnings.into_iter().for_each(|warning| writer.warn(warning));
}

/// The pods, first one of each controller.
fn by_controller<'a>(pods: &[&'a Value]) -> Vec<&'a Value> {
    let mut seen = Vec::new();
    let (first, further): (Vec<&Value>, Vec<&Value>) = pods.iter().partition(|pod| {
        let Some(owner) = controller_of(pod) else { return true };
        let known = seen.contains(&&owner["uid"]);
        if !known {
            seen.push(&owner["uid"]);
        }
        !known
    });
    [first, further].concat()
}

fn policy_of(view: &View<'_>, object: &Value) -> Policy {
    let namespace = view.get(Resource::Namespaces, "", object::namespace(object));
    namespace.map(|namespace| Policy::of(namespace)).unwrap_or_default()
}

fn warn(writer: &Writer<'_>, level: LevelVersion, metadata: &Value, spec: &Value) {
    let violations = checks::run(level, metadata, spec);
    if !violations.is_empty() {
        writer.warn(format!("would violate PodSecurity \"{level}\": {}", details(&violations)));
    }
}

fn details(violations: &[Violation]) -> String {
    let said: Vec<String> =
        violations.iter().map(|violation| format!("{} ({})", violation.reason, violation.detail)).collect();
    said.join(", ")
}

/// What an update of a pod must change to be looked at.
fn images(pod: &Value) -> Vec<&Value> {
    let lists = ["initContainers", "containers"].into_iter();
    lists.flat_map(|list| pod["spec"][list].as_array().into_iter().flatten()).map(|c| &c["image"]).collect()
}
