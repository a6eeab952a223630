//! Backends that ask backends, and one try of a client.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clusterip_agent::backend::{self, Backend, Config, Identity};
use clusterip_agent::client::run_probe;
use clusterip_agent::network::Network;
use clusterip_domain::chain::{DEPTH_HEADER, MAX_DEPTH};
use clusterip_domain::probe::{ProbeReport, ProbeSpec, Tool};
use clusterip_domain::traffic::{Answer, ErrorKind};
use http_body_util::Full;
use hyper::{Request, StatusCode, header};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::support::{
    RunningBackend, Spread, connect, loopback, nobody, run_to_end, send, spec, start_backend, text, within,
};

/// A backend with these variables, whose own requests go through `network`.
async fn start(pod: &str, variables: &[(&str, &str)], network: impl Network) -> RunningBackend {
    let (listener, address) = loopback().await;
    let read = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let config = Config::read(read).unwrap();
    let identity = Identity { pod: pod.into(), node: "node-a".into(), version: "v1".into() };
    let backend = Arc::new(Backend::configured(identity, &config, network));
    let (stop, told) = oneshot::channel();
    let told = async { drop(told.await) };
    let ended = tokio::spawn(backend::run(Arc::clone(&backend), config.ending, listener, told));
    RunningBackend { backend, address, stop, ended }
}

const ASKS: (&str, &str) = ("UPSTREAM", "http://10.96.0.9");

async fn get(running: &RunningBackend, depth: Option<u8>, json: bool) -> (StatusCode, String) {
    let mut request = Request::get("/").header(header::HOST, "backend");
    if let Some(depth) = depth {
        request = request.header(DEPTH_HEADER, u16::from(depth));
    }
    if json {
        request = request.header(header::ACCEPT, "application/json");
    }
    let mut sender = connect(running.address).await;
    let response = send(&mut sender, request.body(Full::<Bytes>::default()).unwrap()).await;
    (response.status(), text(response).await)
}

#[tokio::test]
async fn an_answer_holds_the_answers_of_those_behind() {
    let data = start_backend("data", Duration::ZERO).await;
    let backend = start("backend", &[ASKS], Spread::over([data.address])).await;
    let frontend = start("frontend", &[ASKS], Spread::over([backend.address])).await;
    let (status, body) = get(&frontend, None, true).await;
    let answer: Answer = serde_json::from_str(&body).unwrap();
    let pods: Vec<_> = answer.hops().map(|hop| hop.answer.as_ref().unwrap().pod.as_str()).collect();
    assert_eq!((status, answer.pod.as_str(), pods), (StatusCode::OK, "frontend", vec!["backend", "data"]));

    let (_, line) = get(&frontend, None, false).await;
    let lines: Vec<&str> = line.lines().collect();
    assert!(lines[0].starts_with("frontend 127.0.0.1 v1 says hello"), "{line}");
    assert!(lines[1].starts_with(" └▶ http://10.96.0.9: backend 127.0.0.1"), "{line}");
    assert!(lines[2].starts_with(" └▶ http://10.96.0.9: data 127.0.0.1"), "{line}");
    // A new connection for each request, so that a Service in between chooses each time.
    assert_eq!(lines[2].matches("(connection 2, ").count(), 1, "{line}");
}

#[tokio::test]
async fn a_failure_further_on_is_a_bad_gateway_that_says_where() {
    let backend = start("backend", &[ASKS], Spread::over([nobody().await])).await;
    let frontend = start("frontend", &[ASKS], Spread::over([backend.address])).await;
    let (status, body) = get(&frontend, None, true).await;
    let answer: Answer = serde_json::from_str(&body).unwrap();
    let hops: Vec<_> = answer.hops().map(|hop| (hop.status, hop.error)).collect();
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(hops, [(Some(502), None), (None, Some(ErrorKind::Refused))]);
    let (_, line) = get(&frontend, None, false).await;
    assert!(line.ends_with(" └▶ http://10.96.0.9: connection refused\n"), "{line}");
    let unknown = start("frontend", &[("UPSTREAM", "http://nope")], Spread::over([])).await;
    assert!(get(&unknown, None, false).await.1.contains("http://nope: the name does not resolve"));
}

#[tokio::test]
async fn backends_that_call_each_other_come_to_an_end() {
    let backend = start("backend", &[ASKS], Spread::over([nobody().await])).await;
    assert_eq!(get(&backend, Some(MAX_DEPTH - 1), false).await.0, StatusCode::BAD_GATEWAY);
    let (status, why) = get(&backend, Some(MAX_DEPTH), true).await;
    assert_eq!(status, StatusCode::LOOP_DETECTED, "{why}");
    assert_eq!(backend.backend.served(), 1);
}

#[tokio::test]
async fn a_load_counts_the_first_backend_and_each_hop_behind_it_apart() {
    let data = [start_backend("data-a", Duration::ZERO).await, start_backend("data-b", Duration::ZERO).await];
    let behind = Spread::over(data.iter().map(|running| running.address));
    let frontend = start("frontend", &[ASKS], behind).await;
    let told = run_to_end(spec(40), Spread::over([frontend.address])).await;
    assert_eq!((told.answers_of("frontend"), told.answers_of("data-a"), told.sent), (40, 0, 40));
    let hops: Vec<_> = told.batches.iter().flat_map(|batch| &batch.chain).collect();
    assert!(hops.iter().all(|hop| hop.hop == 1 && hop.to.host() == "10.96.0.9"));
    let of = |pod: &str| -> u64 {
        hops.iter().flat_map(|hop| &hop.backends).filter(|b| b.pod == pod).map(|b| b.count).sum()
    };
    assert_eq!(["data-a", "data-b"].map(of), [data[0].backend.served(), data[1].backend.served()]);
    assert_eq!(of("data-a") + of("data-b"), 40);
    let mut samples = told.batches.iter().flat_map(|batch| &batch.samples);
    assert!(
        samples.all(|s| s.hops.len() == 1 && s.hops[0].pod.as_ref().is_some_and(|p| p.starts_with("data")))
    );
}

#[tokio::test]
async fn failures_further_on_are_counted_as_what_they_are_and_not_as_the_firsts() {
    let frontend = start("frontend", &[ASKS], Spread::over([nobody().await])).await;
    let told = run_to_end(spec(10), Spread::over([frontend.address])).await;
    assert_eq!((told.answers_of("frontend"), told.errors(ErrorKind::BadAnswer)), (10, 0));
    let errors = told.batches.iter().flat_map(|batch| &batch.chain).flat_map(|hop| &hop.errors);
    let refused: u64 = errors.filter(|e| e.kind == ErrorKind::Refused).map(|e| e.count).sum();
    assert_eq!(refused, 10);
}

#[tokio::test]
async fn readiness_may_begin_off() {
    let backend = start("backend", &[("READY", "false")], Spread::over([])).await;
    assert!(!backend.backend.is_ready());
}

#[tokio::test]
async fn without_grace_what_is_in_flight_is_dropped() {
    let running = start("backend", &[("GRACE_SECONDS", "0"), ("DELAY_MS", "60000")], Spread::over([])).await;
    let mut sender = connect(running.address).await;
    let request = Request::get("/").header(header::HOST, "backend").body(Full::<Bytes>::default()).unwrap();
    let in_flight = tokio::spawn(async move { sender.send_request(request).await });
    // A second request that is answered at once tells that the first one has arrived.
    let mut other = connect(running.address).await;
    let healthy = Request::get("/healthz").header(header::HOST, "b").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(send(&mut other, healthy).await.status(), StatusCode::OK);
    running.stop.send(()).unwrap();
    within(running.ended).await.unwrap();
    assert!(within(in_flight).await.unwrap().is_err());
    assert!(TcpStream::connect(running.address).await.is_err());
}

async fn probe(tool: Tool, host: &str, network: &impl Network) -> ProbeReport {
    let spec = ProbeSpec { tool, host: host.into(), port: 80, timeout_ms: 500 };
    run_probe(&spec, network).await
}

#[tokio::test]
async fn a_probe_tells_who_answered_and_how_it_failed() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    let (_silent, address) = loopback().await;
    let (up, down) = (Spread::over([running.address]), Spread::over([nobody().await]));
    let silent = Spread::over([address]);
    let answered = probe(Tool::Http, "10.96.0.9", &up).await;
    assert_eq!((answered.ok, answered.pod.as_deref()), (true, Some("backend-a")));
    assert!(answered.took_us > 0);
    assert_eq!(answered.addresses, [std::net::IpAddr::from([10, 96, 0, 9])]);
    let connected = probe(Tool::Tcp, "10.96.0.9", &up).await;
    assert_eq!((connected.ok, connected.pod), (true, None));
    for (tool, host, network, error) in [
        (Tool::Tcp, "10.96.0.9", &down, ErrorKind::Refused),
        (Tool::Http, "10.96.0.9", &down, ErrorKind::Refused),
        (Tool::Http, "10.96.0.9", &silent, ErrorKind::Timeout),
        (Tool::Dns, "web", &up, ErrorKind::Dns),
        (Tool::Http, "web", &up, ErrorKind::Dns),
    ] {
        let report = probe(tool, host, network).await;
        assert_eq!((report.ok, report.tried, report.error), (false, true, Some(error)), "{tool:?} {host}");
    }
    assert_eq!(running.backend.served(), 1);
}
