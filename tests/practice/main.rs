//! The lab on the practice cluster: what is proved on a real one holds on it too.

use clusterip_tests::Lab;
use clusterip_tests::chi_squared::by_chance;
use clusterip_tests::lab::counts;
use clusterip_tests::steps::every_step;
use serde_json::Value;

const REQUESTS: u64 = 3000;

#[tokio::test(flavor = "multi_thread")]
async fn every_step_ticks_by_what_its_buttons_do() {
    every_step(Lab::practise().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_connections_are_spread_by_chance() {
    let lab = Lab::practise().await;
    lab.serve().await;
    let mut events = lab.events().await;
    lab.send("300", "new").await;
    let tick = lab.answered(&mut events, REQUESTS).await;
    assert_eq!(tick["failed"], 0, "{tick:#}");
    by_chance(&counts(&tick)).unwrap_or_else(|why| panic!("{why}"));
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_gates_turn_keep_alive_traffic_away() {
    let lab = Lab::practise().await;
    lab.serve().await;
    let mut events = lab.events().await;
    lab.send("300", "keep-alive").await;
    let tick = lab.answered(&mut events, REQUESTS).await;
    let why = by_chance(&counts(&tick)).expect_err("keep-alive is no chance");
    assert!(why.contains("too uneven"), "{why}");
    assert_eq!(tick["evenness"], Value::Null);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_says_that_it_is_simulated() {
    let lab = Lab::practise().await;
    for page in ["/en", "/it", "/en/labs/one-stable-front", "/it/labs/one-stable-front"] {
        let body = lab.http.get(page).await.body;
        assert!(
            body.contains("simulated") && (body.contains("Simulated") || body.contains("Simulato")),
            "{page}"
        );
    }
    lab.close().await;
}
