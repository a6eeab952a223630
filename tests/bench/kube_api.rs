//! A Kubernetes API, asked with plain JSON: the same for every cluster.

use std::path::Path;
use std::time::{Duration, Instant};

use clusterip_tests::wait;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;

/// How long a cluster may take for anything here.
const PATIENCE: Duration = Duration::from_secs(180);

/// See the module.
#[derive(Clone)]
pub(crate) struct KubeApi {
    pub(crate) client: Client,
}

impl KubeApi {
    /// With the current context of a kubeconfig.
    pub(crate) async fn open(kubeconfig: &Path) -> Self {
        let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        Self { client: Client::try_from(config.expect("it is complete")).expect("a client") }
    }

    async fn ask(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Value, kube::Error> {
        let request =
            hyper::Request::builder().method(method).uri(path).header("content-type", "application/json");
        self.client.request(request.body(body).expect("a request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, Vec::new()).await.unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    pub(crate) async fn post(&self, path: &str, object: &Value) -> Value {
        let sent = self.ask("POST", path, object.to_string().into_bytes()).await;
        sent.unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.ask("DELETE", path, Vec::new()).await.unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    /// The items of a list.
    pub(crate) async fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).await["items"].as_array().cloned().unwrap_or_default()
    }

    /// How long it takes until a list is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&[Value]) -> bool) -> Duration {
        let began = Instant::now();
        wait::until(path, PATIENCE, async || self.items(path).await, |items| wanted(items)).await;
        began.elapsed()
    }
}
