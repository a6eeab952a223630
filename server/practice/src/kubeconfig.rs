//! The file by which kubectl and kube-rs find the cluster.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// The name of the context, the cluster and the user.
pub const CONTEXT: &str = "practice";

/// A kubeconfig, as JSON, which is YAML too.
/// Source: <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>.
pub(crate) fn render(address: SocketAddr, authority_pem: &str, token: &str) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {
            "server": format!("https://{address}"),
            "certificate-authority-data": STANDARD.encode(authority_pem),
        }}],
        "users": [{"name": CONTEXT, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT, "namespace": "default"}}],
    });
    format!("{config:#}\n")
}
