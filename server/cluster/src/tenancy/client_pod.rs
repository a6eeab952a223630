//! The lab's client pod: it sends what it is told, and comes back when it is gone.

use clusterip_domain::bounds::CLIENT_POD;
use clusterip_domain::ids::Namespace;
use clusterip_domain::snapshot::ROLE_LABEL;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, DeleteParams};
use serde_json::{Value, json};

use super::{TenancyError, apply};

/// Its image.
const IMAGE: &str = "clusterip-lab/client:v1";

/// Makes the client pod if it is not there, and anew if it has ended or is not the lab's own any more.
///
/// # Errors
/// What the API server refused or did not answer for.
pub async fn ensure_client(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace.as_str());
    let failed = |source| TenancyError { what: "the client pod", namespace: namespace.clone(), source };
    match pods.get_opt(CLIENT_POD).await.map_err(failed)? {
        Some(pod) if is_fit(&pod) => return Ok(()),
        Some(pod) if pod.metadata.deletion_timestamp.is_none() => {
            let at_once = DeleteParams::default().grace_period(0);
            pods.delete(CLIENT_POD, &at_once).await.map_err(failed)?;
        }
        _ => {}
    }
    apply(&pods, CLIENT_POD, &client_pod()).await.map_err(failed)
}

/// Whether this client pod still serves: an evicted one stays as Failed, and an image can be changed in place.
fn is_fit(pod: &Pod) -> bool {
    let ended = pod
        .status
        .as_ref()
        .and_then(|s| s.phase.as_deref())
        .is_some_and(|p| p == "Failed" || p == "Succeeded");
    let image = pod.spec.as_ref().and_then(|s| s.containers.first()).and_then(|c| c.image.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !ended && image == Some(IMAGE)
}

/// Meets Pod Security *restricted*: the one sysctl it sets, which lets its group send ICMP echoes without any
/// capability, is among the safe ones.
/// Source: <https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls>.
fn client_pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": CLIENT_POD, "labels": {ROLE_LABEL: "client"}},
        "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "65532 65532"}],
            },
            "containers": [{
                "name": "client",
                "image": IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    })
}
