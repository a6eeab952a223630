//! What the client pod is told to send, and what it reports: the wire between server and agent.
//!
//! The server posts a [`LoadSpec`] to the client's control port over the API server's port-forward; the answer
//! is NDJSON, one [`Line`] a line, at most [`BATCHES_PER_SECOND`] a second, ending with [`Line::Finished`].
//! Closing the connection ends the load. A backend answers every request with an [`Answer`].

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::chain::{Hop, HopCount, SampleHop};

/// Where the client pod listens for the server, on its own loopback only, so that no other pod can command it.
pub const CONTROL_PORT: u16 = 9090;
/// The path that takes a [`LoadSpec`].
pub const LOAD_PATH: &str = "/v1/load";
/// Batches are reported at most this often.
pub const BATCHES_PER_SECOND: u32 = 10;
/// The most requests a client sends in a second.
pub const MAX_RATE_PER_SECOND: u32 = 400;
/// The most requests of one load.
pub const MAX_REQUESTS: u64 = 1_000_000;
/// The longest load, in seconds.
pub const MAX_SECONDS: u32 = 3600;
/// The most connections a keep-alive load holds open.
pub const MAX_KEEP_ALIVE_CONNECTIONS: u16 = 16;
/// The most sampled requests in one batch.
pub const MAX_SAMPLES: usize = 8;

/// Whether requests share connections. kube-proxy chooses a pod once per *connection*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "mode")]
pub enum Connections {
    /// A new TCP connection for each request: each is spread anew.
    NewPerRequest,
    /// This many connections, kept open and used in turn: each sticks to its pod.
    KeepAlive {
        /// How many, 1 to [`MAX_KEEP_ALIVE_CONNECTIONS`].
        connections: u16,
    },
}

/// A bounded load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadSpec {
    /// A virtual IP, a pod IP or a DNS name.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// How requests share connections.
    pub connections: Connections,
    /// Requests a second, open loop: 1 to [`MAX_RATE_PER_SECOND`].
    pub rate_per_second: u32,
    /// Stop after this many requests: 1 to [`MAX_REQUESTS`].
    pub max_requests: u64,
    /// Stop after this many seconds: 1 to [`MAX_SECONDS`].
    pub max_seconds: u32,
    /// Give up on a request after this many milliseconds from its intended start: 1 to 60,000.
    pub timeout_ms: u32,
}

/// Which bound of a [`LoadSpec`] does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {given}: it must be from {min} to {max}")]
pub struct LoadOutOfBounds {
    /// The field, as it is spelled in JSON.
    pub field: &'static str,
    /// What was asked for.
    pub given: u64,
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

impl LoadSpec {
    /// Checks every bound.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn validate(&self) -> Result<(), LoadOutOfBounds> {
        let connections = match self.connections {
            Connections::NewPerRequest => 1,
            Connections::KeepAlive { connections } => u64::from(connections),
        };
        let bounds: [(&'static str, u64, u64); 7] = [
            ("host length", self.host.len() as u64, 253),
            ("port", u64::from(self.port), u64::from(u16::MAX)),
            ("connections", connections, u64::from(MAX_KEEP_ALIVE_CONNECTIONS)),
            ("ratePerSecond", u64::from(self.rate_per_second), u64::from(MAX_RATE_PER_SECOND)),
            ("maxRequests", self.max_requests, MAX_REQUESTS),
            ("maxSeconds", u64::from(self.max_seconds), u64::from(MAX_SECONDS)),
            ("timeoutMs", u64::from(self.timeout_ms), 60_000),
        ];
        match bounds.into_iter().find(|(_, given, max)| !(1..=*max).contains(given)) {
            Some((field, given, max)) => Err(LoadOutOfBounds { field, given, min: 1, max }),
            None => Ok(()),
        }
    }
}

/// How a request failed, as the client's own socket saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// `ECONNREFUSED`: the address answered that nothing takes the connection (a Service without endpoints
    /// under kube-proxy, or a pod where nothing listens on the port).
    Refused,
    /// No answer within the time allowed (an address nobody owns any more, a packet dropped).
    Timeout,
    /// The connection broke after it was made (`ECONNRESET`, `EPIPE`, an early end).
    Reset,
    /// `EHOSTUNREACH` or `ENETUNREACH`: there is no way to the address (a pod IP whose pod is gone).
    NoRoute,
    /// The name does not resolve.
    Dns,
    /// An answer that is not the lab backend's.
    BadAnswer,
}

/// What a backend says of itself in every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Pod name, from the downward API, or the host name where that is not set.
    pub pod: String,
    /// Pod IP: the local address of the connection.
    pub ip: IpAddr,
    /// Node name, from the downward API; empty where it is not set.
    #[serde(default)]
    pub node: String,
    /// `v1`, `v2`: the image's version.
    pub version: String,
    /// The peer address the backend saw.
    pub peer: String,
    /// Number of this connection since the backend started, from 1.
    pub connection: u64,
    /// Number of this request on its connection, from 1.
    pub request: u64,
    /// What it got from its own upstream, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Hop>,
}

/// Answers of one backend in one batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendCount {
    /// Pod name, as the backend answered it.
    pub pod: String,
    /// Pod IP, as the backend answered it.
    pub ip: IpAddr,
    /// Version, as the backend answered it.
    pub version: String,
    /// Answers in this batch.
    pub count: u64,
}

/// Failures of one kind in one batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorCount {
    /// How they failed.
    pub kind: ErrorKind,
    /// Failures in this batch.
    pub count: u64,
}

/// One real request, picked for the picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// The client's local port: with the node's conntrack table it names the very connection. `None` where no
    /// socket was made.
    #[serde(default)]
    pub local_port: Option<u16>,
    /// Who answered, if anyone.
    #[serde(default)]
    pub pod: Option<String>,
    /// How it failed, if it did.
    #[serde(default)]
    pub error: Option<ErrorKind>,
    /// From the *intended* start to the end, in microseconds.
    pub latency_us: u64,
    /// How it went on, where the backend asked an upstream.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<SampleHop>,
}

/// Latency of the answered requests of the load so far, from their intended starts, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Median.
    pub p50_us: u64,
    /// 90th percentile.
    pub p90_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// The slowest.
    pub max_us: u64,
}

/// What happened since the batch before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// Milliseconds since the load began.
    pub at_ms: u64,
    /// Answers by backend, sorted by pod name.
    pub backends: Vec<BackendCount>,
    /// Failures by kind, sorted.
    pub errors: Vec<ErrorCount>,
    /// Whole-load latency so far; zero until something was answered.
    pub latency: Latency,
    /// At most [`MAX_SAMPLES`].
    pub samples: Vec<Sample>,
    /// Requests in flight when the batch was cut.
    pub in_flight: u64,
    /// Requests that were due but not sent, because too many were in flight already.
    pub not_sent: u64,
    /// What became of the answered requests further on, where backends asked an upstream; sorted by hop and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<HopCount>,
}

/// Why a load ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// All requests were sent and settled.
    Requests,
    /// Its time was over.
    Time,
    /// A newer load took its place.
    Replaced,
    /// The pod was told to stop.
    Shutdown,
}

/// One NDJSON line of a load's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Line {
    /// The load was accepted.
    Started {
        /// The client pod's name.
        client: String,
        /// How sockets are closed, so that ports do not run out (`rst`: linger 0, no TIME_WAIT).
        close: String,
    },
    /// Something happened.
    Batch(Batch),
    /// Nothing more will come.
    Finished {
        /// Why.
        end: End,
        /// Requests sent in all: answered and failed.
        sent: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> LoadSpec {
        LoadSpec {
            host: "10.96.0.10".into(),
            port: 80,
            connections: Connections::NewPerRequest,
            rate_per_second: 100,
            max_requests: 3000,
            max_seconds: 60,
            timeout_ms: 1000,
        }
    }

    #[test]
    fn every_bound_is_checked() {
        assert_eq!(spec().validate(), Ok(()));
        let bad: [(&str, LoadSpec); 7] = [
            ("host length", LoadSpec { host: String::new(), ..spec() }),
            ("port", LoadSpec { port: 0, ..spec() }),
            ("connections", LoadSpec { connections: Connections::KeepAlive { connections: 0 }, ..spec() }),
            ("ratePerSecond", LoadSpec { rate_per_second: MAX_RATE_PER_SECOND + 1, ..spec() }),
            ("maxRequests", LoadSpec { max_requests: 0, ..spec() }),
            ("maxSeconds", LoadSpec { max_seconds: MAX_SECONDS + 1, ..spec() }),
            ("timeoutMs", LoadSpec { timeout_ms: 0, ..spec() }),
        ];
        for (field, spec) in bad {
            assert_eq!(spec.validate().unwrap_err().field, field);
        }
    }

    #[test]
    fn the_wire_format_is_stable() {
        insta::assert_json_snapshot!(spec());
        insta::assert_json_snapshot!(Line::Batch(Batch {
            at_ms: 100,
            errors: vec![ErrorCount { kind: ErrorKind::NoRoute, count: 2 }],
            ..Batch::default()
        }));
    }
}
