//! A class of one student, and how he asks.

use clusterip_practice::Practice;
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

pub(crate) const NAMESPACE: &str = "student-1";
pub(crate) const ACCOUNT: &str = "system:serviceaccount:student-1:student";

/// A cluster with its administrator, and a student with the rights of a Role in a namespace.
pub(crate) struct Class {
    pub(crate) practice: Practice,
    pub(crate) admin: Client,
}

/// What came back.
pub(crate) struct Heard {
    pub(crate) code: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Heard {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

pub(crate) async fn ask_with(
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

pub(crate) async fn ask(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Heard {
    ask_with(client, method, path, &[], body).await
}

pub(crate) async fn get(client: &Client, path: &str) -> Heard {
    ask(client, Method::GET, path, None).await
}

pub(crate) async fn post(client: &Client, path: &str, body: &Value) -> Heard {
    ask(client, Method::POST, path, Some(body)).await
}

pub(crate) async fn make(client: &Client, path: &str, body: &Value) -> Value {
    let heard = post(client, path, body).await;
    assert_eq!(heard.code, 201, "{path}: {}", heard.body);
    heard.body
}

pub(crate) fn of(kind: &str, plural: &str) -> (String, String, String) {
    let (version, kind) = kind.rsplit_once('/').expect("version and kind");
    let root = if version.contains('/') { "apis" } else { "api" };
    (version.into(), kind.into(), format!("/{root}/{version}/namespaces/{NAMESPACE}/{plural}"))
}

/// Makes an object in the student's namespace.
pub(crate) async fn make_here(
    client: &Client,
    kind: &str,
    plural: &str,
    name: &str,
    mut body: Value,
) -> Value {
    let (version, kind, path) = of(kind, plural);
    body["apiVersion"] = json!(version);
    body["kind"] = json!(kind);
    body["metadata"]["name"] = json!(name);
    make(client, &path, &body).await
}

pub(crate) fn token_request(spec: &Value) -> Value {
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
}

impl Class {
    pub(crate) async fn start(rules: &Value) -> Self {
        let (practice, admin) = crate::common::client().await;
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

    pub(crate) async fn issue(&self, spec: &Value) -> Heard {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/student/token");
        post(&self.admin, &path, &token_request(spec)).await
    }

    pub(crate) async fn token(&self, spec: &Value) -> String {
        let heard = self.issue(spec).await;
        assert_eq!(heard.code, 201, "{}", heard.body);
        heard.body["status"]["token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn student(&self) -> Client {
        self.bearer(Some(&self.token(&json!({})).await)).await
    }

    /// A client with another token, or with none.
    pub(crate) async fn bearer(&self, token: Option<&str>) -> Client {
        let mut config: Value = serde_json::from_str(self.practice.kubeconfig()).expect("JSON");
        config["users"][0]["user"] = token.map_or(json!({}), |token| json!({"token": token}));
        crate::common::client_of(&config.to_string()).await
    }
}

pub(crate) fn reader() -> Value {
    json!([{"apiGroups": ["", "apps"], "resources": ["pods", "pods/log", "services", "deployments"],
        "verbs": ["get", "list", "watch"]}])
}

pub(crate) fn here(plural: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/{plural}")
}

pub(crate) const AUTHENTICATION: &str = "authentication.k8s.io/v1";
pub(crate) const AUTHORIZATION: &str = "authorization.k8s.io/v1";

pub(crate) fn review(version: &str, kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "spec": spec})
}

pub(crate) fn reviews(version: &str, plural: &str) -> String {
    format!("/apis/{version}/{plural}")
}
