//! The virtual kubelet of the one node: its pods' containers are the agent itself, run in this process.
//!
//! ```text
//! store ── pods of practice-node ──▶ Worker (one a pod) ──▶ Container ──▶ Process: the agent on the pod's Sandbox
//!                                        └──▶ Pod.status, Events            └──▶ Log
//! ```
//!
//! Invariants: a worker belongs to one UID; a pod's status is written by its worker only, but for `PodScheduled`;
//! when a worker ends, nothing of its pod is left in the network.

mod container;
mod env;
mod hook;
mod http_get;
mod images;
mod log;
mod node;
mod probe;
mod probing;
mod process;
mod status;
#[cfg(test)]
mod tests;
pub(crate) mod token;
mod unmodelled;
mod worker;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clusterip_agent::tools::Ran;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::controllers::events::Recorder;
use crate::controllers::objects::{Key, key};
use crate::network::{Network, PodDialer};
use crate::pace::Pace;
use crate::status::Status;
use crate::store::object::{name, namespace, text, uid};
use crate::store::{Resource, Selector, Store, WatchEvent};
use crate::supervise::again;

pub use log::{Log, LogLine, Progress};
pub use node::NODE;
pub(crate) use unmodelled::unmodelled;

use process::Program;
use status::State;
use worker::{Seen, Worker};

/// How long it takes to start a program in a container that runs.
const EXEC_START: Duration = Duration::from_millis(40);

/// The logs of a container: the newest run's, and the one's before.
type Logs = Arc<Mutex<[Option<Arc<Log>>; 2]>>;

/// What others may do with a pod that runs.
#[derive(Debug)]
struct PodHandle {
    /// While the pod has a sandbox.
    dialer: Option<PodDialer>,
    /// By container, in the order of the spec.
    logs: Vec<(String, Logs)>,
    /// In the same order.
    states: Arc<watch::Sender<Vec<State>>>,
}

impl PodHandle {
    fn runs(&self, container: &str) -> bool {
        let states = self.states.borrow();
        let mut all = self.logs.iter().zip(states.iter());
        all.any(|((name, _), state)| name == container && state.runs())
    }
}

/// Why a command was not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// The pod, or that container of it, does not run.
    #[error("container not found (\"{0}\")")]
    NoContainer(String),
    /// The images have no such program: they have the agent and its curl.
    #[error(
        "OCI runtime exec failed: exec failed: unable to start container process: exec: \"{0}\": executable file not \
         found in $PATH: unknown"
    )]
    NoProgram(String),
}

/// The kubelet: it knows what runs.
#[derive(Debug)]
pub struct Kubelet {
    store: Arc<Store>,
    network: Network,
    pace: Pace,
    events: Recorder,
    pods: Mutex<HashMap<Key, (String, PodHandle)>>,
}

impl Kubelet {
    /// Registers the node, and runs its pods for as long as `tasks` lives.
    ///
    /// # Errors
    /// The node was refused.
    pub fn start(
        tasks: &mut JoinSet<()>,
        store: &Arc<Store>,
        network: &Network,
        pace: Pace,
    ) -> Result<Arc<Self>, Status> {
        let kubelet = Arc::new(Self {
            store: Arc::clone(store),
            network: network.clone(),
            pace,
            events: Recorder::new(store, "kubelet", Some(NODE)),
            pods: Mutex::default(),
        });
        store.create(Resource::Nodes, node::node())?;
        let of = Arc::clone(&kubelet);
        tasks.spawn(again("the kubelet".into(), move || follow(Arc::clone(&of))));
        Ok(kubelet)
    }

    fn pods(&self) -> MutexGuard<'_, HashMap<Key, (String, PodHandle)>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, pod: &Value, handle: PodHandle) {
        self.pods().insert(key(pod), (uid(pod).to_owned(), handle));
    }

    /// Its processes have ended. The logs stay until the pod is gone.
    fn ended(&self, pod: &Value) {
        if let Some((of, handle)) = self.pods().get_mut(&key(pod))
            && of == uid(pod)
        {
            handle.dialer = None;
        }
    }

    /// The pod is gone.
    fn forget(&self, pod: &Value) {
        let mut pods = self.pods();
        if pods.get(&key(pod)).is_some_and(|(of, _)| of == uid(pod)) {
            pods.remove(&key(pod));
        }
    }

    /// The log of a container's newest run, or of the one before; `None` where there is none, or its container counts as
    /// created only when its hook is done.
    #[must_use]
    pub fn log(&self, namespace: &str, pod: &str, container: &str, previous: bool) -> Option<Arc<Log>> {
        let pods = self.pods();
        let (_, handle) = pods.get(&(namespace.to_owned(), pod.to_owned()))?;
        let index = handle.logs.iter().position(|(name, _)| name == container)?;
        let waits_for_its_first_hook = {
            let state = &handle.states.borrow()[index];
            state.starting && state.id.is_none()
        };
        if waits_for_its_first_hook {
            return None;
        }
        let (_, logs) = &handle.logs[index];
        let logs = logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs[usize::from(previous)].clone()
    }

    /// Runs a command in a container, as `kubectl exec` does.
    ///
    /// # Errors
    /// The container does not run, or has no such program.
    pub async fn exec(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        argv: &[String],
    ) -> Result<Ran, ExecError> {
        let dialer = {
            let pods = self.pods();
            let found = pods.get(&(namespace.to_owned(), pod.to_owned())).map(|(_, handle)| handle);
            let found = found.filter(|handle| handle.runs(container));
            let dialer = found.and_then(|handle| handle.dialer.clone());
            dialer.ok_or_else(|| ExecError::NoContainer(container.to_owned()))?
        };
        sleep(self.pace.of(EXEC_START)).await;
        match Program::find(argv) {
            Some(Program::Tool(tool, arguments)) => Ok(tool.collect(&arguments, &dialer).await),
            // A second server in the pod is of no use to a student, and its ports are taken.
            _ => Err(ExecError::NoProgram(argv.first().cloned().unwrap_or_default())),
        }
    }
}

/// Starts a worker for every pod of the node, and tells it what becomes of the pod.
async fn follow(kubelet: Arc<Kubelet>) {
    let mut workers: HashMap<String, watch::Sender<Seen>> = HashMap::new();
    let mut running = JoinSet::new();
    loop {
        let (listed, mut watch) = kubelet.store.list_and_watch(Resource::Pods, None, &Selector::default());
        let there: Vec<&str> = listed.items.iter().map(|pod| uid(pod)).collect();
        // What went while the watch was behind.
        workers.retain(|uid, seen| {
            let stays = there.contains(&uid.as_str());
            if !stays {
                seen.send_replace(None);
            }
            stays
        });
        for pod in &listed.items {
            see(&kubelet, &mut workers, &mut running, pod);
        }
        while let Ok(event) = watch.next().await {
            match event {
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) => {
                    see(&kubelet, &mut workers, &mut running, &pod);
                }
                WatchEvent::Deleted(pod) => {
                    if let Some(seen) = workers.remove(uid(&pod)) {
                        seen.send_replace(None);
                    }
                }
            }
            while running.try_join_next().is_some() {}
        }
        tracing::debug!("the kubelet fell behind, and lists again");
    }
}

fn see(
    kubelet: &Arc<Kubelet>,
    workers: &mut HashMap<String, watch::Sender<Seen>>,
    running: &mut JoinSet<()>,
    pod: &Arc<Value>,
) {
    if text(pod, "/spec/nodeName") != NODE {
        return;
    }
    if let Some(seen) = workers.get(uid(pod)) {
        seen.send_replace(Some(Arc::clone(pod)));
        return;
    }
    let (tell, seen) = watch::channel(Some(Arc::clone(pod)));
    workers.insert(uid(pod).to_owned(), tell);
    let of = format!("pod {}/{}", namespace(pod), name(pod));
    let (kubelet, pod) = (Arc::clone(kubelet), Arc::clone(pod));
    // Begun anew, the pod is run as it is by then, in a new sandbox.
    running.spawn(again(of, move || {
        let now = seen.borrow().clone().unwrap_or_else(|| Arc::clone(&pod));
        Worker::new(Arc::clone(&kubelet), now, seen.clone()).run()
    }));
}

/// 64 hexadecimal digits, as a container runtime names containers.
pub(crate) fn random_id() -> String {
    let mut id = String::new();
    for _ in 0..2 {
        // Writing to a String does not fail.
        write!(id, "{:032x}", rand::random::<u128>()).ok();
    }
    id
}
