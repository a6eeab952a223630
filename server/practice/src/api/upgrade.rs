//! Connections that stop being HTTP: a WebSocket, whose messages begin with the number of a channel, and SPDY, right on
//! the connection or inside a WebSocket.
//!
//! Source: RFC 6455, <https://kubernetes.io/blog/2024/08/20/websockets-transition/>, and `Handshake` in
//! `k8s.io/apimachinery/pkg/util/httpstream`.

use std::future::{Future, ready};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::codec::{BytesCodec, FramedWrite};
use tokio_util::io::ReaderStream;

use super::respond::{self, Answer};
use super::spdy;
use crate::status::Status;

/// The server's end of a WebSocket.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Where SPDY's clients say what they speak over it.
const STREAM_PROTOCOL: &str = "x-stream-protocol-version";
/// What SPDY is called in an upgrade.
const SPDY: &str = "SPDY/3.1";
/// What a WebSocket's protocol begins with when SPDY is spoken inside it.
const TUNNEL: &str = "SPDY/3.1+";
/// The largest message taken: clients send pieces of 32 KiB.
const MAX_MESSAGE: usize = 1024 * 1024;

/// How a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As a WebSocket with channels.
    Channels,
    /// As a WebSocket with SPDY inside.
    Tunnel,
    /// As SPDY.
    Spdy,
}

/// What is spoken at an address.
pub(super) struct Offer {
    /// Over a WebSocket, the preferred first.
    pub(super) websocket: &'static [&'static str],
    /// Over SPDY.
    pub(super) spdy: &'static str,
}

/// The answer that switches protocols, as the client asks and the offer allows.
///
/// # Errors
/// 400 when the client asks for no upgrade, 403 when it offers no protocol that is spoken here.
pub(super) fn switch(request: &Request<Incoming>, offer: &Offer) -> Result<(Answer, Way), Status> {
    let headers = request.headers();
    match text(headers, UPGRADE) {
        upgrade if upgrade.eq_ignore_ascii_case("websocket") => websocket(headers, offer.websocket),
        upgrade if upgrade.eq_ignore_ascii_case(SPDY) => {
            let offered = offered(headers, STREAM_PROTOCOL);
            if !offered.contains(&offer.spdy) {
                return Err(none_in_common(&offered, &[offer.spdy]));
            }
            let mut answer = switching(SPDY);
            answer.headers_mut().insert(STREAM_PROTOCOL, HeaderValue::from_static(offer.spdy));
            Ok((answer, Way::Spdy))
        }
        _ => Err(Status::bad_request("Upgrade request required")),
    }
}

fn websocket(headers: &HeaderMap, spoken: &[&'static str]) -> Result<(Answer, Way), Status> {
    let offered = offered(headers, SEC_WEBSOCKET_PROTOCOL.as_str());
    let protocol = spoken.iter().find(|protocol| offered.contains(protocol));
    let protocol = protocol.ok_or_else(|| none_in_common(&offered, spoken))?;
    let accept = derive_accept_key(text(headers, SEC_WEBSOCKET_KEY).as_bytes());
    let accept =
        HeaderValue::from_str(&accept).map_err(|_| Status::bad_request("the WebSocket key is malformed"))?;
    let mut answer = switching("websocket");
    answer.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    Ok((answer, if protocol.starts_with(TUNNEL) { Way::Tunnel } else { Way::Channels }))
}

fn text(headers: &HeaderMap, name: hyper::header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The protocols that a client names, in one header or several.
fn offered<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).map(str::trim).collect()
}

fn none_in_common(offered: &[&str], spoken: &[&str]) -> Status {
    let message = format!(
        "unable to upgrade: unable to negotiate protocol: client supports [{}], server accepts [{}]",
        offered.join(" "),
        spoken.join(" ")
    );
    Status { code: 403, reason: "Forbidden", message, details: None }
}

fn switching(protocol: &'static str) -> Answer {
    let mut answer = Answer::new(respond::whole(Bytes::new()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static(protocol));
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer
}

/// The WebSocket on an upgraded connection.
pub(super) async fn open(upgraded: Upgraded) -> Socket {
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE));
    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await
}

/// Serves SPDY on an upgraded connection, until `handle` returns or the client goes.
pub(super) async fn serve_spdy<F>(
    upgraded: Upgraded,
    way: Way,
    handle: impl FnOnce(mpsc::Receiver<spdy::Stream>) -> F,
) where
    F: Future<Output = ()>,
{
    if way == Way::Spdy {
        let (reader, writer) = tokio::io::split(TokioIo::new(upgraded));
        let pieces = ReaderStream::new(reader).take_while(|piece| ready(piece.is_ok()));
        let pieces = pieces.filter_map(|piece| ready(piece.ok()));
        let sink = FramedWrite::new(writer, BytesCodec::new());
        if let Some(mut sink) = spdy::serve(pieces, sink, handle).await {
            // The client may be gone already.
            SinkExt::<Bytes>::close(&mut sink).await.ok();
        }
        return;
    }
    let (sink, source) = open(upgraded).await.split();
    let goes_on = |message: &Result<Message, Error>| matches!(message, Ok(message) if !message.is_close());
    let pieces = source.take_while(move |message| ready(goes_on(message)));
    let pieces = pieces.filter_map(|message| {
        ready(match message {
            Ok(Message::Binary(bytes)) => Some(bytes),
            _ => None,
        })
    });
    let sink = sink.with(|bytes| ready(Ok::<_, Error>(Message::Binary(bytes))));
    if let Some(sink) = spdy::serve(pieces, sink, handle).await {
        sink.into_inner().send(goodbye()).await.ok();
    }
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
