//! Port-forwards: SPDY with a pair of streams for each forwarded connection, as kubectl has them, or a WebSocket with two
//! channels a port, as kube-rs has them.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-connect-portforward-requests-to-portforward-of-pod>.

mod channels;
mod streams;

use std::io;

use hyper::Request;
use hyper::body::Incoming;

use super::Api;
use super::query::Query;
use super::respond::Answer;
use super::upgrade::{self, Offer, Way};
use crate::kubelet::random_id;
use crate::network::{Network, PodStream};
use crate::status::Status;
use crate::store::{Resource, object};

/// How much is read from a pod at once.
const CHUNK: usize = 16 * 1024;
const OFFER: Offer =
    Offer { websocket: &["SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io"], spdy: "portforward.k8s.io" };

/// Where a port-forward goes.
struct Destination {
    network: Network,
    namespace: String,
    pod: String,
}

impl Destination {
    async fn connect(&self, port: u16) -> io::Result<PodStream> {
        self.network.connect_loopback(&self.namespace, &self.pod, port).await
    }

    /// Why there is no connection, in containerd's words. They name its sandbox, of which there is none here.
    fn refusal(&self, port: u16, error: &io::Error) -> String {
        let sandbox = random_id();
        let about = format!("error forwarding port {port} to pod {sandbox}, uid : ");
        if error.kind() == io::ErrorKind::NotFound {
            return format!("{about}network namespace for sandbox \"{sandbox}\" is closed");
        }
        format!(
            "{about}failed to execute portforward in network namespace \"/var/run/netns/cni-{}\": failed to connect to \
             localhost:{port} inside namespace \"{sandbox}\", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection \
             refused IPv6 dial tcp6 [::1]:{port}: connect: connection refused ",
            object::new_uid()
        )
    }
}

impl Api {
    /// Opens the way to ports of a pod.
    pub(super) fn port_forward(
        &self,
        mut request: Request<Incoming>,
        namespace: &str,
        name: &str,
    ) -> Result<Answer, Status> {
        let pod = self.store.get(Resource::Pods, namespace, name)?;
        if object::text(&pod, "/status/phase") != "Running" {
            let phase = object::text(&pod, "/status/phase");
            return Err(Status::bad_request(format!(
                "unable to forward port because pod is not running. Current status={phase}"
            )));
        }
        let (answer, way) = upgrade::switch(&request, &OFFER)?;
        let ports = match way {
            Way::Channels => channels::ports(&Query::parse(request.uri().query()))?,
            Way::Tunnel | Way::Spdy => Vec::new(),
        };
        let (namespace, pod) = (namespace.to_owned(), name.to_owned());
        let to = Destination { network: self.network.clone(), namespace, pod };
        let (upgrade, stop) = (hyper::upgrade::on(&mut request), self.stop.clone());
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            match (upgrade.await, way) {
                (Ok(upgraded), Way::Channels) => channels::serve(upgraded, &to, &ports).await,
                (Ok(upgraded), _) => {
                    upgrade::serve_spdy(upgraded, way, |streams| streams::serve(streams, to)).await;
                }
                (Err(error), _) => tracing::debug!(%error, "a port-forward was not upgraded"),
            }
        }));
        Ok(answer)
    }
}
