//! A class on one practice cluster: 200 namespaces, each with a Service and five pods behind it.

use std::time::{Duration, Instant};

use clusterip_cluster::manifest;
use futures_util::{StreamExt, stream};
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use crate::kube_api::KubeApi;
use crate::process::Process;
use crate::{median, row, time};

const STUDENTS: usize = 200;
const PODS: usize = 5;
const WATCHES: usize = 300;
/// How many requests are under way at once.
const AT_ONCE: usize = 16;
const ALONE: Duration = Duration::from_secs(10);
const DEPLOYMENT: &str = include_str!("../../labs/00-the-whole-story/start/deployment.yaml");
const SERVICE: &str = include_str!("../../labs/00-the-whole-story/start/service.yaml");

/// Comes, is there, and goes.
pub(crate) async fn two_hundred_students(practice: &mut Process, api: &KubeApi) {
    row("an empty practice cluster: memory", practice.memory());
    let began = Instant::now();
    each(|namespace| settle(api, namespace)).await;
    let ready = |items: &[Value]| {
        let count = |d: &Value| d["status"]["readyReplicas"].as_u64().unwrap_or_default();
        items.iter().map(count).sum::<u64>() == (STUDENTS * PODS) as u64
    };
    api.until("/apis/apps/v1/deployments", ready).await;
    row(&format!("{STUDENTS} students × {PODS} pods are Ready after"), time(began.elapsed()));
    row("  memory", practice.memory());
    row("  processor, nobody asks", practice.for_a_while(ALONE).await);
    let mut lists = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        api.items("/api/v1/pods").await;
        lists.push(began.elapsed());
    }
    row("  a list of all pods takes", time(median(lists)));
    watched(practice, api).await;

    let began = Instant::now();
    each(|namespace| async move { api.delete(&format!("/api/v1/namespaces/{namespace}")).await }).await;
    let gone = |items: &[Value]| items.iter().all(|n| !name(n).starts_with("bench-"));
    api.until("/api/v1/namespaces", gone).await;
    row(&format!("{STUDENTS} namespaces are deleted and gone after"), time(began.elapsed()));
    row("  memory", practice.memory());
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

async fn each<F: Future<Output = ()>>(act: impl Fn(String) -> F) {
    stream::iter((0..STUDENTS).map(|n| act(format!("bench-{n}"))))
        .for_each_concurrent(AT_ONCE, |act| act)
        .await;
}

/// Makes a student's namespace and all in it.
async fn settle(api: &KubeApi, namespace: String) {
    let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    api.post("/api/v1/namespaces", &made).await;
    let namespace = namespace.parse().expect("a name");
    for (text, path) in [(DEPLOYMENT, "apis/apps/v1"), (SERVICE, "api/v1")] {
        let document = manifest::read(text, &namespace).expect("the lab's own file").remove(0);
        let mut object = document.object;
        let plural = if path == "api/v1" { "services" } else { "deployments" };
        if plural == "deployments" {
            object["spec"]["replicas"] = json!(PODS);
        }
        api.post(&format!("/{path}/namespaces/{namespace}/{plural}"), &object).await;
    }
}

/// What watches cost while they are open, and after.
async fn watched(practice: &Process, api: &KubeApi) {
    let before = practice.memory().own;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let mut open = Vec::new();
    for n in 0..WATCHES {
        let namespace = format!("bench-{}", n % STUDENTS);
        let maps: Api<DynamicObject> = Api::namespaced_with(api.client.clone(), &namespace, &resource);
        let mut watch = Box::pin(maps.watch(&WatchParams::default(), "0").await.expect("a watch"));
        let first = watch.next().await.expect("a line").expect("an event");
        assert!(matches!(first, WatchEvent::Added(_)), "{first:?}");
        open.push(watch);
    }
    let more = practice.memory().own - before;
    row(&format!("  memory for {WATCHES} watches over TLS"), format!("{more:.1} MB"));
    drop(open);
}
