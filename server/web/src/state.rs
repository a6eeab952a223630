//! What handlers share.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::course::Course;
use crate::startup::{Cluster, Outcome, Startup};

/// The port that a URL need not name.
const HTTP: u16 = 80;

/// Cheap to clone; everything in it is shared.
#[derive(Clone)]
pub struct AppState {
    /// The labs.
    pub course: Course,
    /// How far start-up is.
    pub startup: watch::Receiver<Startup>,
    /// Asks start-up to try again.
    pub retry: Arc<Notify>,
    /// Whether the cluster is simulated: everything that is sent says so.
    pub simulated: bool,
    /// Which `Host` headers are ours.
    pub hosts: Arc<[String]>,
    /// Ends every stream.
    pub stop: CancellationToken,
}

impl AppState {
    /// The cluster, once it answers.
    #[must_use]
    pub fn cluster(&self) -> Option<Arc<Cluster>> {
        match &self.startup.borrow().outcome {
            Outcome::Ready(cluster) => Some(Arc::clone(cluster)),
            Outcome::Opening | Outcome::Failed(_) => None,
        }
    }
}

/// The `Host` headers a server on this address answers to: its own address, and the names of loopback if it is
/// bound there. Anything else is a page that had its name pointed at us (DNS rebinding).
#[must_use]
pub fn own_hosts(address: SocketAddr, more: &[String]) -> Arc<[String]> {
    let port = address.port();
    let mut hosts = vec![address.to_string()];
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
    }
    if port == HTTP {
        // Browsers leave the usual port out.
        let without: Vec<_> =
            hosts.iter().filter_map(|host| host.rsplit_once(':')).map(|(name, _)| name.to_owned()).collect();
        hosts.extend(without);
    }
    hosts.extend(more.iter().cloned());
    hosts.into()
}
