//! Whom a connection to the virtual IP reaches: the page, the EndpointSlice and the kernel tell the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use clusterip_domain::rules::{Protocol, Verdict};
use clusterip_tests::chi_squared::by_chance;
use clusterip_tests::lab::{Lab, SERVICE, counts};
use clusterip_tests::{fact, kind};
use serde_json::Value;

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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster: run tests/run"]
async fn new_connections_are_spread_by_chance_as_page_and_endpoints_and_kernel_agree() {
    let lab = Lab::open().await;
    lab.serve().await;
    let endpoints = lab.endpoints().await;
    let source = kind::attach(lab.state()).await;
    let virtual_ip = lab.view().snapshot.service(SERVICE).unwrap().cluster_ip.unwrap();
    let kernel = kind::kernel(&source).await;
    let rule = kernel.find(virtual_ip, 80, Protocol::Tcp).expect("a rule");
    let Verdict::Balance { endpoints: ways, affinity_seconds: None } = &rule.verdict else {
        panic!("{rule:?}")
    };
    let ways: BTreeSet<IpAddr> = ways.iter().inspect(|w| assert_eq!(w.port, 8080)).map(|w| w.ip).collect();
    assert_eq!(ways, endpoints.keys().copied().collect(), "the kernel has the EndpointSlice's addresses");
    for ip in &ways {
        assert!((rule.share_of(*ip) - 1.0 / 3.0).abs() < 1e-6, "equal shares: {rule:?}");
    }

    let before = kind::connections_by_pod().await;
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

    let after = kind::connections_by_pod().await;
    for (ip, page) in by_address(&lab, &endpoints) {
        let kernel = after[&ip] - before.get(&ip).copied().unwrap_or_default();
        assert!((page..=page + ON_THEIR_WAY).contains(&kernel), "{ip}: page {page}, kernel {kernel}");
    }
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster: run tests/run"]
async fn the_same_gates_turn_keep_alive_traffic_away() {
    let lab = Lab::open().await;
    lab.serve().await;
    let before: u64 = kind::connections_by_pod().await.values().sum();
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
    let after: u64 = kind::connections_by_pod().await.values().sum();
    assert_eq!(after - before, 1, "{REQUESTS} requests were one connection to the kernel");
    fact(&format!("keep-alive: {why}"));
    lab.close().await;
}
