//! The roles that every cluster has, and who has them.
//!
//! Served are only Roles and `RoleBindings`, but a `RoleBinding` may name one of [`CLUSTER_ROLES`].
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Rule;
use crate::authn::{ACCOUNTS, ADMINISTRATORS, AUTHENTICATED, UNAUTHENTICATED};

/// The `ClusterRoles` that a `RoleBinding` may name.
pub(crate) const CLUSTER_ROLES: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

/// A `ClusterRoleBinding` to groups.
pub(super) struct Binding {
    pub(super) name: &'static str,
    pub(super) role: &'static str,
    pub(super) groups: &'static [&'static str],
}

/// All that there are.
pub(super) const CLUSTER_ROLE_BINDINGS: &[Binding] = &[
    Binding { name: ADMINISTRATORS, role: "cluster-admin", groups: &[ADMINISTRATORS] },
    Binding { name: "cluster-admin", role: "cluster-admin", groups: &["system:masters"] },
    Binding { name: "system:basic-user", role: "system:basic-user", groups: &[AUTHENTICATED] },
    Binding { name: "system:discovery", role: "system:discovery", groups: &[AUTHENTICATED] },
    Binding {
        name: "system:public-info-viewer",
        role: "system:public-info-viewer",
        groups: &[AUTHENTICATED, UNAUTHENTICATED],
    },
    Binding {
        name: "system:service-account-issuer-discovery",
        role: "system:service-account-issuer-discovery",
        groups: &[ACCOUNTS],
    },
];

/// The rules of a built-in `ClusterRole`.
pub(crate) fn cluster_role(name: &str) -> Option<&'static [Rule]> {
    static ROLES: OnceLock<BTreeMap<&'static str, Vec<Rule>>> = OnceLock::new();
    let roles = ROLES.get_or_init(|| read(include_str!("builtin.txt")));
    roles.get(name).map(Vec::as_slice)
}

/// Reads the table: `@role`, `+role` for all of another one's, and `verbs | groups | resources` or `verbs | paths`.
fn read(table: &'static str) -> BTreeMap<&'static str, Vec<Rule>> {
    let (mut roles, mut role) = (BTreeMap::<_, Vec<Rule>>::new(), "");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let core = |group: String| if group == "core" { String::new() } else { group };
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('@') {
            role = name;
            continue;
        }
        let rules = match line.strip_prefix('+') {
            Some(other) => roles.get(other).cloned().unwrap_or_default(),
            None => {
                let parts: Vec<&str> = line.split('|').map(str::trim).collect();
                vec![match parts[..] {
                    [verbs, groups, resources] => Rule {
                        verbs: words(verbs),
                        groups: words(groups).into_iter().map(core).collect(),
                        resources: words(resources),
                        ..Rule::default()
                    },
                    [verbs, paths] => Rule { verbs: words(verbs), paths: words(paths), ..Rule::default() },
                    _ => continue,
                }]
            }
        };
        roles.entry(role).or_default().extend(rules);
    }
    roles
}
