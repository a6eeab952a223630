//! The first lab on the practice cluster, with the calls that the lab's server makes.

mod common;

use std::time::Duration;

use common::client;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn apply(client: &Client, group: &str, kind: &str, object: serde_json::Value) {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
    let api: Api<DynamicObject> = Api::default_namespaced_with(client.clone(), &resource);
    let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
    let params = PatchParams::apply("clusterip-lab").force().validation_strict();
    api.patch(&name, &params, &Patch::Apply(&object)).await.expect("it is taken");
}

fn deployment() -> serde_json::Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "backend"}, "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "myapp"}},
        "template": {"metadata": {"labels": {"app": "myapp"}}, "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "backend", "image": "clusterip-lab/backend:v1", "ports": [{"containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}}]}}}})
}

/// Waits until there are just so many ready endpoints of the Service, and returns their addresses.
async fn ready_endpoints(client: &Client, service: &str, wanted: usize) -> Vec<String> {
    let slices: Api<EndpointSlice> = Api::default_namespaced(client.clone());
    let params = ListParams::default().labels(&format!("kubernetes.io/service-name={service}"));
    let poll = async {
        loop {
            let ready: Vec<String> = slices
                .list(&params)
                .await
                .expect("a list")
                .iter()
                .flat_map(|slice| slice.endpoints.clone())
                .filter(|e| e.conditions.as_ref().is_some_and(|c| c.ready == Some(true)))
                .flat_map(|e| e.addresses)
                .collect();
            if ready.len() == wanted {
                return ready;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, poll).await.expect("the endpoints become ready")
}

#[tokio::test]
async fn pods_come_and_go_behind_one_stable_address() {
    let (practice, client) = client().await;
    apply(&client, "apps", "Deployment", deployment()).await;
    apply(
        &client,
        "",
        "Service",
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"},
            "spec": {"selector": {"app": "myapp"}, "ports": [{"port": 80, "targetPort": 8080}]}}),
    )
    .await;
    let before = ready_endpoints(&client, "front", 3).await;
    let services: Api<Service> = Api::default_namespaced(client.clone());
    let address = services.get("front").await.unwrap().spec.unwrap().cluster_ip;

    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let victim = pods.list(&ListParams::default()).await.unwrap().items.remove(0);
    let ip = victim.status.clone().unwrap().pod_ip.unwrap();
    pods.delete(&victim.name_any(), &DeleteParams::default()).await.unwrap();
    let (name, uid) = (victim.name_any(), victim.uid().unwrap());
    let gone = await_condition(pods.clone(), &name, conditions::is_deleted(&uid));
    tokio::time::timeout(PATIENCE, gone).await.expect("the pod goes").unwrap();
    let after = ready_endpoints(&client, "front", 3).await;
    assert!(before.contains(&ip) && !after.contains(&ip), "{before:?} {after:?}");
    assert_eq!(services.get("front").await.unwrap().spec.unwrap().cluster_ip, address);
    practice.shutdown().await;
}

#[tokio::test]
async fn a_port_forward_reaches_the_pod() {
    let (_practice, client) = client().await;
    let pods: Api<Pod> = Api::default_namespaced(client);
    let pod: Pod = made(json!({"metadata": {"name": "p"}, "spec": {
        "containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]}}));
    pods.create(&Default::default(), &pod).await.unwrap();
    let running = await_condition(pods.clone(), "p", conditions::is_pod_running());
    tokio::time::timeout(PATIENCE, running).await.expect("the pod runs").unwrap();

    let mut forward = pods.portforward("p", &[8080]).await.unwrap();
    let stream = forward.take_stream(8080).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("/")
        .header("host", "p")
        .header("accept", "application/json")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert!(answer.status().is_success());
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["pod"], "p", "{body}");
}

#[tokio::test]
async fn a_port_that_nothing_listens_on_is_told() {
    let (_practice, client) = client().await;
    let pods: Api<Pod> = Api::default_namespaced(client);
    let pod: Pod = made(json!({"metadata": {"name": "p"}, "spec": {
        "containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]}}));
    pods.create(&Default::default(), &pod).await.unwrap();
    let running = await_condition(pods.clone(), "p", conditions::is_pod_running());
    tokio::time::timeout(PATIENCE, running).await.expect("the pod runs").unwrap();
    let mut forward = pods.portforward("p", &[9999]).await.unwrap();
    let error = forward.take_error(9999).unwrap();
    let said = tokio::time::timeout(PATIENCE, error).await.expect("an answer").expect("an error");
    assert!(said.contains("9999"), "{said}");
}

/// A typed object from JSON.
fn made<T: serde::de::DeserializeOwned>(object: serde_json::Value) -> T {
    serde_json::from_value(object).expect("an object of its type")
}
