use std::time::Duration;

use clusterip_agent::network::Network as _;
use clusterip_agent::tools::curl;
use clusterip_domain::rules::{Protocol, RulesView, Verdict};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, advance};

use super::*;
use crate::network::{GATEWAY, SYN_TIMEOUT};

const REFUSED: &str = "ConnectionRefused";
const TIMED_OUT: &str = "TimedOut";

#[tokio::test(start_paused = true)]
async fn a_connection_ends_where_it_would_on_kind() {
    let network = Network::seeded(1);
    let pod = Pod::start(&network, "a");
    let client = network.attach("lab", "client").unwrap();
    let empty = json!({
        "metadata": {"name": "empty", "namespace": "lab"},
        "spec": {"clusterIP": "10.96.0.8", "ports": [{"port": 80}]},
    });
    let web = service(VIRTUAL_IP, json!({}));
    let slice = slice(&[endpoint(pod.ip, true, true, false)]);
    network.set_rules(Rules::new([&web, &empty], [&slice]));
    for (to, expected) in [
        ("10.96.0.7:80", "connected"),
        ("10.96.0.7:81", TIMED_OUT),
        ("10.96.0.8:80", REFUSED),
        ("10.96.0.8:81", TIMED_OUT),
        ("10.96.33.77:80", TIMED_OUT),
        ("10.244.0.2:8080", "connected"),
        ("10.244.0.2:8081", REFUSED),
        ("10.244.0.250:8080", TIMED_OUT),
        ("127.0.0.1:8080", REFUSED),
        ("[::1]:80", "NetworkUnreachable"),
    ] {
        assert_eq!(outcome(&client.dialer(), to).await, expected, "{to}");
    }
    network.set_rules(Rules::default());
    assert_eq!(outcome(&client.dialer(), "10.96.0.7:80").await, TIMED_OUT, "a deleted Service");
}

#[tokio::test(start_paused = true)]
async fn silence_lasts_as_long_as_the_kernels_patience() {
    let network = Network::seeded(1);
    let client = network.attach("lab", "client").unwrap();
    let started = Instant::now();
    assert_eq!(outcome(&client.dialer(), "10.96.0.9:80").await, TIMED_OUT);
    assert_eq!(started.elapsed(), SYN_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_dead_process_refuses_and_a_pod_that_is_gone_is_silent() {
    let network = Network::seeded(1);
    let mut pod = Pod::start(&network, "a");
    let client = network.attach("lab", "client").unwrap();
    let to = format!("{}:8080", pod.ip);
    assert_eq!(outcome(&client.dialer(), &to).await, "connected");
    pod.kill().await;
    assert_eq!(outcome(&client.dialer(), &to).await, REFUSED);
    drop(pod.sandbox.take());
    assert_eq!(outcome(&client.dialer(), &to).await, TIMED_OUT);
    let next = network.attach("lab", "b").unwrap();
    assert_ne!(next.ip(), pod.ip, "an address is not given again at once");
    let dialer = next.dialer();
    drop(next);
    assert_eq!(outcome(&dialer, &to).await, "NetworkUnreachable", "a pod that is gone has no network");
}

#[tokio::test(start_paused = true)]
async fn a_connection_outlives_its_rule_and_breaks_with_its_process() {
    let network = Network::seeded(1);
    let mut pod = Pod::start(&network, "a");
    publish(&network, &service(VIRTUAL_IP, json!({})), &[&pod]);
    let client = network.attach("lab", "client").unwrap();
    let mut stream = client.dialer().connect("10.96.0.7:80".parse().unwrap()).await.unwrap().stream;
    network.set_rules(Rules::default());
    stream.write_all(b"GET / HTTP/1.1\r\nhost: web\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    pod.kill().await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b")\n"), "and then it is over");
}

#[tokio::test]
async fn a_pod_is_reached_from_within_by_loopback_and_by_its_service() {
    let network = Network::seeded(1);
    let sandbox = network.attach("lab", "a").unwrap();
    let loopback = [127, 0, 0, 1].into();
    let mut own = sandbox.bind(loopback, 9090).unwrap();
    let mut web = sandbox.bind([0, 0, 0, 0].into(), 8080).unwrap();
    let pod = Pod { ip: sandbox.ip(), sandbox: None, task: tokio::spawn(async {}) };
    publish(&network, &service(VIRTUAL_IP, json!({})), &[&pod]);

    let dialled = sandbox.dialer().connect("127.0.0.1:9090".parse().unwrap()).await.unwrap();
    assert_eq!(accept(&mut own).await, SocketAddr::from(([127, 0, 0, 1], dialled.local_port.unwrap())));
    let forwarded = network.connect_loopback("lab", "a", 9090).await.unwrap();
    assert_eq!(accept(&mut own).await.port(), forwarded.local_port());
    assert_eq!(
        network.connect_loopback("lab", "b", 9090).await.unwrap_err().kind(),
        std::io::ErrorKind::NotFound
    );

    sandbox.dialer().connect("10.96.0.7:80".parse().unwrap()).await.unwrap();
    assert_eq!(accept(&mut web).await.ip(), GATEWAY, "a hairpin is masqueraded");
    let other = network.attach("lab", "b").unwrap();
    other.dialer().connect("10.96.0.7:80".parse().unwrap()).await.unwrap();
    assert_eq!(accept(&mut web).await.ip(), other.ip(), "and nothing else");
    assert_eq!(outcome(&other.dialer(), "10.244.0.2:9090").await, REFUSED, "loopback is the pod's own");
}

#[tokio::test]
async fn a_port_is_bound_as_a_socket_binds_it() {
    let network = Network::seeded(1);
    let sandbox = network.attach("lab", "a").unwrap();
    let (any, loopback) = ([0, 0, 0, 0].into(), [127, 0, 0, 1].into());
    let errno = |ip, port| sandbox.bind(ip, port).map(drop).map_err(|error| error.raw_os_error().unwrap());
    let taken = sandbox.bind(any, 8080).unwrap();
    for (ip, port, expected) in [
        (any, 8080, Err(98)),
        (loopback, 8080, Err(98)),
        (loopback, 8081, Ok(())),
        (any, 80, Err(13)),
        ([10, 244, 0, 9].into(), 8082, Err(99)),
        (std::net::Ipv6Addr::UNSPECIFIED.into(), 8082, Err(99)),
    ] {
        assert_eq!(errno(ip, port), expected, "{ip}:{port}");
    }
    drop(taken);
    assert_eq!(errno(any, 8080), Ok(()), "a closed socket leaves its port");
}

#[tokio::test(start_paused = true)]
async fn only_ready_endpoints_get_connections_or_else_those_that_still_serve() {
    let network = Network::seeded(1);
    let (a, b) = (Pod::start(&network, "a"), Pod::start(&network, "b"));
    let client = network.attach("lab", "client").unwrap();
    let web = service(VIRTUAL_IP, json!({}));
    let (yes, no) = (true, false);
    for (of_a, of_b, expected) in [
        ((yes, yes, no), (no, no, no), "a"),
        ((yes, yes, no), (no, yes, yes), "a"),
        ((no, no, no), (no, yes, yes), "b"),
        ((no, no, yes), (no, no, no), "refused"),
    ] {
        let endpoints = [endpoint(a.ip, of_a.0, of_a.1, of_a.2), endpoint(b.ip, of_b.0, of_b.1, of_b.2)];
        publish_slice(&network, &web, &slice(&endpoints));
        for _ in 0..8 {
            let ran = curl::run(&["-s".into(), "http://web".into()], &client.dialer()).await;
            let who = String::from_utf8(ran.stdout).unwrap();
            let who = who.split_once(' ').map_or("refused", |(pod, _)| pod);
            assert_eq!((who, ran.code), (expected, if expected == "refused" { 7 } else { 0 }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_affine_client_keeps_its_pod_until_it_pauses_too_long() {
    let network = Network::seeded(7);
    let pods = [Pod::start(&network, "a"), Pod::start(&network, "b"), Pod::start(&network, "c")];
    let client = network.attach("lab", "client").unwrap();
    let affine = json!({"sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10}}});
    let web = service(VIRTUAL_IP, affine);
    publish(&network, &web, &pods.each_ref());
    let ask = async || {
        let ran = curl::run(&["http://10.96.0.7".into()], &client.dialer()).await;
        String::from_utf8(ran.stdout).unwrap()[..1].to_owned()
    };
    let first = ask().await;
    for _ in 0..20 {
        advance(Duration::from_secs(9)).await;
        assert_eq!(ask().await, first, "each connection extends it");
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        advance(Duration::from_secs(11)).await;
        seen.insert(ask().await);
    }
    assert_eq!(seen.len(), 3, "after the timeout it is drawn anew");

    let kept = ask().await;
    let others: Vec<&Pod> =
        ["a", "b", "c"].iter().zip(&pods).filter(|(n, _)| **n != kept).map(|p| p.1).collect();
    publish(&network, &web, &others);
    assert_ne!(ask().await, kept, "an endpoint that is gone is not kept");
}

#[tokio::test]
async fn the_rules_can_be_read_as_a_nodes() {
    let network = Network::seeded(1);
    let (a, b) = (Pod::start(&network, "a"), Pod::start(&network, "b"));
    publish(&network, &service(VIRTUAL_IP, json!({"sessionAffinity": "ClientIP"})), &[&a, &b]);
    let RulesView::Read { nodes, .. } = network.rules("practice-node") else { panic!("it can be read") };
    let rule = nodes[0].find(VIRTUAL_IP.parse().unwrap(), 80, Protocol::Tcp).unwrap();
    let Verdict::Balance { endpoints, affinity_seconds } = &rule.verdict else { panic!("it balances") };
    let shares: Vec<_> = endpoints.iter().map(|e| (e.ip.to_string(), e.port, e.share)).collect();
    assert_eq!(shares, [("10.244.0.2".into(), 8080, 0.5), ("10.244.0.3".into(), 8080, 0.5)]);
    assert_eq!(*affinity_seconds, Some(10_800));
    publish(&network, &service(VIRTUAL_IP, json!({})), &[]);
    let RulesView::Read { nodes, .. } = network.rules("practice-node") else { panic!("it can be read") };
    assert_eq!(nodes[0].services[0].verdict, Verdict::Reject);
    publish(&network, &service("None", json!({})), &[&a, &b]);
    let RulesView::Read { nodes, .. } = network.rules("practice-node") else { panic!("it can be read") };
    assert_eq!(nodes[0].services, [], "a headless Service has no rule");
}
