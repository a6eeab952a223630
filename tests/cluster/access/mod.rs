//! A student's own credentials: what they open, what they do not, and how they end.

mod allowed;
mod guarded;
mod refused;
mod revoked;
mod terminal;

use std::time::Duration;

use clusterip_cluster::tenancy::access::{self, Credentials};
use clusterip_tests::Lab;
use http_body_util::BodyExt;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::Value;

/// What the API server said.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// Null for what is no JSON, or was not read.
    body: Value,
}

/// Somebody with a student's credentials, and the namespace.
struct Student {
    client: Client,
    credentials: Credentials,
    namespace: String,
}

impl Student {
    async fn of(lab: &Lab) -> Self {
        let api = lab.cluster.students.as_ref().expect("the cluster is guarded");
        let namespace = &lab.run.namespace;
        let credentials = access::issue(&lab.cluster.client, api, namespace, access::LIFETIME).await.unwrap();
        let client = access::client(&credentials, namespace).await.unwrap();
        Self { client, credentials, namespace: namespace.to_string() }
    }

    /// The path of a list in the namespace: `v1/pods`, `apps/v1/deployments`.
    fn path(&self, list: &str) -> String {
        in_namespace(&self.namespace, list)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        ask(&self.client, method, path, body).await
    }
}

fn in_namespace(namespace: &str, list: &str) -> String {
    let (version, list) = list.rsplit_once("v1/").expect("a version");
    let root = if version.is_empty() { "/api/".to_owned() } else { format!("/apis/{version}") };
    format!("{root}v1/namespaces/{namespace}/{list}")
}

/// Asks an API server. What a watch tells is not read.
async fn ask(client: &Client, method: Method, path: &str, body: Option<Value>) -> Answer {
    let content =
        if method == Method::PATCH { "application/strategic-merge-patch+json" } else { "application/json" };
    let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, content);
    let request = request.body(Body::from(bytes)).expect("a request");
    let answer = client.send(request).await.expect("the API server answers");
    let status = answer.status().as_u16();
    if path.contains("watch=true") {
        return Answer { status, body: Value::Null };
    }
    let bytes = answer.into_body().collect().await.expect("a whole answer").to_bytes();
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

/// How long a change of rights may take to be everywhere in an API server.
const IN_FORCE: Duration = Duration::from_secs(10);
