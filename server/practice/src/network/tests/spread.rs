use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use clusterip_agent::client::run_load;
use clusterip_agent::network::{Dialled, NameError, Resolved};
use clusterip_domain::distribution::{self, evenness};
use clusterip_domain::traffic::{Connections, Line, LoadSpec};
use tokio::sync::mpsc;

use super::*;
use crate::network::PodStream;
use crate::network::route::Route;

const REQUESTS: u64 = 3000;

fn spec(connections: Connections) -> LoadSpec {
    LoadSpec {
        host: VIRTUAL_IP.into(),
        port: 80,
        connections,
        rate_per_second: 400,
        max_requests: REQUESTS,
        max_seconds: 60,
        timeout_ms: 2000,
    }
}

/// What the agent's own client counts, a number a pod.
async fn counts(spec: LoadSpec, network: impl clusterip_agent::network::Network) -> Vec<u64> {
    let (lines, mut report) = mpsc::channel(4);
    tokio::spawn(run_load("client".into(), spec, Arc::new(network), std::future::pending(), lines));
    let mut counts = BTreeMap::from([("a".to_owned(), 0), ("b".to_owned(), 0), ("c".to_owned(), 0)]);
    while let Some(line) = report.recv().await {
        let Line::Batch(batch) = line else { continue };
        assert_eq!((batch.errors.len(), batch.not_sent), (0, 0));
        for backend in batch.backends {
            *counts.entry(backend.pod).or_default() += backend.count;
        }
    }
    assert_eq!(counts.values().sum::<u64>(), REQUESTS);
    counts.into_values().collect()
}

fn lab(seed: u64) -> (Network, Vec<Pod>, Sandbox) {
    let network = Network::seeded(seed);
    let pods: Vec<Pod> = ["a", "b", "c"].map(|name| Pod::start(&network, name)).into();
    publish(&network, &service(VIRTUAL_IP, json!({})), &pods.iter().collect::<Vec<_>>());
    let client = network.attach("lab", "client").unwrap();
    (network, pods, client)
}

#[tokio::test(start_paused = true)]
async fn new_connections_are_spread_as_chance_spreads_them() {
    let (_network, _pods, client) = lab(20);
    let counts = counts(spec(Connections::NewPerRequest), client.dialer()).await;
    let evenness = evenness(&counts);
    assert!((0.002..=27.6).contains(&evenness.chi_squared), "{counts:?} {evenness:?}");
    assert_eq!(evenness.verdict, distribution::Verdict::Chance);
}

#[tokio::test(start_paused = true)]
async fn keep_alive_is_too_uneven_for_chance() {
    let (_network, _pods, client) = lab(21);
    let counts = counts(spec(Connections::KeepAlive { connections: 1 }), client.dialer()).await;
    assert_eq!(evenness(&counts).verdict, distribution::Verdict::TooUneven, "{counts:?}");
}

/// What the practice cluster must not be: each pod in turn.
struct RoundRobin {
    pods: Vec<Ipv4Addr>,
    dialer: PodDialer,
    turn: AtomicUsize,
}

impl clusterip_agent::network::Network for RoundRobin {
    type Stream = PodStream;

    async fn resolve(&self, host: &str) -> Result<Resolved, NameError> {
        self.dialer.resolve(host).await
    }

    async fn connect(&self, _: SocketAddr) -> io::Result<Dialled<PodStream>> {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        self.dialer.connect((self.pods[turn % self.pods.len()], 8080).into()).await
    }
}

#[tokio::test(start_paused = true)]
async fn round_robin_is_too_even_for_chance() {
    let (_network, pods, client) = lab(22);
    let pods = pods.iter().map(|pod| pod.ip).collect();
    let turns = RoundRobin { pods, dialer: client.dialer(), turn: AtomicUsize::new(0) };
    let counts = counts(spec(Connections::NewPerRequest), turns).await;
    assert_eq!(evenness(&counts).verdict, distribution::Verdict::TooEven, "{counts:?}");
}

/// Over many seeds the statistic is distributed as χ² with two degrees of freedom: its mean is 2.
#[tokio::test]
async fn the_draw_is_fair_whatever_the_seed() {
    const SEEDS: u64 = 200;
    let mut sum = 0.0;
    for seed in 0..SEEDS {
        let (network, pods, client) = lab(seed);
        let mut counts = BTreeMap::new();
        for _ in 0..REQUESTS {
            let to = format!("{VIRTUAL_IP}:80").parse().unwrap();
            let route = network.state().route(client.ip(), to, tokio::time::Instant::now());
            let Route::Taken { peer, .. } = route else { panic!("{route:?}") };
            *counts.entry(*peer.ip()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), pods.len());
        sum += evenness(&counts.into_values().collect::<Vec<_>>()).chi_squared;
    }
    let mean = sum / SEEDS as f64;
    // The mean of 200 has a standard deviation of 0.14.
    assert!((1.4..2.6).contains(&mean), "{mean}");
}
