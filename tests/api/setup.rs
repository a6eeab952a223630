//! What a lab begins with: applied once, applied again when the lab is started over, and not when its server is.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use clusterip_cluster::manifest;
use clusterip_cluster::source::SourceConfig;
use clusterip_domain::ids::Namespace;
use clusterip_domain::snapshot::Snapshot;
use clusterip_practice::{CONTEXT, Options, Practice};
use clusterip_tests::lab::{PATIENCE, run_of};
use clusterip_tests::{Lab, On, Server, wait};
use clusterip_web::Cluster;

const TYPO: &str = "selector-typo";
const SERVICE: &str = "my-clusterip-service";

/// The value of the selector's `app`.
fn app(snapshot: &Snapshot) -> Option<&str> {
    snapshot.service(SERVICE)?.selector.get("app").map(String::as_str)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_s_setup_is_there_at_the_beginning_and_again_after_starting_over() {
    let lab = Lab::open(On::Practice).await.turn_to(TYPO).await;
    lab.until("the broken Service", |view| app(&view.snapshot) == Some("my-app")).await;
    lab.until("its pods", |view| clusterip_tests::lab::ready(&view.snapshot).len() == 3).await;
    lab.act("apply-document", &[("file", "solution/service.yaml")]).await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "0")]).await;
    lab.until("the repair", |view| app(&view.snapshot) == Some("myapp")).await;
    lab.reset().await;
    lab.until("the broken Service again", |view| app(&view.snapshot) == Some("my-app")).await;
    lab.until("its pods again", |view| clusterip_tests::lab::ready(&view.snapshot).len() == 3).await;
    lab.close().await;
}

/// A server on a practice cluster that outlives it, and which keeps progress in a folder.
async fn server_on(folder: &Path) -> (Server, Arc<Cluster>) {
    let source = SourceConfig::Kubeconfig { path: Some(folder.join("kubeconfig")), context: CONTEXT.into() };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut server = Server::start_keeping(source, any, folder).await;
    let cluster = server.ready().await;
    (server, cluster)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_and_the_steps_done_survive_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let practice = Practice::start(Options::default()).await.unwrap();
    std::fs::write(folder.path().join("kubeconfig"), practice.kubeconfig()).unwrap();
    let (server, cluster) = server_on(folder.path()).await;
    let run = run_of(&cluster, TYPO);
    let mut views = run.views();
    let begun = views.wait_for(|view| !view.waiting && app(&view.snapshot) == Some("my-app"));
    assert!(wait::within("the broken Service", PATIENCE, begun).await.is_ok());
    let act = |name: &str| format!("/en/labs/{TYPO}/act/{name}");
    let client_ready = views.wait_for(|view| clusterip_tests::lab::client_ready(&view.snapshot));
    assert!(wait::within("the client", PATIENCE, client_ready).await.is_ok());
    let fails = [("to", "virtual-ip"), ("service", SERVICE)];
    assert_eq!(server.http().post(&act("send"), &fails).await.status, 200);
    let seen = views.wait_for(|view| view.progress.done() == 1);
    assert!(wait::within("the first step", PATIENCE, seen).await.is_ok());
    let repair = [("file", "solution/service.yaml")];
    assert_eq!(server.http().post(&act("apply-document"), &repair).await.status, 200);
    server.stop().await;

    let (server, cluster) = server_on(folder.path()).await;
    let run = run_of(&cluster, TYPO);
    let mut views = run.views();
    let goes_on = wait::within("the run to go on", PATIENCE, views.wait_for(|view| !view.waiting)).await;
    let view = Arc::clone(&goes_on.unwrap());
    assert_eq!(app(&view.snapshot), Some("myapp"), "what was repaired stays so");
    assert_eq!(view.progress.done(), 1, "what was done stays done");
    server.stop().await;
    practice.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_over_clears_the_neighbour_too() {
    let lab = Lab::open(On::Practice).await.turn_to("short-name-of-another-namespace").await;
    let neighbour: Namespace = lab.run.namespace.neighbour();
    let more = "apiVersion: v1\nkind: Service\nmetadata: {name: left-over}\nspec: {ports: [{port: 80}]}\n";
    let more = manifest::read(more, &neighbour).unwrap();
    lab.cluster.actions.apply(&neighbour, &more).await.unwrap();
    let services = async || -> Vec<String> {
        let request = hyper::Request::get(format!("/api/v1/namespaces/{neighbour}/services"));
        let list: serde_json::Value =
            lab.cluster.client.request(request.body(Vec::new()).unwrap()).await.unwrap();
        let name = |item: &serde_json::Value| item["metadata"]["name"].as_str().unwrap().to_owned();
        list["items"].as_array().unwrap().iter().map(name).collect()
    };
    let before = services().await;
    assert!(before.contains(&"left-over".to_owned()) && before.len() > 1, "{before:?}");
    lab.reset().await;
    let after = services().await;
    let expected: Vec<String> = before.into_iter().filter(|name| name != "left-over").collect();
    assert_eq!(after, expected, "the lab's own are there again, and nothing else");
    lab.close().await;
}
