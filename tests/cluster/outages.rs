//! The cluster breaks in the middle of a lab: the page says so, and nothing that was done is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clusterip_practice::Serving;
use clusterip_practice::store::{Resource, Selector};
use clusterip_tests::lab::{Lab, PAGE, PATIENCE, in_kernel, ready};
use clusterip_tests::{On, fact, kind, on_both_clusters, wait};
use clusterip_web::run::RunView;
use serde_json::{Value, json};

use crate::load::Watcher;

on_both_clusters! {
    an_api_server_that_dies_under_traffic_is_waited_for,
    an_api_server_that_hangs_is_not_taken_for_up_to_date,
}

/// A node with all its pods is back within a minute on two cores; builds beside it may triple that.
const NODE_BACK: Duration = Duration::from_secs(240);

/// Brings a lab to its fourth step, under traffic.
async fn to_the_middle(lab: &Lab) -> Watcher {
    lab.deploy().await;
    lab.act("note-ips", &[]).await;
    lab.act("send", &[("to", "pod-ip"), ("rate", "100")]).await;
    lab.until("three steps done", |view| view.progress.done() == 3).await;
    let load = Watcher::of(lab.events().await);
    wait::until("traffic", PATIENCE, async || load.answered(), |n| *n >= 50).await;
    load
}

fn is_behind(view: &RunView) -> bool {
    view.snapshot.stale_since.is_some()
}

/// The page says that it is behind.
async fn says_so(lab: &Lab) {
    lab.until("the page to say that it is behind", is_behind).await;
    let page = lab.http.get(PAGE).await;
    assert!(page.body.contains("lamp stale"), "the page says so:\n{}", page.body);
}

/// What asks the API server is told that it does not answer.
async fn is_told(lab: &Lab) {
    let problem = lab.refused("apply-document", &[("file", "start/service.yaml")]).await;
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&"api_unreachable".into(), &502.into()),
        "{problem:#}"
    );
}

/// The page is up to date again, with all that was done, and the lab can go on.
async fn goes_on(lab: &Lab, load: &Watcher, what: &str, began: Instant) {
    let back = |view: &RunView| !is_behind(view) && ready(&view.snapshot).len() == 3;
    lab.within(NODE_BACK, "the page to be up to date, and the pods Ready", back).await;
    fact(&format!("{what}: up to date again {:.0?} after it was said to be behind", began.elapsed()));
    assert_eq!(lab.view().progress.done(), 3, "what was done stays done");
    assert_eq!(lab.view().noted.len(), 3, "so does the notebook");
    // Whether or not the dialled pod kept its IP, the load goes on by itself: it is answered, or it is told how it fails.
    let before = load.answered() + load.failed();
    wait::until("traffic again", NODE_BACK, async || load.answered() + load.failed(), |n| *n >= before + 50)
        .await;
    lab.act("apply-document", &[("file", "start/service.yaml")]).await;
    // kube-proxy, too, asks the API server again after a while only.
    lab.within(NODE_BACK, "the Service in the kernel", |view| in_kernel(view) == 3).await;
    lab.send("20", "new").await;
    let answered = |view: &RunView| {
        view.window.as_ref().is_some_and(|w| w.tally.backends.len() == 3 && w.tally.failed_in_a_row == 0)
    };
    lab.until("answers of three pods through the Service", answered).await;
}

async fn an_api_server_that_dies_under_traffic_is_waited_for(lab: Lab) {
    let load = to_the_middle(&lab).await;
    lab.kill_api_server().await;
    says_so(&lab).await;
    let told = Instant::now();
    lab.start_api_server();
    goes_on(&lab, &load, "API server killed", told).await;
    drop(load);
    lab.close().await;
}

async fn an_api_server_that_hangs_is_not_taken_for_up_to_date(lab: Lab) {
    let load = to_the_middle(&lab).await;
    let frozen = lab.freeze();
    says_so(&lab).await;
    let told = Instant::now();
    drop(frozen);
    goes_on(&lab, &load, "API server hung", told).await;
    drop(load);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_behind_a_broken_watch_is_seen_even_after_a_compaction() {
    let lab = Lab::open(On::Practice).await;
    lab.deploy().await;
    lab.practice().serve(Serving::Down);
    says_so(&lab).await;
    is_told(&lab).await;
    let store = lab.practice().store();
    let namespace = lab.run.namespace.as_str();
    let set_replicas = |deployment: &mut Value| deployment["spec"]["replicas"] = json!(5);
    store.modify(Resource::Deployments, namespace, "backend", set_replicas).unwrap();
    let pods = || store.list(Resource::Pods, Some(namespace), &Selector::default()).items;
    let ready = |pod: &Arc<Value>| pod["status"]["containerStatuses"][0]["ready"] == true;
    let six = async || pods().iter().filter(|pod| ready(pod)).count();
    wait::until("five backends and the client", PATIENCE, six, |ready| *ready == 6).await;
    // Whoever asks for what came after the last version it saw is told 410, and must list.
    store.compact(store.version());
    lab.practice().serve(Serving::Up);
    let all = |view: &RunView| !is_behind(view) && clusterip_tests::lab::ready(&view.snapshot).len() == 5;
    lab.until("the page to show five", all).await;
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster: run tests/run"]
async fn a_node_that_is_stopped_and_started_is_waited_for() {
    let lab = Lab::open(On::Kind).await;
    let load = to_the_middle(&lab).await;
    kind::docker(&["stop", &kind::node()]).await;
    says_so(&lab).await;
    is_told(&lab).await;
    let told = Instant::now();
    kind::docker(&["start", &kind::node()]).await;
    goes_on(&lab, &load, "node stopped and started", told).await;
    drop(load);
    lab.close().await;
}
