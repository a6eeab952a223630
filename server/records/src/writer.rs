//! The one thread that writes.

use clusterip_domain::ids::LabId;
use clusterip_domain::lab::RunRecord;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use crate::{ClusterUid, RecordsError, TypedLine};

/// Saves waiting for the thread; each takes a few milliseconds. A full queue makes who saves wait, nobody else.
const QUEUE: usize = 64;

/// The lines that are kept of an attempt: the newest. Nobody at work types more than that.
const MOST_LINES: u32 = 1000;

/// Something to write, and who waits for it.
struct Job {
    cluster: ClusterUid,
    what: What,
    done: oneshot::Sender<Result<(), RecordsError>>,
}

/// What is written.
pub(super) enum What {
    /// How far a run is.
    Run(RunRecord),
    /// A line that was typed in an attempt at a lab.
    Line(LabId, u32, TypedLine),
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
                let written = match &job.what {
                    What::Run(record) => write_run(&connection, &job.cluster, record),
                    What::Line(lab, attempt, line) => {
                        write_line(&connection, &job.cluster, (lab, *attempt), line)
                    }
                };
                // Who asked may have gone; what was asked is done all the same.
                let _ = job.done.send(written.map_err(RecordsError::Write));
            }
        });
        Self { jobs }
    }

    /// Writes, and returns after the commit.
    pub(super) async fn write(&self, cluster: ClusterUid, what: What) -> Result<(), RecordsError> {
        let (done, written) = oneshot::channel();
        self.jobs.send(Job { cluster, what, done }).await.map_err(|_| RecordsError::Closed)?;
        written.await.map_err(|_| RecordsError::Closed)?
    }
}

/// One statement is one transaction: it is committed when this returns. What was finished is not made unfinished by a
/// server that does not know.
fn write_run(
    connection: &Connection,
    cluster: &ClusterUid,
    record: &RunRecord,
) -> Result<(), rusqlite::Error> {
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

fn write_line(
    connection: &Connection,
    cluster: &ClusterUid,
    (lab, attempt): (&LabId, u32),
    line: &TypedLine,
) -> Result<(), rusqlite::Error> {
    let took = u32::try_from(line.took.as_millis()).unwrap_or(u32::MAX);
    connection
        .prepare_cached(
            "INSERT INTO typed_lines (lab, cluster, attempt, typed_at, line, outcome, took_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            lab.as_str(),
            cluster.0,
            attempt,
            line.at.to_string(),
            line.line,
            line.outcome,
            took
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM typed_lines WHERE lab = ?1 AND cluster = ?2 AND attempt = ?3 AND rowid <= (SELECT rowid
             FROM typed_lines WHERE lab = ?1 AND cluster = ?2 AND attempt = ?3 ORDER BY rowid DESC LIMIT 1 OFFSET ?4)",
        )?
        .execute(params![lab.as_str(), cluster.0, attempt, MOST_LINES])
        .map(drop)
}
