//! What makes the cluster move: each controller brings what there is nearer to what is asked for.
//!
//! ```text
//! Deployment ──▶ ReplicaSet ──▶ Pod ──▶ (kubelet) ──▶ Pod.status ──▶ EndpointSlice, Endpoints
//! Namespace ──▶ ServiceAccount, ConfigMap; its end        owner gone ──▶ dependents gone
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/architecture/controller/>

mod accounts;
mod deployment;
mod endpoints;
pub(crate) mod events;
mod garbage;
mod namespaces;
pub(crate) mod objects;
mod quotas;
mod replica_set;
pub(crate) mod runtime;
mod scheduler;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::store::Store;
use events::Recorder;

/// Starts every controller; they run for as long as `tasks` lives. `ca` is the API server's, as PEM.
pub fn start(tasks: &mut JoinSet<()>, store: &Arc<Store>, ca: &str) {
    let recorder = |component| Recorder::new(store, component, None);
    let shared = || Arc::clone(store);
    runtime::start(tasks, store, accounts::Accounts { store: shared(), ca: ca.to_owned() });
    runtime::start(
        tasks,
        store,
        scheduler::Scheduler { store: shared(), events: recorder("default-scheduler") },
    );
    let events = recorder("deployment-controller");
    runtime::start(tasks, store, deployment::Deployments { store: shared(), events });
    let events = recorder("replicaset-controller");
    runtime::start(tasks, store, replica_set::ReplicaSets { store: shared(), events });
    runtime::start(
        tasks,
        store,
        endpoints::Endpoints { store: shared(), triggers: endpoints::Triggers::default() },
    );
    runtime::start(tasks, store, garbage::Garbage { store: shared() });
    runtime::start(tasks, store, namespaces::Namespaces { store: shared() });
    runtime::start(tasks, store, quotas::Quotas { store: shared() });
}
