//! Start-up as a page shows it, and the end of a server.

use std::time::Duration;

use clusterip_tests::wait;
use clusterip_web::Outcome;
use hyper::Method;

use super::{kubeconfig_to_nowhere, with_a_wrong_context, without_a_cluster};
use clusterip_cluster::source::{SourceConfig, StageState};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_start_up_that_failed_says_why_and_what_to_do_in_both_languages() {
    let (mut server, _folder) = with_a_wrong_context().await;
    let failure = server.failure().await;
    assert_eq!(failure.code, "context_not_found");
    let http = server.http();
    for (path, words, cure) in [
        ("/en", "What to do", &failure.cure.en),
        ("/it", "Che cosa fare", &failure.cure.it),
        ("/en/labs/the-whole-story", "What to do", &failure.cure.en),
    ] {
        let page = http.get(path).await;
        assert_eq!(page.status, 503, "{path}: it is not what was asked for");
        assert_eq!(page.header("retry-after"), "2");
        assert!(page.body.contains("nirvana"), "{path}: what happened\n{}", page.body);
        assert!(page.body.contains(words), "{path}: the language\n{}", page.body);
        let first: String = cure.chars().take_while(|c| c.is_alphabetic() || *c == ' ').collect();
        assert!(page.body.contains(&first), "{path}: the cure {cure:?}\n{}", page.body);
    }
    let failed = |e: &_| matches!(e, StageState::Failed { code: "context_not_found", .. });
    assert!(server.stages().iter().any(|e| failed(&e.state)), "the terminal is told the same");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_context_is_answered_with_those_there_are() {
    let (mut server, _folder) = with_a_wrong_context().await;
    let failure = server.failure().await;
    assert!(format!("{} {}", failure.detail, failure.cure.en).contains("nowhere"), "{failure:#?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_is_said_to_be_unreachable() {
    let (mut server, _folder) = without_a_cluster().await;
    let page = server.http().get("/en").await;
    assert_eq!(page.status, 503, "the start page is there while it is tried");
    let failure = server.failure().await;
    assert_eq!(failure.code, "api_unreachable");
    assert!(failure.detail.contains("127.0.0.1"), "{failure:#?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_again_starts_anew() {
    let (mut server, folder) = with_a_wrong_context().await;
    server.failure().await;
    server.stages();
    // The context is added meanwhile, so that the next try gets further.
    let SourceConfig::Kubeconfig { path: Some(path), .. } = kubeconfig_to_nowhere(folder.path()) else {
        unreachable!()
    };
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("name: nowhere", "name: nirvana")).unwrap();
    let answer = server.http().send(Method::POST, "/en/startup/retry", &[], Some(&[])).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/en"));
    let mut seen = server.startup.clone();
    let opening = seen.wait_for(|s| matches!(s.outcome, Outcome::Opening));
    assert!(wait::within("another try", SOON, opening).await.is_ok());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_page_s_stream_tells_the_stages_and_ends_with_the_server() {
    let (mut server, _folder) = with_a_wrong_context().await;
    server.failure().await;
    let mut events = server.http().events("/en/startup/events", None).await;
    let stages = events
        .until("the stages", SOON, |event| {
            (event.name == "fragment").then(|| event.data["html"].as_str().unwrap_or_default().to_owned())
        })
        .await;
    assert!(stages.contains("id=\"stages\"") && stages.contains("nirvana"), "{stages}");
    let took = server.stop().await;
    assert!(took < Duration::from_secs(2), "an open stream held the end up for {took:?}");
    while events.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_say_that_the_cluster_is_not_ready() {
    let (server, _folder) = without_a_cluster().await;
    let http = server.http();
    let act = |name: &str| format!("/it/labs/the-whole-story/act/{name}");
    for name in ["apply", "note-ips", "send", "stop", "kill-pod", "scale", "delete-service", "reset"] {
        let answer = http.post(&act(name), &[("yaml", "x")]).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (503, "application/problem+json"),
            "{name}"
        );
        let problem = answer.json();
        assert_eq!((&problem["code"], &problem["status"]), (&"not_ready".into(), &503.into()));
        assert_eq!(problem["title"], "Il cluster non è ancora pronto");
    }
    let events = http.get("/en/labs/the-whole-story/events").await;
    assert_eq!(events.status, 503);
    server.stop().await;
}
