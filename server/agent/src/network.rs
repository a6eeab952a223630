//! How requests leave: names to addresses, addresses to streams.
//!
//! [`PodNetwork`] is the real thing. Tests and the practice cluster bring their own, so that the same client
//! speaks over in-memory streams.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

/// The longest an address is remembered, whatever its TTL, so that a Service made anew is seen soon.
pub const MAX_NAME_AGE: Duration = Duration::from_secs(2);
/// The longest it is remembered that a name does not exist.
pub const MAX_ABSENCE_AGE: Duration = Duration::from_secs(1);

/// A name did not resolve.
#[derive(Debug, thiserror::Error)]
#[error("{host} does not resolve: {reason}")]
pub struct NameError {
    /// The name that was asked for.
    pub host: String,
    /// What the resolver says.
    pub reason: String,
}

/// A connection that was made.
#[derive(Debug)]
pub struct Dialled<S> {
    /// Its bytes.
    pub stream: S,
    /// This side's port.
    pub local_port: Option<u16>,
}

/// A way to reach addresses.
pub trait Network: Send + Sync + 'static {
    /// The bytes of a connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The addresses of a name, at least one, in the order the name server gave them. `host` is not an address.
    fn resolve(&self, host: &str) -> impl Future<Output = Result<Vec<IpAddr>, NameError>> + Send;

    /// Connects. The error is the one the socket gave: its kind is what is counted.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Dialled<Self::Stream>>> + Send;
}

/// The pod's own network, with the name servers and search domains of `/etc/resolv.conf`.
///
/// Names are resolved here and not by libc, whose resolver does not work in a static executable.
#[derive(Debug, Default)]
pub struct PodNetwork {
    resolver: OnceCell<TokioResolver>,
}

impl PodNetwork {
    async fn resolver(&self) -> Result<&TokioResolver, hickory_resolver::net::NetError> {
        self.resolver
            .get_or_try_init(|| async {
                let mut builder = TokioResolver::builder_tokio()?;
                let options = builder.options_mut();
                options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
                options.positive_max_ttl = Some(MAX_NAME_AGE);
                options.negative_max_ttl = Some(MAX_ABSENCE_AGE);
                builder.build()
            })
            .await
    }
}

impl Network for PodNetwork {
    type Stream = TcpStream;

    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        let failed = |reason: String| NameError { host: host.to_owned(), reason };
        let resolver = self.resolver().await.map_err(|error| failed(error.to_string()))?;
        let found = resolver.lookup_ip(host).await.map_err(|error| failed(error.to_string()))?;
        let addresses: Vec<IpAddr> = found.iter().collect();
        if addresses.is_empty() { Err(failed("it has no addresses".to_owned())) } else { Ok(addresses) }
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<Dialled<TcpStream>> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        // Closed with RST: no TIME_WAIT, so about 28,000 ports last for any number of connections.
        stream.set_zero_linger()?;
        let local_port = Some(stream.local_addr()?.port());
        Ok(Dialled { stream, local_port })
    }
}

/// The addresses of `host`, which may be one itself (an IPv6 address with or without its brackets).
///
/// # Errors
/// The name does not resolve.
pub(crate) async fn addresses(network: &impl Network, host: &str) -> Result<Vec<IpAddr>, NameError> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse() {
        Ok(ip) => Ok(vec![ip]),
        Err(_) => network.resolve(host).await,
    }
}
