//! What a run stands on: its namespace, the neighbour's where the lab asks for one, and the documents that are there
//! before the student is.
//!
//! Invariant: the lab's setup is applied once when the namespace is made and after each start over, never to a
//! namespace in which a student has worked since: a mark on the namespace tells, so that a server that is started
//! again does not undo a repair.

use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::actions::{ActError, Actions};
use clusterip_cluster::index::Index;
use clusterip_cluster::manifest::{self, AllowedKind};
use clusterip_cluster::tenancy::{self, TenancyError, access};
use clusterip_domain::ids::Namespace;
use clusterip_domain::lab::Lab;
use clusterip_domain::snapshot::{PodState, Snapshot};
use kube::Client;
use tokio::sync::{Mutex, MutexGuard};

/// How long what was asked for may take to be seen; then the run goes on without.
const SEEN_WITHIN: Duration = Duration::from_secs(60);

/// See the module.
pub(crate) struct Ground {
    client: Client,
    index: Arc<Index>,
    namespace: Namespace,
    turn: Mutex<()>,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ground({})", self.namespace)
    }
}

/// Why a run has nothing to stand on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GroundError {
    /// A namespace or what belongs to it.
    #[error(transparent)]
    Tenancy(#[from] TenancyError),
    /// The lab's documents.
    #[error("applying what the lab begins with")]
    Setup(#[from] ActError),
}

impl Ground {
    /// Of this namespace.
    pub(super) fn new(client: Client, index: Arc<Index>, namespace: Namespace) -> Self {
        Self { client, index, namespace, turn: Mutex::default() }
    }

    /// Waits for the turn to prepare it or to start over: each of the two undoes half of what the other did.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Makes the namespaces, and what the lab begins with where that was not done yet.
    pub(super) async fn prepare(&self, lab: &Lab) -> Result<(), GroundError> {
        self.make(lab).await?;
        if (lab.setup.is_empty() && lab.neighbour.is_empty())
            || tenancy::is_set_up(&self.client, &self.namespace).await?
        {
            return Ok(());
        }
        self.set_up(lab).await?;
        Ok(tenancy::mark_set_up(&self.client, &self.namespace).await?)
    }

    async fn make(&self, lab: &Lab) -> Result<(), TenancyError> {
        tenancy::prepare(&self.client, &self.namespace).await?;
        if !lab.neighbour.is_empty() {
            tenancy::prepare_neighbour(&self.client, &self.namespace).await?;
        }
        Ok(())
    }

    /// Deletes everything but the lab's own, the neighbour's things too, and applies what the lab begins with. The
    /// mark goes first: a server that ends half way leaves a namespace that the next one sets up. Whatever credentials the
    /// student had are void.
    pub(crate) async fn start_over(&self, lab: &Lab) -> Result<(), GroundError> {
        // Someone may have deleted the namespace.
        self.make(lab).await?;
        tokio::try_join!(
            tenancy::unmark_set_up(&self.client, &self.namespace),
            access::revoke(&self.client, &self.namespace)
        )?;
        let neighbour = (!lab.neighbour.is_empty()).then(|| self.namespace.neighbour());
        for namespace in [Some(self.namespace.clone()), neighbour].into_iter().flatten() {
            self.actions().clear(&namespace).await?;
            self.until(&namespace, is_clear).await;
        }
        self.set_up(lab).await?;
        Ok(tenancy::mark_set_up(&self.client, &self.namespace).await?)
    }

    async fn set_up(&self, lab: &Lab) -> Result<(), ActError> {
        for (files, namespace) in
            [(&lab.setup, self.namespace.clone()), (&lab.neighbour, self.namespace.neighbour())]
        {
            let documents = files.iter().filter_map(|file| lab.documents.get(file));
            for yaml in documents {
                let objects = manifest::read(yaml, &namespace)?;
                self.actions().apply(&namespace, &objects).await?;
                let named: Vec<_> = objects.iter().map(|o| (o.kind, o.name.as_str())).collect();
                let all_there =
                    |snapshot: &Snapshot| named.iter().all(|(kind, name)| has(snapshot, *kind, name));
                self.until(&namespace, all_there).await;
            }
        }
        if !lab.neighbour.is_empty() {
            // Nobody sees the neighbour's pods come: what is asked of them must not depend on how fast they are.
            self.until(&self.namespace.neighbour(), at_work).await;
        }
        Ok(())
    }

    fn actions(&self) -> Actions {
        Actions::new(self.client.clone())
    }

    /// Waits until the watch has seen something; what takes too long is logged, and seen when it comes.
    async fn until(&self, namespace: &Namespace, seen: impl Fn(&Snapshot) -> bool) {
        let mut revisions = self.index.revisions();
        let wait =
            async { while !seen(&self.index.snapshot(namespace)) && revisions.changed().await.is_ok() {} };
        if tokio::time::timeout(SEEN_WITHIN, wait).await.is_err() {
            tracing::warn!(%namespace, "what was asked for is not seen yet");
        }
    }
}

/// Whether nothing is left in a namespace that does not go by itself.
fn is_clear(snapshot: &Snapshot) -> bool {
    let pods = snapshot.workloads().any(|p| p.state != PodState::Terminating);
    !pods && snapshot.deployments.is_empty() && snapshot.services.is_empty()
}

/// Whether all pods that were asked for are Ready, and every Service leads to some.
fn at_work(snapshot: &Snapshot) -> bool {
    snapshot.deployments.iter().all(|d| d.ready >= d.replicas)
        && snapshot.services.iter().all(|s| snapshot.endpoints(&s.name).any(|e| e.ready))
}

/// Whether an object is in the picture; what the picture does not have counts as seen.
pub(crate) fn has(snapshot: &Snapshot, kind: AllowedKind, name: &str) -> bool {
    match kind {
        AllowedKind::Pod => snapshot.pods.iter().any(|p| p.name == name),
        AllowedKind::Service => snapshot.services.iter().any(|s| s.name == name),
        AllowedKind::Deployment => snapshot.deployments.iter().any(|d| d.name == name),
        AllowedKind::ReplicaSet => snapshot.replica_sets.iter().any(|r| r.name == name),
        AllowedKind::ConfigMap => true,
    }
}
