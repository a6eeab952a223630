//! A running practice cluster.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clusterip_domain::rules::RulesView;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{Api, admission};
use crate::authn::{Authenticator, KeyError};
use crate::kubelet::{Kubelet, NODE};
use crate::network::{Network, policy, proxy};
use crate::pace::Pace;
use crate::serve::{Door, Serving, speak};
use crate::status::Status;
use crate::store::{Resource, Store, keep_compact};
use crate::supervise::again;
use crate::tls::{self, TlsError};
use crate::{controllers, kubeconfig};

/// How the cluster is to be.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many times as fast as kind its own work goes, about.
    pub speed: f64,
    /// The port on loopback; 0 picks a free one.
    pub port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { speed: 1.0, port: 0 }
    }
}

/// Why there is no practice cluster.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or no port is free.
    #[error("listening on loopback port {port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There are no certificates.
    #[error("making the certificates")]
    Tls(#[from] TlsError),
    /// There is no key for tokens.
    #[error("making the key that signs tokens")]
    Key(#[from] KeyError),
    /// The first objects were refused: a mistake in this crate.
    #[error("making the first objects")]
    Seed(#[from] Status),
}

/// A running practice cluster. It ends when this is dropped, or in order with [`Practice::shutdown`].
#[derive(Debug)]
pub struct Practice {
    address: SocketAddr,
    kubeconfig: String,
    handle: Handle,
    /// The API's connections.
    tasks: TaskTracker,
    /// The controllers, the kubelet and kube-proxy; they end with it.
    cluster: JoinSet<()>,
}

/// What can be done to a cluster past its API. Clones are of the same cluster, and do not keep it running.
#[derive(Debug, Clone)]
pub struct Handle {
    api: Arc<Api>,
    serving: watch::Sender<Serving>,
}

/// A cluster without a port and without TLS, which [`Handle::speak`] alone reaches: to fuzz it, and to measure it. It
/// ends when this is dropped.
#[derive(Debug)]
pub struct Detached {
    handle: Handle,
    _cluster: JoinSet<()>,
}

impl Practice {
    /// Starts a cluster with its first namespaces. It is ready when this returns.
    ///
    /// # Errors
    /// No port, or no certificates.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen { port: options.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let identity = tls::identity(address)?;
        let (handle, cluster) = assemble(address, &identity.authority_pem, Pace::new(options.speed))?;
        let kubeconfig = kubeconfig::render(address, &identity.authority_pem, handle.api.authn.admin());
        let tasks = TaskTracker::new();
        let door = Door {
            address,
            acceptor: identity.acceptor,
            api: Arc::clone(&handle.api),
            serving: handle.serving.subscribe(),
            tasks: tasks.clone(),
        };
        tasks.spawn(door.keep(listener));
        Ok(Self { address, kubeconfig, handle, tasks, cluster })
    }

    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A kubeconfig for its administrator, with one context, [`kubeconfig::CONTEXT`].
    #[must_use]
    pub fn kubeconfig(&self) -> &str {
        &self.kubeconfig
    }

    /// The way past the API.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Its objects.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        self.handle.store()
    }

    /// Its pods' network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.handle.api.network
    }

    /// Ends it: watches end, connections are closed, tasks are waited for.
    pub async fn shutdown(mut self) {
        self.handle.api.stop.cancel();
        self.cluster.shutdown().await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.handle.api.stop.cancel();
    }
}

impl Handle {
    /// Its objects.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.api.store
    }

    /// What the node does with virtual IPs.
    #[must_use]
    pub fn rules(&self) -> RulesView {
        self.api.network.rules(NODE)
    }

    /// Has the API server fail, or work again: for a lesson, or a test. Pods and controllers go on meanwhile.
    pub fn serve(&self, serving: Serving) {
        self.serving.send_replace(serving);
    }

    /// Answers the requests of one stream that needs no TLS, until it ends.
    pub async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        speak(stream, Arc::clone(&self.api)).await;
    }
}

impl Detached {
    /// Starts one.
    ///
    /// # Errors
    /// The first objects were refused: a mistake in this crate.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let (handle, cluster) =
            assemble(address, "no certificate: nothing listens", Pace::new(options.speed))?;
        Ok(Self { handle, _cluster: cluster })
    }

    /// The way in.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The administrator's bearer token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.handle.api.authn.admin()
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        self.handle.api.stop.cancel();
    }
}

/// Everything but the way in. `authority` is the API server's, as PEM.
fn assemble(address: SocketAddr, authority: &str, pace: Pace) -> Result<(Handle, JoinSet<()>), StartError> {
    let (store, network) = (Store::new(admission::Rules), Network::new());
    seed(&store, address.port())?;
    let mut cluster = JoinSet::new();
    let kubelet = Kubelet::start(&mut cluster, &store, &network, pace)?;
    let of = Arc::clone(&store);
    cluster.spawn(again("compaction".into(), move || keep_compact(Arc::clone(&of))));
    proxy::start(&mut cluster, &store, &network, pace);
    policy::start(&mut cluster, &store, &network, pace);
    controllers::start(&mut cluster, &store, authority);
    let api = Arc::new(Api {
        store,
        authn: Arc::new(Authenticator::generate()?),
        network,
        kubelet,
        stop: CancellationToken::new(),
        address: address.to_string(),
        watches: Arc::default(),
    });
    Ok((Handle { api, serving: watch::Sender::new(Serving::Up) }, cluster))
}

/// What every cluster begins with: its namespaces, and the API server's own Service.
fn seed(store: &Store, port: u16) -> Result<(), Status> {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        store.create(Resource::Namespaces, json!({"metadata": {"name": name}}))?;
    }
    store.create(Resource::Services, api_service(port)).map(drop)
}

fn api_service(port: u16) -> Value {
    json!({
        "metadata": {
            "name": "kubernetes", "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": "10.96.0.1",
            "ports": [{"name": "https", "port": 443, "targetPort": port}],
        },
    })
}
