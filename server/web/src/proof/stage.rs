//! A namespace of its own for one play, from its making to its end.

use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::index::NAMESPACE_PREFIX;
use clusterip_cluster::tenancy;
use clusterip_domain::ids::Namespace;
use clusterip_domain::lab::{Lab, Lang};
use clusterip_domain::snapshot::PodState;

use crate::http::InRun;
use crate::play::seen;
use crate::run::RunView;
use crate::startup::Cluster;

/// How long a namespace may take to be prepared.
const PREPARED_WITHIN: Duration = Duration::from_secs(120);

/// See the module.
pub(super) struct Stage {
    pub(super) at: InRun,
}

impl Stage {
    /// Makes the namespace, and waits until the run has begun and its client can send.
    pub(super) async fn open(cluster: &Arc<Cluster>, number: usize, lab: &Arc<Lab>) -> Result<Self, String> {
        // Process and number keep proofs that run beside each other apart.
        let name = format!("{NAMESPACE_PREFIX}proof-{}-{number}", std::process::id());
        let namespace: Namespace = name.parse().map_err(|e| format!("{e}"))?;
        let run = cluster.runs.open_in(namespace, lab);
        let stage = Self { at: InRun { lang: Lang::En, run, cluster: Arc::clone(cluster) } };
        match seen(&stage.at, PREPARED_WITHIN, ready).await {
            Ok(_) => Ok(stage),
            Err(_) => {
                let troubles = stage.at.run.view().troubles.clone();
                stage.close().await;
                Err(format!("the namespace was not prepared: {troubles:?}"))
            }
        }
    }

    /// Ends the run and deletes its namespaces.
    pub(super) async fn close(self) {
        let Self { at } = self;
        at.cluster.runs.close(&at.run);
        for namespace in [at.run.namespace.clone(), at.run.namespace.neighbour()] {
            if let Err(error) = tenancy::delete(&at.cluster.client, &namespace).await {
                tracing::warn!(%error, %namespace, "a namespace of the proof stays");
            }
        }
    }
}

fn ready(view: &RunView) -> bool {
    !view.waiting && view.snapshot.client().is_some_and(|client| client.state == PodState::Ready)
}
