//! What is sent into a pod on an upgraded connection: the first byte says by which protocol, and what for.
#![no_main]

use clusterip_fuzz::Bench;
use libfuzzer_sys::{Corpus, fuzz_target};

const PORTS: &str = "/api/v1/namespaces/default/pods/x/portforward?ports=8080&ports=9";
const EXEC: &str = "/api/v1/namespaces/default/pods/x/exec?command=curl&command=http://127.0.0.1:8080&stdin=true&stdout=true";
const WEB_SOCKET: &str = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                          sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const SPDY: &str = "upgrade: SPDY/3.1\r\n";

/// A method, a target, an upgrade, and the protocol in it: as kubectl and kube-rs ask.
const STREAMS: [(&str, &str, &str, &str); 5] = [
    ("GET", PORTS, WEB_SOCKET, "sec-websocket-protocol: v4.channel.k8s.io\r\n"),
    ("GET", PORTS, WEB_SOCKET, "sec-websocket-protocol: SPDY/3.1+portforward.k8s.io\r\n"),
    ("GET", EXEC, WEB_SOCKET, "sec-websocket-protocol: v5.channel.k8s.io\r\n"),
    ("POST", PORTS, SPDY, "x-stream-protocol-version: portforward.k8s.io\r\n"),
    ("POST", EXEC, SPDY, "x-stream-protocol-version: v4.channel.k8s.io\r\n"),
];

thread_local! {
    static BENCH: Bench = Bench::default();
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((first, bytes)) = input.split_first() else { return Corpus::Reject };
    let (method, target, upgrade, protocol) = STREAMS[usize::from(*first) % STREAMS.len()];
    let headers = format!("{upgrade}{protocol}");
    let upgraded = BENCH.with(|bench| bench.stream(&format!("{method} {target}"), &headers, bytes));
    if upgraded { Corpus::Keep } else { Corpus::Reject }
});
