//! Somebody who may asks in somebody else's name: `kubectl --as`, `--as-group`.
//!
//! Each name, group and further fact must be allowed by itself, with the verb `impersonate`.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation>, and
//! `k8s.io/apiserver/pkg/endpoints/filters/impersonation.go`.

use hyper::HeaderMap;

use super::{Api, query};
use crate::authn::User;
use crate::authz::Access;
use crate::status::Status;

/// The group of what is known of users, beyond their names and groups.
const AUTHENTICATION: &str = "authentication.k8s.io";
const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
/// What a fact's header begins with; its key follows.
const EXTRA: &str = "impersonate-extra-";

impl Api {
    /// Who the request is to be taken to be from: who shows the token, or whom he names.
    ///
    /// # Errors
    /// 403 where he may not be that one; 400 for groups and facts of nobody.
    pub(super) fn impersonate(&self, user: User, headers: &HeaderMap) -> Result<User, Status> {
        let all = |name: &str| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let one = |name: &str| all(name).next().unwrap_or_default();
        if !headers.keys().any(|name| name.as_str().starts_with("impersonate-")) {
            return Ok(user);
        }
        let name = one(USER);
        if name.is_empty() {
            return Err(Status::bad_request("requested groups, uid or extra without impersonating a user"));
        }
        let ask = |group, resource, name: &str| self.authorize(&user, &to_be(group, resource, "", name));
        let mut other = match account(name) {
            Some((namespace, account)) => {
                self.authorize(&user, &to_be("", "serviceaccounts", namespace, account))?;
                User::account(namespace, account, "")
            }
            None => {
                ask("", "users", name)?;
                User::named(name)
            }
        };
        let groups: Vec<&str> = all(GROUP).collect();
        for group in &groups {
            ask("", "groups", group)?;
        }
        other.put_into(&groups);
        if !one(UID).is_empty() {
            ask(AUTHENTICATION, "uids", one(UID))?;
            one(UID).clone_into(&mut other.uid);
        }
        for key in headers.keys().map(hyper::header::HeaderName::as_str) {
            let Some(of) = key.strip_prefix(EXTRA).map(query::decode) else { continue };
            for value in all(key) {
                self.authorize(&user, &to_be(AUTHENTICATION, "userextras", "", value).of(&of))?;
                other.extra.entry(of.clone()).or_default().push(value.to_owned());
            }
        }
        Ok(other)
    }
}

fn to_be(group: &str, resource: &str, namespace: &str, name: &str) -> Access {
    Access::to("impersonate", group, resource, namespace, name)
}

/// The namespace and the name of a `ServiceAccount`'s user.
fn account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_name_is_an_account() {
        for (user, expected) in [
            ("system:serviceaccount:a:b", Some(("a", "b"))),
            ("system:serviceaccount:a", None),
            ("system:serviceaccount::b", None),
            ("system:serviceaccount:a:", None),
            ("system:serviceaccount:a:b:c", None),
            ("anna", None),
        ] {
            assert_eq!(account(user), expected, "{user}");
        }
    }
}
