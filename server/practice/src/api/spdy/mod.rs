//! SPDY/3.1, the server's end: many streams over one connection, which is how `kubectl port-forward` speaks (inside a
//! WebSocket since 1.31, right on the upgraded connection before), and `kubectl exec` where a WebSocket does not get
//! through.
//!
//! ```text
//! bytes ──▶ Decoder ──▶ Frame ──▶ read ──┬─ new stream ──▶ handler ──▶ Stream { reader, writer }
//!                                        └─ data ──▶ its reader          │
//! bytes ◀── Encoder ◀── write ◀── queue ◀────────── data, replies, pings ┘
//! ```
//!
//! Invariants: what is not SPDY ends the connection, never the program; a connection keeps at most [`MAX_STREAMS`]
//! streams and, for each, [`QUEUE`] pieces of what was read; a slow reader holds up the whole connection, as in
//! Kubernetes' own implementation, whose clients neither send nor heed windows.
//!
//! Source: <https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/>, and how `github.com/moby/spdystream`
//! reads it, which Kubernetes speaks it with.

mod dictionary;
mod frame;
mod headers;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use frame::{Decoder, Encoder, Frame, GoAway, Reset, StreamId};
use headers::Headers;
pub(super) use stream::{Closed, Reader, Stream, Writer};

/// The most streams of a connection at a time: two for each forwarded connection.
pub(super) const MAX_STREAMS: usize = 256;
/// How many pieces may wait for a stream's reader, and how many frames for the client.
const QUEUE: usize = 8;
/// How long the client may take to read what is left when everything is said.
const GOODBYE: Duration = Duration::from_secs(5);

/// Why what came is not SPDY/3.1 as a client speaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Violation {
    #[error("version {0} of SPDY")]
    Version(u16),
    #[error("a control frame of {0} bytes")]
    LongFrame(usize),
    #[error("a control frame that is shorter than its fields")]
    ShortFrame,
    #[error("stream {0}, which cannot be")]
    StreamId(u32),
    #[error("a reply to no stream of this side")]
    UnaskedReply,
    #[error("headers that are not compressed as they should be")]
    Compression,
    #[error("headers that come to too much")]
    LongHeaders,
    #[error("headers that are no names and values")]
    Headers,
}

/// What is to be sent.
#[derive(Debug)]
enum Outgoing {
    Reply(StreamId),
    Data { id: StreamId, fin: bool, bytes: Bytes },
    Reset(StreamId, Reset),
    Ping(u32),
    GoAway(GoAway),
}

/// Serves a connection: hands its streams to `handle` until that returns, or the client goes. Returns where it wrote
/// to, unless the client does not read what is left.
pub(super) async fn serve<R, W, F>(
    source: R,
    sink: W,
    handle: impl FnOnce(mpsc::Receiver<Stream>) -> F,
) -> Option<W>
where
    R: futures_util::Stream<Item = Bytes> + Unpin,
    W: Sink<Bytes> + Unpin,
    F: Future<Output = ()>,
{
    let (queue, to_write) = mpsc::channel(QUEUE);
    let (opened, streams) = mpsc::channel(1);
    // It owns the last of the queue's senders: when it is over, so is the writing, after what waits.
    let handled = handle(streams);
    let talk = async move {
        tokio::select! {
            () = read(source, opened, queue) => {}
            () = handled => {}
        }
    };
    let mut writing = pin!(write(sink, to_write));
    tokio::select! {
        sink = &mut writing => return Some(sink),
        () = talk => {}
    }
    tokio::time::timeout(GOODBYE, writing).await.ok()
}

/// Sends what is queued, then the good-bye.
async fn write<W: Sink<Bytes> + Unpin>(mut sink: W, mut queue: mpsc::Receiver<Outgoing>) -> W {
    let mut encoder = Encoder::new();
    let mut over = None;
    while over.is_none() {
        let next = queue.recv().await.unwrap_or(Outgoing::GoAway(GoAway::Ok));
        if let Outgoing::GoAway(why) = next {
            over = Some(why);
        }
        let frame = match next {
            Outgoing::Reply(id) => encoder.reply(id),
            Outgoing::Data { id, fin, bytes } => frame::data(id, fin, &bytes),
            Outgoing::Reset(id, why) => frame::reset(id, why),
            Outgoing::Ping(id) => frame::ping(id),
            Outgoing::GoAway(why) => frame::go_away(why),
        };
        let sent = match queue.is_empty() {
            true => sink.send(frame).await,
            false => sink.feed(frame).await,
        };
        if sent.is_err() {
            break;
        }
    }
    sink
}

/// Reads until the client goes, says good-bye, or something that is not SPDY.
async fn read<R>(mut source: R, opened: mpsc::Sender<Stream>, queue: mpsc::Sender<Outgoing>)
where
    R: futures_util::Stream<Item = Bytes> + Unpin,
{
    let mut decoder = Decoder::new();
    let places = Arc::new(Semaphore::new(MAX_STREAMS));
    let mut connection = Connection { streams: HashMap::new(), places, opened, queue };
    while let Some(bytes) = source.next().await {
        decoder.feed(&bytes);
        loop {
            let taken = match decoder.next() {
                Ok(Some(frame)) => connection.take(frame).await,
                Ok(None) => break,
                Err(violation) => {
                    tracing::debug!(%violation, "a client does not speak SPDY");
                    connection.queue.send(Outgoing::GoAway(GoAway::ProtocolError)).await.ok();
                    return;
                }
            };
            if taken.is_break() {
                return;
            }
        }
    }
}

/// What is known of a stream that is still held by someone.
struct Incoming {
    /// `None` once the client has said everything, or nobody wants to hear it.
    to_reader: Option<mpsc::Sender<Bytes>>,
    /// Cancelled when the client resets the stream.
    reset: CancellationToken,
    place: Weak<OwnedSemaphorePermit>,
}

/// What the reading side of a connection knows.
struct Connection {
    streams: HashMap<StreamId, Incoming>,
    /// One for each stream that is still held by someone.
    places: Arc<Semaphore>,
    opened: mpsc::Sender<Stream>,
    queue: mpsc::Sender<Outgoing>,
}

impl Connection {
    /// Does what a frame asks for; breaks when the connection is over.
    async fn take(&mut self, frame: Frame) -> ControlFlow<()> {
        match frame {
            Frame::Open { id, fin, headers } => return self.open(id, fin, headers).await,
            Frame::Data { id, fin, bytes } => self.data(id, fin, bytes).await,
            Frame::Reset { id } => {
                if let Some(incoming) = self.streams.remove(&id) {
                    incoming.reset.cancel();
                }
            }
            // A client's pings are odd; an even one would be the answer to one of this side.
            Frame::Ping(id) if id % 2 == 1 => return self.say(Outgoing::Ping(id)).await,
            Frame::GoAway => return ControlFlow::Break(()),
            Frame::Ping(_) | Frame::Other => {}
        }
        ControlFlow::Continue(())
    }

    async fn say(&self, outgoing: Outgoing) -> ControlFlow<()> {
        match self.queue.send(outgoing).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    async fn open(&mut self, id: StreamId, fin: bool, headers: Headers) -> ControlFlow<()> {
        self.streams.retain(|_, incoming| incoming.place.strong_count() > 0);
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return self.say(Outgoing::Reset(id, Reset::Refused)).await;
        };
        let place = Arc::new(place);
        self.say(Outgoing::Reply(id)).await?;
        let (to_reader, pieces) = mpsc::channel(QUEUE);
        let reset = CancellationToken::new();
        let incoming = Incoming {
            to_reader: Some(to_reader).filter(|_| !fin),
            reset: reset.clone(),
            place: Arc::downgrade(&place),
        };
        self.streams.insert(id, incoming);
        let stream = Stream {
            id,
            headers,
            reader: Reader::new(pieces, Arc::clone(&place)),
            writer: Writer::new(id, self.queue.clone(), reset, place),
        };
        match self.opened.send(stream).await {
            Ok(()) => ControlFlow::Continue(()),
            // Nobody takes streams any more: the handler has returned.
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Bytes for a stream. Those for one that is gone are dropped: the client does not know yet.
    async fn data(&mut self, id: StreamId, fin: bool, bytes: Bytes) {
        let Some(incoming) = self.streams.get_mut(&id) else { return };
        let Some(to_reader) = &incoming.to_reader else { return };
        let unread = !bytes.is_empty() && to_reader.send(bytes).await.is_err();
        if fin || unread {
            incoming.to_reader = None;
        }
    }
}
