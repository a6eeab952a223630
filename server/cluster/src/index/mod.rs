//! The one picture of the cluster: fed by one watch a resource, read by every run.
//!
//! ```text
//! watch ─ Change ─▶ Index ─ revision ─▶ reducers ─ Index::snapshot(namespace) ─▶ Snapshot
//! ```
//!
//! Owner: the server, in an `Arc`. Writers: the watch tasks and the rules reader. Readers: one reducer a run, which
//! waits for a revision and then takes one snapshot, however many changes there were. No lock is held across an
//! await, and nobody who reads can hold up a watch.

mod store;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clusterip_domain::ids::Namespace;
use clusterip_domain::rules::{RulesView, Unreadable};
use clusterip_domain::snapshot::{MAX_EVENTS, Snapshot};
use jiff::Timestamp;
use tokio::sync::watch;

use store::Objects;
pub use store::{Change, Kind, Object};

/// Every namespace of the lab begins so; the index keeps no other.
pub const NAMESPACE_PREFIX: &str = "lab-";

/// See the module.
#[derive(Debug)]
pub struct Index {
    inner: Mutex<Inner>,
    revision: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    namespaces: BTreeMap<String, Objects>,
    rules: RulesView,
    /// What is behind, and since when.
    behind: BTreeMap<Feed, Timestamp>,
    /// Which watches have listed their resource at least once.
    synced: Vec<Kind>,
}

/// What the kernels should do for one virtual IP, going by the EndpointSlices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The virtual IP.
    pub virtual_ip: IpAddr,
    /// The addresses of the ready endpoints, sorted.
    pub ready: Vec<IpAddr>,
}

/// What an index is fed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// The watch of one resource.
    Watch(Kind),
    /// The API server's own health, asked every few seconds: a connection that hangs looks like silence.
    Health,
}

impl Default for Index {
    fn default() -> Self {
        let inner = Inner {
            namespaces: BTreeMap::new(),
            rules: RulesView::Unreadable { why: Unreadable::NotReadYet },
            behind: BTreeMap::new(),
            synced: Vec::new(),
        };
        Self { inner: Mutex::new(inner), revision: watch::Sender::new(0) }
    }
}

impl Index {
    /// Takes in one change and tells the readers.
    pub fn apply(&self, change: Change) {
        {
            let mut inner = self.lock();
            let kind = change.kind();
            inner.behind.remove(&Feed::Watch(kind));
            match change {
                Change::Put { namespace, object } if is_ours(&namespace) => {
                    inner.namespaces.entry(namespace).or_default().put(*object);
                }
                Change::Gone { namespace, kind, name } => {
                    if let Some(objects) = inner.namespaces.get_mut(&namespace) {
                        objects.remove(kind, &name);
                    }
                }
                Change::Put { .. } => return,
                Change::Relisted { kind, objects } => {
                    for known in inner.namespaces.values_mut() {
                        known.clear(kind);
                    }
                    for (namespace, object) in objects.into_iter().filter(|(n, _)| is_ours(n)) {
                        inner.namespaces.entry(namespace).or_default().put(object);
                    }
                    if !inner.synced.contains(&kind) {
                        inner.synced.push(kind);
                    }
                }
            }
            inner.namespaces.retain(|_, objects| !objects.is_empty());
        }
        self.tell();
    }

    /// Takes in what the nodes' kernels do.
    pub fn set_rules(&self, rules: RulesView) {
        self.lock().rules = rules;
        self.tell();
    }

    /// A feed is behind from now on, until it speaks again. Since when it was behind already is kept.
    pub fn behind(&self, feed: Feed, now: Timestamp) {
        self.lock().behind.entry(feed).or_insert(now);
        self.tell();
    }

    /// A feed is up to date again.
    pub fn caught_up(&self, feed: Feed) {
        let was_behind = self.lock().behind.remove(&feed).is_some();
        if was_behind {
            self.tell();
        }
    }

    /// Since when something is behind.
    #[must_use]
    pub fn stale_since(&self) -> Option<Timestamp> {
        self.lock().behind.values().min().copied()
    }

    /// Whether every watch has listed its resource: before that, absence means nothing.
    #[must_use]
    pub fn synced(&self) -> bool {
        self.lock().synced.len() == Kind::ALL.len()
    }

    /// The namespace now.
    #[must_use]
    pub fn snapshot(&self, namespace: &Namespace) -> Snapshot {
        let revision = *self.revision.borrow();
        let inner = self.lock();
        let mut snapshot = Snapshot::empty(namespace.clone());
        snapshot.revision = revision;
        snapshot.stale_since = inner.behind.values().min().copied();
        if let Some(objects) = inner.namespaces.get(namespace.as_str()) {
            objects.fill(&mut snapshot);
        }
        snapshot.rules = only_ours(&inner.rules, &snapshot);
        snapshot
    }

    /// What the kernels should do for every virtual IP of the lab, sorted by namespace and Service.
    #[must_use]
    pub fn wanted_rules(&self) -> Vec<Wanted> {
        self.lock().namespaces.values().flat_map(Objects::wanted_rules).collect()
    }

    /// Wakes its holder after every change.
    #[must_use]
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn tell(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// A poisoned lock means that a writer panicked between two field writes, each of which leaves a valid index.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_ours(namespace: &str) -> bool {
    namespace.starts_with(NAMESPACE_PREFIX)
}

/// The rules about this namespace's virtual IPs.
fn only_ours(rules: &RulesView, snapshot: &Snapshot) -> RulesView {
    let RulesView::Read { nodes, read_at } = rules else { return rules.clone() };
    let mut nodes = nodes.clone();
    for node in &mut nodes {
        node.services.retain(|rule| snapshot.services.iter().any(|s| s.cluster_ip == Some(rule.cluster_ip)));
    }
    RulesView::Read { nodes, read_at: *read_at }
}

/// The newest first, as many as a snapshot keeps.
fn newest(mut events: Vec<clusterip_domain::snapshot::Event>) -> Vec<clusterip_domain::snapshot::Event> {
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.name.cmp(&b.name)));
    events.truncate(MAX_EVENTS);
    events
}

#[cfg(test)]
mod tests;
