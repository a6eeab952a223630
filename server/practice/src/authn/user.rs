//! Users: a name, groups, and what else is known.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Everyone who has shown a valid token.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
/// Everyone else.
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";
/// All `ServiceAccounts`; with `:NAMESPACE` those of a namespace.
pub(crate) const ACCOUNTS: &str = "system:serviceaccounts";
/// May do everything, as in a cluster that kubeadm (and so kind) made.
pub(crate) const ADMINISTRATORS: &str = "kubeadm:cluster-admins";

/// Who shows no token.
const ANONYMOUS: &str = "system:anonymous";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Such as `system:serviceaccount:lab:student`.
    pub name: String,
    /// A `ServiceAccount`'s; others have none.
    pub uid: String,
    /// The groups he is in.
    pub groups: Vec<String>,
    /// What else is known, such as which token he showed.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Anybody, in no group yet.
    pub(crate) fn named(name: &str) -> Self {
        Self::new(name, &[])
    }

    fn new(name: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Self { name: name.to_owned(), uid: String::new(), groups, extra: BTreeMap::new() }
    }

    /// Who may do everything.
    #[must_use]
    pub fn administrator() -> Self {
        Self::new("kubernetes-admin", &[ADMINISTRATORS, AUTHENTICATED])
    }

    /// Who shows no token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(ANONYMOUS, &[UNAUTHENTICATED])
    }

    /// A `ServiceAccount`.
    #[must_use]
    pub fn account(namespace: &str, name: &str, uid: &str) -> Self {
        let of_namespace = format!("{ACCOUNTS}:{namespace}");
        let name = account_name(namespace, name);
        Self { uid: uid.to_owned(), ..Self::new(&name, &[ACCOUNTS, &of_namespace, AUTHENTICATED]) }
    }

    /// Puts an impersonated user into the groups that were asked for, and into that of all who are known, or of all who
    /// are not. Where none was asked for, an account stays in its own.
    pub(crate) fn put_into(&mut self, groups: &[&str]) {
        if !groups.is_empty() {
            self.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        }
        let everyone = if self.name == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
        if !self.is_in(AUTHENTICATED) && !self.is_in(UNAUTHENTICATED) {
            self.groups.push(everyone.to_owned());
        }
    }

    /// Whether he is in a group.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|of| of == group)
    }

    /// `authentication.k8s.io/v1` `UserInfo`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({"username": self.name, "groups": self.groups});
        if !self.uid.is_empty() {
            value["uid"] = json!(self.uid);
        }
        if !self.extra.is_empty() {
            value["extra"] = json!(self.extra);
        }
        value
    }
}

/// The user name of a `ServiceAccount`.
pub(crate) fn account_name(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}
