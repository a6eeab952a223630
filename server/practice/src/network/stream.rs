//! Connections and where they arrive.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use clusterip_agent::http::{Ends, Listener};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;

use super::route::State;

/// The most bytes under way in one direction; it grows to that only when they are not read.
const WINDOW_BYTES: usize = 64 * 1024;

/// One side of a connection.
#[derive(Debug)]
pub struct PodStream {
    bytes: DuplexStream,
    local: SocketAddrV4,
}

/// A connection that waits to be accepted, with its ends.
pub(super) type Arrival = (PodStream, Ends);

/// Both sides of a connection: the one that dials from `local`, and the one that it meets.
pub(super) fn pair(local: SocketAddrV4, ends: Ends) -> (PodStream, Arrival) {
    let (near, far) = duplex(WINDOW_BYTES);
    (PodStream { bytes: near, local }, (PodStream { bytes: far, local }, ends))
}

impl PodStream {
    /// The port from which it was dialled.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.local.port()
    }
}

impl AsyncRead for PodStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_read(context, buffer)
    }
}

impl AsyncWrite for PodStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(context)
    }
}

/// A socket that listens in a pod, until it is dropped.
#[derive(Debug)]
pub struct PodListener {
    pub(super) queue: mpsc::Receiver<Arrival>,
    pub(super) state: Arc<Mutex<State>>,
    pub(super) pod: Ipv4Addr,
    pub(super) address: SocketAddrV4,
}

impl PodListener {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddrV4 {
        self.address
    }
}

impl Drop for PodListener {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.queue.close();
        state.forget(self.pod, self.address);
    }
}

impl Listener for PodListener {
    type Stream = PodStream;

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        // Once its pod is gone it waits forever: the process does not outlive the pod for long.
        match self.queue.poll_recv(context) {
            Poll::Ready(Some(arrival)) => Poll::Ready(Ok(arrival)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}
