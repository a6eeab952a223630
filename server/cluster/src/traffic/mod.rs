//! Sending load: from the server to the client pod, over the API server's port-forward, and the report back.
//!
//! ```text
//! server ── port-forward ──▶ client pod :9090 ── new connections ──▶ virtual IP ──▶ pods
//!    ◀──────── NDJSON lines ────────┘
//! ```
//!
//! Never the API server's service proxy: it goes straight to a pod and bypasses kube-proxy, so it could not show
//! what a ClusterIP does. When the way to the client breaks (the API server restarts, the client pod is replaced),
//! the rest of the load is started again, with what is left of its bounds.

mod control;
pub mod probe;

use std::time::Duration;

use bytes::{Buf, BytesMut};
use clusterip_domain::ids::Namespace;
use clusterip_domain::traffic::{End, LOAD_PATH, Line, LoadSpec};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use kube::Client;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::tenancy::TenancyError;

/// The longest line taken, in bytes; a batch has a few hundred.
const MAX_LINE: usize = 256 * 1024;
/// The first wait before a broken load is started again.
const FIRST_WAIT: Duration = Duration::from_millis(300);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// What becomes of a load.
#[derive(Debug)]
pub enum Report {
    /// The client says something.
    Line(Line),
    /// The way to the client broke; the load will be started again.
    Interrupted(TrafficError),
    /// The load is over, for good.
    Over,
}

/// Why a load could not be sent or went silent.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// The client pod could not be made.
    #[error("there is no client pod")]
    NoClient(#[source] TenancyError),
    /// The API server did not open the way to the client pod.
    #[error("port-forward to the client pod failed")]
    PortForward(#[source] kube::Error),
    /// The connection through the port-forward broke.
    #[error("the connection to the client pod broke")]
    Broken(#[source] hyper::Error),
    /// The client refused the load.
    #[error("the client pod refused the load: {0}")]
    Refused(String),
    /// The client's report does not parse.
    #[error("the client pod sent a line that is not a report")]
    BadLine(#[source] serde_json::Error),
    /// The client took too long.
    #[error("the client pod did not answer in time")]
    Silent,
    /// The client's report ended before its last line.
    #[error("the client pod's report ended early")]
    EndedEarly,
}

/// Sends a load and reports on it until it is over or `stop` is cancelled. Dropping the future ends the load too:
/// the client stops when its connection closes.
pub async fn send(
    client: Client,
    namespace: Namespace,
    spec: LoadSpec,
    reports: mpsc::Sender<Report>,
    stop: CancellationToken,
) {
    let work = async {
        let began = Instant::now();
        let (mut sent, mut wait) = (0, FIRST_WAIT);
        while let Some(rest) = remaining(&spec, began.elapsed(), sent) {
            match attempt(&client, &namespace, &rest, &reports, &mut sent).await {
                Ok(()) => break,
                Err(TrafficError::Refused(why)) => {
                    tracing::warn!(%why, "the client pod refused a load that was checked before");
                    break;
                }
                Err(error) => {
                    tracing::info!(%error, source = ?std::error::Error::source(&error), "load interrupted");
                    if reports.send(Report::Interrupted(error)).await.is_err() {
                        return;
                    }
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    };
    stop.run_until_cancelled(work).await;
    // The receiver may be gone with its run: then nobody is left to be told.
    let _ = reports.send(Report::Over).await;
}

/// What is left of a load's bounds; `None` when nothing is.
fn remaining(spec: &LoadSpec, elapsed: Duration, sent: u64) -> Option<LoadSpec> {
    let seconds = spec.max_seconds.checked_sub(u32::try_from(elapsed.as_secs()).ok()?).filter(|s| *s > 0)?;
    let requests = spec.max_requests.checked_sub(sent).filter(|r| *r > 0)?;
    Some(LoadSpec { max_seconds: seconds, max_requests: requests, ..spec.clone() })
}

async fn attempt(
    client: &Client,
    namespace: &Namespace,
    spec: &LoadSpec,
    reports: &mpsc::Sender<Report>,
    sent: &mut u64,
) -> Result<(), TrafficError> {
    control::post(client, namespace, (LOAD_PATH, spec), async |response| read(response, reports, sent).await)
        .await
}

async fn read(
    response: Response<Incoming>,
    reports: &mpsc::Sender<Report>,
    sent: &mut u64,
) -> Result<(), TrafficError> {
    let accepted = response.status().is_success();
    let mut body = response.into_body();
    let mut pending = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(TrafficError::Broken)?;
        pending.extend_from_slice(frame.data_ref().map_or(&[], |d| d.chunk()));
        if !accepted || pending.len() > MAX_LINE {
            return Err(TrafficError::Refused(String::from_utf8_lossy(&pending).chars().take(300).collect()));
        }
        while let Some(end) = pending.iter().position(|b| *b == b'\n') {
            let line = pending.split_to(end + 1);
            let line: Line = serde_json::from_slice(&line).map_err(TrafficError::BadLine)?;
            if let Line::Batch(batch) = &line {
                *sent += batch.backends.iter().map(|b| b.count).sum::<u64>();
                *sent += batch.errors.iter().map(|e| e.count).sum::<u64>();
            }
            // A client pod that is told to stop says so: the load goes on with the next one.
            if matches!(line, Line::Finished { end: End::Shutdown, .. }) {
                return Err(TrafficError::EndedEarly);
            }
            let finished = matches!(line, Line::Finished { .. });
            if reports.send(Report::Line(line)).await.is_err() || finished {
                return Ok(());
            }
        }
    }
    Err(TrafficError::EndedEarly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clusterip_domain::traffic::Connections;

    #[test]
    fn a_load_that_was_interrupted_keeps_its_bounds() {
        let spec = LoadSpec {
            host: "10.96.0.9".into(),
            port: 80,
            connections: Connections::NewPerRequest,
            rate_per_second: 10,
            max_requests: 100,
            max_seconds: 30,
            timeout_ms: 1000,
        };
        let rest = remaining(&spec, Duration::from_secs(10), 40).unwrap();
        assert_eq!((rest.max_seconds, rest.max_requests), (20, 60));
        assert!(remaining(&spec, Duration::from_secs(30), 40).is_none());
        assert!(remaining(&spec, Duration::from_secs(1), 100).is_none());
    }
}
