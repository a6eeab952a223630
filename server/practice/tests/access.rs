//! Who may do what, through the API alone: a student's credential from nothing, and what it opens and does not.

mod common;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clusterip_practice::{Options, Practice};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

const NAMESPACE: &str = "student-1";
const ACCOUNT: &str = "system:serviceaccount:student-1:student";

/// A cluster with its administrator, and a student with the rights of a Role in a namespace.
struct Class {
    practice: Practice,
    admin: Client,
}

/// What came back.
struct Heard {
    code: u16,
    headers: HeaderMap,
    body: Value,
}

impl Heard {
    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

async fn ask_with(
    client: &Client,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Heard {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    let body = Body::from(body.map(Value::to_string).unwrap_or_default().into_bytes());
    let answer = client.send(request.body(body).expect("a request")).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body: Bytes = body.collect_bytes().await.expect("a whole answer");
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Heard { code: parts.status.as_u16(), headers: parts.headers, body }
}

async fn ask(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Heard {
    ask_with(client, method, path, &[], body).await
}

async fn get(client: &Client, path: &str) -> Heard {
    ask(client, Method::GET, path, None).await
}

async fn post(client: &Client, path: &str, body: &Value) -> Heard {
    ask(client, Method::POST, path, Some(body)).await
}

async fn make(client: &Client, path: &str, body: &Value) -> Value {
    let heard = post(client, path, body).await;
    assert_eq!(heard.code, 201, "{path}: {}", heard.body);
    heard.body
}

fn of(kind: &str, plural: &str) -> (String, String, String) {
    let (version, kind) = kind.rsplit_once('/').expect("version and kind");
    let root = if version.contains('/') { "apis" } else { "api" };
    (version.into(), kind.into(), format!("/{root}/{version}/namespaces/{NAMESPACE}/{plural}"))
}

/// Makes an object in the student's namespace.
async fn make_here(client: &Client, kind: &str, plural: &str, name: &str, mut body: Value) -> Value {
    let (version, kind, path) = of(kind, plural);
    body["apiVersion"] = json!(version);
    body["kind"] = json!(kind);
    body["metadata"]["name"] = json!(name);
    make(client, &path, &body).await
}

fn token_request(spec: &Value) -> Value {
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
}

impl Class {
    async fn start(rules: &Value) -> Self {
        let (practice, admin) = common::client().await;
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        make(&admin, "/api/v1/namespaces", &namespace).await;
        make_here(&admin, "v1/ServiceAccount", "serviceaccounts", "student", json!({})).await;
        let kind = "rbac.authorization.k8s.io/v1/Role";
        make_here(&admin, kind, "roles", "student", json!({"rules": rules})).await;
        let binding = json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "student"},
            "subjects": [{"kind": "ServiceAccount", "name": "student", "namespace": NAMESPACE}],
        });
        let kind = "rbac.authorization.k8s.io/v1/RoleBinding";
        make_here(&admin, kind, "rolebindings", "student", binding).await;
        Self { practice, admin }
    }

    async fn issue(&self, spec: &Value) -> Heard {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/student/token");
        post(&self.admin, &path, &token_request(spec)).await
    }

    async fn token(&self, spec: &Value) -> String {
        let heard = self.issue(spec).await;
        assert_eq!(heard.code, 201, "{}", heard.body);
        heard.body["status"]["token"].as_str().expect("a token").to_owned()
    }

    async fn student(&self) -> Client {
        self.bearer(Some(&self.token(&json!({})).await)).await
    }

    /// A client with another token, or with none.
    async fn bearer(&self, token: Option<&str>) -> Client {
        let mut config: Value = serde_json::from_str(self.practice.kubeconfig()).expect("JSON");
        config["users"][0]["user"] = token.map_or(json!({}), |token| json!({"token": token}));
        common::client_of(&config.to_string()).await
    }
}

fn reader() -> Value {
    json!([{"apiGroups": ["", "apps"], "resources": ["pods", "pods/log", "services", "deployments"],
        "verbs": ["get", "list", "watch"]}])
}

fn here(plural: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/{plural}")
}

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
async fn a_token_is_good_for_its_time_its_audience_and_its_account() {
    let class = Class::start(&reader()).await;
    let issued = class.issue(&json!({"expirationSeconds": 600})).await;
    assert_eq!(issued.body["spec"]["expirationSeconds"], 600);
    assert_eq!(issued.body["spec"]["audiences"], json!(["https://kubernetes.default.svc.cluster.local"]));
    let token = issued.body["status"]["token"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert_eq!((&claims["sub"], &claims["kubernetes.io"]["namespace"]), (&json!(ACCOUNT), &json!(NAMESPACE)));
    for (spec, code, said) in [
        (json!({"expirationSeconds": 599}), 422, "may not specify a duration less than 10 minutes"),
        (
            json!({"expirationSeconds": 1_i64 << 33}),
            422,
            "may not specify a duration larger than 2^32 seconds",
        ),
        (
            json!({"expirationSeconds": "long"}),
            400,
            "TokenRequest in version \"v1\" cannot be handled as a TokenRequest: json: cannot unmarshal string into Go struct field TokenRequestSpec.spec.expirationSeconds of type int64",
        ),
        (
            json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "nosuch"}}),
            404,
            "pods \"nosuch\" not found",
        ),
        (
            json!({"boundObjectRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "m"}}),
            400,
            "cannot bind token to object of type /v1, Kind=ConfigMap",
        ),
    ] {
        let heard = class.issue(&spec).await;
        assert_eq!(heard.code, code, "{spec}: {}", heard.body);
        assert!(heard.message().ends_with(said), "{}\n{said}", heard.message());
    }
    let vault = class.token(&json!({"audiences": ["vault"]})).await;
    assert_eq!(get(&class.bearer(Some(&vault)).await, &here("pods")).await.code, 401);
    let student = class.bearer(Some(token)).await;
    assert_eq!(get(&student, &here("pods")).await.code, 200);
    let account = here("serviceaccounts/student");
    assert_eq!(ask(&class.admin, Method::DELETE, &account, None).await.code, 200);
    assert_eq!(get(&student, &here("pods")).await.code, 401, "its account is gone");
    make_here(&class.admin, "v1/ServiceAccount", "serviceaccounts", "student", json!({})).await;
    assert_eq!(get(&student, &here("pods")).await.code, 401, "a new account of that name is another one");
    let path = here("serviceaccounts/nosuch/token");
    assert_eq!(post(&class.admin, &path, &token_request(&json!({}))).await.code, 404);
}

#[tokio::test]
async fn a_token_dies_with_the_secret_it_is_bound_to() {
    let class = Class::start(&reader()).await;
    let secret = make_here(&class.admin, "v1/Secret", "secrets", "s", json!({})).await;
    let reference =
        json!({"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": secret["metadata"]["uid"]});
    let student = class.bearer(Some(&class.token(&json!({"boundObjectRef": reference})).await)).await;
    assert_eq!(get(&student, &here("pods")).await.code, 200);
    assert_eq!(ask(&class.admin, Method::DELETE, &here("secrets/s"), None).await.code, 200);
    assert_eq!(get(&student, &here("pods")).await.code, 401);
    make_here(&class.admin, "v1/Secret", "secrets", "s", json!({})).await;
    let stale = class.issue(&json!({"boundObjectRef": reference})).await;
    assert_eq!((stale.code, stale.body["reason"].as_str()), (409, Some("Conflict")));
}

#[tokio::test]
async fn forged_tokens_are_unauthorized_and_no_token_is_anonymous() {
    let class = Class::start(&reader()).await;
    let token = class.token(&json!({})).await;
    let parts: Vec<&str> = token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let other = Practice::start(Options::default()).await.unwrap();
    let theirs: Value = serde_json::from_str(other.kubeconfig()).unwrap();
    for (what, forged) in [
        ("alg none", format!("{none}.{}.", parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("words", "let me in".into()),
        ("another cluster's administrator", theirs["users"][0]["user"]["token"].as_str().unwrap().into()),
        ("a long one", "a".repeat(64 * 1024)),
    ] {
        let heard = get(&class.bearer(Some(&forged)).await, &here("pods")).await;
        assert_eq!(heard.code, 401, "{what}");
        assert_eq!(
            heard.body,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "Unauthorized", "reason": "Unauthorized", "code": 401}),
            "{what}"
        );
        assert_eq!(get(&class.bearer(Some(&forged)).await, "/version").await.code, 401, "{what}");
    }
    let stranger = class.bearer(None).await;
    assert_eq!(get(&stranger, "/version").await.code, 200);
    let heard = get(&stranger, "/api/v1/namespaces").await;
    assert_eq!(
        (heard.code, heard.message()),
        (
            403,
            r#"namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope"#
        )
    );
    assert_eq!(get(&stranger, "/apis").await.code, 403);
}

#[tokio::test]
async fn headers_without_end_do_no_harm() {
    let class = Class::start(&reader()).await;
    let long = "x".repeat(700 * 1024);
    let request = Request::get("/version").header("x-long", &long).body(Body::empty()).unwrap();
    match class.admin.send(request).await {
        Ok(answer) => assert_eq!(answer.status(), 431),
        // It may hang up while it is being told.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(get(&class.admin, "/version").await.code, 200, "it goes on");
}

#[tokio::test]
async fn nobody_is_somebody_else() {
    let class = Class::start(&reader()).await;
    let asked = |client: Client, whom: &'static str| async move {
        ask_with(&client, Method::GET, "/api", &[("impersonate-user", whom)], None).await
    };
    let heard = asked(class.admin.clone(), "anna").await;
    assert_eq!(heard.code, 403);
    assert!(heard.message().contains("does not model impersonation"), "{}", heard.message());
    let heard = asked(class.student().await, "kubernetes-admin").await;
    assert_eq!(
        heard.message(),
        format!(
            "users \"kubernetes-admin\" is forbidden: User \"{ACCOUNT}\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
        )
    );
    let groups = [("impersonate-group", "kubeadm:cluster-admins")];
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

const AUTHENTICATION: &str = "authentication.k8s.io/v1";
const AUTHORIZATION: &str = "authorization.k8s.io/v1";

fn review(version: &str, kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "spec": spec})
}

fn reviews(version: &str, plural: &str) -> String {
    format!("/apis/{version}/{plural}")
}

#[tokio::test]
async fn one_may_ask_who_one_is_and_what_one_may() {
    let class = Class::start(&reader()).await;
    let student = class.student().await;
    let asked = json!({"apiVersion": AUTHENTICATION, "kind": "SelfSubjectReview"});
    let me = make(&student, &reviews(AUTHENTICATION, "selfsubjectreviews"), &asked).await;
    assert_eq!(me["status"]["userInfo"]["username"], ACCOUNT);
    let groups =
        json!(["system:serviceaccounts", "system:serviceaccounts:student-1", "system:authenticated"]);
    assert_eq!(me["status"]["userInfo"]["groups"], groups);

    let own = reviews(AUTHORIZATION, "selfsubjectaccessreviews");
    for (spec, allowed) in [
        (json!({"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": NAMESPACE}}), true),
        (
            json!({"resourceAttributes": {"verb": "get", "resource": "pods", "subresource": "log", "namespace": NAMESPACE}}),
            true,
        ),
        (json!({"resourceAttributes": {"verb": "list", "resource": "pods"}}), false),
        (
            json!({"resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": NAMESPACE}}),
            false,
        ),
        (json!({"nonResourceAttributes": {"verb": "get", "path": "/api"}}), true),
        (json!({"nonResourceAttributes": {"verb": "get", "path": "/logs"}}), false),
    ] {
        let answer = make(&student, &own, &review(AUTHORIZATION, "SelfSubjectAccessReview", &spec)).await;
        assert_eq!(answer["status"]["allowed"], allowed, "{answer}");
    }
    for spec in [
        json!({}),
        json!({"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"verb": "get", "path": "/"}}),
    ] {
        let heard = post(&student, &own, &review(AUTHORIZATION, "SelfSubjectAccessReview", &spec)).await;
        assert_eq!((heard.code, heard.body["reason"].as_str()), (422, Some("Invalid")), "{}", heard.body);
    }

    let rules = review(AUTHORIZATION, "SelfSubjectRulesReview", &json!({"namespace": NAMESPACE}));
    let rules = make(&student, &reviews(AUTHORIZATION, "selfsubjectrulesreviews"), &rules).await;
    let all = rules["status"]["resourceRules"].as_array().unwrap();
    assert!(all.contains(&reader()[0]), "{rules}");
    let nowhere = review(AUTHORIZATION, "SelfSubjectRulesReview", &json!({}));
    let heard = post(&student, &reviews(AUTHORIZATION, "selfsubjectrulesreviews"), &nowhere).await;
    assert_eq!((heard.code, heard.message()), (400, "no namespace on request"));
}

#[tokio::test]
async fn the_administrator_may_ask_about_others() {
    let class = Class::start(&reader()).await;
    let student = class.student().await;
    let of_student = json!({"user": ACCOUNT, "resourceAttributes": {"verb": "list", "resource": "services", "namespace": NAMESPACE}});
    let whether = review(AUTHORIZATION, "SubjectAccessReview", &of_student);
    let path = reviews(AUTHORIZATION, "subjectaccessreviews");
    let answer = make(&class.admin, &path, &whether).await;
    assert_eq!(
        answer["status"],
        json!({"allowed": true, "reason": "RBAC: allowed by RoleBinding \"student/student-1\" of Role \"student\" to ServiceAccount \"student/student-1\""})
    );
    assert_eq!(post(&student, &path, &whether).await.code, 403, "only the administrator asks about others");
    let local = reviews(AUTHORIZATION, &format!("namespaces/{NAMESPACE}/localsubjectaccessreviews"));
    let whether = review(AUTHORIZATION, "LocalSubjectAccessReview", &of_student);
    assert_eq!(make(&class.admin, &local, &whether).await["status"]["allowed"], true);
    let elsewhere = reviews(AUTHORIZATION, "namespaces/default/localsubjectaccessreviews");
    assert_eq!(post(&class.admin, &elsewhere, &whether).await.code, 422);

    let tokens = reviews(AUTHENTICATION, "tokenreviews");
    let token = class.token(&json!({})).await;
    let whose = review(AUTHENTICATION, "TokenReview", &json!({"token": token}));
    let answer = make(&class.admin, &tokens, &whose).await;
    assert_eq!(
        (&answer["status"]["authenticated"], &answer["status"]["user"]["username"]),
        (&json!(true), &json!(ACCOUNT))
    );
    let whose = review(AUTHENTICATION, "TokenReview", &json!({"token": "nonsense"}));
    let answer = make(&class.admin, &tokens, &whose).await;
    assert_eq!(answer["status"], json!({"user": {}, "error": "invalid bearer token"}));
    assert_eq!(post(&student, &tokens, &whose).await.code, 403);
    assert_eq!(get(&class.admin, &tokens).await.code, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evicted_pod_goes_with_the_grace_it_is_given() {
    let class =
        Class::start(&json!([{"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}]))
            .await;
    let student = class.student().await;
    let spec = json!({"spec": {"terminationGracePeriodSeconds": 30,
        "containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]}});
    make_here(&class.admin, "v1/Pod", "pods", "p", spec).await;
    let eviction = |name: &str, options: Value| json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, "deleteOptions": options});
    let path = here("pods/p/eviction");
    for (body, code, said) in [
        (eviction("q", json!({})), 400, "name in URL does not match name in Eviction object"),
        (eviction("p", json!({"preconditions": {"uid": "another"}})), 409, "Precondition failed"),
        (
            json!({"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "p"}}),
            400,
            "not a policy/v1 Eviction",
        ),
        (eviction("p", json!({"dryRun": ["All"]})), 201, ""),
    ] {
        let heard = post(&student, &path, &body).await;
        assert_eq!(heard.code, code, "{}", heard.body);
        assert!(heard.message().contains(said), "{}", heard.message());
    }
    let before = get(&class.admin, &here("pods/p")).await.body;
    assert!(before["metadata"].get("deletionTimestamp").is_none(), "nothing was for real: {before}");
    let heard = post(&student, &path, &eviction("p", json!({"gracePeriodSeconds": 0}))).await;
    assert_eq!((heard.code, &heard.body["status"]), (201, &json!("Success")));
    assert_eq!(get(&class.admin, &here("pods/p")).await.code, 404);
    assert_eq!(post(&student, &here("pods/nosuch/eviction"), &eviction("nosuch", json!({}))).await.code, 404);
    assert!(heard.headers.contains_key("x-practice-cluster"));
}

#[tokio::test]
async fn a_warning_comes_with_what_is_taken_all_the_same() {
    let class = Class::start(&reader()).await;
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/enforce": "baseline"}}});
    let merge = [("content-type", "application/merge-patch+json")];
    let namespace = format!("/api/v1/namespaces/{NAMESPACE}");
    assert_eq!(ask_with(&class.admin, Method::PATCH, &namespace, &merge, Some(&label)).await.code, 200);
    let pod = |name: &str, context: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "clusterip-lab/backend:v1", "securityContext": context}]}})
    };
    let warned = post(&class.admin, &here("pods"), &pod("p", json!({}))).await;
    let warning = warned.headers["warning"].to_str().unwrap();
    assert_eq!(warned.code, 201);
    assert!(
        warning.starts_with(
            "299 - \"would violate PodSecurity \\\"restricted:latest\\\": allowPrivilegeEscalation != false"
        ),
        "{warning}"
    );
    let refused = post(&class.admin, &here("pods"), &pod("q", json!({"privileged": true}))).await;
    assert_eq!(
        (refused.code, refused.message()),
        (
            403,
            "pods \"q\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set securityContext.privileged=true)"
        )
    );
    assert!(refused.headers.get("warning").is_none());
    let wrong = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "strict"}}});
    let refused = ask_with(&class.admin, Method::PATCH, &namespace, &merge, Some(&wrong)).await;
    assert_eq!(refused.code, 422, "{}", refused.body);
}
