//! Nobody gives away rights that he does not have.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>.

use serde_json::Value;

use super::rule::{missing, quoted};
use super::{Access, Rule, decide, rules_of, rules_of_role, text, together};
use crate::authn::User;
use crate::status::Status;
use crate::store::{Resource, View, object};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Whether the user may write this Role or `RoleBinding`: he has all that it gives, or is allowed to `escalate` or `bind`.
///
/// # Errors
/// 403 with what he lacks; 404 when the binding names a role that is not there; 500, as Kubernetes has it, when what it
/// names is of no kind of role.
pub(crate) fn check(
    view: &View<'_>,
    user: &User,
    resource: Resource,
    old: Option<&Value>,
    object: &Value,
) -> Result<(), Status> {
    let given = match resource {
        Resource::Roles => role(view, user, old, object),
        Resource::RoleBindings => binding(view, user, old, object)?,
        _ => None,
    };
    let Some(given) = given else { return Ok(()) };
    let (held, unresolved) = rules_of(view, user, object::namespace(object));
    let missing = missing(&held, &given);
    if missing.is_empty() {
        return Ok(());
    }
    let mut lacks: Vec<String> = missing.iter().map(Rule::describe).collect();
    lacks.sort();
    lacks.dedup();
    let mut why = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        quoted(&user.groups),
        lacks.join("\n")
    );
    if !unresolved.is_empty() {
        why = format!("{why}; resolution errors: {}", together(&unresolved));
    }
    Err(Status::forbidden(resource, object::name(object), &why))
}

/// The rules that a Role gives, unless they were there before or the user may escalate.
fn role(view: &View<'_>, user: &User, old: Option<&Value>, role: &Value) -> Option<Vec<Rule>> {
    let rules = Rule::all(&role["rules"]);
    let unchanged = old.is_some_and(|old| Rule::all(&old["rules"]) == rules);
    let (namespace, name) = (object::namespace(role), object::name(role));
    // Who makes a role names none yet.
    let name = if old.is_some() { name } else { "" };
    let escalate = || decide(view, user, &Access::to("escalate", GROUP, "roles", namespace, name)).allowed;
    (!unchanged && !escalate()).then_some(rules)
}

/// The rules that a `RoleBinding` gives, unless it gives them already or the user may bind that role.
fn binding(
    view: &View<'_>,
    user: &User,
    old: Option<&Value>,
    binding: &Value,
) -> Result<Option<Vec<Rule>>, Status> {
    let same = |field: &str| old.is_some_and(|old| old[field] == binding[field]);
    let (reference, namespace) = (&binding["roleRef"], object::namespace(binding));
    let (kind, name) = (text(&reference["kind"]), text(&reference["name"]));
    let plural = match kind {
        "ClusterRole" => "clusterroles",
        "Role" => "roles",
        _ if same("roleRef") && same("subjects") => return Ok(None),
        _ => {
            let message = format!("unsupported role reference kind: {kind:?}");
            return Err(Status { code: 500, reason: "", message, details: None });
        }
    };
    let bind = Access::to("bind", GROUP, plural, namespace, name);
    if (same("roleRef") && same("subjects")) || decide(view, user, &bind).allowed {
        return Ok(None);
    }
    match rules_of_role(view, reference, namespace) {
        Ok(rules) => Ok(Some(rules.into_owned())),
        Err(no_role) => {
            Err(Status { code: 404, reason: "NotFound", message: no_role.to_string(), details: None })
        }
    }
}
