//! The lab from its first step to its last.

use clusterip_tests::lab::On;
use clusterip_tests::steps::every_step;
use clusterip_tests::{Lab, on_both_clusters};

on_both_clusters!(every_step_ticks_by_what_its_buttons_do_and_stays_ticked);

async fn every_step_ticks_by_what_its_buttons_do_and_stays_ticked(lab: Lab) {
    let lab = every_step(lab).await;
    let finished = lab.view().progress.steps_progress().last().unwrap().done_at;
    let lab = lab.restart().await;
    let progress = lab.view().progress.clone();
    assert!(progress.finished(), "also on a new practice cluster: {progress:?}");
    assert_eq!(progress.steps_progress().last().unwrap().done_at, finished);
    assert!(lab.http.get("/en").await.body.contains("9 of 9 steps"));
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_on_a_practice_cluster_that_is_gone_begins_anew() {
    let lab = Lab::open(On::Practice).await;
    lab.deploy().await;
    lab.until("the first step to be done", |view| view.progress.done() == 1).await;
    let lab = lab.restart().await;
    assert_eq!(lab.view().progress.done(), 0, "its pods are gone with the cluster");
    lab.close().await;
}
