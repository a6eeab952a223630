//! The control port: what it refuses, and when a load ends before its bounds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{
    Lines, RunningBackend, Spread, connect, loopback, send, spec, start_backend, text, within,
};
use bytes::Bytes;
use clusterip_agent::client::{self, Client};
use clusterip_domain::traffic::{End, LOAD_PATH, Line, LoadSpec};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, header};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Control {
    client: Arc<Client<Spread>>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    _backend: RunningBackend,
}

async fn control() -> Control {
    let backend = start_backend("backend-a", Duration::ZERO).await;
    let client = Arc::new(Client::new("client-a".into(), Spread::over([backend.address])));
    let (listener, address) = loopback().await;
    let (stop, told) = oneshot::channel();
    let ended = tokio::spawn(client::run(Arc::clone(&client), listener, async { drop(told.await) }));
    Control { client, address, stop, ended, _backend: backend }
}

fn endless() -> LoadSpec {
    LoadSpec { rate_per_second: 50, max_seconds: 3600, ..spec(1_000_000) }
}

impl Control {
    async fn post(&self, body: impl Into<Bytes>) -> Response<Incoming> {
        let request = Request::post(LOAD_PATH).header(header::HOST, "client");
        let mut sender = connect(self.address).await;
        send(&mut sender, request.body(Full::new(body.into())).unwrap()).await
    }

    async fn load(&self, spec: &LoadSpec) -> Lines {
        Lines::of(self.post(serde_json::to_vec(spec).unwrap()).await)
    }

    async fn running(&self, loads: usize) {
        let mut running = self.client.running();
        within(running.wait_for(|running| *running == loads)).await.unwrap();
    }
}

async fn last(mut lines: Lines) -> Option<Line> {
    let mut last = None;
    while let Some(line) = lines.next().await {
        last = Some(line);
    }
    last
}

#[tokio::test]
async fn a_load_is_reported_line_by_line() {
    let control = control().await;
    let mut lines = control.load(&spec(20)).await;
    assert!(matches!(lines.next().await, Some(Line::Started { client, .. }) if client == "client-a"));
    assert!(matches!(lines.next().await, Some(Line::Batch(_))));
    assert_eq!(last(lines).await, Some(Line::Finished { end: End::Requests, sent: 20 }));
}

#[tokio::test]
async fn what_is_no_bounded_load_is_refused_with_a_code() {
    let control = control().await;
    let unbounded = serde_json::to_vec(&LoadSpec { rate_per_second: 100_000, ..spec(1) }).unwrap();
    let table: [(Vec<u8>, &str); 4] = [
        (unbounded, "load_out_of_bounds"),
        (b"{".to_vec(), "load_malformed"),
        (br#"{"host":"a","unknown":1}"#.to_vec(), "load_malformed"),
        (vec![b' '; 20_000], "load_unreadable"),
    ];
    for (body, code) in table {
        let response = control.post(body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(body["code"], code);
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    }
    assert_eq!(*control.client.running().borrow(), 0);
}

#[tokio::test]
async fn a_newer_load_takes_the_place_of_the_older() {
    let control = control().await;
    let mut older = control.load(&endless()).await;
    assert!(matches!(older.next().await, Some(Line::Started { .. })));
    let mut newer = control.load(&endless()).await;
    assert!(matches!(newer.next().await, Some(Line::Started { .. })));
    assert!(matches!(last(older).await, Some(Line::Finished { end: End::Replaced, .. })));
    control.running(1).await;
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_its_load() {
    let control = control().await;
    let mut lines = control.load(&endless()).await;
    assert!(matches!(lines.next().await, Some(Line::Started { .. })));
    control.running(1).await;
    drop(lines);
    control.running(0).await;
}

#[tokio::test]
async fn a_client_told_to_stop_says_so_to_its_readers_and_ends() {
    let control = control().await;
    let mut lines = control.load(&endless()).await;
    assert!(matches!(lines.next().await, Some(Line::Started { .. })));
    control.stop.send(()).unwrap();
    assert!(matches!(last(lines).await, Some(Line::Finished { end: End::Shutdown, .. })));
    within(control.ended).await.unwrap();
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let control = control().await;
    let mut sender = connect(control.address).await;
    for (path, status) in [
        (LOAD_PATH, StatusCode::METHOD_NOT_ALLOWED),
        ("/x", StatusCode::NOT_FOUND),
        ("/healthz", StatusCode::OK),
    ] {
        let request = Request::get(path).header(header::HOST, "client").body(Full::default()).unwrap();
        let response = send(&mut sender, request).await;
        assert_eq!(response.status(), status, "{path}");
        text(response).await;
    }
}
