//! The one thread that writes.

use clusterip_domain::lab::RunRecord;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use crate::{ClusterUid, RecordsError};

/// Saves waiting for the thread; each takes a few milliseconds. A full queue makes who saves wait, nobody else.
const QUEUE: usize = 64;

/// Something to write, and who waits for it.
struct Job {
    cluster: ClusterUid,
    record: RunRecord,
    done: oneshot::Sender<Result<(), RecordsError>>,
}

/// A way to the thread, which ends with it.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> Self {
        let (jobs, mut waiting) = mpsc::channel::<Job>(QUEUE);
        std::thread::spawn(move || {
            while let Some(job) = waiting.blocking_recv() {
                let written = write(&connection, &job.cluster, &job.record).map_err(RecordsError::Write);
                // Who asked may have gone; what was asked is done all the same.
                let _ = job.done.send(written);
            }
        });
        Self { jobs }
    }

    /// Writes, and returns after the commit.
    pub(super) async fn save(&self, cluster: ClusterUid, record: RunRecord) -> Result<(), RecordsError> {
        let (done, written) = oneshot::channel();
        self.jobs.send(Job { cluster, record, done }).await.map_err(|_| RecordsError::Closed)?;
        written.await.map_err(|_| RecordsError::Closed)?
    }
}

/// One statement is one transaction: it is committed when this returns. What was finished is not made unfinished by a
/// server that does not know.
fn write(connection: &Connection, cluster: &ClusterUid, record: &RunRecord) -> Result<(), rusqlite::Error> {
    let text = serde_json::to_string(record)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let finished = record.finished_at.map(|at| at.to_string());
    connection
        .prepare_cached(
            "INSERT INTO runs (lab, cluster, attempt, finished_at, record) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET finished_at = excluded.finished_at, record = excluded.record
             WHERE runs.finished_at IS NULL OR excluded.finished_at IS NOT NULL",
        )?
        .execute(params![record.lab.as_str(), cluster.0, record.attempt, finished, text])
        .map(drop)
}
