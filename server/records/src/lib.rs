//! What is kept of students' work when the server is not running.
//!
//! ```text
//! save, note ──▶ writer thread ── commit ──▶ file ──▶ Ok   (one writer; what is written is acknowledged after its commit)
//! latest, lines ──▶ reader ───────────▶ file           (WAL: a reader never waits for the writer)
//! ```
//!
//! Invariants: what was acknowledged survives a crash of the process and of the machine (WAL, `synchronous=FULL`). A
//! file of a newer version is refused, never rewritten.
//!
//! Source: <https://www.sqlite.org/wal.html>, <https://www.sqlite.org/pragma.html#pragma_synchronous>.

mod schema;
mod writer;

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clusterip_domain::ids::LabId;
use clusterip_domain::lab::RunRecord;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use writer::{What, Writer};

/// What went wrong with the records, and where.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The folder of the file cannot be made.
    #[error("making the folder of {}", file.display())]
    Folder {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be opened, or is no database.
    #[error("opening {}", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// What the database said.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer server wrote it.
    #[error("{} has version {found}; this server knows up to {known}", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// A record was not written.
    #[error("writing a record")]
    Write(#[source] rusqlite::Error),
    /// A record was not read.
    #[error("reading a record")]
    Read(#[source] rusqlite::Error),
    /// A record is there that this server cannot understand: a newer one may.
    #[error("the record of attempt {attempt} is not understood")]
    NotUnderstood {
        /// Which attempt.
        attempt: u32,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The writer has ended: the server is stopping.
    #[error("the records are closed")]
    Closed,
}

/// A line that a student typed into the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedLine {
    /// When it ended, or was refused.
    pub at: Timestamp,
    /// As it was typed.
    pub line: String,
    /// `exit 0`, another word for an end, or the code of the refusal.
    pub outcome: String,
    /// How long it ran, to the millisecond.
    pub took: Duration,
}

/// Which cluster a run was on: the UID of its namespace `kube-system`, which is how a cluster is told from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterUid(pub String);

/// The records in one file.
#[derive(Debug)]
pub struct Records {
    writer: Writer,
    reader: Mutex<Connection>,
}

impl Records {
    /// Opens the file, makes it if it is not there, and brings it up to date.
    ///
    /// # Errors
    /// It cannot be opened, is no database, or is of a newer version.
    pub fn open(file: &Path) -> Result<Self, RecordsError> {
        if let Some(folder) = file.parent() {
            // Nobody else's business on a machine that is shared.
            let private = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            private.map_err(|source| RecordsError::Folder { file: file.to_owned(), source })?;
        }
        let writer = Writer::start(schema::open(file)?);
        let reader = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|source| RecordsError::Open { file: file.to_owned(), source })?;
        Ok(Self { writer, reader: Mutex::new(reader) })
    }

    /// Keeps how far a run is, in place of what was kept of the same attempt. Returns after the commit.
    ///
    /// # Errors
    /// It was not written, or the records are closed.
    pub async fn save(&self, cluster: &ClusterUid, record: RunRecord) -> Result<(), RecordsError> {
        self.writer.write(cluster.clone(), What::Run(record)).await
    }

    /// Keeps a line that was typed in an attempt at a lab. Returns after the commit.
    ///
    /// # Errors
    /// It was not written, or the records are closed.
    pub async fn note(
        &self,
        cluster: &ClusterUid,
        lab: &LabId,
        attempt: u32,
        line: TypedLine,
    ) -> Result<(), RecordsError> {
        self.writer.write(cluster.clone(), What::Line(lab.clone(), attempt, line)).await
    }

    /// The lines that were typed in an attempt at a lab, in order.
    ///
    /// # Errors
    /// They were not read.
    pub fn lines(
        &self,
        cluster: &ClusterUid,
        lab: &LabId,
        attempt: u32,
    ) -> Result<Vec<TypedLine>, RecordsError> {
        const LINES: &str = "SELECT typed_at, line, outcome, took_ms FROM typed_lines
            WHERE lab = ?1 AND cluster = ?2 AND attempt = ?3 ORDER BY rowid";
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = reader.prepare_cached(LINES).map_err(RecordsError::Read)?;
        let read = |row: &rusqlite::Row<'_>| {
            let (at, took): (String, u32) = (row.get(0)?, row.get(3)?);
            let at = at.parse().map_err(|error: jiff::Error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
            })?;
            Ok(TypedLine {
                at,
                line: row.get(1)?,
                outcome: row.get(2)?,
                took: Duration::from_millis(took.into()),
            })
        };
        let found = lines.query_map(params![lab.as_str(), cluster.0, attempt], read);
        found.and_then(Iterator::collect).map_err(RecordsError::Read)
    }

    /// Where a lab's run on a cluster was left: its newest attempt there. If there is none, the newest attempt that
    /// was finished elsewhere, because a lab that was done stays done; one that was not began in a world that is gone.
    ///
    /// # Errors
    /// It was not read, or is not understood.
    pub fn latest(&self, cluster: &ClusterUid, lab: &LabId) -> Result<Option<RunRecord>, RecordsError> {
        const LATEST: &str = "SELECT attempt, record FROM runs WHERE lab = ?1 AND (cluster = ?2 OR finished_at IS NOT NULL)
            ORDER BY cluster = ?2 DESC, CASE WHEN cluster = ?2 THEN attempt END DESC, finished_at DESC LIMIT 1";
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest = reader.prepare_cached(LATEST).map_err(RecordsError::Read)?;
        let found: Option<(u32, String)> = latest
            .query_row(params![lab.as_str(), cluster.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(RecordsError::Read)?;
        let understand = |(attempt, text): (u32, String)| {
            serde_json::from_str(&text).map_err(|source| RecordsError::NotUnderstood { attempt, source })
        };
        found.map(understand).transpose()
    }
}
