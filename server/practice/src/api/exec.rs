//! `kubectl exec`: the programs that the lab's images have, run in the pod. `kubectl attach`: what a container writes,
//! from now on.

use std::sync::Arc;

use bytes::Bytes;
use clusterip_agent::tools::Ran;
use futures_util::{StreamExt, stream};
use hyper::Request;
use hyper::body::Incoming;

use super::query::Query;
use super::remote::{Said, Wanted, outcome};
use super::respond::Answer;
use super::{Api, logs};
use crate::kubelet::{ExecError, random_id};
use crate::status::Status;
use crate::store::{Resource, object};

impl Api {
    /// Runs a command in a container.
    pub(super) fn exec(
        &self,
        request: Request<Incoming>,
        namespace: &str,
        name: &str,
    ) -> Result<Answer, Status> {
        let query = Query::parse(request.uri().query());
        let container = self.container(&query, namespace, name)?;
        let argv: Vec<String> = query.all("command").map(str::to_owned).collect();
        if argv.is_empty() {
            return Err(Status::bad_request("you must specify at least one command for the container"));
        }
        let (namespace, pod, kubelet) = (namespace.to_owned(), name.to_owned(), Arc::clone(&self.kubelet));
        let run = async move { kubelet.exec(&namespace, &pod, &container, &argv).await };
        let said = stream::once(run).flat_map(|ran| stream::iter(said(ran)));
        self.tell(request, Wanted::read(&query)?, said)
    }

    /// Tells what a container writes from now on, until it ends. What one that has ended has written is told again:
    /// a short program may be over before `kubectl run --attach` comes, which on a real node takes about as long.
    pub(super) fn attach(
        &self,
        request: Request<Incoming>,
        namespace: &str,
        name: &str,
    ) -> Result<Answer, Status> {
        let query = Query::parse(request.uri().query());
        let container = self.container(&query, namespace, name)?;
        let log = self.kubelet.log(namespace, name, &container, false).ok_or_else(|| {
            let why = format!("container {container} not found in pod {name}_{namespace}");
            Status::internal(&format!("unable to upgrade connection: {why}"))
        })?;
        let written = logs::from_now(&log, self.stop.clone()).map(Said::Stdout);
        let end = stream::once(async { Said::Outcome(outcome(0)) });
        self.tell(request, Wanted::read(&query)?, written.chain(end))
    }

    /// The container that is meant, of a pod that has a node.
    fn container(&self, query: &Query, namespace: &str, name: &str) -> Result<String, Status> {
        let pod = self.store.get(Resource::Pods, namespace, name)?;
        let container = logs::container(&pod, query.get("container"))?;
        if object::text(&pod, "/spec/nodeName").is_empty() {
            return Err(Status::bad_request(format!("pod {name} does not have a host assigned")));
        }
        Ok(container)
    }
}

/// What a run comes to: its output, then its outcome.
fn said(ran: Result<Ran, ExecError>) -> Vec<Said> {
    match ran {
        Ok(ran) => vec![
            Said::Stdout(Bytes::from(ran.stdout)),
            Said::Stderr(Bytes::from(ran.stderr)),
            Said::Outcome(outcome(ran.code)),
        ],
        Err(error) => vec![refused(&error)],
    }
}

fn refused(error: &ExecError) -> Said {
    match error {
        // Nothing was opened, so the API server has no error of the kubelet's to wrap.
        ExecError::NoContainer(_) => {
            let why = format!("unable to upgrade connection: {error}");
            Said::Outcome(Status::internal(&why).to_value())
        }
        ExecError::NoProgram(_) => Said::Refused(format!(
            "error executing command in container: failed to exec in container: failed to start exec \"{}\": {error}",
            random_id()
        )),
    }
}
