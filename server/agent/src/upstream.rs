//! A backend's own request to another, before it answers.
//!
//! A new connection for each, so that the Service in between chooses anew each time.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clusterip_domain::chain::{DEPTH_HEADER, Hop, UpstreamUrl};
use clusterip_domain::traffic::ErrorKind;
use http_body_util::Empty;
use hyper::{Request, StatusCode, header};
use tokio::time::timeout;

use crate::exchange::{Failure, Link, on_connect, on_exchange, read_answer};
use crate::network::{Network, addresses};

/// How long an upstream may take in all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

type Asking = Pin<Box<dyn Future<Output = Hop> + Send>>;

/// Asks an upstream. Its network is boxed away: a backend is the same type over all of them.
pub(crate) struct Upstream {
    url: UpstreamUrl,
    ask: Box<dyn Fn(u8) -> Asking + Send + Sync>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Upstream {
    /// Reaches `url` through `network`.
    pub(crate) fn new<N: Network>(url: UpstreamUrl, network: N) -> Self {
        let (to, network) = (url.clone(), Arc::new(network));
        let ask = move |depth| -> Asking {
            let (to, network) = (to.clone(), Arc::clone(&network));
            Box::pin(async move {
                let asked = timeout(PATIENCE, ask(&*network, &to, depth)).await;
                asked.unwrap_or_else(|_| failed(&to, None, ErrorKind::Timeout))
            })
        };
        Self { url, ask: Box::new(ask) }
    }

    /// Asks, saying how many backends the request will have come through.
    pub(crate) async fn ask(&self, depth: u8) -> Hop {
        (self.ask)(depth).await
    }
}

fn failed(to: &UpstreamUrl, status: Option<StatusCode>, error: ErrorKind) -> Hop {
    Hop { to: to.clone(), status: status.map(|status| status.as_u16()), error: Some(error), answer: None }
}

async fn ask<N: Network>(network: &N, to: &UpstreamUrl, depth: u8) -> Hop {
    let mut link = match connect(network, to).await {
        Ok(link) => link,
        Err(kind) => return failed(to, None, kind),
    };
    let request = Request::get("/")
        .header(header::HOST, format!("{}:{}", to.host(), to.port()))
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "clusterip-lab")
        .header(DEPTH_HEADER, u16::from(depth))
        .body(Empty::<Bytes>::new());
    // A host of letters, digits, dots and dashes is always a header.
    let Ok(request) = request else { return failed(to, None, ErrorKind::Dns) };
    let response = match link.send(request).await {
        Ok(response) => response,
        Err(error) => return failed(to, None, on_exchange(&error)),
    };
    let status = response.status();
    match read_answer(response).await {
        Ok(answer) => {
            Hop { to: to.clone(), status: Some(status.as_u16()), error: None, answer: Some(Box::new(answer)) }
        }
        Err(kind) => failed(to, Some(status), kind),
    }
}

/// The first of the name's addresses, which the name server shuffles for a headless Service.
async fn connect<N: Network>(network: &N, to: &UpstreamUrl) -> Result<Link, ErrorKind> {
    let found = addresses(network, to.host()).await.map_err(|_| ErrorKind::Dns)?;
    let ip = found.first().ok_or(ErrorKind::Dns)?;
    let counted = |failure| match failure {
        Failure::Counted(kind) => kind,
        // No port or file descriptor is left: the request never came anywhere.
        Failure::NotSent => ErrorKind::NoRoute,
    };
    let dialled = network.connect(SocketAddr::new(*ip, to.port())).await;
    let dialled = dialled.map_err(|error| counted(on_connect(&error)))?;
    Link::open(dialled).await.map_err(|error| on_exchange(&error))
}
