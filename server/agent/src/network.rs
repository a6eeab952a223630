//! How requests leave: names to addresses, addresses to streams.
//!
//! [`PodNetwork`] is the real thing. Tests and the practice cluster bring their own, so that the same client
//! speaks over in-memory streams.

mod echo;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
use hickory_resolver::system_conf::read_system_conf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

const DNS_PORT: u16 = 53;
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
    /// A name server answered that there is no such name; `false` where none answered.
    pub answered: bool,
}

/// A name that resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The whole name, as a search domain completed it, without a dot at its end.
    pub name: String,
    /// At least one, in the order the name server gave them.
    pub addresses: Vec<IpAddr>,
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

    /// The addresses of a name. `host` is not an address.
    fn resolve(&self, host: &str) -> impl Future<Output = Result<Resolved, NameError>> + Send;

    /// Who is asked for names, where that is known.
    fn name_server(&self) -> Option<SocketAddr> {
        None
    }

    /// Sends one ICMP echo, and waits for its reply for as long as it is let.
    fn ping(&self, to: IpAddr, sequence: u16) -> impl Future<Output = io::Result<()>> + Send {
        let _ = (to, sequence);
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
    }

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
    async fn resolver(&self) -> Result<&TokioResolver, NetError> {
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

    async fn resolve(&self, host: &str) -> Result<Resolved, NameError> {
        let failed = |error: &NetError| NameError {
            host: host.to_owned(),
            reason: error.to_string(),
            answered: error.is_no_records_found(),
        };
        let resolver = self.resolver().await.map_err(|error| failed(&error))?;
        let found = resolver.lookup_ip(host).await.map_err(|error| failed(&error))?;
        let addresses: Vec<IpAddr> = found.iter().collect();
        if addresses.is_empty() {
            let reason = "it has no addresses".to_owned();
            return Err(NameError { host: host.to_owned(), reason, answered: true });
        }
        let name = found.query().name().to_ascii();
        Ok(Resolved { name: name.trim_end_matches('.').to_owned(), addresses })
    }

    fn name_server(&self) -> Option<SocketAddr> {
        let (config, _) = read_system_conf().ok()?;
        config.name_servers().first().map(|server| SocketAddr::new(server.ip, DNS_PORT))
    }

    async fn ping(&self, to: IpAddr, sequence: u16) -> io::Result<()> {
        echo::send(to, sequence).await
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
        Err(_) => Ok(network.resolve(host).await?.addresses),
    }
}
