//! The file's tables, and how an older file is brought up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::RecordsError;

/// What leads from each version to the next, beginning with an empty file. Never changed once released: a change is
/// one more entry.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE runs (
        lab         TEXT NOT NULL,
        cluster     TEXT NOT NULL,
        attempt     INTEGER NOT NULL,
        finished_at TEXT,
        record      TEXT NOT NULL,
        PRIMARY KEY (lab, cluster, attempt)
    ) STRICT",
    "CREATE TABLE typed_lines (
        lab         TEXT NOT NULL,
        cluster     TEXT NOT NULL,
        attempt     INTEGER NOT NULL,
        typed_at    TEXT NOT NULL,
        line        TEXT NOT NULL,
        outcome     TEXT NOT NULL,
        took_ms     INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX typed_lines_of_attempt ON typed_lines (lab, cluster, attempt)",
];

/// How long to wait for another process that writes the file.
const BUSY: Duration = Duration::from_millis(500);

/// Opens the writer's connection on a file that is brought up to date.
pub(super) fn open(file: &Path) -> Result<Connection, RecordsError> {
    let failed = |source| RecordsError::Open { file: file.to_owned(), source };
    let mut connection = Connection::open(file).map_err(failed)?;
    let found = prepare(&mut connection).map_err(failed)?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(RecordsError::Newer { file: file.to_owned(), found, known });
    }
    Ok(connection)
}

/// Migrates as far as is known, and returns the version that the file was found at.
fn prepare(connection: &mut Connection) -> Result<u32, rusqlite::Error> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Immediate: of two servers that find an old file, one migrates and the other sees that it was done.
    let migration = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = migration.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (version, step) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        migration.execute_batch(step)?;
        migration.pragma_update(None, "user_version", version)?;
    }
    migration.commit()?;
    Ok(found)
}
