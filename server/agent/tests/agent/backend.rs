//! What a backend says, and how it ends without losing a request.

use std::time::Duration;

use crate::support::{connect, nobody, send, start_backend, text, within};
use bytes::Bytes;
use clusterip_domain::traffic::Answer;
use http_body_util::Full;
use hyper::{Request, StatusCode, header};
use tokio::net::TcpStream;

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header(header::HOST, "backend").body(Full::default()).unwrap()
}

fn get_json() -> Request<Full<Bytes>> {
    let request = Request::get("/any/path").header(header::ACCEPT, "application/json");
    request.header(header::HOST, "backend").body(Full::default()).unwrap()
}

fn post(path: &str) -> Request<Full<Bytes>> {
    Request::post(path).header(header::HOST, "backend").body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_reader_gets_one_line() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    let mut sender = connect(running.address).await;
    let line = text(send(&mut sender, get("/")).await).await;
    assert!(
        line.starts_with("backend-a 127.0.0.1 v1 says hello (connection 1, you are 127.0.0.1:"),
        "{line}"
    );
    let line = text(send(&mut sender, get("/")).await).await;
    assert!(line.contains("(connection 1, request 2, you are "), "{line}");
}

#[tokio::test]
async fn a_program_gets_json_with_both_ends_and_the_numbers() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    for connection in 1..=2 {
        let mut sender = connect(running.address).await;
        // Probes use up neither connection numbers nor request numbers.
        assert_eq!(text(send(&mut sender, get("/healthz")).await).await, "ok\n");
        for request in 1..=2 {
            let body = text(send(&mut sender, get_json()).await).await;
            let answer: Answer = serde_json::from_str(&body).unwrap();
            assert_eq!((answer.pod.as_str(), answer.node.as_str()), ("backend-a", "node-a"));
            assert_eq!(answer.ip, running.address.ip());
            assert!(answer.peer.starts_with("127.0.0.1:"), "{}", answer.peer);
            assert_eq!((answer.connection, answer.request), (connection, request));
        }
    }
    assert_eq!(running.backend.served(), 4);
}

#[tokio::test]
async fn readiness_is_switched_by_post_only() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    let mut sender = connect(running.address).await;
    for (path, status) in [("/readyz/off", StatusCode::SERVICE_UNAVAILABLE), ("/readyz/on", StatusCode::OK)] {
        assert_eq!(send(&mut sender, post(path)).await.status(), StatusCode::OK);
        assert_eq!(send(&mut sender, get("/readyz")).await.status(), status);
        assert_eq!(send(&mut sender, get("/healthz")).await.status(), StatusCode::OK);
    }
    assert_eq!(send(&mut sender, post("/")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn after_the_order_to_stop_it_serves_on_but_is_not_ready_and_closes_kept_connections() {
    let running = start_backend("backend-a", Duration::from_secs(600)).await;
    let mut kept = connect(running.address).await;
    assert!(send(&mut kept, get("/")).await.headers().get(header::CONNECTION).is_none());
    running.backend.begin_ending();

    assert_eq!(send(&mut kept, get("/readyz")).await.headers()[header::CONNECTION], "close");
    let mut new = connect(running.address).await;
    let response = send(&mut new, get("/readyz")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let mut another = connect(running.address).await;
    assert!(text(send(&mut another, get("/")).await).await.contains("says hello"));
}

#[tokio::test]
async fn a_stopped_backend_answers_who_waits_ends_and_is_refused_afterwards() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    // Idle for ever: it must not hold the end up.
    let idle = TcpStream::connect(running.address).await.unwrap();
    // Made, but its request comes after the order to stop.
    let mut late = connect(running.address).await;
    running.stop.send(()).unwrap();
    assert!(text(send(&mut late, get("/")).await).await.contains("says hello"));
    within(running.ended).await.unwrap();
    drop(idle);
    let refused = TcpStream::connect(running.address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_ne!(running.address, nobody().await);
}
