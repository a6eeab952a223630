//! `WebSocket`s whose messages begin with the number of a channel.
//!
//! Source: RFC 6455, and <https://kubernetes.io/blog/2024/08/20/websockets-transition/>.

use bytes::{BufMut, Bytes, BytesMut};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::respond::{self, Answer};
use crate::status::Status;

/// The server's end.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The answer that switches to a WebSocket, with the first of these protocols that the client offers.
///
/// # Errors
/// 400 when it asks for no WebSocket, or offers none of them.
pub(super) fn switch(
    request: &Request<Incoming>,
    protocols: &[&'static str],
) -> Result<(Answer, &'static str), Status> {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
    if !text(UPGRADE).eq_ignore_ascii_case("websocket") {
        return Err(Status::bad_request("the practice cluster does not model SPDY, only WebSockets"));
    }
    let offered: Vec<&str> = text(SEC_WEBSOCKET_PROTOCOL).split(',').map(str::trim).collect();
    let protocol = protocols.iter().copied().find(|protocol| offered.contains(protocol));
    let protocol = protocol.ok_or_else(|| {
        Status::bad_request(format!(
            "the practice cluster speaks {} here, and does not model {}",
            protocols.join(" and "),
            offered.join(", ")
        ))
    })?;
    let accept = HeaderValue::from_str(&derive_accept_key(text(SEC_WEBSOCKET_KEY).as_bytes()))
        .map_err(|_| Status::bad_request("the WebSocket key is malformed"))?;
    let mut answer = Answer::new(respond::whole(Bytes::new()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    Ok((answer, protocol))
}

/// The WebSocket on an upgraded connection.
pub(super) async fn open(upgraded: Upgraded) -> Socket {
    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await
}

/// The message that ends a WebSocket in order: without its code, kubectl takes the end for an error.
pub(super) fn goodbye() -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }))
}

/// A message on a channel.
pub(super) fn frame(channel: u8, data: &[u8]) -> Message {
    let mut bytes = BytesMut::with_capacity(data.len() + 1);
    bytes.put_u8(channel);
    bytes.put_slice(data);
    Message::Binary(bytes.freeze())
}
