//! What a run has for its console: the student's home with the kubeconfig, what was typed, and how many lines may run at
//! once.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clusterip_cluster::tenancy::access::{self, AccessError, Credentials};
use clusterip_domain::console::Place;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::program::kubeconfig;
use super::transcript::{Entry, Transcript};
use crate::http::InRun;

/// The lines of one run that go on at a time: some that watch, and one that does something.
const AT_ONCE: usize = 4;
/// Credentials that end sooner are not begun with.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_mins(10);

/// See the module.
#[derive(Debug)]
pub(crate) struct Desk {
    transcript: Transcript,
    numbers: AtomicU64,
    seats: Arc<Semaphore>,
    home: Mutex<Option<Home>>,
}

/// A folder that only the server can read, and until when the kubeconfig in it works.
#[derive(Debug)]
struct Home {
    folder: TempDir,
    expires: Timestamp,
}

/// Why there is no home.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HomeError {
    /// Nothing guards what is not the student's.
    #[error("this cluster does not guard what is not the students' own, so they get no credentials")]
    Unguarded,
    /// No credentials were issued.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The file could not be written.
    #[error("the kubeconfig of the console could not be written")]
    Write(#[source] std::io::Error),
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            transcript: Transcript::default(),
            numbers: AtomicU64::new(1),
            seats: Arc::new(Semaphore::new(AT_ONCE)),
            home: Mutex::default(),
        }
    }
}

impl Desk {
    /// The last lines, and what came of them.
    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// A place to run a line, if one is free.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// The entry of a line that begins.
    pub(super) fn entry(&self, line: &str, place: Place) -> Entry {
        Entry {
            number: self.numbers.fetch_add(1, Ordering::Relaxed),
            line: line.to_owned(),
            place,
            at: Timestamp::now(),
            output: Vec::new(),
            calls: Vec::new(),
            changed: Vec::new(),
            end: None,
            took: Duration::ZERO,
        }
    }

    /// The student's home, with a kubeconfig that works for a while.
    pub(super) async fn home(&self, at: &InRun) -> Result<PathBuf, HomeError> {
        let mut home = self.home.lock().await;
        let fit = home.as_ref().filter(|home| home.expires - RENEWED_BEFORE > Timestamp::now());
        if let Some(home) = fit {
            return Ok(home.folder.path().to_owned());
        }
        let credentials = issue(at).await?;
        let folder = match home.take() {
            // What kubectl has learnt of the API stays.
            Some(old) => old.folder,
            None => TempDir::with_prefix("clusterip-lab-home-").map_err(HomeError::Write)?,
        };
        let text = access::kubeconfig(&credentials, &at.run.namespace);
        write_private(&kubeconfig(folder.path()), &text).map_err(HomeError::Write)?;
        let path = folder.path().to_owned();
        *home = Some(Home { folder, expires: credentials.expires });
        Ok(path)
    }

    /// The lab is started over: its credentials are void, and what was typed is of the attempt before.
    pub(crate) async fn start_over(&self) {
        *self.home.lock().await = None;
        self.transcript.clear();
    }
}

/// Credentials of the student of a run.
pub(super) async fn issue(at: &InRun) -> Result<Credentials, HomeError> {
    let api = at.cluster.students.as_ref().map_err(|_| HomeError::Unguarded)?;
    Ok(access::issue(&at.cluster.client, api, &at.run.namespace, access::LIFETIME).await?)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
