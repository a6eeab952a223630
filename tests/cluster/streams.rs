//! Many browsers look at one run: what it costs the cluster, and how they come and go.

use std::time::Duration;

use clusterip_cluster::agent_image::AgentImage;
use clusterip_cluster::source::{Stage, StageState};
use clusterip_tests::http::Event;
use clusterip_tests::lab::{Lab, PAGE, PATIENCE, viewers};
use clusterip_tests::{Events, On, fact, on_both_clusters};

on_both_clusters! {
    thirty_windows_are_no_load_on_the_api_server,
    a_window_that_is_closed_under_traffic_is_forgotten_and_may_come_back,
    open_windows_under_traffic_do_not_hold_up_the_end,
}

const WINDOWS: usize = 30;

/// Waits for the whole picture: its ten parts.
async fn picture(events: &mut Events) -> Event {
    let mut parts = 0;
    let tenth = |event: &Event| {
        parts += usize::from(event.name == "fragment");
        (parts == 10).then(|| event.clone())
    };
    events.until("the picture", PATIENCE, tenth).await
}

async fn thirty_windows_are_no_load_on_the_api_server(lab: Lab) {
    lab.serve().await;
    let before = lab.watches().await;
    assert!(before >= 6, "our own six watches are among them: {before}");
    let mut windows = Vec::new();
    for n in 0..WINDOWS {
        let lang = if n % 2 == 0 { "en" } else { "it" };
        windows.push(lab.http.events(&format!("/{lang}/labs/the-whole-story/events"), None).await);
    }
    viewers(&lab, WINDOWS).await;
    lab.send("20", "new").await;
    for window in &mut windows {
        picture(window).await;
        lab.answered(window, 20).await;
    }
    let after = lab.watches().await;
    fact(&format!("watches at the API server: {before} with no window open, {after} with {WINDOWS}"));
    assert!(after <= before, "{before} watches became {after}");
    drop(windows);
    viewers(&lab, 0).await;
    lab.close().await;
}

async fn a_window_that_is_closed_under_traffic_is_forgotten_and_may_come_back(lab: Lab) {
    lab.serve().await;
    let mut stays = lab.events().await;
    let mut goes = lab.events().await;
    lab.send("50", "new").await;
    picture(&mut goes).await;
    let last =
        goes.until("a tick", PATIENCE, |e| (e.name == "tick").then(|| e.id.clone())).await.expect("an id");
    viewers(&lab, 2).await;
    drop(goes);
    viewers(&lab, 1).await;
    lab.answered(&mut stays, 20).await;
    let mut back = lab.http.events(&format!("{PAGE}/events"), Some(&last)).await;
    let first = back.until("what was missed", PATIENCE, |event| event.id.clone()).await;
    let number = |id: &str| id.split_once('-').and_then(|(_, n)| n.parse::<u64>().ok()).expect("a number");
    assert_eq!(number(&first), number(&last) + 1, "it goes on where it was");
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster: run tests/run"]
async fn a_server_that_starts_again_finds_its_image_and_shows_the_same() {
    let mut lab = Lab::open(On::Kind).await;
    lab.server.stages();
    lab.serve().await;
    let mut events = lab.events().await;
    let last = picture(&mut events).await.id.expect("an id");
    let view = lab.view();

    let bye = async {
        let said = |event: &Event| (event.name == "bye").then_some(());
        events.until("bye", PATIENCE, said).await;
        assert_eq!(events.next().await, None, "then the stream ends");
    };
    let (mut lab, ()) = tokio::join!(lab.restart(), bye);

    let loading: Vec<_> = lab
        .server
        .stages()
        .into_iter()
        .filter(|e| e.stage == Stage::LoadAgentImage)
        .map(|e| e.state)
        .collect();
    assert!(matches!(loading.last(), Some(StageState::Skipped { .. })), "{loading:?}");
    let sizes = AgentImage::pack().expect("packed").sizes();
    fact(&format!(
        "agent image: {:.2} MB to a node, of which the executable compressed {:.2} MB ({:.2} MB)",
        sizes.archive as f64 / 1e6,
        sizes.layer as f64 / 1e6,
        sizes.executable as f64 / 1e6,
    ));
    let names = |v: &clusterip_web::run::RunView| -> Vec<String> {
        v.snapshot.pods.iter().map(|p| p.name.clone()).collect()
    };
    let same = lab.until("the same pods", |now| names(now) == names(&view)).await;
    assert_eq!(same.snapshot.services, view.snapshot.services);
    let drawn = |v: &clusterip_web::run::RunView| v.wide.pods.len();
    assert_eq!((drawn(&same), drawn(&view)), (3, 3), "nothing changed, and yet they are in the picture");
    let times = |v: &clusterip_web::run::RunView| v.progress.steps_progress()[0].clone();
    assert!(times(&view).done_at.is_some(), "the first step was done");
    let (before, after) = (times(&view), times(&same));
    assert_eq!((after.opened_at, after.done_at), (before.opened_at, before.done_at), "it was kept");
    let mut back = lab.http.events(&format!("{PAGE}/events"), Some(&last)).await;
    picture(&mut back).await;
    drop(back);
    lab.close().await;
}

async fn open_windows_under_traffic_do_not_hold_up_the_end(lab: Lab) {
    lab.serve().await;
    let mut windows = [lab.events().await, lab.events().await];
    lab.send("50", "new").await;
    for window in &mut windows {
        lab.answered(window, 10).await;
    }
    lab.reset().await;
    let took = lab.server.stop().await;
    assert!(took < Duration::from_secs(2), "{took:?}");
}
