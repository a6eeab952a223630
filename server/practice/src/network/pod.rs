//! A pod's own view of the network.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use clusterip_agent::network::{Dialled, NameError, Resolved};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::{NAME_SERVER, NAME_TIMEOUT, Network, PodListener, PodStream, errno};

/// Connections that wait to be accepted; more wait to be made. Source: `somaxconn`, of which the agent asks 1024.
const BACKLOG: usize = 1024;

/// The first port that needs no privilege. Source: `ip_unprivileged_port_start`
const UNPRIVILEGED: u16 = 1024;

/// A pod's place in the network: its address is its own, and its listeners are found, until this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    network: Network,
    namespace: Arc<str>,
    ip: Ipv4Addr,
}

impl Sandbox {
    pub(super) fn new(network: Network, namespace: &str, ip: Ipv4Addr) -> Self {
        Self { network, namespace: namespace.into(), ip }
    }

    /// The pod's address.
    #[must_use]
    pub fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// What the pod's processes dial with.
    #[must_use]
    pub fn dialer(&self) -> PodDialer {
        PodDialer { network: self.network.clone(), namespace: Arc::clone(&self.namespace), ip: self.ip }
    }

    /// Listens on an address of the pod: its own, loopback, or both (0.0.0.0).
    ///
    /// # Errors
    /// As a socket has them: the address is none of the pod's (or IPv6), somebody in the pod listens there, or the
    /// port is one of those below 1024, which the image's user may not take (observed on kind).
    pub fn bind(&self, ip: IpAddr, port: u16) -> io::Result<PodListener> {
        let not_ours = || io::Error::from_raw_os_error(errno::EADDRNOTAVAIL);
        let IpAddr::V4(ip) = ip else { return Err(not_ours()) };
        if !(ip.is_unspecified() || ip.is_loopback() || ip == self.ip) {
            return Err(not_ours());
        }
        if port < UNPRIVILEGED {
            return Err(io::Error::from_raw_os_error(errno::EACCES));
        }
        let (arrivals, queue) = mpsc::channel(BACKLOG);
        let address = SocketAddrV4::new(ip, port);
        if !self.network.state().listen(self.ip, address, arrivals) {
            return Err(io::Error::from_raw_os_error(errno::EADDRINUSE));
        }
        Ok(PodListener { queue, state: Arc::clone(&self.network.state), pod: self.ip, address })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let gone = self.network.state().detach(self.ip);
        // Outside the lock: what is dropped here are connections nobody accepted.
        drop(gone);
    }
}

/// How a pod's processes reach others. After the pod's end there is no way anywhere.
#[derive(Debug, Clone)]
pub struct PodDialer {
    network: Network,
    namespace: Arc<str>,
    ip: Ipv4Addr,
}

impl clusterip_agent::network::Network for PodDialer {
    type Stream = PodStream;

    async fn resolve(&self, host: &str) -> Result<Resolved, NameError> {
        if !self.network.may_resolve(self.ip) {
            sleep(NAME_TIMEOUT).await;
            let reason = "request timed out".to_owned();
            return Err(NameError { host: host.to_owned(), reason, answered: false });
        }
        self.network.resolve(&self.namespace, host).ok_or_else(|| NameError {
            host: host.to_owned(),
            reason: "no records found: NXDOMAIN".to_owned(),
            answered: true,
        })
    }

    fn name_server(&self) -> Option<SocketAddr> {
        Some(NAME_SERVER)
    }

    async fn ping(&self, to: IpAddr, _: u16) -> io::Result<()> {
        self.network.ping(self.ip, to).await
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<Dialled<PodStream>> {
        let stream = self.network.dial(self.ip, to).await?;
        let local_port = Some(stream.local_port());
        Ok(Dialled { stream, local_port })
    }
}
