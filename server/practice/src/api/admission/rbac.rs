//! Roles and `RoleBindings`.
//!
//! Source: Kubernetes' `pkg/apis/rbac/v1/defaults.go` and `pkg/apis/rbac/validation`.

use serde_json::{Value, json};

use super::{Causes, absent, names};
use crate::authz::CLUSTER_ROLES;
use crate::status::{Cause, Status};
use crate::store::{Resource, object};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Fills in the groups that a `RoleBinding` leaves out.
pub(super) fn default(binding: &mut Value) {
    if binding["roleRef"].is_object() {
        unset(&mut binding["roleRef"], "apiGroup", GROUP);
    }
    for subject in binding["subjects"].as_array_mut().into_iter().flatten() {
        if matches!(subject["kind"].as_str(), Some("User" | "Group")) {
            unset(subject, "apiGroup", GROUP);
        }
    }
}

fn unset(map: &mut Value, field: &str, value: &str) {
    if map[field] == "" {
        map[field] = Value::Null;
    }
    absent(map, field, value);
}

/// A `RoleBinding` may name the `ClusterRoles` that are there for it, and no other.
pub(super) fn refuse_unmodelled(binding: &Value) -> Result<(), Status> {
    let reference = &binding["roleRef"];
    let name = reference["name"].as_str().unwrap_or_default();
    if reference["kind"] != "ClusterRole" || name.is_empty() || CLUSTER_ROLES.contains(&name) {
        return Ok(());
    }
    let what = format!("ClusterRoles but {}", CLUSTER_ROLES.join(", "));
    Err(Status::not_modelled(Resource::RoleBindings, object::name(binding), &what))
}

/// Checks a Role.
pub(super) fn role(role: &Value) -> Causes {
    let mut causes = Causes::new();
    let none = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    for (index, rule) in role["rules"].as_array().into_iter().flatten().enumerate() {
        let at = |field: &str| format!("rules[{index}].{field}");
        if none(&rule["verbs"]) {
            causes.push(Cause::required(at("verbs"), "verbs must contain at least one value"));
        }
        let paths = &rule["nonResourceURLs"];
        if !none(paths) {
            let field = at("nonResourceURLs");
            let why = "namespaced rules cannot apply to non-resource URLs";
            causes.push(Cause::invalid(field.clone(), paths, why));
            if ["apiGroups", "resources", "resourceNames"].iter().any(|field| !none(&rule[*field])) {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                causes.push(Cause::invalid(field, paths, why));
            }
            continue;
        }
        if none(&rule["apiGroups"]) {
            let why = "resource rules must supply at least one api group";
            causes.push(Cause::required(at("apiGroups"), why));
        }
        if none(&rule["resources"]) {
            causes.push(Cause::required(at("resources"), "resource rules must supply at least one resource"));
        }
    }
    causes
}

/// Checks a completed `RoleBinding`.
pub(super) fn binding(binding: &Value) -> Causes {
    let mut causes = Causes::new();
    let reference = &binding["roleRef"];
    let shown = |value: &Value| if value.is_null() { json!("") } else { value.clone() };
    if reference["apiGroup"] != GROUP {
        causes.push(Cause::not_supported("roleRef.apiGroup", &shown(&reference["apiGroup"]), &[GROUP]));
    }
    if reference["kind"] != "Role" && reference["kind"] != "ClusterRole" {
        let kinds = &["Role", "ClusterRole"];
        causes.push(Cause::not_supported("roleRef.kind", &shown(&reference["kind"]), kinds));
    }
    match reference["name"].as_str().unwrap_or_default() {
        "" => causes.push(Cause::required("roleRef.name", "")),
        name => causes.extend(
            names::bad_path_segment(name).map(|why| Cause::invalid("roleRef.name", &json!(name), why)),
        ),
    }
    for (index, subject) in binding["subjects"].as_array().into_iter().flatten().enumerate() {
        causes.extend(check_subject(subject, &format!("subjects[{index}]")));
    }
    causes
}

fn check_subject(subject: &Value, at: &str) -> Causes {
    let mut causes = Causes::new();
    let text = |field: &str| subject[field].as_str().unwrap_or_default();
    if text("name").is_empty() {
        causes.push(Cause::required(format!("{at}.name"), ""));
    }
    let group = json!(text("apiGroup"));
    match text("kind") {
        "ServiceAccount" => {
            if let Some(why) =
                Some(text("name")).filter(|name| !name.is_empty()).and_then(names::dns_subdomain)
            {
                causes.push(Cause::invalid(format!("{at}.name"), &json!(text("name")), &why));
            }
            if !text("apiGroup").is_empty() {
                causes.push(Cause::not_supported(format!("{at}.apiGroup"), &group, &[""]));
            }
        }
        "User" | "Group" => {
            if text("apiGroup") != GROUP {
                causes.push(Cause::not_supported(format!("{at}.apiGroup"), &group, &[GROUP]));
            }
        }
        other => {
            let kinds = &["ServiceAccount", "User", "Group"];
            causes.push(Cause::not_supported(format!("{at}.kind"), &json!(other), kinds));
        }
    }
    causes
}

/// The role of a `RoleBinding` does not change.
pub(super) fn check_update(old: &Value, binding: &Value) -> Causes {
    if old["roleRef"] == binding["roleRef"] {
        return Causes::new();
    }
    let part = |field: &str| binding["roleRef"][field].clone();
    let shown =
        format!(r#"{{"APIGroup":{},"Kind":{},"Name":{}}}"#, part("apiGroup"), part("kind"), part("name"));
    let message = format!("Invalid value: {shown}: cannot change roleRef");
    vec![Cause { reason: "FieldValueInvalid", field: "roleRef".into(), message }]
}
