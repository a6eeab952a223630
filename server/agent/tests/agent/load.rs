//! What a load counts, against what really happened.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Spread, loopback, nobody, run_to_end, spec, start_backend, within};
use clusterip_agent::client::{MAX_IN_FLIGHT, run_load};
use clusterip_agent::network::{Dialled, NameError, Network, Resolved};
use clusterip_domain::traffic::{BATCHES_PER_SECOND, Connections, End, ErrorKind, Line, LoadSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[tokio::test]
async fn each_backend_is_counted_exactly_as_often_as_it_served() {
    let backends = [
        start_backend("backend-a", Duration::ZERO).await,
        start_backend("backend-b", Duration::ZERO).await,
        start_backend("backend-c", Duration::ZERO).await,
    ];
    let told = run_to_end(spec(100), Spread::over(backends.iter().map(|running| running.address))).await;
    for (pod, running) in ["backend-a", "backend-b", "backend-c"].into_iter().zip(&backends) {
        assert_eq!(told.answers_of(pod), running.backend.served(), "{pod}");
        assert!(running.backend.served() >= 33);
    }
    assert_eq!((told.sent, told.end), (100, Some(End::Requests)));
    let last = told.batches.last().unwrap();
    assert!(last.latency.p50_us > 0 && last.latency.p50_us <= last.latency.max_us);
    assert!(last.samples.iter().all(|sample| sample.local_port.is_some()));
}

#[tokio::test]
async fn a_new_connection_for_each_request_is_a_new_number_for_each() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    let told = run_to_end(spec(50), Spread::over([running.address])).await;
    assert_eq!(told.answers_of("backend-a"), 50);
    assert_eq!(next_connection(running.address).await, 51);
}

#[tokio::test]
async fn kept_connections_stick_to_their_backends() {
    let names = ["backend-a", "backend-b", "backend-c"];
    let mut backends = Vec::new();
    for name in names {
        backends.push(start_backend(name, Duration::ZERO).await);
    }
    let kept = LoadSpec { connections: Connections::KeepAlive { connections: 2 }, ..spec(60) };
    let told = run_to_end(kept, Spread::over(backends.iter().map(|running| running.address))).await;
    assert_eq!(names.map(|name| told.answers_of(name)), [30, 30, 0]);
    assert_eq!(next_connection(backends[0].address).await, 2);
    let ports: HashSet<_> =
        told.batches.iter().flat_map(|batch| &batch.samples).map(|sample| sample.local_port).collect();
    assert_eq!(ports.len(), 2);
}

/// The number that the next connection to a backend gets.
async fn next_connection(address: SocketAddr) -> u64 {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: b\r\naccept: application/json\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut response = String::new();
    within(stream.read_to_string(&mut response)).await.unwrap();
    let answer: clusterip_domain::traffic::Answer =
        serde_json::from_str(response.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    answer.connection
}

#[tokio::test]
async fn a_kept_connection_is_made_anew_when_its_backend_ends_and_no_request_is_lost() {
    let first = start_backend("backend-a", Duration::from_secs(600)).await;
    let second = start_backend("backend-b", Duration::ZERO).await;
    let kept = LoadSpec { connections: Connections::KeepAlive { connections: 1 }, ..spec(200) };
    let network = Spread::over([first.address, second.address]);
    let (lines, mut report) = mpsc::channel(4);
    tokio::spawn(run_load("client".into(), kept, Arc::new(network), std::future::pending(), lines));
    let mut told = crate::support::Told::default();
    within(async {
        while let Some(line) = report.recv().await {
            told.read(line);
            if told.answers_of("backend-a") > 0 {
                first.backend.begin_ending();
            }
        }
    })
    .await;
    assert!(told.answers_of("backend-b") > 0);
    assert_eq!(told.answers_of("backend-a") + told.answers_of("backend-b"), 200);
}

#[tokio::test]
async fn an_address_where_nothing_listens_refuses() {
    let told = run_to_end(spec(20), Spread::over([nobody().await])).await;
    assert_eq!((told.errors(ErrorKind::Refused), told.sent), (20, 20));
    assert!(told.batches[0].samples.iter().any(|sample| sample.error == Some(ErrorKind::Refused)));
}

#[tokio::test]
async fn a_listener_that_never_answers_times_out_from_the_intended_start() {
    let (_silent, address) = loopback().await;
    let told = run_to_end(LoadSpec { timeout_ms: 50, ..spec(5) }, Spread::over([address])).await;
    assert_eq!((told.errors(ErrorKind::Timeout), told.sent), (5, 5));
    let samples = told.batches.iter().flat_map(|batch| &batch.samples);
    assert!(samples.clone().all(|sample| sample.latency_us >= 50_000 && sample.local_port.is_some()));
}

#[tokio::test]
async fn a_connection_broken_before_its_answer_is_a_reset() {
    for connections in [Connections::NewPerRequest, Connections::KeepAlive { connections: 3 }] {
        let (listener, address) = loopback().await;
        tokio::spawn(break_every_connection(listener));
        let told = run_to_end(LoadSpec { connections, ..spec(20) }, Spread::over([address])).await;
        assert_eq!((told.errors(ErrorKind::Reset), told.sent), (20, 20));
    }
}

async fn break_every_connection(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_zero_linger().unwrap();
        // Something of the request was read: it was sent.
        drop(stream.read_u8().await);
    }
}

#[tokio::test]
async fn an_answer_of_something_else_is_a_bad_answer() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
    ];
    for said in answers {
        let (listener, address) = loopback().await;
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                drop(stream.read_u8().await);
                drop(stream.write_all(said.as_bytes()).await);
            }
        });
        let told = run_to_end(spec(3), Spread::over([address])).await;
        assert_eq!(told.errors(ErrorKind::BadAnswer), 3, "{said}");
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_failure_of_dns() {
    let named = LoadSpec { host: "backend.lab".into(), ..spec(3) };
    let told = run_to_end(named, Spread::over([nobody().await])).await;
    assert_eq!((told.errors(ErrorKind::Dns), told.sent), (3, 3));
}

/// Nothing but an error number.
struct Errno(i32);

impl Network for Errno {
    type Stream = tokio::net::TcpStream;

    async fn resolve(&self, host: &str) -> Result<Resolved, NameError> {
        Ok(Resolved { name: host.to_owned(), addresses: vec![IpAddr::from([10, 96, 0, 1])] })
    }

    async fn connect(&self, _: SocketAddr) -> io::Result<Dialled<Self::Stream>> {
        Err(io::Error::from_raw_os_error(self.0))
    }
}

#[tokio::test]
async fn an_address_without_a_route_is_no_route() {
    let told = run_to_end(spec(3), Errno(113)).await;
    assert_eq!(told.errors(ErrorKind::NoRoute), 3);
}

#[tokio::test(start_paused = true)]
async fn requests_that_find_no_port_are_not_sent() {
    let told = run_to_end(LoadSpec { rate_per_second: 10, max_seconds: 1, ..spec(1000) }, Errno(99)).await;
    assert_eq!((told.not_sent(), told.sent, told.end), (10, 0, Some(End::Time)));
}

/// Connects never come to an end.
#[derive(Default)]
struct Abyss {
    tried: Arc<AtomicUsize>,
}

impl Network for Abyss {
    type Stream = tokio::net::TcpStream;

    async fn resolve(&self, _: &str) -> Result<Resolved, NameError> {
        std::future::pending().await
    }

    async fn connect(&self, _: SocketAddr) -> io::Result<Dialled<Self::Stream>> {
        self.tried.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_is_open_loop_and_bounded_in_flight() {
    let abyss = Abyss::default();
    let tried = Arc::clone(&abyss.tried);
    let load = LoadSpec { rate_per_second: 100, max_seconds: 1, timeout_ms: 10_000, ..spec(1000) };
    let told = run_to_end(load, abyss).await;
    assert_eq!(tried.load(Ordering::SeqCst), MAX_IN_FLIGHT);
    assert_eq!(told.errors(ErrorKind::Timeout), MAX_IN_FLIGHT as u64);
    assert_eq!(told.not_sent(), 100 - MAX_IN_FLIGHT as u64);
    assert_eq!(told.end, Some(End::Time));
}

#[tokio::test(start_paused = true)]
async fn a_name_server_that_never_answers_is_a_failure_of_dns() {
    let named = LoadSpec { host: "backend".into(), timeout_ms: 100, ..spec(3) };
    assert_eq!(run_to_end(named, Abyss::default()).await.errors(ErrorKind::Dns), 3);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_load_still_beats_once_a_second() {
    let load = LoadSpec { timeout_ms: 10_000, ..spec(1) };
    let told = run_to_end(load, Abyss::default()).await;
    let times: Vec<u64> = told.batches.iter().map(|batch| batch.at_ms).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 1000), "{times:?}");
    assert!((10..=12).contains(&times.len()), "{times:?}");
    assert_eq!(told.batches[0].in_flight, 1);
}

#[tokio::test(start_paused = true)]
async fn batches_come_at_most_ten_times_a_second_and_a_slow_reader_holds_nothing_back() {
    let told = run_to_end(spec(4000), Errno(111)).await;
    assert_eq!(told.sent, 4000);
    assert!(told.batches.len() <= 10 * BATCHES_PER_SECOND as usize + 2, "{}", told.batches.len());

    let (lines, mut report) = mpsc::channel(1);
    let load =
        tokio::spawn(run_load("c".into(), spec(4000), Arc::new(Errno(111)), std::future::pending(), lines));
    let mut told = crate::support::Told::default();
    while let Some(line) = report.recv().await {
        told.read(line);
        // A reader of a line every three seconds; the clock is paused, so this takes no time.
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    load.await.unwrap();
    assert_eq!((told.sent, told.errors(ErrorKind::Refused)), (4000, 4000));
    assert!(told.batches.len() < 10, "{}", told.batches.len());
}

#[tokio::test]
async fn the_first_line_says_who_sends_and_how_sockets_close() {
    let (lines, mut report) = mpsc::channel(4);
    tokio::spawn(run_load("client-x".into(), spec(1), Arc::new(Errno(111)), std::future::pending(), lines));
    let first = within(report.recv()).await.unwrap();
    assert_eq!(first, Line::Started { client: "client-x".into(), close: "rst".into() });
}
