//! The server over HTTP. On a cluster that cannot be opened: everything that must work, and be refused, without one. On
//! a practice cluster: what is asked of a lab.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

mod authoring;
mod console;
mod learning;
mod setup;
mod startup;
mod strangers;

use std::path::Path;

use clusterip_cluster::source::SourceConfig;
use clusterip_tests::Server;
use tempfile::TempDir;

/// A context whose API server is a port of this machine where nothing listens.
fn kubeconfig_to_nowhere(folder: &Path) -> SourceConfig {
    let path = folder.join("kubeconfig");
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let text = format!(
        "apiVersion: v1\nkind: Config\n\
         clusters: [{{name: c, cluster: {{server: \"http://127.0.0.1:{port}\"}}}}]\n\
         users: [{{name: u, user: {{}}}}]\n\
         contexts: [{{name: nowhere, context: {{cluster: c, user: u}}}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    SourceConfig::Kubeconfig { path: Some(path), context: "nowhere".into() }
}

/// A server whose cluster does not answer. The folder holds its kubeconfig.
async fn without_a_cluster() -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(kubeconfig_to_nowhere(folder.path())).await;
    (server, folder)
}

/// A server whose start-up fails at once: its kubeconfig has no such context.
async fn with_a_wrong_context() -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let SourceConfig::Kubeconfig { path, .. } = kubeconfig_to_nowhere(folder.path()) else { unreachable!() };
    let source = SourceConfig::Kubeconfig { path, context: "nirvana".into() };
    (Server::start(source).await, folder)
}
