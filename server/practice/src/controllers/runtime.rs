//! The loop that every controller runs in.
//!
//! ```text
//! store ── watch ──▶ feeder (one a resource) ──▶ keys ──▶ Queue ──▶ worker ──▶ reconcile ──▶ store
//!                                                          ▲           │
//!                                                          └── later ──┘
//! ```
//!
//! Invariants: level-triggered, a key says only *look again*; a key that waits is not queued twice; one worker a
//! controller, so a key is never reconciled twice at once; nothing wakes but a change or a time that was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

use crate::status::Status;
use crate::store::{Resource, Selector, Store, WatchEvent};

/// The first pause after a failure; it doubles from there.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// The longest.
const LAST_BACKOFF: Duration = Duration::from_secs(60);

/// A controller: what it looks at, and what it does about it.
pub(crate) trait Controller: Send + Sync + 'static {
    /// What it reconciles, mostly a namespace and a name.
    type Key: Ord + Clone + Send + std::fmt::Debug + 'static;

    /// For the log.
    const NAME: &'static str;

    /// The resources whose changes matter.
    fn watches(&self) -> Vec<Resource>;

    /// What to look at again after this change.
    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<Self::Key>;

    /// Brings one step nearer what is asked for.
    ///
    /// # Errors
    /// The store refused: it is tried again, later and later.
    fn reconcile(&self, key: &Self::Key) -> Result<Done, Status>;
}

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// When something changes.
    Now,
    /// After this time as well.
    After(Duration),
}

/// The object of an event, whatever happened to it.
pub(crate) fn object(event: &WatchEvent) -> &Arc<Value> {
    match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => object,
    }
}

/// Keys to look at: written by feeders, taken by the worker.
#[derive(Debug)]
struct Queue<K> {
    keys: Mutex<BTreeSet<K>>,
    woken: Notify,
}

impl<K: Ord> Queue<K> {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<K>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, keys: Vec<K>) {
        if !keys.is_empty() {
            self.lock().extend(keys);
            self.woken.notify_one();
        }
    }

    fn take(&self) -> Option<K> {
        self.lock().pop_first()
    }
}

/// Runs a controller for as long as `tasks` lives.
pub(crate) fn start<C: Controller>(tasks: &mut JoinSet<()>, store: &Arc<Store>, controller: C) {
    let controller = Arc::new(controller);
    let queue = Arc::new(Queue { keys: Mutex::default(), woken: Notify::new() });
    for resource in controller.watches() {
        let (store, controller, queue) = (Arc::clone(store), Arc::clone(&controller), Arc::clone(&queue));
        tasks.spawn(async move { feed(&store, resource, &*controller, &queue).await });
    }
    tasks.spawn(async move { work(&*controller, &queue).await });
}

/// Turns changes into keys; a watch that fell behind begins anew with all there is.
async fn feed<C: Controller>(store: &Arc<Store>, resource: Resource, controller: &C, queue: &Queue<C::Key>) {
    loop {
        let (listed, mut watch) = store.list_and_watch(resource, None, &Selector::default());
        for item in listed.items {
            queue.add(controller.keys(resource, &WatchEvent::Added(item)));
        }
        while let Ok(event) = watch.next().await {
            queue.add(controller.keys(resource, &event));
        }
        tracing::debug!(controller = C::NAME, ?resource, "fell behind, and lists again");
    }
}

async fn work<C: Controller>(controller: &C, queue: &Queue<C::Key>) {
    let mut later: BTreeMap<C::Key, Instant> = BTreeMap::new();
    let mut failures: BTreeMap<C::Key, u32> = BTreeMap::new();
    loop {
        while let Some(key) = queue.take() {
            later.remove(&key);
            match controller.reconcile(&key) {
                Ok(done) => {
                    failures.remove(&key);
                    if let Done::After(pause) = done {
                        later.insert(key, Instant::now() + pause);
                    }
                }
                Err(status) => {
                    tracing::debug!(controller = C::NAME, ?key, %status, "tries again later");
                    let count = failures.entry(key.clone()).or_default();
                    let pause = FIRST_BACKOFF.saturating_mul(1 << (*count).min(16)).min(LAST_BACKOFF);
                    *count += 1;
                    later.insert(key, Instant::now() + pause);
                }
            }
            yield_now().await;
        }
        match later.values().min().copied() {
            None => queue.woken.notified().await,
            Some(next) => tokio::select! {
                () = queue.woken.notified() => {}
                () = sleep_until(next) => {}
            },
        }
        let now = Instant::now();
        queue.add(later.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect());
        later.retain(|_, at| *at > now);
    }
}
