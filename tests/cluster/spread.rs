//! Whom a connection to the virtual IP reaches: the page, the EndpointSlice and the node tell the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use clusterip_domain::rules::{Protocol, Verdict};
use clusterip_tests::chi_squared::by_chance;
use clusterip_tests::lab::{Lab, SERVICE, counts};
use clusterip_tests::{fact, on_both_clusters};
use serde_json::Value;

on_both_clusters! {
    new_connections_are_spread_by_chance_as_page_and_endpoints_and_node_agree,
    the_same_gates_turn_keep_alive_traffic_away,
}

const REQUESTS: u64 = 3000;
/// Requests that the kernel may have seen and the page not: those of the last report, which is not waited for when a
/// load is stopped, and those in flight.
const ON_THEIR_WAY: u64 = 150;

/// The page's answers by the pod's address, now.
fn by_address(lab: &Lab, endpoints: &BTreeMap<IpAddr, String>) -> BTreeMap<IpAddr, u64> {
    let view = lab.view();
    let tally = &view.window.as_ref().expect("a load").tally;
    let answered = |pod| tally.backends.get(pod).map_or(0, |backend| backend.answered);
    endpoints.iter().map(|(ip, pod)| (*ip, answered(pod))).collect()
}

/// The node has a rule to just these endpoints, in equal shares.
async fn the_node_knows(lab: &Lab, endpoints: &BTreeMap<IpAddr, String>) {
    let virtual_ip = lab.view().snapshot.service(SERVICE).unwrap().cluster_ip.unwrap();
    let rules = lab.node_rules().await;
    let rule = rules.find(virtual_ip, 80, Protocol::Tcp).expect("a rule");
    let Verdict::Balance { endpoints: ways, affinity_seconds: None } = &rule.verdict else {
        panic!("{rule:?}")
    };
    let ways: BTreeSet<IpAddr> = ways.iter().inspect(|w| assert_eq!(w.port, 8080)).map(|w| w.ip).collect();
    assert_eq!(ways, endpoints.keys().copied().collect(), "the node has the EndpointSlice's addresses");
    for ip in &ways {
        assert!((rule.share_of(*ip) - 1.0 / 3.0).abs() < 1e-6, "equal shares: {rule:?}");
    }
}

async fn new_connections_are_spread_by_chance_as_page_and_endpoints_and_node_agree(lab: Lab) {
    lab.serve().await;
    let endpoints = lab.endpoints().await;
    the_node_knows(&lab, &endpoints).await;

    let before = lab.counted_by_kernel().await;
    let mut events = lab.events().await;
    lab.send("300", "new").await;
    let tick = lab.answered(&mut events, REQUESTS).await;
    lab.act("stop", &[]).await;

    let names: BTreeSet<&str> =
        tick["pods"].as_array().unwrap().iter().map(|p| p["pod"].as_str().unwrap()).collect();
    assert_eq!(names, endpoints.values().map(String::as_str).collect(), "the page counts the same pods");
    assert_eq!(tick["failed"], 0, "{tick:#}");
    let chi_squared = by_chance(&counts(&tick)).unwrap_or_else(|why| panic!("{why}"));
    assert!((tick["evenness"]["chiSquared"].as_f64().unwrap() - chi_squared).abs() < 1e-9);
    assert_eq!(tick["evenness"]["verdict"], "chance");
    fact(&format!("χ² of {:?} new connections over 3 pods: {chi_squared:.3}", counts(&tick)));

    if let Some((before, after)) = before.zip(lab.counted_by_kernel().await) {
        for (ip, page) in by_address(&lab, &endpoints) {
            let kernel = after[&ip] - before.get(&ip).copied().unwrap_or_default();
            assert!((page..=page + ON_THEIR_WAY).contains(&kernel), "{ip}: page {page}, kernel {kernel}");
        }
    }
    lab.close().await;
}

async fn the_same_gates_turn_keep_alive_traffic_away(lab: Lab) {
    lab.serve().await;
    let before = lab.counted_by_kernel().await;
    let mut events = lab.events().await;
    lab.send("300", "keep-alive").await;
    let tick = lab.answered(&mut events, REQUESTS).await;
    lab.act("stop", &[]).await;

    let mut counts = counts(&tick);
    counts.sort_unstable();
    assert_eq!(counts[..2], [0, 0], "one pod answers everything: {tick:#}");
    let why = by_chance(&counts).expect_err("keep-alive is no chance");
    assert!(why.contains("too uneven"), "{why}");
    assert_eq!(tick["evenness"], Value::Null, "the page does not test what chance did not choose");
    if let Some((before, after)) = before.zip(lab.counted_by_kernel().await) {
        let connections = after.values().sum::<u64>() - before.values().sum::<u64>();
        assert_eq!(connections, 1, "{REQUESTS} requests were one connection to the kernel");
    }
    fact(&format!("keep-alive: {why}"));
    lab.close().await;
}

#[test]
fn the_same_gates_turn_a_round_robin_away_and_let_chance_through() {
    for requests in [300_u64, 3000, 3001, 100_000] {
        let counts = [0, 1, 2].map(|pod| (requests + 2 - pod) / 3);
        assert_eq!(counts.iter().sum::<u64>(), requests);
        let why = by_chance(&counts).expect_err("round robin is no chance");
        assert!(why.contains("too even"), "{counts:?}: {why}");
    }
    for counts in [[1012, 985, 1003], [960, 1040, 1000], [100, 88, 112]] {
        by_chance(&counts).unwrap_or_else(|why| panic!("{why}"));
    }
    by_chance(&[1000, 1000]).expect_err("two counts are not three");
}
