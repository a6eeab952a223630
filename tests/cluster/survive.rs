//! Pods come and go under traffic, and the Service's clients do not notice.

use clusterip_domain::snapshot::PodState;
use clusterip_tests::lab::{Lab, PATIENCE, SERVICE, client_ready, in_kernel, ready};
use clusterip_tests::{fact, on_both_clusters, wait};

use crate::load::Watcher;

on_both_clusters! {
    killing_and_scaling_under_traffic_loses_no_request,
    traffic_goes_on_with_another_client_pod_when_the_first_is_deleted,
    a_service_without_endpoints_refuses_and_one_that_is_deleted_does_not_answer,
}

async fn killing_and_scaling_under_traffic_loses_no_request(lab: Lab) {
    lab.serve().await;
    let load = Watcher::of(lab.events().await);
    let more = async |what: &str| {
        let enough = load.answered() + 100;
        wait::until(what, PATIENCE, async || load.answered(), |n| *n >= enough).await;
    };
    lab.send("50", "new").await;
    more("traffic").await;
    let victim = ready(&lab.view().snapshot).remove(0);
    lab.act("kill-pod", &[("pod", &victim)]).await;
    lab.until("its successor behind the Service", |view| {
        view.snapshot.pods.iter().all(|p| p.name != victim) && in_kernel(view) == 3
    })
    .await;
    more("traffic after a pod was killed").await;
    for replicas in [5, 2] {
        lab.act("scale", &[("deployment", "backend"), ("replicas", &replicas.to_string())]).await;
        lab.until(&format!("{replicas} pods, all behind the Service"), |view| {
            let pods: Vec<_> = view.snapshot.workloads().map(|p| p.state).collect();
            pods.len() == replicas
                && pods.iter().all(|s| *s == PodState::Ready)
                && in_kernel(view) == replicas
        })
        .await;
        more("traffic after scaling").await;
    }
    lab.act("stop", &[]).await;
    fact(&format!("killed one, scaled 3 → 5 → 2: {} answered, {} failed", load.answered(), load.failed()));
    assert_eq!(load.failed(), 0, "{:#?}", load.errors());
    lab.close().await;
}

async fn traffic_goes_on_with_another_client_pod_when_the_first_is_deleted(lab: Lab) {
    lab.serve().await;
    let load = Watcher::of(lab.events().await);
    lab.send("50", "new").await;
    wait::until("traffic", PATIENCE, async || load.answered(), |n| *n >= 50).await;
    let first = lab.view().snapshot.client().unwrap().uid.clone();
    lab.act("kill-pod", &[("pod", "client")]).await;
    let other = |view: &clusterip_web::run::RunView| {
        client_ready(&view.snapshot) && view.snapshot.client().is_some_and(|c| c.uid != first)
    };
    lab.until("another client", other).await;
    let enough = load.answered() + 100;
    wait::until("traffic from the other client", PATIENCE, async || load.answered(), |n| *n >= enough).await;
    assert!(lab.view().troubles.is_empty(), "{:?}", lab.view().troubles);
    lab.close().await;
}

async fn a_service_without_endpoints_refuses_and_one_that_is_deleted_does_not_answer(lab: Lab) {
    lab.serve().await;
    lab.send("20", "new").await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "0")]).await;
    let kinds = |view: &clusterip_web::run::RunView, word: &str| {
        let errors = view.window.as_ref().map(|w| serde_json::to_value(&w.tally.errors).unwrap());
        errors.is_some_and(|e| e[word].as_u64().is_some_and(|n| n > 5))
    };
    lab.until("refusals", |view| kinds(view, "refused")).await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "2")]).await;
    lab.until("answers again", |view| in_kernel(view) == 2 && failing(view) == 0).await;
    lab.act("delete-service", &[("name", SERVICE)]).await;
    lab.until("silence", |view| view.snapshot.services.is_empty() && failing(view) > 5).await;
    lab.close().await;
}

fn failing(view: &clusterip_web::run::RunView) -> u64 {
    view.window.as_ref().map_or(0, |w| w.tally.failed_in_a_row)
}
