//! One HTTP/1.1 connection of a client, and how what happens on it is counted.

use std::error::Error;
use std::io;

use bytes::Bytes;
use clusterip_domain::traffic::{Answer, ErrorKind};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use crate::network::Dialled;

/// The most bytes of an answer that are read: those of as many backends as a chain may have.
const MAX_ANSWER_BYTES: usize = 8 * 1024;

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It was tried and failed.
    Counted(ErrorKind),
    /// The client itself had no port or file descriptor for it.
    NotSent,
}

/// How a try to connect failed.
///
/// A refusal by kube-proxy is an ICMP message of the node, and Linux sends one address at most about one of those a
/// second after a burst of six (`net.ipv4.icmp_ratelimit`): a load on a Service without endpoints sees mostly
/// timeouts, unless the node lifts that limit. They are counted as what they are.
/// Source: <https://docs.kernel.org/networking/ip-sysctl.html>
pub(crate) fn on_connect(error: &io::Error) -> Failure {
    use io::ErrorKind as Io;
    Failure::Counted(match error.kind() {
        Io::ConnectionRefused => ErrorKind::Refused,
        Io::TimedOut => ErrorKind::Timeout,
        Io::ConnectionReset | Io::ConnectionAborted => ErrorKind::Reset,
        // EADDRNOTAVAIL: no local port is left. EMFILE and ENFILE have no stable kind.
        Io::AddrNotAvailable | Io::AddrInUse => return Failure::NotSent,
        _ if matches!(error.raw_os_error(), Some(ENFILE | EMFILE)) => return Failure::NotSent,
        // EHOSTUNREACH, ENETUNREACH, and what a packet filter makes of a refusal (EPERM, EACCES).
        _ => ErrorKind::NoRoute,
    })
}

const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

/// How a connection that was made failed.
pub(crate) fn on_exchange(error: &hyper::Error) -> ErrorKind {
    if error.is_parse() {
        return ErrorKind::BadAnswer;
    }
    match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(io) if io.kind() == io::ErrorKind::TimedOut => ErrorKind::Timeout,
        Some(io) if io.kind() == io::ErrorKind::HostUnreachable => ErrorKind::NoRoute,
        // ECONNRESET, EPIPE, an end before the answer's end.
        _ => ErrorKind::Reset,
    }
}

/// A connection. Dropping it drops its socket with whatever is under way.
#[derive(Debug)]
pub(crate) struct Link {
    sender: SendRequest<Empty<Bytes>>,
    driver: JoinHandle<()>,
    pub(crate) local_port: Option<u16>,
}

impl Drop for Link {
    fn drop(&mut self) {
        // Aborted rather than shut down in order: a FIN from this side could leave TIME_WAIT behind.
        self.driver.abort();
    }
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Asked {
    /// An answer of a lab backend.
    Answered(Answer),
    /// Not one byte left: the connection was over before. It may be asked again on another.
    Unsent,
    /// It failed.
    Failed(ErrorKind),
}

impl Link {
    pub(crate) async fn open<S>(dialled: Dialled<S>) -> Result<Self, hyper::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(dialled.stream)).await?;
        let driver = tokio::spawn(async move {
            // Its error reaches the request that was under way.
            connection.await.ok();
        });
        Ok(Self { sender, driver, local_port: dialled.local_port })
    }

    /// Waits until another request may be sent; `false` when the connection is over.
    pub(crate) async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Asks who answers, and reads the answer to its end.
    pub(crate) async fn ask(&mut self, authority: &str) -> Asked {
        let request = Request::get("/")
            .header(header::HOST, authority)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "clusterip-lab")
            .body(Empty::new());
        // An authority that no header can hold names no host.
        let Ok(request) = request else { return Asked::Failed(ErrorKind::Dns) };
        match self.sender.try_send_request(request).await {
            Ok(response) => match read_answer(response).await {
                Ok(answer) => Asked::Answered(answer),
                Err(kind) => Asked::Failed(kind),
            },
            Err(mut failed) => match failed.take_message() {
                Some(_) => Asked::Unsent,
                None => Asked::Failed(on_exchange(failed.error())),
            },
        }
    }

    /// Sends any request.
    pub(crate) async fn send(&mut self, request: Request<Empty<Bytes>>) -> hyper::Result<Response<Incoming>> {
        self.sender.send_request(request).await
    }
}

/// Reads what a backend says of itself. One whose own upstream failed says so with 502, and is still the one that
/// answered.
pub(crate) async fn read_answer(response: Response<Incoming>) -> Result<Answer, ErrorKind> {
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| match error.downcast_ref::<hyper::Error>() {
        Some(error) => on_exchange(error),
        None => ErrorKind::BadAnswer,
    })?;
    if !matches!(status, StatusCode::OK | StatusCode::BAD_GATEWAY) {
        return Err(ErrorKind::BadAnswer);
    }
    serde_json::from_slice(&body.to_bytes()).map_err(|_| ErrorKind::BadAnswer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_connect_is_counted_by_what_the_socket_said() {
        let counted = Failure::Counted;
        let table = [
            (111, counted(ErrorKind::Refused)),
            (110, counted(ErrorKind::Timeout)),
            (104, counted(ErrorKind::Reset)),
            (113, counted(ErrorKind::NoRoute)),
            (101, counted(ErrorKind::NoRoute)),
            (1, counted(ErrorKind::NoRoute)),
            (99, Failure::NotSent),
            (24, Failure::NotSent),
        ];
        for (errno, expected) in table {
            assert_eq!(on_connect(&io::Error::from_raw_os_error(errno)), expected, "errno {errno}");
        }
    }
}
