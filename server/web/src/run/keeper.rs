//! Keeps how far runs are, so that the next server goes on there.
//!
//! ```text
//! reducer ── record, whenever it changes ──▶ Keeper ── save ──▶ Records
//! Records ── latest ──▶ Keeper ──▶ the run that begins
//! ```

use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::ids::LabId;
use clusterip_domain::lab::RunRecord;
use clusterip_records::{ClusterUid, Records, RecordsError, TypedLine};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};

use super::handle::RunHandle;
use super::view::Trouble;

/// The wait before a record that was not written is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Clone)]
pub struct Keeper {
    records: Arc<Records>,
    cluster: ClusterUid,
}

impl Keeper {
    /// Keeps runs on the cluster that this client speaks to.
    ///
    /// # Errors
    /// The API server does not say which cluster it is.
    pub async fn of(records: Arc<Records>, client: &Client) -> Result<Self, kube::Error> {
        // The closest thing to a cluster's own name: this namespace lives as long as its cluster.
        let system = Api::<Namespace>::all(client.clone()).get("kube-system").await?;
        Ok(Self { records, cluster: ClusterUid(system.metadata.uid.unwrap_or_default()) })
    }

    /// Where an earlier server left a lab's run. One that cannot be read begins anew, and the log says why; what is
    /// not understood is left as it is, and another attempt begins beside it.
    #[must_use]
    pub fn latest(&self, lab: &LabId) -> Option<RunRecord> {
        self.records.latest(&self.cluster, lab).unwrap_or_else(|error| {
            tracing::error!(%lab, %error, cause = ?std::error::Error::source(&error), "a record is not read");
            match error {
                RecordsError::NotUnderstood { attempt, .. } => {
                    Some(RunRecord::begun(lab.clone(), attempt.saturating_add(1), Timestamp::now()))
                }
                _ => None,
            }
        })
    }

    /// Keeps a line that was typed into the console of a lab's attempt.
    pub(super) async fn note(&self, lab: &LabId, attempt: u32, line: TypedLine) -> Result<(), RecordsError> {
        self.records.note(&self.cluster, lab, attempt, line).await
    }

    /// Saves a run's record whenever it changes, until the run ends; its last one too.
    pub(super) async fn follow(self, run: Arc<RunHandle>) {
        let mut records = run.records();
        while records.changed().await.is_ok() {
            let record = records.borrow_and_update().clone();
            if let Some(record) = record {
                self.save(&run, record).await;
            }
        }
    }

    /// Saves, and says on the page while that does not succeed.
    async fn save(&self, run: &RunHandle, record: RunRecord) {
        let mut failed = false;
        while let Err(error) = self.records.save(&self.cluster, record.clone()).await {
            if matches!(error, RecordsError::Closed) || run.ended() {
                return;
            }
            let detail = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
            tracing::error!(%error, detail, lab = %record.lab, "a record is not written");
            run.trouble(Trouble::NotKept, Some(detail)).await;
            failed = true;
            tokio::time::sleep(TRY_AGAIN).await;
        }
        if failed {
            run.trouble(Trouble::NotKept, None).await;
        }
    }
}
