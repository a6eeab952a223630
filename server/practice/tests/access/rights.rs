//! What a credential opens, and what it does not.

use hyper::Method;
use kube::Client;
use serde_json::{Value, json};

use crate::class::{
    ACCOUNT, AUTHENTICATION, Class, Heard, NAMESPACE, ask, ask_with, get, here, make, make_here, post,
    reader, reviews,
};

#[tokio::test]
async fn a_student_sees_his_namespace_and_nothing_else() {
    let class = Class::start(&reader()).await;
    let student = class.student().await;
    let forbidden = |kind: &str, verb: &str, place: &str| {
        format!(r#"User "{ACCOUNT}" cannot {verb} resource "{kind}" in API group "" {place}"#)
    };
    let at_home = &format!(r#"in the namespace "{NAMESPACE}""#);
    for (method, path, code, said) in [
        (Method::GET, here("pods"), 200, String::new()),
        (Method::GET, here("services"), 200, String::new()),
        (Method::GET, here("pods/none"), 404, r#"pods "none" not found"#.into()),
        (Method::GET, here("pods/none/log"), 404, r#"pods "none" not found"#.into()),
        (Method::GET, "/api".into(), 200, String::new()),
        (Method::GET, "/apis/apps/v1".into(), 200, String::new()),
        (Method::GET, "/openapi/v3".into(), 200, String::new()),
        (Method::GET, "/version".into(), 200, String::new()),
        (Method::GET, here("secrets"), 403, forbidden("secrets", "list", at_home)),
        (Method::GET, here("configmaps/x"), 403, forbidden("configmaps", "get", at_home)),
        (Method::DELETE, here("pods"), 403, forbidden("pods", "deletecollection", at_home)),
        (Method::DELETE, here("pods/none"), 403, forbidden("pods", "delete", at_home)),
        (Method::POST, here("pods/none/eviction"), 403, forbidden("pods/eviction", "create", at_home)),
        (Method::GET, here("pods/none/exec"), 403, forbidden("pods/exec", "get", at_home)),
        (Method::GET, here("widgets"), 403, forbidden("widgets", "list", at_home)),
        (
            Method::GET,
            "/api/v1/namespaces/default/services".into(),
            403,
            forbidden("services", "list", r#"in the namespace "default""#),
        ),
        (Method::GET, "/api/v1/services".into(), 403, forbidden("services", "list", "at the cluster scope")),
        (
            Method::GET,
            "/api/v1/services?watch=true".into(),
            403,
            forbidden("services", "watch", "at the cluster scope"),
        ),
        (Method::GET, "/api/v1/nodes".into(), 403, forbidden("nodes", "list", "at the cluster scope")),
        (Method::GET, "/".into(), 403, format!(r#"forbidden: User "{ACCOUNT}" cannot get path "/""#)),
        (
            Method::GET,
            "/api/v1//namespaces/default/secrets".into(),
            403,
            forbidden("secrets", "list", r#"in the namespace "default""#),
        ),
    ] {
        let heard = ask(&student, method.clone(), &path, None).await;
        assert_eq!(heard.code, code, "{method} {path}: {}", heard.body);
        assert!(heard.message().ends_with(&said), "{method} {path}: {}\n{said}", heard.message());
    }
    let whole = get(&student, "/api/v1/namespaces/default/services").await;
    assert_eq!(
        whole.message(),
        format!(
            "services is forbidden: User \"{ACCOUNT}\" cannot list resource \"services\" in API group \"\" in the namespace \"default\""
        )
    );
    assert_eq!((&whole.body["reason"], &whole.body["status"]), (&json!("Forbidden"), &json!("Failure")));
    assert_eq!(whole.body["details"], json!({"kind": "services"}));
}

#[tokio::test]
async fn a_refusal_does_not_tell_what_is_there() {
    let class = Class::start(&json!([])).await;
    let student = class.student().await;
    make_here(&class.admin, "v1/ConfigMap", "configmaps", "there", json!({})).await;
    let without_name = |heard: &Heard| heard.body.to_string().replace("nosuch", "there");
    for (method, body) in [
        (Method::GET, None),
        (Method::DELETE, None),
        (Method::PUT, Some(json!({}))),
        (Method::PATCH, Some(json!({}))),
    ] {
        let [there, not] = ["there", "nosuch"].map(|name| here(&format!("configmaps/{name}")));
        let there = ask(&student, method.clone(), &there, body.as_ref()).await;
        let not = ask(&student, method, &not, body.as_ref()).await;
        assert_eq!((there.code, not.code), (403, 403));
        assert_eq!(without_name(&there), without_name(&not));
    }
    let namespaces = ["/api/v1/namespaces/default", "/api/v1/namespaces/nosuch"];
    for path in namespaces {
        assert_eq!(get(&student, path).await.code, 403, "{path}");
    }
}

#[tokio::test]
async fn only_who_may_is_somebody_else() {
    let class = Class::start(&reader()).await;
    let asked = |client: Client, path: &'static str, whom: &'static str| async move {
        ask_with(&client, Method::GET, path, &[("impersonate-user", whom)], None).await
    };
    assert_eq!(asked(class.admin.clone(), "/api", "anna").await.code, 200);
    let heard = asked(class.admin.clone(), "/api/v1/nodes", "anna").await;
    assert_eq!(
        heard.message(),
        r#"nodes is forbidden: User "anna" cannot list resource "nodes" in API group "" at the cluster scope"#
    );
    let mine = "/api/v1/namespaces/student-1/pods";
    assert_eq!(asked(class.admin.clone(), mine, ACCOUNT).await.code, 200);
    assert_eq!(asked(class.admin.clone(), "/api", "system:anonymous").await.code, 403);
    let nobody = [("impersonate-group", "x")];
    assert_eq!(ask_with(&class.admin, Method::GET, "/api", &nobody, None).await.code, 400);
    let headers = [
        ("impersonate-user", "anna"),
        ("impersonate-group", "system:masters"),
        ("impersonate-uid", "7"),
        ("impersonate-extra-example.com%2Flesson", "one"),
    ];
    let question = json!({"apiVersion": AUTHENTICATION, "kind": "SelfSubjectReview"});
    let path = reviews(AUTHENTICATION, "selfsubjectreviews");
    let heard = ask_with(&class.admin, Method::POST, &path, &headers, Some(&question)).await;
    assert_eq!(
        heard.body["status"]["userInfo"],
        json!({"username": "anna", "uid": "7", "groups": ["system:masters", "system:authenticated"],
            "extra": {"example.com/lesson": ["one"]}})
    );
    let heard = asked(class.student().await, "/api", "kubernetes-admin").await;
    assert_eq!(
        heard.message(),
        format!(
            "users \"kubernetes-admin\" is forbidden: User \"{ACCOUNT}\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
        )
    );
    let groups = [("impersonate-user", ACCOUNT), ("impersonate-group", "kubeadm:cluster-admins")];
    let heard = ask_with(&class.student().await, Method::GET, "/api/v1/nodes", &groups, None).await;
    assert_eq!(heard.code, 403);
}

#[tokio::test]
async fn whoever_may_patch_may_not_make_new_ones_for_that() {
    let class =
        Class::start(&json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"]}]))
            .await;
    let student = class.student().await;
    let body =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "1"}});
    let path = format!("{}?fieldManager=test", here("configmaps/m"));
    let apply = || {
        ask_with(
            &student,
            Method::PATCH,
            &path,
            &[("content-type", "application/apply-patch+yaml")],
            Some(&body),
        )
    };
    let heard = apply().await;
    assert_eq!(heard.code, 403, "{}", heard.body);
    assert!(heard.message().contains(r#"cannot create resource "configmaps""#), "{}", heard.message());
    make_here(&class.admin, "v1/ConfigMap", "configmaps", "m", json!({})).await;
    assert_eq!(apply().await.code, 200);
}

#[tokio::test]
async fn nobody_gives_away_what_he_does_not_have() {
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create", "get", "patch", "update"]},
    ]);
    let class = Class::start(&rules).await;
    let student = class.student().await;
    let roles = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles");
    let bindings = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings");
    let role = |name: &str, verbs: Value| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}]})
    };
    let binding = |name: &str, kind: &str, role: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "student", "namespace": NAMESPACE}]})
    };
    make(&student, &roles, &role("mine", json!(["get"]))).await;
    make(&class.admin, &roles, &role("more", json!(["*"]))).await;
    let heard = post(&student, &roles, &role("all", json!(["get", "delete"]))).await;
    assert_eq!(heard.code, 403);
    assert!(
        heard.message().ends_with("is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}"),
        "{}",
        heard.message()
    );
    let more = json!({"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    let merge = [("content-type", "application/merge-patch+json")];
    let own = format!("{roles}/student");
    let heard = ask_with(&student, Method::PATCH, &own, &merge, Some(&more)).await;
    assert_eq!(heard.code, 403, "not by a patch of his own role either: {}", heard.body);
    for (body, code) in [
        (binding("a", "Role", "mine"), 201),
        (binding("b", "Role", "more"), 403),
        (binding("c", "ClusterRole", "view"), 403),
        (binding("d", "ClusterRole", "cluster-admin"), 403),
        (binding("e", "Role", "nosuch"), 404),
    ] {
        let heard = post(&student, &bindings, &body).await;
        assert_eq!(heard.code, code, "{}", heard.body);
    }
    assert_eq!(post(&class.admin, &bindings, &binding("f", "ClusterRole", "edit")).await.code, 201);
    assert_eq!(get(&student, &here("secrets")).await.code, 200, "and now it is his");
    assert_eq!(get(&student, "/api/v1/namespaces/default/secrets").await.code, 403, "but only here");
}

#[tokio::test]
async fn rights_go_with_their_binding_at_once() {
    let class = Class::start(&reader()).await;
    let student = class.student().await;
    assert_eq!(get(&student, &here("pods")).await.code, 200);
    let binding = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings/student");
    assert_eq!(ask(&class.admin, Method::DELETE, &binding, None).await.code, 200);
    assert_eq!(get(&student, &here("pods")).await.code, 403);
}
