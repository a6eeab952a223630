//! The HTTP requests that the kubelet makes, for a probe or a hook.
//!
//! Source: `NewRequestForHTTPGetAction` in `k8s.io/kubernetes/pkg/probe/http`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::network::Network;

/// An `httpGet` action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpGet {
    secure: bool,
    /// Instead of the pod's IP.
    host: Option<String>,
    port: u16,
    path: String,
    headers: Vec<(String, String)>,
}

/// Why there was no answer, as Go words it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    /// No connection.
    #[error("{0}")]
    Dial(String),
    /// None of the lab's programs speaks TLS.
    #[error("http: server gave HTTP response to HTTPS client")]
    NoTls,
    /// The connection ended.
    #[error("EOF")]
    Broken,
    /// It could not be asked.
    #[error("{0}")]
    Malformed(String),
}

impl HttpGet {
    /// An action of a container.
    ///
    /// # Errors
    /// There is no such port.
    pub(super) fn read(container: &Value, action: &Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let path = text(&action["path"]).unwrap_or_default();
        let headers = action["httpHeaders"].as_array().into_iter().flatten();
        let header =
            |header: &Value| Some((text(&header["name"])?, text(&header["value"]).unwrap_or_default()));
        Ok(Self {
            secure: action["scheme"] == "HTTPS",
            host: text(&action["host"]),
            port: port(container, action)?,
            path: if path.starts_with('/') { path } else { format!("/{path}") },
            headers: headers.filter_map(header).collect(),
        })
    }

    /// The same without TLS, if it was to be asked with it.
    pub(super) fn without_tls(&self) -> Self {
        Self { secure: false, ..self.clone() }
    }

    /// `host:port`, where the pod has this IP.
    fn authority(&self, pod: Ipv4Addr) -> String {
        let host = self.host.clone().unwrap_or_else(|| pod.to_string());
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }

    /// An error about it, as Go's client words it.
    pub(super) fn complain(&self, pod: Ipv4Addr, why: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("Get \"{scheme}://{}{}\": {why}", self.authority(pod), self.path)
    }

    /// Asks from the node; the status code. `agent` is what the kubelet calls itself.
    ///
    /// # Errors
    /// There was no answer.
    pub(super) async fn ask(&self, network: &Network, pod: Ipv4Addr, agent: &str) -> Result<u16, Unanswered> {
        let host = self.host.as_deref();
        let ip: IpAddr = match host {
            None => pod.into(),
            // The node's own name server knows no names of the cluster.
            Some(host) => host
                .parse()
                .map_err(|_| Unanswered::Dial(format!("dial tcp: lookup {host}: no such host")))?,
        };
        let address = SocketAddr::from((ip, self.port));
        let stream = network.connect_from_node(address).await;
        let stream = stream.map_err(|error| Unanswered::Dial(refused(address, &error)))?;
        if self.secure {
            return Err(Unanswered::NoTls);
        }
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Unanswered::Broken)?;
        let request = self.request(pod, agent)?;
        // Joined, not raced: in memory, the answer and the end of its connection come in the same moment.
        let answer = async move { sender.send_request(request).await.map(|answer| answer.status().as_u16()) };
        let (answer, _) = tokio::join!(answer, connection);
        answer.map_err(|_| Unanswered::Broken)
    }

    fn request(&self, pod: Ipv4Addr, agent: &str) -> Result<Request<Empty<Bytes>>, Unanswered> {
        let given = |name: &header::HeaderName| {
            self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name.as_str()))
        };
        let own = [
            (header::HOST, self.authority(pod)),
            (header::USER_AGENT, agent.to_owned()),
            (header::ACCEPT, "*/*".to_owned()),
        ];
        let mut request = Request::get(&self.path).header(header::CONNECTION, "close");
        for (name, value) in own.into_iter().filter(|(name, _)| !given(name)) {
            request = request.header(name, value);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Empty::new()).map_err(|error| Unanswered::Malformed(error.to_string()))
    }
}

/// The port of an action: a number, or the name of one of the container's ports.
///
/// # Errors
/// There is no such port. In Go's words: what is no name may be a number in quotes.
pub(super) fn port(container: &Value, action: &Value) -> Result<u16, String> {
    let number = match &action["port"] {
        Value::String(name) => named_port(container, name)
            .or_else(|| name.parse().ok())
            .ok_or_else(|| format!("strconv.Atoi: parsing \"{name}\": invalid syntax"))?,
        number => number.as_u64().unwrap_or_default(),
    };
    u16::try_from(number)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("invalid port number: {number}"))
}

fn named_port(container: &Value, name: &str) -> Option<u64> {
    let port = container["ports"].as_array()?.iter().find(|port| port["name"] == name)?;
    port["containerPort"].as_u64()
}

/// A failed connect, as Go words it.
pub(super) fn refused(address: SocketAddr, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::TimedOut => "connection timed out",
        _ => "no route to host",
    };
    format!("dial tcp {address}: connect: {why}")
}
