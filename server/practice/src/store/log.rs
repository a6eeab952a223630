//! What changed, in order: bounded, so that a watcher that falls too far behind is told so and lists again.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::{Resource, Selector, Store};
use crate::status::Status;

/// How many changes of one resource are remembered. A watcher further behind gets 410.
pub const REMEMBERED: usize = 1024;

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// It is new, or newly selected.
    Added(Arc<Value>),
    /// It changed.
    Modified(Arc<Value>),
    /// It is gone, or no longer selected. Its last state, with the resourceVersion of its going.
    Deleted(Arc<Value>),
}

/// One change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) namespace: String,
    /// What it was; `None` when it was not there.
    pub(super) before: Option<Arc<Value>>,
    /// What it became, or its last state when it went.
    pub(super) after: Arc<Value>,
    pub(super) gone: bool,
}

/// The changes of one resource.
#[derive(Debug)]
pub(super) struct Log {
    changes: VecDeque<Change>,
    /// The newest version that is no longer remembered.
    forgotten: u64,
    latest: watch::Sender<u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self { changes: VecDeque::new(), forgotten: 0, latest: watch::Sender::new(0) }
    }
}

impl Log {
    pub(super) fn push(&mut self, change: Change) {
        let version = change.version;
        if self.changes.len() == REMEMBERED
            && let Some(oldest) = self.changes.pop_front()
        {
            self.forgotten = oldest.version;
        }
        self.changes.push_back(change);
        self.latest.send_replace(version);
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    pub(super) fn subscribers(&self) -> usize {
        self.latest.receiver_count()
    }

    /// Forgets the changes up to a version.
    pub(super) fn compact(&mut self, version: u64) {
        while let Some(oldest) = self.changes.pop_front_if(|oldest| oldest.version <= version) {
            self.forgotten = oldest.version;
        }
    }

    /// The changes after a version.
    pub(super) fn after(&self, version: u64) -> Result<impl Iterator<Item = &Change>, Status> {
        if version < self.forgotten {
            return Err(Status::expired(version, self.forgotten));
        }
        let start = self.changes.partition_point(|change| change.version <= version);
        Ok(self.changes.range(start..))
    }
}

/// Follows one resource from a resourceVersion on. Dropping it costs nothing.
#[derive(Debug)]
pub struct Watch {
    pub(super) store: Arc<Store>,
    pub(super) resource: Resource,
    pub(super) namespace: Option<String>,
    pub(super) selector: Selector,
    pub(super) seen: u64,
    pub(super) latest: watch::Receiver<u64>,
    pub(super) pending: VecDeque<WatchEvent>,
}

impl Watch {
    /// The next event; waits for it.
    ///
    /// # Errors
    /// 410 when it fell too far behind: list again.
    pub async fn next(&mut self) -> Result<WatchEvent, Status> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(event);
            }
            self.latest.borrow_and_update();
            if self.collect()? {
                continue;
            }
            if self.latest.changed().await.is_err() {
                // The store is kept by this watch, so its log cannot have gone.
                return Err(Status::internal("the log ended"));
            }
        }
    }

    /// The newest version that this watch has seen all of: what a bookmark carries.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.seen
    }

    /// Takes what is new. Whether there is anything to tell.
    fn collect(&mut self) -> Result<bool, Status> {
        let (events, seen) = self.store.changes_after(self.resource, self.seen, |change| {
            if self.namespace.as_ref().is_some_and(|n| *n != change.namespace) {
                return None;
            }
            tell(&self.selector, change)
        })?;
        self.seen = seen;
        self.pending = events;
        Ok(!self.pending.is_empty())
    }
}

/// What a change is to someone who sees only what they select.
fn tell(selector: &Selector, change: &Change) -> Option<WatchEvent> {
    let was = change.before.as_ref().is_some_and(|before| selector.matches(before));
    let is = !change.gone && selector.matches(&change.after);
    let after = Arc::clone(&change.after);
    match (was, is) {
        (false, true) => Some(WatchEvent::Added(after)),
        (true, true) => Some(WatchEvent::Modified(after)),
        (true, false) => Some(WatchEvent::Deleted(after)),
        (false, false) => None,
    }
}
