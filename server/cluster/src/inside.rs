//! A program run inside the client pod, as `kubectl exec` does it: what a student types is asked from where the lab's
//! requests come from.

use std::time::Duration;

use clusterip_domain::ids::Namespace;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Client;
use kube::api::{Api, AttachParams, AttachedProcess};
use kube::runtime::conditions::is_pod_running;
use kube::runtime::wait::await_condition;
use tokio::io::AsyncRead;

use crate::tenancy::{self, CLIENT_POD, TenancyError};

/// How long a client pod that was made anew may take to run.
const RUNS_WITHIN: Duration = Duration::from_secs(20);

/// Why nothing could be run there.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// The client pod could not be made.
    #[error("there is no client pod")]
    NoClient(#[source] TenancyError),
    /// The API server did not open the way in.
    #[error("running something in the client pod failed")]
    Exec(#[source] kube::Error),
}

/// A program that runs in the client pod. It goes on there when this is dropped, so it must be one that ends by itself.
pub struct Inside {
    process: AttachedProcess,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// With this code; 0 is success.
    Code(i32),
    /// Not by itself, or nobody can say; with what the API server said, if it did.
    Unknown(Option<String>),
}

impl Inside {
    /// Starts a program of the client's image, without input and terminal.
    ///
    /// # Errors
    /// There is no client pod, or no way into it.
    pub async fn start(client: &Client, namespace: &Namespace, argv: &[String]) -> Result<Self, InsideError> {
        tenancy::ensure_client(client, namespace).await.map_err(InsideError::NoClient)?;
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace.as_str());
        // It may have been made a moment ago. If it does not run in time, what is said of that is what counts.
        let runs = await_condition(pods.clone(), CLIENT_POD, is_pod_running());
        let _ = tokio::time::timeout(RUNS_WITHIN, runs).await;
        let params = AttachParams::default().stdin(false).stdout(true).stderr(true);
        let process = pods.exec(CLIENT_POD, argv, &params).await.map_err(InsideError::Exec)?;
        Ok(Self { process })
    }

    /// What it writes, and what it complains of; once each.
    pub fn output(
        &mut self,
    ) -> (Option<impl AsyncRead + Unpin + use<>>, Option<impl AsyncRead + Unpin + use<>>) {
        (self.process.stdout(), self.process.stderr())
    }

    /// Waits for its end.
    pub async fn left(mut self) -> Left {
        match self.process.take_status() {
            Some(status) => status.await.map_or(Left::Unknown(None), |status| left(&status)),
            None => Left::Unknown(None),
        }
    }
}

/// The exit code in the Status that ends an exec.
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>; the cause `ExitCode` is what
/// kubectl reads.
fn left(status: &Status) -> Left {
    if status.status.as_deref() == Some("Success") {
        return Left::Code(0);
    }
    let causes = status.details.as_ref().and_then(|d| d.causes.as_ref());
    let code = causes.into_iter().flatten().find(|c| c.reason.as_deref() == Some("ExitCode"));
    match code.and_then(|c| c.message.as_ref()).and_then(|code| code.parse().ok()) {
        Some(code) => Left::Code(code),
        None => Left::Unknown(status.message.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_exit_code_is_read_as_kubectl_reads_it() {
        let status = |value| left(&serde_json::from_value(value).unwrap());
        assert_eq!(status(json!({"status": "Success"})), Left::Code(0));
        let failed = json!({
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": "7"}]},
        });
        assert_eq!(status(failed), Left::Code(7));
        let broken = json!({"status": "Failure", "message": "container not found"});
        assert_eq!(status(broken), Left::Unknown(Some("container not found".into())));
    }
}
