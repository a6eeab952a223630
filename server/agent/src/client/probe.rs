//! One try, and how it failed.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clusterip_domain::probe::{ProbeReport, ProbeSpec, Tool};
use clusterip_domain::traffic::{Answer, ErrorKind};
use tokio::time::{Instant, timeout_at};

use super::sender::authority;
use crate::exchange::{Asked, Failure, Link, on_connect, on_exchange};
use crate::network::{Network, addresses};

/// Tries what `spec` says, which was validated, and tells how it went.
pub async fn run<N: Network>(spec: &ProbeSpec, network: &N) -> ProbeReport {
    let began = Instant::now();
    let deadline = began + Duration::from_millis(spec.timeout_ms.into());
    let report = match timeout_at(deadline, addresses(network, &spec.host)).await {
        Ok(Ok(found)) => {
            let tried = timeout_at(deadline, attempt(spec, network, &found)).await;
            let tried = tried.unwrap_or(Err(Failure::Counted(ErrorKind::Timeout)));
            ProbeReport { addresses: found, ..told(tried) }
        }
        // A name server that does not answer in time is a failure of DNS, not of the address.
        Ok(Err(_)) | Err(_) => ProbeReport::failed(ErrorKind::Dns),
    };
    ProbeReport { took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX), ..report }
}

fn told(tried: Result<Option<Answer>, Failure>) -> ProbeReport {
    match tried {
        Ok(answer) => ProbeReport {
            ok: true,
            error: None,
            pod: answer.map(|answer| answer.pod),
            ..ProbeReport::failed(ErrorKind::NoRoute)
        },
        Err(Failure::Counted(kind)) => ProbeReport::failed(kind),
        Err(Failure::NotSent) => ProbeReport { tried: false, ..ProbeReport::failed(ErrorKind::NoRoute) },
    }
}

/// Who answered, where the tool can tell.
async fn attempt<N: Network>(
    spec: &ProbeSpec,
    network: &N,
    found: &[IpAddr],
) -> Result<Option<Answer>, Failure> {
    let Some(&ip) = found.first() else { return Err(Failure::Counted(ErrorKind::Dns)) };
    let to = SocketAddr::new(ip, spec.port);
    match spec.tool {
        Tool::Dns => Ok(None),
        Tool::Ping => network.ping(ip, 0).await.map(|()| None).map_err(|error| on_connect(&error)),
        Tool::Tcp => network.connect(to).await.map(|_| None).map_err(|error| on_connect(&error)),
        Tool::Http => {
            let dialled = network.connect(to).await.map_err(|error| on_connect(&error))?;
            let counted = |error: hyper::Error| Failure::Counted(on_exchange(&error));
            let mut link = Link::open(dialled).await.map_err(counted)?;
            match link.ask(&authority(&spec.host, spec.port)).await {
                Asked::Answered(answer) => Ok(Some(answer)),
                Asked::Unsent => Err(Failure::Counted(ErrorKind::Reset)),
                Asked::Failed(kind) => Err(Failure::Counted(kind)),
            }
        }
    }
}
