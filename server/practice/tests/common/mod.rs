//! A started cluster and a client of it.

use clusterip_practice::{Options, Practice};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};

/// A new cluster, and kube's client with its kubeconfig.
pub(crate) async fn client() -> (Practice, Client) {
    let practice = Practice::start(Options::default()).await.expect("a practice cluster starts");
    let client = client_of(practice.kubeconfig()).await;
    (practice, client)
}

/// kube's client with this kubeconfig.
pub(crate) async fn client_of(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).expect("the kubeconfig is one");
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("the kubeconfig is complete")).expect("a client")
}
