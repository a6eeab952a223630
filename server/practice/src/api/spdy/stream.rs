//! One stream of a connection.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::Outgoing;
use super::frame::{Reset, StreamId};
use super::headers::Headers;

/// A place among the streams of a connection: free when both halves of a stream are dropped.
type Place = Arc<OwnedSemaphorePermit>;

/// A stream that a client has opened.
pub(in crate::api) struct Stream {
    pub(in crate::api) id: StreamId,
    pub(in crate::api) headers: Headers,
    /// What the client sends.
    pub(in crate::api) reader: Reader,
    /// What it is sent.
    pub(in crate::api) writer: Writer,
}

/// The stream, or its connection, is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream is closed")]
pub(in crate::api) struct Closed;

/// The half from the client.
pub(in crate::api) struct Reader {
    pieces: mpsc::Receiver<Bytes>,
    _place: Place,
}

impl Reader {
    pub(super) fn new(pieces: mpsc::Receiver<Bytes>, place: Place) -> Self {
        Self { pieces, _place: place }
    }

    /// The next piece; `None` at the end.
    pub(in crate::api) async fn read(&mut self) -> Option<Bytes> {
        self.pieces.recv().await
    }
}

/// The half to the client. Dropped without [`Writer::finish`], it leaves the client waiting for more.
pub(in crate::api) struct Writer {
    id: StreamId,
    queue: mpsc::Sender<Outgoing>,
    reset: CancellationToken,
    _place: Place,
}

impl Writer {
    pub(super) fn new(
        id: StreamId,
        queue: mpsc::Sender<Outgoing>,
        reset: CancellationToken,
        place: Place,
    ) -> Self {
        Self { id, queue, reset, _place: place }
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The client has reset the stream, or is gone.
    pub(in crate::api) async fn write(&self, bytes: Bytes) -> Result<(), Closed> {
        if self.reset.is_cancelled() {
            return Err(Closed);
        }
        let data = Outgoing::Data { id: self.id, fin: false, bytes };
        self.queue.send(data).await.map_err(|_| Closed)
    }

    /// Waits until the client resets the stream, which may never be.
    pub(in crate::api) async fn reset_by_client(&self) {
        self.reset.cancelled().await;
    }

    /// Says that there is no more.
    pub(in crate::api) async fn finish(self) {
        if !self.reset.is_cancelled() {
            // The client may be gone already.
            self.queue.send(Outgoing::Data { id: self.id, fin: true, bytes: Bytes::new() }).await.ok();
        }
    }

    /// Ends the stream without having served it.
    pub(in crate::api) async fn cancel(self) {
        self.queue.send(Outgoing::Reset(self.id, Reset::Cancel)).await.ok();
    }
}
