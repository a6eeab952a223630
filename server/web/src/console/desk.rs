//! What a run has for its console: the student's home with the kubeconfig, what was typed, and how many lines may run at
//! once.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use clusterip_cluster::tenancy::access::{self, AccessError, Credentials};
use clusterip_domain::console::Place;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::program::kubeconfig;
use super::transcript::{Entry, Transcript};
use crate::http::InRun;

/// The lines of one run that go on at a time: some that watch, and one that does something.
const AT_ONCE: usize = 4;
/// Credentials that end sooner are not begun with: a line that watches goes on for a quarter of an hour.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_mins(20);

/// See the module.
#[derive(Debug)]
pub(crate) struct Desk {
    transcript: Transcript,
    numbers: AtomicU64,
    seats: Arc<Semaphore>,
    home: Mutex<Option<Home>>,
    /// Ends the lines of this attempt, and with the run.
    over: std::sync::Mutex<CancellationToken>,
    stop: CancellationToken,
}

/// A folder that only the server can read, and until when the kubeconfig in it works.
#[derive(Debug)]
struct Home {
    folder: Arc<TempDir>,
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

impl Desk {
    /// Of a run that ends with this.
    pub(crate) fn new(stop: &CancellationToken) -> Self {
        Self {
            transcript: Transcript::default(),
            numbers: AtomicU64::new(1),
            seats: Arc::new(Semaphore::new(AT_ONCE)),
            home: Mutex::default(),
            over: std::sync::Mutex::new(stop.child_token()),
            stop: stop.clone(),
        }
    }

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
    pub(super) async fn home(&self, at: &InRun) -> Result<Arc<TempDir>, HomeError> {
        let mut home = self.home.lock().await;
        let fit = home.as_ref().filter(|home| home.expires - RENEWED_BEFORE > Timestamp::now());
        if let Some(home) = fit {
            return Ok(Arc::clone(&home.folder));
        }
        let credentials = issue(at).await?;
        let folder = match home.take() {
            // What kubectl has learnt of the API stays.
            Some(old) => old.folder,
            None => Arc::new(TempDir::with_prefix("clusterip-lab-home-").map_err(HomeError::Write)?),
        };
        let text = access::kubeconfig(&credentials, &at.run.namespace);
        write_private(&kubeconfig(folder.path()), &text).map_err(HomeError::Write)?;
        *home = Some(Home { folder: Arc::clone(&folder), expires: credentials.expires });
        Ok(folder)
    }

    /// What ends the lines that begin now.
    pub(super) fn over(&self) -> CancellationToken {
        self.over.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the lines that run: what they would still do belongs to an attempt that is over.
    pub(crate) fn stop_lines(&self) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        over.cancel();
        *over = self.stop.child_token();
    }

    /// The lab was started over: its credentials are void, and what was typed is of the attempt before.
    pub(crate) async fn start_over(&self) {
        self.stop_lines();
        *self.home.lock().await = None;
        self.transcript.clear();
    }
}

/// Credentials of the student of a run.
pub(super) async fn issue(at: &InRun) -> Result<Credentials, HomeError> {
    let api = at.cluster.students.as_ref().map_err(|_| HomeError::Unguarded)?;
    Ok(access::issue(&at.cluster.client, api, &at.run.namespace, access::LIFETIME).await?)
}

/// Writes a file that nobody else may read, in one piece: a kubectl that begins meanwhile finds the old one or the new.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(&beside, path)
}
