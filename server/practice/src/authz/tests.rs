use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::store::{AdmitAll, Store};

const RBAC: &str = "rbac.authorization.k8s.io";

fn student() -> User {
    User::account("lab", "student", "1")
}

/// A store in which the student has this role in `lab`.
fn store(rules: &Value) -> Arc<Store> {
    let store = Store::new(AdmitAll);
    make(&store, Resource::Roles, "student", json!({"rules": rules}));
    bind(&store, "student", &json!({"kind": "Role", "name": "student"}));
    store
}

fn make(store: &Store, resource: Resource, name: &str, mut object: Value) {
    object["metadata"] = json!({"name": name, "namespace": "lab"});
    store.create(resource, object).unwrap();
}

fn bind(store: &Store, name: &str, role: &Value) {
    let subject = json!({"kind": "ServiceAccount", "name": "student"});
    make(store, Resource::RoleBindings, name, json!({"roleRef": role, "subjects": [subject]}));
}

fn pods(verb: &str) -> Access {
    Access::to(verb, "", "pods", "lab", "")
}

fn sub(verb: &str, group: &str, resource: &str, sub: &str, name: &str) -> Access {
    let mut access = Access::to(verb, group, resource, "lab", name);
    if let Target::Resource { subresource, .. } = &mut access.target {
        sub.clone_into(subresource);
    }
    access
}

fn path(verb: &str, path: &str) -> Access {
    Access { verb: verb.into(), target: Target::Path(path.into()) }
}

#[test]
fn a_rule_allows_what_it_says_and_nothing_else() {
    let rules = json!([
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]},
        {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["deployments"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"]},
        {"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]},
    ]);
    let store = store(&rules);
    for (access, expected) in [
        (pods("get"), true),
        (pods("list"), true),
        (pods("watch"), false),
        (pods("delete"), false),
        (sub("get", "", "pods", "log", "p"), true),
        (sub("get", "", "pods", "exec", "p"), false),
        (sub("create", "", "pods", "log", "p"), false),
        (Access::to("get", "apps", "pods", "lab", "p"), false),
        (Access::to("deletecollection", "apps", "deployments", "lab", ""), true),
        (sub("update", "apps", "deployments", "status", "d"), false),
        (sub("get", "apps", "deployments", "scale", "d"), true),
        (sub("patch", "apps", "deployments", "scale", "d"), false),
        (Access::to("get", "", "secrets", "lab", "mine"), true),
        (Access::to("get", "", "secrets", "lab", "theirs"), false),
        (Access::to("list", "", "secrets", "lab", ""), false),
        (Access::to("get", "", "pods", "other", "p"), false),
        (Access::to("list", "", "pods", "", ""), false),
        (Access::to("get", "", "nodes", "", "n"), false),
        (path("get", "/api"), true),
        (path("get", "/openapi/v3/api/v1"), true),
        (path("get", "/version"), true),
        (path("get", "/"), false),
        (path("get", "/metrics"), false),
        (path("post", "/api"), false),
    ] {
        let decision = store.view(|view| decide(view, &student(), &access));
        assert_eq!(decision.allowed, expected, "{access:?}");
    }
}

#[test]
fn everyone_may_ask_what_he_may_and_strangers_only_the_version() {
    let store = store(&json!([]));
    let review = Access::to("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", "");
    let tokens = Access::to("create", "authentication.k8s.io", "tokenreviews", "", "");
    for (user, access, expected) in [
        (student(), &review, true),
        (student(), &tokens, false),
        (User::anonymous(), &review, false),
        (User::anonymous(), &path("get", "/version"), true),
        (User::anonymous(), &path("get", "/api"), false),
        (User::administrator(), &tokens, true),
        (User::administrator(), &path("delete", "/anything"), true),
        (User::administrator(), &Access::to("delete", "", "nodes", "", "n"), true),
    ] {
        assert_eq!(store.view(|view| decide(view, &user, access)).allowed, expected, "{user:?} {access:?}");
    }
}

#[test]
fn a_decision_names_the_binding_or_the_role_that_is_missing() {
    let store = store(&json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]));
    let decide = |user: &User, access: &Access| store.view(|view| decide(view, user, access)).reason;
    assert_eq!(
        decide(&student(), &pods("get")),
        r#"RBAC: allowed by RoleBinding "student/lab" of Role "student" to ServiceAccount "student/lab""#
    );
    assert_eq!(
        decide(&User::administrator(), &pods("get")),
        r#"RBAC: allowed by ClusterRoleBinding "kubeadm:cluster-admins" of ClusterRole "cluster-admin" to Group "kubeadm:cluster-admins""#
    );
    assert_eq!(decide(&student(), &pods("list")), "");
    bind(&store, "empty", &json!({"kind": "Role", "name": "nosuch"}));
    let reason = decide(&student(), &pods("list"));
    assert_eq!(reason, r#"RBAC: role.rbac.authorization.k8s.io "nosuch" not found"#);
    let said = pods("list").forbidden(&student(), &reason).message;
    assert_eq!(
        said,
        r#"pods is forbidden: User "system:serviceaccount:lab:student" cannot list resource "pods" in API group "" in the namespace "lab": RBAC: role.rbac.authorization.k8s.io "nosuch" not found"#
    );
}

#[test]
fn refusals_are_worded_as_kubernetes_words_them() {
    for (access, expected) in [
        (
            Access::to("list", "", "services", "other", ""),
            r#"services is forbidden: User "system:serviceaccount:lab:student" cannot list resource "services" in API group "" in the namespace "other""#,
        ),
        (
            Access::to("get", "apps", "deployments", "lab", "d"),
            r#"deployments.apps "d" is forbidden: User "system:serviceaccount:lab:student" cannot get resource "deployments" in API group "apps" in the namespace "lab""#,
        ),
        (
            sub("get", "", "pods", "log", "p"),
            r#"pods "p" is forbidden: User "system:serviceaccount:lab:student" cannot get resource "pods/log" in API group "" in the namespace "lab""#,
        ),
        (
            Access::to("list", "", "nodes", "", ""),
            r#"nodes is forbidden: User "system:serviceaccount:lab:student" cannot list resource "nodes" in API group "" at the cluster scope"#,
        ),
        (
            path("get", "/a<b"),
            r#"forbidden: User "system:serviceaccount:lab:student" cannot get path "/a&lt;b""#,
        ),
    ] {
        assert_eq!(access.forbidden(&student(), "").message, expected);
    }
}

#[test]
fn a_built_in_role_gives_what_it_gives_on_a_real_cluster() {
    for (role, verb, group, resource, expected) in [
        ("view", "list", "", "pods", true),
        ("view", "get", "", "secrets", false),
        ("view", "create", "", "services", false),
        ("view", "get", "networking.k8s.io", "networkpolicies", true),
        ("edit", "get", "", "secrets", true),
        ("edit", "create", "", "services", true),
        ("edit", "create", "", "endpoints", false),
        ("edit", "create", "discovery.k8s.io", "endpointslices", false),
        ("edit", "create", RBAC, "roles", false),
        ("edit", "create", "", "resourcequotas", false),
        ("admin", "create", RBAC, "roles", true),
        ("admin", "create", "", "resourcequotas", false),
        ("cluster-admin", "create", "", "resourcequotas", true),
    ] {
        let store = Store::new(AdmitAll);
        bind(&store, "b", &json!({"kind": "ClusterRole", "name": role}));
        let access = Access::to(verb, group, resource, "lab", "");
        let decision = store.view(|view| decide(view, &student(), &access));
        assert_eq!(decision.allowed, expected, "{role}: {verb} {resource}");
        let elsewhere = Access::to(verb, group, resource, "other", "");
        assert!(!store.view(|view| decide(view, &student(), &elsewhere)).allowed, "{role} is for lab only");
    }
    assert!(CLUSTER_ROLES.iter().all(|role| cluster_role(role).is_some_and(|rules| !rules.is_empty())));
}

#[test]
fn subjects_are_users_groups_and_accounts() {
    let user = student();
    for (subject, expected) in [
        (json!({"kind": "ServiceAccount", "name": "student", "namespace": "lab"}), true),
        (json!({"kind": "ServiceAccount", "name": "student"}), true),
        (json!({"kind": "ServiceAccount", "name": "student", "namespace": "other"}), false),
        (json!({"kind": "ServiceAccount", "name": "teacher", "namespace": "lab"}), false),
        (json!({"kind": "User", "name": "system:serviceaccount:lab:student"}), true),
        (json!({"kind": "User", "name": "student"}), false),
        (json!({"kind": "Group", "name": "system:serviceaccounts:lab"}), true),
        (json!({"kind": "Group", "name": "system:serviceaccounts:other"}), false),
        (json!({"kind": "Group", "name": "system:authenticated"}), true),
        (json!({"kind": "Robot", "name": "student"}), false),
    ] {
        assert_eq!(is_subject(&user, &subject, "lab"), expected, "{subject}");
    }
}

fn role(rules: &Value) -> Value {
    json!({"metadata": {"name": "r", "namespace": "lab"}, "rules": rules})
}

#[test]
fn a_role_gives_no_more_than_its_maker_has() {
    let held = json!([
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]},
        {"verbs": ["*"], "apiGroups": [RBAC], "resources": ["roles", "rolebindings"], "resourceNames": ["x"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"]},
    ]);
    let store = store(&held);
    let check = |user: &User, rules: &Value| {
        store.view(|view| check_escalation(view, user, Resource::Roles, None, &role(rules)))
    };
    for (rules, allowed) in [
        (json!([]), true),
        (json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]), true),
        (json!([{"verbs": ["list", "get"], "apiGroups": [""], "resources": ["pods/log", "pods"]}]), true),
        (json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]}]), true),
        (json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]), false),
        (
            json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"]}]),
            true,
        ),
        (
            json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine", "theirs"]}]),
            false,
        ),
        (json!([{"verbs": ["*"], "apiGroups": [""], "resources": ["pods"]}]), false),
        (json!([{"verbs": ["get"], "apiGroups": ["*"], "resources": ["pods"]}]), false),
        (json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["*"]}]), false),
        (json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods/exec"]}]), false),
        (json!([{"verbs": ["get"], "nonResourceURLs": ["/metrics"]}]), false),
    ] {
        assert_eq!(check(&student(), &rules).is_ok(), allowed, "{rules}");
        assert!(check(&User::administrator(), &rules).is_ok(), "{rules}");
    }
    let too_much = json!([{"verbs": ["get", "delete", "watch"], "apiGroups": [""], "resources": ["pods"]}]);
    assert_eq!(
        check(&student(), &too_much).unwrap_err().message,
        "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"system:serviceaccount:lab:student\" \
         (groups=[\"system:serviceaccounts\" \"system:serviceaccounts:lab\" \"system:authenticated\"]) is attempting \
         to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\" \"watch\"]}"
    );
    let old = role(&too_much);
    let unchanged =
        store.view(|view| check_escalation(view, &student(), Resource::Roles, Some(&old), &role(&too_much)));
    assert!(unchanged.is_ok(), "an update that gives nothing new");
}

#[test]
fn a_binding_gives_no_more_than_its_maker_has() {
    let held = json!([
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["bind"], "apiGroups": [RBAC], "resources": ["clusterroles"], "resourceNames": ["view"]},
    ]);
    let store = store(&held);
    make(&store, Resource::Roles, "small", json!({"rules": [held[0]]}));
    make(
        &store,
        Resource::Roles,
        "big",
        json!({"rules": [{"verbs": ["*"], "apiGroups": [""], "resources": ["secrets"]}]}),
    );
    for (kind, name, code) in [
        ("Role", "small", None),
        ("Role", "big", Some(403)),
        ("Role", "nosuch", Some(404)),
        ("ClusterRole", "view", None),
        ("ClusterRole", "edit", Some(403)),
        ("ClusterRole", "cluster-admin", Some(403)),
        ("ClusterRole", "nosuch", Some(404)),
    ] {
        let binding = json!({"metadata": {"name": "b", "namespace": "lab"},
            "roleRef": {"kind": kind, "name": name}, "subjects": [{"kind": "User", "name": "me"}]});
        let checked = |user: &User| {
            store.view(|view| check_escalation(view, user, Resource::RoleBindings, None, &binding))
        };
        assert_eq!(checked(&student()).err().map(|status| status.code), code, "{kind} {name}");
        assert!(checked(&User::administrator()).is_ok(), "{kind} {name}");
    }
}
