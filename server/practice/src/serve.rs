//! Connections: TCP, TLS, HTTP/1.1, each in a task of its own.
//!
//! ```text
//! Up ──▶ listener ──▶ connection ──▶ Api        Frozen: no connection is driven
//!  └───────────── Down: the listener is closed, every connection is cut ──▶ Up: the same port, anew
//! ```

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Api;

/// How long a client may take to agree on TLS, and then to send a request's head.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be taken, or a port not be opened: there may be no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// What the API server does. The pods and their controllers go on, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// It answers.
    Up,
    /// It takes connections, but neither answers on them nor closes any. What was upgraded (a port-forward) goes on.
    Frozen,
    /// Nothing listens on its port, and every connection that it had is cut.
    Down,
}

/// The way in.
pub(crate) struct Door {
    /// Where it is.
    pub(crate) address: SocketAddr,
    /// Its certificate.
    pub(crate) acceptor: TlsAcceptor,
    /// Where it leads.
    pub(crate) api: Arc<Api>,
    /// Whether it is open.
    pub(crate) serving: watch::Receiver<Serving>,
    /// Its connections.
    pub(crate) tasks: TaskTracker,
}

impl Door {
    /// Takes connections until the API's token is cancelled; then the open ones end by themselves, their watches told.
    pub(crate) async fn keep(self, listener: TcpListener) {
        let stop = self.api.stop.clone();
        stop.run_until_cancelled(self.open_and_shut(listener)).await;
    }

    async fn open_and_shut(&self, mut listener: TcpListener) {
        let mut serving = self.serving.clone();
        loop {
            // What belongs to one life of the API server ends with it.
            let api = Arc::new(Api { stop: self.api.stop.child_token(), ..(*self.api).clone() });
            let cut = CancellationToken::new();
            tokio::select! {
                () = self.accept(&listener, &api, &cut) => {}
                Ok(_) = serving.wait_for(|serving| *serving == Serving::Down) => {}
            }
            cut.cancel();
            api.stop.cancel();
            drop(listener);
            // When nobody can open it any more, it stays shut.
            if serving.wait_for(|serving| *serving != Serving::Down).await.is_err() {
                return;
            }
            listener = self.listen_again().await;
        }
    }

    async fn listen_again(&self) -> TcpListener {
        loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return listener,
                Err(error) => {
                    tracing::warn!(%error, "the API server's port cannot be opened again yet");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn accept(&self, listener: &TcpListener, api: &Arc<Api>, cut: &CancellationToken) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = connection(stream, self.acceptor.clone(), Arc::clone(api));
                    let connection = while_not_frozen(connection, self.serving.clone(), api.stop.clone());
                    self.tasks.spawn(cut.clone().run_until_cancelled_owned(connection));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Drives a connection, but for the time in which the API server is frozen. The end of it all thaws.
async fn while_not_frozen(
    connection: impl Future<Output = ()>,
    mut serving: watch::Receiver<Serving>,
    stop: CancellationToken,
) {
    let mut connection = pin!(connection);
    loop {
        let frozen = *serving.borrow_and_update() == Serving::Frozen;
        tokio::select! {
            Ok(()) = serving.changed() => {}
            () = connection.as_mut(), if !frozen => return,
            () = stop.cancelled(), if frozen => return connection.await,
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, api: Arc<Api>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection will be slower");
    }
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        speak(stream, api).await;
    }
}

/// HTTP/1.1 on a stream, until it ends, or the API does.
pub(crate) async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, api: Arc<Api>) {
    let stop = api.stop.clone();
    let service = service_fn(|request| {
        let api = Arc::clone(&api);
        async move { Ok::<_, Infallible>(api.handle(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
