//! The API beside a peer in the same run: kind's API server with etcd, or JSON alone.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use kube::api::{Api, DynamicObject, WatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::kube_api::KubeApi;
use crate::{median, row, time};

const NAMESPACE: &str = "bench-peer";
const OBJECTS: usize = 100;
const ROUNDS: usize = 50;

/// What one cluster took.
struct Taken {
    list: Duration,
    create: Duration,
    told: Duration,
    kubectl: Option<Duration>,
}

/// Compares.
pub(crate) async fn beside_a_peer(practice: &KubeApi, kubeconfig: &Path) {
    let kubectl = std::env::var_os("BENCH_KUBECTL").map(PathBuf::from);
    let ours = take(practice, kubectl.as_deref(), kubeconfig).await;
    let kind = std::env::var_os("BENCH_KIND_KUBECONFIG").map(PathBuf::from);
    let kind = match &kind {
        Some(file) if answers(kubectl.as_deref(), file).await => Some(file),
        _ => None,
    };
    let Some(kind) = kind else {
        let alone = json_alone(practice).await;
        println!("\n{:<34} {:>10} {:>10} {:>12}", "", "practice", "JSON alone", "ratio");
        compare(&format!("list {OBJECTS} ConfigMaps"), ours.list, alone);
        cleaned(practice).await;
        return;
    };
    let api = KubeApi::open(kind).await;
    let theirs = take(&api, kubectl.as_deref(), kind).await;
    println!("\n{:<34} {:>10} {:>10} {:>12}", "", "practice", "kind", "ratio");
    compare(&format!("list {OBJECTS} ConfigMaps"), ours.list, theirs.list);
    compare("create a ConfigMap", ours.create, theirs.create);
    compare("a watch is told of it", ours.told, theirs.told);
    if let Some((ours, theirs)) = ours.kubectl.zip(theirs.kubectl) {
        compare(&format!("kubectl get {OBJECTS} ConfigMaps"), ours, theirs);
    }
    cleaned(practice).await;
    cleaned(&api).await;
}

fn compare(what: &str, ours: Duration, theirs: Duration) {
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{what:<34} {:>10} {:>10} {ratio:>11.2}×", time(ours), time(theirs));
}

async fn cleaned(api: &KubeApi) {
    api.delete(&format!("/api/v1/namespaces/{NAMESPACE}")).await;
    let gone = |items: &[Value]| items.iter().all(|n| n["metadata"]["name"] != NAMESPACE);
    let took = api.until("/api/v1/namespaces", gone).await;
    row("  the namespace is gone after", time(took));
}

async fn take(api: &KubeApi, kubectl: Option<&Path>, kubeconfig: &Path) -> Taken {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    api.post("/api/v1/namespaces", &namespace).await;
    let maps = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let watched: Api<DynamicObject> = Api::namespaced_with(api.client.clone(), NAMESPACE, &resource);
    let mut watch =
        Box::pin(watched.watch(&WatchParams::default().labels("bench=1"), "0").await.expect("a watch"));
    let (mut creates, mut told) = (Vec::new(), Vec::new());
    for n in 0..OBJECTS {
        let metadata = json!({"name": format!("m{n}"), "labels": {"bench": "1"}});
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"n": n.to_string()}});
        let began = Instant::now();
        let (answered, ()) = tokio::join!(
            async {
                api.post(&maps, &map).await;
                began.elapsed()
            },
            async {
                watch.next().await.expect("the watch goes on").expect("an event");
                told.push(began.elapsed());
            }
        );
        creates.push(answered);
    }
    drop(watch);
    let mut lists = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        assert!(api.items(&maps).await.len() >= OBJECTS);
        lists.push(began.elapsed());
    }
    let kubectl = match kubectl {
        Some(kubectl) => Some(run(kubectl, kubeconfig).await),
        None => None,
    };
    Taken { list: median(lists), create: median(creates), told: median(told), kubectl }
}

/// How long kubectl takes, from its start to its end.
async fn run(kubectl: &Path, kubeconfig: &Path) -> Duration {
    let mut times = Vec::new();
    for _ in 0..7 {
        let began = Instant::now();
        let mut command = Command::new(kubectl);
        command.arg("--kubeconfig").arg(kubeconfig).args(["-n", NAMESPACE, "get", "configmaps"]);
        let ran = command.stdout(Stdio::null()).status().await.expect("kubectl runs");
        assert!(ran.success());
        times.push(began.elapsed());
    }
    median(times)
}

async fn answers(kubectl: Option<&Path>, kubeconfig: &Path) -> bool {
    let Some(kubectl) = kubectl.filter(|_| kubeconfig.exists()) else { return false };
    let mut command = Command::new(kubectl);
    command.arg("--kubeconfig").arg(kubeconfig).args(["--request-timeout=5s", "version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().await.is_ok_and(|status| status.success())
}

/// Reading and writing the same list, without a cluster.
async fn json_alone(api: &KubeApi) -> Duration {
    let text = api.get(&format!("/api/v1/namespaces/{NAMESPACE}/configmaps")).await.to_string();
    let once = |_| {
        let began = Instant::now();
        let value: Value = serde_json::from_str(&text).expect("JSON");
        std::hint::black_box(value.to_string());
        began.elapsed()
    };
    median((0..ROUNDS).map(once).collect())
}
