//! The loop that every controller runs in.
//!
//! ```text
//! store ── watch ──▶ feeder (one a resource) ──▶ keys ──▶ Queue ──▶ worker ──▶ reconcile ──▶ store
//!                                                          ▲           │
//!                                                          └── later ──┘
//! ```
//!
//! Invariants: level-triggered, a key says only *look again*; a key that waits is not queued twice; one worker a
//! controller, so a key is never reconciled twice at once; nothing wakes but a change or a time that was asked for; no
//! panic ends it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

use crate::status::Status;
use crate::store::{Resource, Selector, Store, WatchEvent};
use crate::supervise::{again, message};

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
        let feed = move || feed(Arc::clone(&store), resource, Arc::clone(&controller), Arc::clone(&queue));
        tasks.spawn(again(format!("{}, {resource:?}", C::NAME), feed));
    }
    // It catches what `reconcile` does by itself, key by key.
    tasks.spawn(async move { work(&*controller, &queue).await });
}

/// Turns changes into keys; a watch that fell behind begins anew with all there is.
async fn feed<C: Controller>(
    store: Arc<Store>,
    resource: Resource,
    controller: Arc<C>,
    queue: Arc<Queue<C::Key>>,
) {
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

/// Reconciles a key. A panic is a failure like any other, only louder: the other keys are looked at all the same.
fn reconcile<C: Controller>(controller: &C, key: &C::Key) -> Result<Done, Status> {
    catch_unwind(AssertUnwindSafe(|| controller.reconcile(key))).unwrap_or_else(|panic| {
        let panic = message(&*panic);
        tracing::error!(controller = C::NAME, ?key, panic, "panicked, and tries again later: this is a bug");
        Err(Status::internal(panic))
    })
}

async fn work<C: Controller>(controller: &C, queue: &Queue<C::Key>) {
    let mut later: BTreeMap<C::Key, Instant> = BTreeMap::new();
    let mut failures: BTreeMap<C::Key, u32> = BTreeMap::new();
    loop {
        while let Some(key) = queue.take() {
            later.remove(&key);
            match reconcile(controller, &key) {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::json;
    use tokio::sync::mpsc;

    use super::*;
    use crate::store::AdmitAll;
    use crate::store::object::name;

    /// Panics at the first look at `bad`, and at the first change that it is told of.
    struct Clumsy {
        told: AtomicU32,
        looks: AtomicU32,
        reconciled: mpsc::UnboundedSender<String>,
    }

    impl Controller for Clumsy {
        type Key = String;

        const NAME: &'static str = "clumsy";

        fn watches(&self) -> Vec<Resource> {
            vec![Resource::ConfigMaps]
        }

        fn keys(&self, _: Resource, event: &WatchEvent) -> Vec<String> {
            assert!(self.told.fetch_add(1, Ordering::Relaxed) > 0, "told of a change");
            vec![name(object(event)).to_owned()]
        }

        fn reconcile(&self, key: &String) -> Result<Done, Status> {
            assert!(key != "bad" || self.looks.fetch_add(1, Ordering::Relaxed) > 0, "a look");
            self.reconciled.send(key.clone()).ok();
            Ok(Done::Now)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_controller_that_panics_goes_on_with_the_next_key_and_comes_back() {
        let (store, mut tasks) = (Store::new(AdmitAll), JoinSet::new());
        let (reconciled, mut seen) = mpsc::unbounded_channel();
        for name in ["bad", "good"] {
            let made = json!({"metadata": {"name": name, "namespace": "a"}});
            store.create(Resource::ConfigMaps, made).unwrap();
        }
        let (told, looks) = (AtomicU32::new(0), AtomicU32::new(0));
        start(&mut tasks, &store, Clumsy { told, looks, reconciled });
        let mut next = async || tokio::time::timeout(Duration::from_secs(60), seen.recv()).await.unwrap();
        assert_eq!(next().await.as_deref(), Some("good"));
        assert_eq!(next().await.as_deref(), Some("bad"));
    }
}
