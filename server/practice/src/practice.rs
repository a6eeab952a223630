//! A running practice cluster.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{Api, admission};
use crate::auth::Tokens;
use crate::kubelet::Kubelet;
use crate::network::{Network, proxy};
use crate::pace::Pace;
use crate::status::Status;
use crate::store::{Resource, Store};
use crate::tls::{self, TlsError};
use crate::{controllers, kubeconfig, serve};

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
    /// The first objects were refused: a mistake in this crate.
    #[error("making the first objects")]
    Seed(#[from] Status),
}

/// A running practice cluster. It ends when this is dropped, or in order with [`Practice::shutdown`].
#[derive(Debug)]
pub struct Practice {
    address: SocketAddr,
    kubeconfig: String,
    store: Arc<Store>,
    network: Network,
    stop: CancellationToken,
    /// The API's connections.
    tasks: TaskTracker,
    /// The controllers, the kubelet and kube-proxy; they end with it.
    cluster: JoinSet<()>,
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
        let (store, network, tokens) = (Store::new(admission::Rules), Network::new(), Tokens::generate());
        seed(&store, address.port())?;
        let (pace, mut cluster) = (Pace::new(options.speed), JoinSet::new());
        let kubelet = Kubelet::start(&mut cluster, &store, &network, pace)?;
        cluster.spawn(proxy::run(Arc::clone(&store), network.clone(), pace));
        controllers::start(&mut cluster, &store, &identity.authority_pem);
        let kubeconfig = kubeconfig::render(address, &identity.authority_pem, tokens.admin());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let api = Arc::new(Api {
            store: Arc::clone(&store),
            tokens,
            network: network.clone(),
            kubelet,
            stop: stop.clone(),
            address: address.to_string(),
        });
        tasks.spawn(serve::run(listener, identity.acceptor, api, tasks.clone()));
        Ok(Self { address, kubeconfig, store, network, stop, tasks, cluster })
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

    /// Its objects.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Its pods' network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Ends it: watches end, connections are closed, tasks are waited for.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        self.cluster.shutdown().await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.stop.cancel();
    }
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
