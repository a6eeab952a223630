//! Enough of curl for `kubectl exec client -- curl http://…`: the same options, messages and exit codes for the
//! little it does, and a refusal for all else.
//!
//! Source: <https://curl.se/docs/manpage.html>, "Exit codes".

mod options;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, Uri, Version, header};
use tokio::time::timeout;

use super::Ran;
use crate::exchange::Link;
use crate::network::{Network, addresses};
use options::{Asked, Options};

/// What `curl --version` says first.
pub const VERSION: &str = concat!("clusterip-lab's own small curl ", env!("CARGO_PKG_VERSION"));
/// Where no `--max-time` is given. The real curl would wait for minutes.
pub const DEFAULT_MAX_TIME: Duration = Duration::from_secs(5);

const MAX_BODY_BYTES: usize = 1024 * 1024;

/// An error, with the real curl's exit code and words.
#[derive(Debug)]
struct Fault {
    code: u8,
    message: String,
}

impl Fault {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Runs curl with `arguments`, the name of the program not among them.
pub async fn run<N: Network>(arguments: &[String], network: &N) -> Ran {
    let options = match options::parse(arguments) {
        Ok(Asked::Text(text)) => return Ran { stdout: text.into_bytes(), ..Ran::default() },
        Ok(Asked::Get(options)) => options,
        Err(fault) => return complain(&fault),
    };
    let started = Instant::now();
    let mut stage = Stage::Resolving;
    let fetched = timeout(options.max_time, fetch(&options, network, &mut stage)).await;
    match fetched.unwrap_or_else(|_| Err(stage.timed_out(started.elapsed()))) {
        Ok(stdout) => Ran { stdout, ..Ran::default() },
        Err(fault) if options.quiet => Ran { code: fault.code, ..Ran::default() },
        Err(fault) => complain(&fault),
    }
}

fn complain(fault: &Fault) -> Ran {
    let stderr = format!("curl: ({}) {}\n", fault.code, fault.message);
    Ran { code: fault.code, stderr, ..Ran::default() }
}

/// How far a run has come, for the message when its time is over.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Resolving,
    Connecting,
    Connected,
}

impl Stage {
    fn timed_out(self, after: Duration) -> Fault {
        let ms = after.as_millis();
        Fault::new(
            28,
            match self {
                Self::Resolving => format!("Resolving timed out after {ms} milliseconds"),
                Self::Connecting => format!("Connection timed out after {ms} milliseconds"),
                Self::Connected => {
                    format!("Operation timed out after {ms} milliseconds with 0 bytes received")
                }
            },
        )
    }
}

async fn fetch<N: Network>(options: &Options, network: &N, stage: &mut Stage) -> Result<Vec<u8>, Fault> {
    let (host, port) = (options.host(), options.port());
    let unresolved = |_| Fault::new(6, format!("Could not resolve host: {host}"));
    let found = addresses(network, host).await.map_err(unresolved)?;
    *stage = Stage::Connecting;
    let mut link = connect(network, host, &found, port).await?;
    *stage = Stage::Connected;
    let response = link.send(request(options)?).await.map_err(|error| broken(&error))?;
    if options.fail && response.status().as_u16() >= 400 {
        let status = response.status().as_u16();
        return Err(Fault::new(22, format!("The requested URL returned error: {status}")));
    }
    let mut out = if options.head { head(&response) } else { Vec::new() };
    let body = Limited::new(response.into_body(), MAX_BODY_BYTES).collect().await;
    let body = body.map_err(|error| match error.downcast_ref::<hyper::Error>() {
        Some(error) => broken(error),
        None => Fault::new(63, "Exceeded the maximum allowed file size"),
    })?;
    out.extend_from_slice(&body.to_bytes());
    Ok(out)
}

/// Tries the addresses in order, as curl does; the last failure is told.
async fn connect<N: Network>(
    network: &N,
    host: &str,
    addresses: &[std::net::IpAddr],
    port: u16,
) -> Result<Link, Fault> {
    let started = Instant::now();
    let mut why = io::Error::from(io::ErrorKind::NotFound);
    for &ip in addresses {
        match network.connect(SocketAddr::new(ip, port)).await {
            Ok(dialled) => return Link::open(dialled).await.map_err(|error| broken(&error)),
            Err(error) => why = error,
        }
    }
    if why.kind() == io::ErrorKind::TimedOut {
        return Err(Stage::Connecting.timed_out(started.elapsed()));
    }
    let (ms, why) = (started.elapsed().as_millis(), reason(&why));
    Err(Fault::new(7, format!("Failed to connect to {host} port {port} after {ms} ms: {why}")))
}

/// What the socket said, in the words the kernel's table has for it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "Connection refused".to_owned(),
        io::ErrorKind::HostUnreachable => "No route to host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "Network is unreachable".to_owned(),
        _ => error.to_string(),
    }
}

fn broken(error: &hyper::Error) -> Fault {
    if error.is_parse() {
        Fault::new(8, "Weird server reply")
    } else if error.is_incomplete_message() {
        Fault::new(52, "Empty reply from server")
    } else {
        Fault::new(56, "Recv failure: Connection reset by peer")
    }
}

fn request(options: &Options) -> Result<Request<Empty<Bytes>>, Fault> {
    let path = options.url.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(&options.method)
        .uri(path)
        .header(header::HOST, host_header(&options.url))
        .header(header::USER_AGENT, "clusterip-lab-curl")
        .body(Empty::new())
        .map_err(|_| Fault::new(3, "URL using bad/illegal format or missing URL"))?;
    request.headers_mut().insert(header::ACCEPT, header::HeaderValue::from_static("*/*"));
    for (name, value) in &options.headers {
        request.headers_mut().insert(name, value.clone());
    }
    Ok(request)
}

fn host_header(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn head(response: &Response<Incoming>) -> Vec<u8> {
    let version = if response.version() == Version::HTTP_10 { "1.0" } else { "1.1" };
    let mut head = format!("HTTP/{version} {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

impl Options {
    fn host(&self) -> &str {
        self.url.host().unwrap_or_default()
    }

    fn port(&self) -> u16 {
        self.url.port_u16().unwrap_or(80)
    }
}

/// The method where none is given.
fn default_method(head_only: bool) -> Method {
    if head_only { Method::HEAD } else { Method::GET }
}
