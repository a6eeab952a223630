//! A bounded HTTP/1.1 server that ends without breaking a request.
//!
//! ```text
//! serving ── stop ──▶ take the connections that wait ──▶ LAST_WORD ──▶ close the idle ──▶ DRAIN ──▶ done
//! ```
//!
//! Invariants: at most [`MAX_CONNECTIONS`] at once; a connection that says nothing for [`IDLE`] is closed; a
//! request that was received before the end is answered, unless it takes longer than [`DRAIN`].

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The most connections served at once; more wait in the listener's queue.
pub const MAX_CONNECTIONS: usize = 512;
/// How long a connection may take to send a request's header, and stay idle between requests. Longer than the
/// slowest keep-alive load leaves a connection alone (16 connections in turn at one request a second).
pub const IDLE: Duration = Duration::from_secs(75);
/// After stop, how long open connections may still bring a request that was on its way.
pub const LAST_WORD: Duration = Duration::from_millis(250);
/// After stop, how long requests in flight may take.
pub const DRAIN: Duration = Duration::from_secs(5);

const MAX_HEADERS: usize = 64;
const BUFFER_BYTES: usize = 16 * 1024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The two ends of a connection, as this side sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
}

/// Where a server's connections come from: a socket in a pod, a queue of in-memory streams elsewhere.
pub trait Listener: Send {
    /// The bytes of a connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection that was made, with its ends.
    ///
    /// # Errors
    /// None can be taken now; later it may work.
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, Ends)>>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Ends)>> {
        let (stream, peer) = ready!(Self::poll_accept(self, context))?;
        let ends = Ends { local: stream.local_addr()?, peer };
        // A small answer must not wait for the peer's delayed acknowledgement; where it cannot be set, it works too.
        stream.set_nodelay(true).ok();
        Poll::Ready(Ok((stream, ends)))
    }
}

/// What answers the requests of a server.
pub trait Handler: Send + Sync + 'static {
    /// What is remembered of one connection.
    type Connection: Send + Sync + 'static;
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;

    /// A connection was made.
    fn connected(&self, ends: Ends) -> Self::Connection;

    /// A request came on it.
    fn answer(
        &self,
        connection: &Self::Connection,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// Serves `listener` until `stop`, then ends as the module says.
pub async fn serve<L: Listener, H: Handler>(
    mut listener: L,
    handler: Arc<H>,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = accept(&mut listener, &room) => match accepted {
                Ok((made, permit)) => start(&mut connections, &handler, made, Some(permit), &stopped),
                // Out of file descriptors, or the peer left first: both pass.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    while let Some(made) = take_waiting(&mut listener).await {
        start(&mut connections, &handler, made, None, &stopped);
    }
    drop(listener);
    stopping.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What is left after the time allowed is dropped with the set.
    timeout(LAST_WORD + DRAIN, ended).await.ok();
}

async fn accept<L: Listener>(
    listener: &mut L,
    room: &Arc<Semaphore>,
) -> io::Result<((L::Stream, Ends), OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    Ok((poll_fn(|context| listener.poll_accept(context)).await?, permit))
}

/// A connection the kernel made already: closing the listener would reset it.
async fn take_waiting<L: Listener>(listener: &mut L) -> Option<(L::Stream, Ends)> {
    poll_fn(|context| match listener.poll_accept(context) {
        Poll::Ready(Ok(made)) => Poll::Ready(Some(made)),
        Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn start<S, H: Handler>(
    connections: &mut JoinSet<()>,
    handler: &Arc<H>,
    (stream, ends): (S, Ends),
    permit: Option<OwnedSemaphorePermit>,
    stopped: &watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (handler, stopped) = (Arc::clone(handler), stopped.clone());
    connections.spawn(async move {
        serve_stream(handler, stream, ends, stopped).await;
        drop(permit);
    });
}

/// Serves one connection, whatever carries it, until it ends or `stopped` turns true.
pub async fn serve_stream<H, S>(handler: Arc<H>, stream: S, ends: Ends, mut stopped: watch::Receiver<bool>)
where
    H: Handler,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let remembered = Arc::new(handler.connected(ends));
    let service = service_fn(move |request| {
        let (handler, remembered) = (Arc::clone(&handler), Arc::clone(&remembered));
        async move { Ok::<_, Infallible>(handler.answer(&remembered, request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .max_headers(MAX_HEADERS)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    // A connection's error is its peer's doing (a reset is how our own client closes), so it is nobody's news.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    if timeout(LAST_WORD, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        connection.await.ok();
    }
}
