//! One pod, from the moment it has a node to the moment it is gone.
//!
//! ```text
//! taken ──▶ sandbox (an address) ──▶ containers ──▶ all ended ──▶ sandbox gone ──▶ deleted, if it was to be
//!                                        ▲
//!            deletionTimestamp ── stop ──┘   removed from the store: killed at once
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>

use std::net::Ipv4Addr;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::container::{Container, Deadline};
use super::status::{Facts, State};
use super::{Kubelet, PodHandle};
use crate::controllers::events::Said;
use crate::controllers::objects::has_ended;
use crate::network::Sandbox;
use crate::store::object::{is_deleting, name, namespace, now, uid};
use crate::store::{Deletion, Resource};

/// How long it takes to make a sandbox and its network.
const SANDBOX: Duration = Duration::from_millis(250);
/// How long a sandbox outlives its processes.
const CLEANUP: Duration = Duration::from_millis(200);

/// The pod as it is in the store; `None` once it is not.
pub(super) type Seen = Option<Arc<Value>>;

/// What the kubelet remembers of a pod.
pub(super) struct Worker {
    kubelet: Arc<Kubelet>,
    pod: Arc<Value>,
    seen: watch::Receiver<Seen>,
    states: Arc<watch::Sender<Vec<State>>>,
    deadline: watch::Sender<Deadline>,
    ip: Option<Ipv4Addr>,
    sandbox: Option<Arc<Sandbox>>,
    since: String,
}

impl Worker {
    pub(super) fn new(kubelet: Arc<Kubelet>, pod: Arc<Value>, seen: watch::Receiver<Seen>) -> Self {
        let count = pod["spec"]["containers"].as_array().map_or(0, Vec::len);
        Self {
            kubelet,
            pod,
            seen,
            states: Arc::new(watch::Sender::new(vec![State::new(); count])),
            deadline: watch::Sender::new(None),
            ip: None,
            sandbox: None,
            since: now(),
        }
    }

    /// Sees the pod through.
    pub(super) async fn run(mut self) {
        if !has_ended(&self.pod) {
            self.write();
            if self.make_sandbox().await {
                self.write();
                self.run_containers().await;
            }
            self.kubelet.ended(&self.pod);
            self.write();
            sleep(self.kubelet.pace.of(CLEANUP)).await;
            self.sandbox = None;
            self.write();
        }
        self.seen.wait_for(|seen| seen.as_ref().is_none_or(|pod| is_deleting(pod))).await.ok();
        let deletion = Deletion { uid: Some(uid(&self.pod).to_owned()), ..Deletion::now() };
        // It is gone already when it was deleted by force.
        self.kubelet.store.delete(Resource::Pods, namespace(&self.pod), name(&self.pod), &deletion).ok();
        self.kubelet.forget(&self.pod);
    }

    /// Whether there is a sandbox: not when the pod is to go before it was made.
    async fn make_sandbox(&mut self) -> bool {
        let going = |seen: &Seen| seen.as_ref().is_none_or(|pod| is_deleting(pod));
        loop {
            tokio::select! {
                () = sleep(self.kubelet.pace.of(SANDBOX)) => {}
                _ = self.seen.wait_for(going) => return false,
            }
            match self.kubelet.network.attach(namespace(&self.pod), name(&self.pod)) {
                Ok(sandbox) => {
                    self.ip = Some(sandbox.ip());
                    self.sandbox = Some(Arc::new(sandbox));
                    return true;
                }
                Err(why) => {
                    let message = format!("Failed to create pod sandbox: {why}");
                    self.kubelet.events.tell(&self.pod, Said::warning("FailedCreatePodSandBox", message));
                }
            }
        }
    }

    async fn run_containers(&mut self) {
        let Some(mut containers) = self.start_containers() else { return };
        let mut changed = self.states.subscribe();
        loop {
            tokio::select! {
                ended = containers.join_next() => match ended {
                    None => return,
                    // The worker goes down with its container, and is begun anew.
                    Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                    Some(_) => {}
                },
                Ok(()) = changed.changed() => self.write(),
                Ok(()) = self.seen.changed() => {
                    let seen = self.seen.borrow_and_update().clone();
                    match seen {
                        None => {
                            self.tell_killing();
                            // Dropped where they are, as by a SIGKILL.
                            containers.shutdown().await;
                            return;
                        }
                        Some(pod) => self.notice(&pod),
                    }
                }
            }
        }
    }

    fn start_containers(&self) -> Option<JoinSet<()>> {
        let sandbox = self.sandbox.as_ref()?;
        let mut containers = JoinSet::new();
        let mut handle =
            PodHandle { dialer: Some(sandbox.dialer()), logs: Vec::new(), states: Arc::clone(&self.states) };
        for (index, spec) in self.pod["spec"]["containers"].as_array()?.iter().enumerate() {
            let logs = Arc::new(Mutex::new([None, None]));
            let container = spec["name"].as_str().unwrap_or_default().to_owned();
            handle.logs.push((container, Arc::clone(&logs)));
            let container = Container {
                kubelet: Arc::clone(&self.kubelet),
                pod: Arc::clone(&self.pod),
                spec: spec.clone(),
                index,
                sandbox: Arc::clone(sandbox),
                states: Arc::clone(&self.states),
                deadline: self.deadline.subscribe(),
                logs,
            };
            containers.spawn(container.run());
        }
        self.kubelet.remember(&self.pod, handle);
        Some(containers)
    }

    /// The pod changed: it may be told to stop, or to stop sooner.
    fn notice(&self, pod: &Value) {
        if !is_deleting(pod) {
            return;
        }
        let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(30);
        let end = Instant::now() + Duration::from_secs(grace);
        let before = *self.deadline.borrow();
        if before.is_none() {
            self.tell_killing();
        }
        // The time that was given counts from the first; a second deletion may only bring it nearer.
        if before.is_none_or(|before| end < before) {
            self.deadline.send_replace(Some(end));
        }
    }

    fn tell_killing(&self) {
        for (state, spec) in
            self.states.borrow().iter().zip(self.pod["spec"]["containers"].as_array().into_iter().flatten())
        {
            if state.runs() {
                let container = spec["name"].as_str().unwrap_or_default();
                let said = Said::normal("Killing", format!("Stopping container {container}"));
                self.kubelet.events.tell(&self.pod, said.of_container(container));
            }
        }
    }

    /// Writes the status, unless the name is another pod's by now.
    fn write(&self) {
        let states = self.states.borrow().clone();
        let facts =
            Facts { states: &states, ip: self.ip, sandbox: self.sandbox.is_some(), since: &self.since };
        let written =
            self.kubelet.store.modify_status(Resource::Pods, namespace(&self.pod), name(&self.pod), |pod| {
                if uid(pod) == uid(&self.pod) {
                    pod["status"] = facts.status(pod);
                }
            });
        // Gone already: nobody wants its status.
        written.ok();
    }
}
