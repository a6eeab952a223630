//! `kubectl exec`: the programs that the lab's images have, run in the pod.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-connect-portforward-requests-to-exec-of-pod>;
//! channels as in `k8s.io/apimachinery/pkg/util/remotecommand`.

use std::sync::Arc;

use clusterip_agent::tools::Ran;
use futures_util::{SinkExt, StreamExt};
use hyper::Request;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::Api;
use super::query::Query;
use super::respond::Answer;
use super::socket::{self, frame};
use crate::kubelet::{ExecError, Kubelet, random_id};
use crate::status::Status;
use crate::store::{Resource, object};

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
/// Carries the Status in the end.
const OUTCOME: u8 = 3;
/// The largest message: what comes is cut into such pieces.
const CHUNK: usize = 32 * 1024;
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// What to run, and where.
struct Command {
    namespace: String,
    pod: String,
    container: String,
    argv: Vec<String>,
    /// A terminal has only one stream.
    tty: bool,
}

impl Api {
    /// Runs a command in a container.
    pub(super) fn exec(
        &self,
        mut request: Request<Incoming>,
        namespace: &str,
        name: &str,
    ) -> Result<Answer, Status> {
        let pod = self.store.get(Resource::Pods, namespace, name)?;
        let query = Query::parse(request.uri().query());
        let container = container(&pod, query.get("container"))?;
        let phase = object::text(&pod, "/status/phase");
        if matches!(&*phase, "Succeeded" | "Failed") {
            let why = format!("cannot exec into a container in a completed pod; current phase is {phase}");
            return Err(Status::bad_request(why));
        }
        let argv: Vec<String> = query.all("command").map(str::to_owned).collect();
        if argv.is_empty() {
            return Err(Status::bad_request("you must specify at least one command for the container"));
        }
        let (answer, _) = socket::switch(&request, &PROTOCOLS)?;
        let (namespace, pod) = (namespace.to_owned(), name.to_owned());
        let command = Command { namespace, pod, container, argv, tty: query.flag("tty") };
        let (upgrade, kubelet) = (hyper::upgrade::on(&mut request), Arc::clone(&self.kubelet));
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(async move {
            match upgrade.await {
                Ok(upgraded) => serve(upgraded, &kubelet, &command).await,
                Err(error) => tracing::debug!(%error, "an exec was not upgraded"),
            }
        }));
        Ok(answer)
    }
}

/// The container that is meant: the one that is named, or the pod's first.
fn container(pod: &Value, named: &str) -> Result<String, Status> {
    let containers = pod["spec"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
    let mut names = containers.iter().filter_map(|c| c["name"].as_str());
    let found = if named.is_empty() { names.next() } else { names.find(|name| *name == named) };
    found.map(str::to_owned).ok_or_else(|| {
        Status::bad_request(format!("container {named} is not valid for pod {}", object::name(pod)))
    })
}

async fn serve(upgraded: Upgraded, kubelet: &Kubelet, command: &Command) {
    let (mut sink, mut source) = socket::open(upgraded).await.split();
    let run = kubelet.exec(&command.namespace, &command.pod, &command.container, &command.argv);
    // Input goes nowhere: none of the programs reads any. When the client goes, the program is stopped.
    let gone = async {
        while let Some(Ok(message)) = source.next().await
            && !message.is_close()
        {}
    };
    let ran = tokio::select! {
        ran = run => ran,
        () = gone => return,
    };
    for message in messages(ran, command.tty) {
        if sink.send(message).await.is_err() {
            return;
        }
    }
    // The client may be gone already.
    let _ = sink.send(socket::goodbye()).await;
}

/// What a run comes to: its output, then its outcome.
fn messages(ran: Result<Ran, ExecError>, tty: bool) -> Vec<Message> {
    let mut messages = Vec::new();
    let outcome = match ran {
        Ok(ran) => {
            let errors = if tty { STDOUT } else { STDERR };
            messages.extend(ran.stdout.chunks(CHUNK).map(|chunk| frame(STDOUT, chunk)));
            messages.extend(ran.stderr.as_bytes().chunks(CHUNK).map(|chunk| frame(errors, chunk)));
            outcome(ran.code)
        }
        Err(error @ ExecError::NoContainer(_)) => {
            Status::internal(&format!("unable to upgrade connection: {error}")).to_value()
        }
        Err(error) => Status::internal(&format!(
            "error executing command in container: failed to exec in container: failed to start exec \"{}\": {error}",
            random_id()
        ))
        .to_value(),
    };
    messages.push(frame(OUTCOME, outcome.to_string().as_bytes()));
    messages
}

/// The Status of an exit code.
fn outcome(code: u8) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_comes_before_the_exit_code() {
        let ran = Ran { code: 7, stdout: b"out".to_vec(), stderr: "err".into() };
        let said: Vec<Vec<u8>> =
            messages(Ok(ran), false).into_iter().map(|m| m.into_data().to_vec()).collect();
        assert_eq!(said[..2], [b"\x01out".to_vec(), b"\x02err".to_vec()]);
        let outcome: Value = serde_json::from_slice(&said[2][1..]).unwrap();
        assert_eq!((said[2][0], &outcome["details"]["causes"][0]["message"]), (OUTCOME, &json!("7")));
    }
}
