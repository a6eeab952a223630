//! The sources against a real docker, a real kind and a real kernel.
//!
//! `CLUSTERIP_LAB_KIND` is kind's program (else the PATH's), `CLUSTERIP_LAB_NODE_IMAGE` the node image (else kind's
//! own), and `CLUSTERIP_LAB_KIND_NAME` a running cluster to attach to (else `clusterip-lab`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use clusterip_cluster::doctor::{What, doctor, is_well};
use clusterip_cluster::source::cluster::{ClusterState, Down, down, status, up};
use clusterip_cluster::source::{
    AgentImage, AgentImageState, Archive, ImageTag, KindConfig, Programs, Progress, Source, StageState,
};
use clusterip_domain::rules::{Protocol, RulesView, Verdict};
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

/// How long a condition may take to come about in a real cluster.
const PATIENCE: Duration = Duration::from_secs(60);

fn config(name: &str, state: &Path) -> KindConfig {
    KindConfig {
        name: name.parse().expect("a name"),
        node_image: std::env::var("CLUSTERIP_LAB_NODE_IMAGE").ok(),
        kind_config: None,
        state_dir: state.to_owned(),
        programs: Programs {
            kind: std::env::var_os("CLUSTERIP_LAB_KIND").map(Into::into),
            ..Programs::default()
        },
    }
}

async fn attach(state: &Path) -> Source {
    let name = std::env::var("CLUSTERIP_LAB_KIND_NAME").unwrap_or_else(|_| "clusterip-lab".into());
    up(&config(&name, state), None, &Progress::silent()).await.unwrap_or_else(|e| panic!("{}", e.chain()))
}

/// The user's own kubeconfig, as it is: it must be so afterwards.
fn own_kubeconfig() -> Option<Vec<u8>> {
    std::fs::read(Path::new(&std::env::var_os("HOME")?).join(".kube/config")).ok()
}

/// Asks until the answer is yes; says the last answer if it never is.
async fn until<T: std::fmt::Debug>(what: &str, mut ask: impl AsyncFnMut() -> T, yes: impl Fn(&T) -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if yes(&answer) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited for {what}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// An archive with one image that has no file in it, tagged `name`, and the digest of its manifest.
fn archive(name: &str) -> (Vec<u8>, ImageTag) {
    let sha = |bytes: &[u8]| {
        Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    };
    let mut tar = tar::Builder::new(Vec::new());
    let mut put = |path: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes).expect("memory takes it");
    };
    let layer = vec![0; 1024];
    let config = json!({"architecture": "amd64", "os": "linux", "config": {"Labels": {"for": name}},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha(&layer))]}});
    let config = config.to_string().into_bytes();
    let blob = |kind: &str, bytes: &[u8]| {
        json!({"mediaType": format!("application/vnd.oci.image.{kind}"), "size": bytes.len(),
               "digest": format!("sha256:{}", sha(bytes))})
    };
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("config.v1+json", &config), "layers": [blob("layer.v1.tar", &layer)]});
    let manifest = manifest.to_string().into_bytes();
    let mut entry = blob("manifest.v1+json", &manifest);
    entry["annotations"] = json!({"io.containerd.image.name": format!("docker.io/{name}")});
    put("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
    put("index.json", json!({"schemaVersion": 2, "manifests": [entry]}).to_string().as_bytes());
    for bytes in [&layer, &config, &manifest] {
        put(&format!("blobs/sha256/{}", sha(bytes)), bytes);
    }
    let tag = ImageTag { reference: name.to_owned(), digest: format!("sha256:{}", sha(&manifest)) };
    (tar.into_inner().expect("memory takes it"), tag)
}

#[tokio::test]
#[ignore = "needs docker and kind: run tests/run"]
async fn a_cluster_is_made_stopped_started_and_deleted_and_the_image_loaded_once() {
    let state = tempfile::tempdir().expect("a folder");
    let config = config("clusterip-lab-source-test", state.path());
    let before = own_kubeconfig();
    let (bytes, tag) = archive("clusterip-lab/source-test:v1");
    let tags = [tag];
    let agent = Some(AgentImage { archive: Archive::Bytes(&bytes), tags: &tags });

    let (to, mut events) = mpsc::unbounded_channel();
    let made = up(&config, agent, &Progress::new(to)).await.unwrap_or_else(|e| panic!("{}", e.chain()));
    assert_eq!(made.capabilities.agent_image, AgentImageState::Loaded);
    assert_eq!(made.description.nodes, ["clusterip-lab-source-test-control-plane"]);
    let notes = std::iter::from_fn(|| events.try_recv().ok())
        .filter(|e| matches!(e.state, StageState::Note { .. }))
        .count();
    assert!(notes > 3, "kind's lines were told: {notes}");

    let stopped = std::process::Command::new("docker").arg("stop").arg(&made.description.nodes[0]).output();
    assert!(stopped.is_ok_and(|s| s.status.success()));
    assert_eq!(status(&config, agent).await.expect("docker answers").state, ClusterState::Stopped);

    let again = up(&config, agent, &Progress::silent()).await.unwrap_or_else(|e| panic!("{}", e.chain()));
    assert_eq!(again.capabilities.agent_image, AgentImageState::Present);
    let now = status(&config, agent).await.expect("docker answers");
    assert_eq!((now.state, now.ours, now.agent_image), (ClusterState::Running, true, Some(true)));
    assert_eq!(now.kubernetes_version, Some(again.description.kubernetes_version));

    assert_eq!(down(&config, false).await.expect("deleted"), Down::Deleted);
    assert_eq!(status(&config, agent).await.expect("docker answers").state, ClusterState::Absent);
    assert_eq!(own_kubeconfig(), before);
}

#[tokio::test]
#[ignore = "needs docker and kind: run tests/run"]
async fn a_creation_that_is_cut_short_is_made_good_the_next_time() {
    let state = tempfile::tempdir().expect("a folder");
    let config = config("clusterip-lab-cut-short", state.path());
    let (to, mut events) = mpsc::unbounded_channel();
    let cut = tokio::spawn({
        let config = config.clone();
        async move { up(&config, None, &Progress::new(to)).await.map(drop) }
    });
    // As soon as the node's container is there, kind is in the middle of it.
    until(
        "the node's container",
        async || status(&config, None).await.expect("docker answers").state,
        |state| *state == ClusterState::HalfCreated,
    )
    .await;
    cut.abort();
    assert!(cut.await.is_err_and(|e| e.is_cancelled()), "{:?}", events.try_recv());

    let (to, mut events) = mpsc::unbounded_channel();
    up(&config, None, &Progress::new(to)).await.unwrap_or_else(|e| panic!("{}", e.chain()));
    let noted = std::iter::from_fn(|| events.try_recv().ok())
        .any(|e| matches!(e.state, StageState::Note { text } if text.en.contains("cut short")));
    assert!(noted);
    assert_eq!(down(&config, false).await.expect("deleted"), Down::Deleted);
}

fn slice(name: &str, ips: &[&str]) -> EndpointSlice {
    let endpoints: Vec<_> =
        ips.iter().map(|ip| json!({"addresses": [ip], "conditions": {"ready": true}})).collect();
    serde_json::from_value(json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "endpoints": endpoints, "ports": [{"port": 8080, "protocol": "TCP"}],
    }))
    .expect("an EndpointSlice")
}

async fn service(services: &Api<Service>, name: &str, affinity: &str, policy: &str) -> IpAddr {
    let service: Service = serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80, "targetPort": 8080}], "sessionAffinity": affinity,
                 "internalTrafficPolicy": policy},
    }))
    .expect("a Service");
    let made = services.create(&PostParams::default(), &service).await.expect("created");
    made.spec.and_then(|s| s.cluster_ip).and_then(|ip| ip.parse().ok()).expect("a virtual IP")
}

#[tokio::test]
#[ignore = "needs docker and kind: run tests/run"]
async fn the_kernel_s_rules_follow_the_endpoints() {
    let state = tempfile::tempdir().expect("a folder");
    let source = attach(state.path()).await;
    let name = format!("rules-{}", std::process::id());
    let namespaces = Api::<Namespace>::all(source.client.clone());
    let namespace = Namespace {
        metadata: kube::api::ObjectMeta {
            name: Some(name.clone()),
            labels: Some(BTreeMap::from([("made-by".into(), "kind_source".into())])),
            ..Default::default()
        },
        ..Default::default()
    };
    namespaces.create(&PostParams::default(), &namespace).await.expect("created");
    let services = Api::<Service>::namespaced(source.client.clone(), &name);
    let slices = Api::<EndpointSlice>::namespaced(source.client.clone(), &name);

    let verdict = async |ip: IpAddr| match source.nodes.rules().await {
        RulesView::Read { nodes, .. } => nodes[0].find(ip, 80, Protocol::Tcp).map(|r| r.verdict.clone()),
        RulesView::Unreadable { why } => panic!("{why:?}"),
    };
    let web = service(&services, "web", "None", "Cluster").await;
    until("a refusal", async || verdict(web).await, |v| *v == Some(Verdict::Reject)).await;

    let ips = ["10.244.9.1", "10.244.9.2", "10.244.9.3"];
    slices.create(&PostParams::default(), &slice("web", &ips)).await.expect("created");
    until(
        "three even shares",
        async || verdict(web).await,
        |v| {
            let Some(Verdict::Balance { endpoints, affinity_seconds: None }) = v else { return false };
            let third = |share: f64| (share - 1.0 / 3.0).abs() < 1e-6;
            endpoints.len() == 3
                && endpoints.iter().all(|e| third(e.share) && e.port == 8080)
                && ips.iter().all(|ip| endpoints.iter().any(|e| e.ip.to_string() == *ip))
        },
    )
    .await;

    let sticky = service(&services, "sticky", "ClientIP", "Cluster").await;
    slices.create(&PostParams::default(), &slice("sticky", &ips[..2])).await.expect("created");
    until(
        "affinity and two shares",
        async || verdict(sticky).await,
        |v| matches!(v, Some(Verdict::Balance { endpoints, affinity_seconds: Some(10_800) }) if endpoints.len() == 2),
    )
    .await;

    let far = service(&services, "far", "None", "Local").await;
    let mut elsewhere = slice("far", &ips[..1]);
    elsewhere.endpoints[0].node_name = Some("elsewhere".into());
    slices.create(&PostParams::default(), &elsewhere).await.expect("created");
    until("silence", async || verdict(far).await, |v| *v == Some(Verdict::Drop)).await;

    let empty = service(&services, "empty", "None", "Cluster").await;
    until("a refusal of its own", async || verdict(empty).await, |v| *v == Some(Verdict::Reject)).await;
    // How the recordings that the parsers are tested with were made.
    if let Some(file) = std::env::var_os("CLUSTERIP_LAB_RECORD_RULES") {
        let text = source.nodes.raw_rules(&source.nodes.names()[0]).await.expect("readable");
        std::fs::write(file, text).expect("written");
    }

    slices.delete("web", &DeleteParams::default()).await.expect("deleted");
    until("a refusal again", async || verdict(web).await, |v| *v == Some(Verdict::Reject)).await;
    services.delete("web", &DeleteParams::default()).await.expect("deleted");
    until("no rule at all", async || verdict(web).await, Option::is_none).await;
    namespaces.delete(&name, &DeleteParams::default()).await.expect("deleted");
}

#[tokio::test]
#[ignore = "needs docker and kind: run tests/run"]
async fn a_doctor_finds_docker_kind_and_the_running_cluster() {
    let state = tempfile::tempdir().expect("a folder");
    let source = attach(state.path()).await;
    let findings = doctor(&config(&source.description.name, state.path())).await;
    assert!(is_well(&findings), "{findings:#?}");
    let cluster = findings.iter().find(|f| f.what == What::Cluster).and_then(|f| f.version.clone());
    assert_eq!(cluster, Some(source.description.kubernetes_version));
}
