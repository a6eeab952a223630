//! One question asked of the network: from the client pod, from outside, or of a pod on its own loopback.
//!
//! Each is one try of a few seconds at most. From outside nothing is dialled but the address it is given, which the
//! caller takes from a Service; a pod is asked on its own loopback by the API server's port-forward, which reaches
//! what listens on 127.0.0.1 only.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use clusterip_domain::ids::Namespace;
use clusterip_domain::probe::{PROBE_MS, PROBE_PATH, ProbeReport, ProbeSpec, Tool};
use clusterip_domain::traffic::{Answer, ErrorKind};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{TrafficError, control};

/// How long the way to the client pod may take, beside the probe itself.
const WAY: Duration = Duration::from_secs(3);
/// The longest report and the longest answer, in bytes.
const MAX_BODY: usize = 8 * 1024;

/// Has the client pod try it.
///
/// # Errors
/// There is no way to the client pod, or it refused: another probe is under way.
pub async fn from_client(
    client: &Client,
    namespace: &Namespace,
    spec: &ProbeSpec,
) -> Result<ProbeReport, TrafficError> {
    let asked = control::post(client, namespace, (PROBE_PATH, spec), async |response| {
        let accepted = response.status().is_success();
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
        let body = body.map_err(|_| TrafficError::EndedEarly)?.to_bytes();
        if !accepted {
            return Err(TrafficError::Refused(String::from_utf8_lossy(&body).into_owned()));
        }
        serde_json::from_slice(&body).map_err(TrafficError::BadLine)
    });
    let patience = Duration::from_millis(spec.timeout_ms.into()) + WAY;
    timeout(patience, asked).await.unwrap_or(Err(TrafficError::Silent))
}

/// Tries an address from this very process.
pub async fn from_outside(tool: Tool, to: SocketAddr) -> ProbeReport {
    let began = Instant::now();
    let tried = timeout(Duration::from_millis(PROBE_MS.into()), async {
        let stream = TcpStream::connect(to).await.map_err(|error| kind(&error))?;
        match tool {
            Tool::Http => ask(stream, &to.to_string()).await.map(Some),
            Tool::Tcp | Tool::Dns | Tool::Ping => Ok(None),
        }
    });
    let tried = tried.await.unwrap_or(Err(ErrorKind::Timeout));
    ProbeReport { addresses: vec![to.ip()], ..report(tried, began) }
}

/// Looks a name up as this very process does: with the machine's own name servers.
pub async fn name_from_outside(name: &str) -> ProbeReport {
    let began = Instant::now();
    let patience = Duration::from_millis(PROBE_MS.into());
    let mut addresses = match timeout(patience, tokio::net::lookup_host((name, 0))).await {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    addresses.dedup();
    let found = if addresses.is_empty() { Err(ErrorKind::Dns) } else { Ok(None) };
    ProbeReport { addresses, ..report(found, began) }
}

/// Asks a pod on its own loopback.
///
/// # Errors
/// The API server opens no way to the pod.
pub async fn itself(
    client: &Client,
    namespace: &Namespace,
    pod: &str,
    port: u16,
) -> Result<ProbeReport, TrafficError> {
    let began = Instant::now();
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace.as_str());
    let asked = async {
        let mut forward = pods.portforward(pod, &[port]).await.map_err(TrafficError::PortForward)?;
        let stream = forward.take_stream(port).ok_or(TrafficError::EndedEarly)?;
        let refused = forward.take_error(port).ok_or(TrafficError::EndedEarly)?;
        Ok(tokio::select! {
            // What the node says when nothing in the pod takes the connection.
            Some(_) = refused => Err(ErrorKind::Refused),
            answered = ask(stream, "localhost") => match answered {
                // The stream may end before its error has come.
                Err(ErrorKind::Reset) => Err(ErrorKind::Refused),
                answered => answered.map(Some),
            },
        })
    };
    match timeout(Duration::from_millis(PROBE_MS.into()), asked).await {
        Ok(tried) => Ok(report(tried?, began)),
        Err(_) => Ok(report(Err(ErrorKind::Timeout), began)),
    }
}

fn report(tried: Result<Option<String>, ErrorKind>, began: Instant) -> ProbeReport {
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    match tried {
        Ok(pod) => ProbeReport { ok: true, tried: true, error: None, pod, addresses: Vec::new(), took_us },
        Err(kind) => ProbeReport { took_us, ..ProbeReport::failed(kind) },
    }
}

/// The pod that says it answers.
async fn ask<S>(stream: S, host: &str) -> Result<String, ErrorKind>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| if error.is_parse() { ErrorKind::BadAnswer } else { ErrorKind::Reset };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let request = Request::get("/").header(HOST, host).header(ACCEPT, "application/json");
    let request = request.body(Empty::<Bytes>::new()).map_err(|_| ErrorKind::BadAnswer)?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
        let body = body.map_err(|_| ErrorKind::BadAnswer)?.to_bytes();
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| ErrorKind::BadAnswer)?;
        match status {
            StatusCode::OK | StatusCode::BAD_GATEWAY => Ok(answer.pod),
            _ => Err(ErrorKind::BadAnswer),
        }
    };
    // Joined, not raced: the answer and the end of its connection may come in the same moment.
    let (answered, _) = tokio::join!(exchange, connection);
    answered
}

fn kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ErrorKind::Refused,
        io::ErrorKind::TimedOut => ErrorKind::Timeout,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => ErrorKind::Reset,
        _ => ErrorKind::NoRoute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_name_is_looked_up_where_this_process_runs() {
        let known = name_from_outside("localhost").await;
        assert!(known.ok && known.addresses.iter().all(|ip| ip.is_loopback()), "{known:?}");
        let unknown = name_from_outside("my-clusterip-service.invalid").await;
        assert_eq!((unknown.ok, unknown.tried, unknown.error), (false, true, Some(ErrorKind::Dns)));
    }

    async fn serve(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        address
    }

    #[tokio::test]
    async fn from_outside_an_address_is_tried_as_it_is() {
        const BODY: &str =
            r#"{"pod":"web-1","ip":"10.244.0.5","version":"v1","peer":"x","connection":1,"request":1}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
        let answered = from_outside(Tool::Http, serve(answer.leak()).await).await;
        assert_eq!((answered.ok, answered.pod.as_deref()), (true, Some("web-1")));
        let other = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        assert_eq!(from_outside(Tool::Http, other).await.error, Some(ErrorKind::BadAnswer));
        let gone = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        assert_eq!(from_outside(Tool::Tcp, gone).await.error, Some(ErrorKind::Refused));
    }
}
