//! The network without a store: rules and names are made by hand.

mod connections;
mod naming;
mod spread;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clusterip_agent::backend::{self, Backend, Ending, Identity};
use clusterip_agent::http::Listener;
use clusterip_agent::network::Network as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Names, Network, PodDialer, Rules, Sandbox};

pub(super) const VIRTUAL_IP: &str = "10.96.0.7";

/// A pod in namespace `lab` that runs a backend on 8080.
pub(super) struct Pod {
    pub(super) sandbox: Option<Sandbox>,
    pub(super) ip: Ipv4Addr,
    task: JoinHandle<()>,
}

impl Pod {
    pub(super) fn start(network: &Network, name: &str) -> Self {
        let sandbox = network.attach("lab", name).unwrap();
        let listener = sandbox.bind([0, 0, 0, 0].into(), 8080).unwrap();
        let identity = Identity { pod: name.into(), node: "n".into(), version: "v1".into() };
        let backend = Arc::new(Backend::new(identity));
        let grace = Ending::Graceful(Duration::from_secs(5));
        let task = tokio::spawn(backend::run(backend, grace, listener, std::future::pending()));
        Self { ip: sandbox.ip(), sandbox: Some(sandbox), task }
    }

    /// Its process ends; its sandbox stays.
    pub(super) async fn kill(&mut self) {
        self.task.abort();
        (&mut self.task).await.ok();
    }
}

pub(super) fn service(ip: &str, extra: Value) -> Value {
    let mut service = json!({
        "metadata": {"name": "web", "namespace": "lab"},
        "spec": {"clusterIP": ip, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}]},
    });
    if let (Value::Object(spec), Value::Object(extra)) = (&mut service["spec"], extra) {
        spec.extend(extra);
    }
    service
}

pub(super) fn endpoint(ip: Ipv4Addr, ready: bool, serving: bool, terminating: bool) -> Value {
    let conditions = json!({"ready": ready, "serving": serving, "terminating": terminating});
    json!({"addresses": [ip.to_string()], "conditions": conditions})
}

pub(super) fn slice(endpoints: &[Value]) -> Value {
    json!({
        "addressType": "IPv4",
        "metadata": {"namespace": "lab", "labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": endpoints,
    })
}

/// Writes rules and names for Service `web` over these pods, all ready.
pub(super) fn publish(network: &Network, service: &Value, pods: &[&Pod]) {
    let endpoints: Vec<Value> = pods.iter().map(|pod| endpoint(pod.ip, true, true, false)).collect();
    publish_slice(network, service, &slice(&endpoints));
}

pub(super) fn publish_slice(network: &Network, service: &Value, slice: &Value) {
    network.set_rules(Rules::new([service], [slice]));
    network.set_names(Names::new([service], [slice]));
}

/// How a connection ends: with the pod that listens, or with an error.
pub(super) async fn outcome(dialer: &PodDialer, to: &str) -> String {
    let to: SocketAddr = to.parse().unwrap();
    match dialer.connect(to).await {
        Ok(_) => "connected".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// The peer that a listener sees on its next connection.
pub(super) async fn accept(listener: &mut impl Listener) -> SocketAddr {
    std::future::poll_fn(|context| listener.poll_accept(context)).await.unwrap().1.peer
}
