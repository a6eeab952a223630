//! The cluster breaks in the middle of a lab: the page says so, and nothing that was done is lost.

use std::time::{Duration, Instant};

use clusterip_tests::lab::{Lab, PAGE, PATIENCE, in_kernel, ready};
use clusterip_tests::{fact, kind, wait};

use crate::load::Watcher;

/// A node with all its pods is back within a minute on two cores; builds beside it may triple that.
const NODE_BACK: Duration = Duration::from_secs(240);

/// A lab with five steps done, under traffic.
async fn in_the_middle() -> (Lab, Watcher) {
    let lab = Lab::open().await;
    lab.deploy().await;
    lab.act("note-ips", &[]).await;
    lab.act("send", &[("to", "pod-ip"), ("rate", "100")]).await;
    lab.until("three steps done", |view| view.progress.done == 3).await;
    let load = Watcher::of(lab.events().await);
    wait::until("traffic", PATIENCE, async || load.answered(), |n| *n >= 50).await;
    (lab, load)
}

/// The page says that it is behind; then that it is not, with all that was done.
async fn survives(lab: &Lab, load: &Watcher, what: &str) {
    let began = Instant::now();
    lab.until("the page to say that it is behind", |view| view.snapshot.stale_since.is_some()).await;
    let page = lab.http.get(PAGE).await;
    assert!(page.body.contains("lamp stale"), "the page says so:\n{}", page.body);
    let told = began.elapsed();
    let back = |view: &clusterip_web::run::RunView| {
        view.snapshot.stale_since.is_none() && ready(&view.snapshot).len() == 3
    };
    lab.within(NODE_BACK, "the page to be up to date, and the pods Ready", back).await;
    fact(&format!("{what}: said after {:.0?}, up to date again after {:.0?}", told, began.elapsed()));
    assert_eq!(lab.view().progress.done, 3, "what was done stays done");
    assert_eq!(lab.view().noted.len(), 3, "so does the notebook");
    // Whether or not the dialled pod kept its IP, the load goes on by itself: it is answered, or it is told how it fails.
    let before = load.answered() + load.failed();
    wait::until("traffic again", NODE_BACK, async || load.answered() + load.failed(), |n| *n >= before + 50)
        .await;
    lab.act("apply-document", &[("file", "start/service.yaml")]).await;
    // kube-proxy, too, asks the API server again after a while only.
    lab.within(NODE_BACK, "the Service in the kernel", |view| in_kernel(view) == 3).await;
    lab.send("20", "new").await;
    let answered = |view: &clusterip_web::run::RunView| {
        view.window.as_ref().is_some_and(|w| w.tally.backends.len() == 3 && w.tally.failed_in_a_row == 0)
    };
    lab.until("answers of three pods through the Service", answered).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster: run tests/run"]
async fn an_api_server_that_dies_under_traffic_is_waited_for() {
    let (lab, load) = in_the_middle().await;
    kind::docker(&["exec", &kind::node(), "pkill", "-9", "kube-apiserver"]).await;
    survives(&lab, &load, "API server killed").await;
    drop(load);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster: run tests/run"]
async fn a_node_that_is_stopped_and_started_is_waited_for() {
    let (lab, load) = in_the_middle().await;
    kind::docker(&["stop", &kind::node()]).await;
    lab.until("the page to say that it is behind", |view| view.snapshot.stale_since.is_some()).await;
    let problem = lab.refused("apply-document", &[("file", "start/service.yaml")]).await;
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&"api_unreachable".into(), &502.into()),
        "{problem:#}"
    );
    kind::docker(&["start", &kind::node()]).await;
    survives(&lab, &load, "node stopped and started").await;
    drop(load);
    lab.close().await;
}
