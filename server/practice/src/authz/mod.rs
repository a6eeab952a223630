//! Who may do what: role-based access control.
//!
//! ```text
//! User, Access ──▶ ClusterRoleBindings (built in) ──▶ ClusterRoles (built in) ─┐
//!             └──▶ RoleBindings of the namespace ──▶ Role, or a ClusterRole ───┴▶ a rule that allows? ──▶ Decision
//! ```
//!
//! Invariants: rules only add; what no rule allows is forbidden; a decision reads only roles and bindings, never the
//! object that is asked for, so that a refusal tells nothing about it.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>, and Kubernetes'
//! `pkg/registry/rbac/validation/rule.go`.

mod access;
mod builtin;
mod escalation;
mod rule;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use serde_json::Value;

use crate::authn::{User, account_name};
use crate::store::{Resource, View, object};
pub(crate) use access::{Access, Target};
pub(crate) use builtin::{CLUSTER_ROLES, cluster_role};
pub(crate) use escalation::check as check_escalation;
pub(crate) use rule::Rule;

/// Whether something is allowed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// It is.
    pub(crate) allowed: bool,
    /// By which binding; or which roles could not be found. Empty when there is nothing to say.
    pub(crate) reason: String,
}

/// A role that a binding names is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}.rbac.authorization.k8s.io \"{name}\" not found")]
pub(crate) struct NoRole {
    /// `role` or `clusterrole`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// Where a rule comes from: a binding, and the subject of it that is the user.
struct Source<'a> {
    kind: &'static str,
    binding: &'a str,
    role: (&'a str, &'a str),
    subject: String,
}

impl Source<'_> {
    fn describe(&self) -> String {
        let (kind, name) = self.role;
        format!("{} {:?} of {kind} {name:?} to {}", self.kind, self.binding, self.subject)
    }
}

/// Whether this user may.
pub(crate) fn decide(view: &View<'_>, user: &User, access: &Access) -> Decision {
    let (mut reason, mut missing) = (None, Vec::new());
    visit(view, user, access.namespace(), &mut |found| {
        match found {
            Ok((source, rule)) if rule.allows(access) => {
                reason = Some(format!("RBAC: allowed by {}", source.describe()));
                return ControlFlow::Break(());
            }
            Ok(_) => {}
            Err(no_role) => missing.push(no_role.to_string()),
        }
        ControlFlow::Continue(())
    });
    match reason {
        Some(reason) => Decision { allowed: true, reason },
        None if missing.is_empty() => Decision { allowed: false, reason: String::new() },
        None => Decision { allowed: false, reason: format!("RBAC: {}", together(&missing)) },
    }
}

/// Everything that a user may in a namespace (and everywhere), and which roles could not be found.
pub(crate) fn rules_of(view: &View<'_>, user: &User, namespace: &str) -> (Vec<Rule>, Vec<String>) {
    let (mut rules, mut missing) = (Vec::new(), Vec::new());
    visit(view, user, namespace, &mut |found| {
        match found {
            Ok((_, rule)) => rules.push(rule.clone()),
            Err(no_role) => missing.push(no_role.to_string()),
        }
        ControlFlow::Continue(())
    });
    (rules, missing)
}

/// Several errors as one text, as Go's aggregate writes them.
pub(crate) fn together(errors: &[String]) -> String {
    let mut said: Vec<&str> = Vec::new();
    for error in errors {
        if !said.contains(&error.as_str()) {
            said.push(error);
        }
    }
    match &said[..] {
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(", ")),
    }
}

type Found<'a, 'r> = Result<(Source<'a>, &'r Rule), NoRole>;

/// Shows each rule that applies to a user in a namespace, until `visitor` has seen enough.
fn visit(
    view: &View<'_>,
    user: &User,
    namespace: &str,
    visitor: &mut dyn FnMut(Found<'_, '_>) -> ControlFlow<()>,
) {
    for binding in builtin::CLUSTER_ROLE_BINDINGS {
        let Some(group) = binding.groups.iter().find(|group| user.is_in(group)) else { continue };
        for rule in cluster_role(binding.role).into_iter().flatten() {
            let source = Source {
                kind: "ClusterRoleBinding",
                binding: binding.name,
                role: ("ClusterRole", binding.role),
                subject: format!("Group {group:?}"),
            };
            if visitor(Ok((source, rule))).is_break() {
                return;
            }
        }
    }
    if namespace.is_empty() {
        return;
    }
    for binding in view.list(Resource::RoleBindings, Some(namespace)) {
        let subjects = binding["subjects"].as_array().into_iter().flatten();
        let Some(subject) = subjects.into_iter().find(|s| is_subject(user, s, namespace)) else { continue };
        let rules = match rules_of_role(view, &binding["roleRef"], namespace) {
            Ok(rules) => rules,
            Err(no_role) => match visitor(Err(no_role)) {
                ControlFlow::Break(()) => return,
                ControlFlow::Continue(()) => continue,
            },
        };
        let name = format!("{}/{namespace}", object::name(binding));
        for rule in rules.iter() {
            let source = Source {
                kind: "RoleBinding",
                binding: &name,
                role: (text(&binding["roleRef"]["kind"]), text(&binding["roleRef"]["name"])),
                subject: describe_subject(subject, namespace),
            };
            if visitor(Ok((source, rule))).is_break() {
                return;
            }
        }
    }
}

/// The rules of the role that a binding names.
fn rules_of_role(
    view: &View<'_>,
    reference: &Value,
    namespace: &str,
) -> Result<std::borrow::Cow<'static, [Rule]>, NoRole> {
    let name = text(&reference["name"]);
    let missing = |kind| NoRole { kind, name: name.to_owned() };
    if reference["kind"] == "ClusterRole" {
        return cluster_role(name).map(Into::into).ok_or_else(|| missing("clusterrole"));
    }
    let role = view.get(Resource::Roles, namespace, name).ok_or_else(|| missing("role"))?;
    Ok(Rule::all(&role["rules"]).into())
}

fn is_subject(user: &User, subject: &Value, namespace: &str) -> bool {
    let name = text(&subject["name"]);
    match subject["kind"].as_str() {
        Some("User") => user.name == name,
        Some("Group") => user.is_in(name),
        Some("ServiceAccount") => user.name == account_name(namespace_of(subject, namespace), name),
        _ => false,
    }
}

fn describe_subject(subject: &Value, namespace: &str) -> String {
    let (kind, name) = (text(&subject["kind"]), text(&subject["name"]));
    if kind == "ServiceAccount" {
        return format!("{kind} \"{name}/{}\"", namespace_of(subject, namespace));
    }
    format!("{kind} {name:?}")
}

/// An account's namespace; where nothing is said, that of the binding.
fn namespace_of<'a>(subject: &'a Value, namespace: &'a str) -> &'a str {
    Some(text(&subject["namespace"])).filter(|of| !of.is_empty()).unwrap_or(namespace)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
