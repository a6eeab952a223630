//! The one copy of every object, its versions, and who is told of changes.
//!
//! ```text
//! API, controllers, kubelet ── create, update, delete ──▶ Admission ──▶ objects ──▶ log ──▶ Watch, Watch, …
//! ```
//!
//! Invariants: one `resourceVersion` counts every change of everything; every write passes the [`Admission`], under
//! the same lock, so that quotas and virtual IPs cannot be raced; a write that changes nothing makes no event; a
//! stored object never changes, it is replaced. Nothing here waits: the lock is held for microseconds.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/>.

mod compaction;
mod delete;
mod log;
pub mod object;
mod requirement;
mod resource;
mod selector;
mod state;
#[cfg(test)]
mod tests;
mod update;
mod writer;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::status::Status;
use log::{Change, Log};
use state::{State, key};
use update::{check_identity, count_generation, take_part};

pub(crate) use compaction::keep_compact;
pub use delete::{Deleted, Deletion, FOREGROUND, Propagation};
pub use log::{REMEMBERED, Watch, WatchEvent};
pub use resource::{Info, Resource, Subresource};
pub use selector::Selector;
pub use state::View;
pub use writer::Writer;

/// Whether a write is for real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It is.
    #[default]
    Commit,
    /// Everything is checked, nothing is kept.
    DryRun,
}

/// Which part of an object an update writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but `status`, where the kind has a status path.
    Main,
    /// Only `status`.
    Status,
}

/// Defaults, checks and allocations, run under the store's lock for every write.
pub trait Admission: Send + Sync + std::fmt::Debug + 'static {
    /// Completes a new object or refuses it.
    ///
    /// # Errors
    /// Why it is refused.
    fn create(
        &self,
        view: &View<'_>,
        writer: &Writer<'_>,
        resource: Resource,
        object: &mut Value,
    ) -> Result<(), Status>;

    /// Completes a changed object or refuses it.
    ///
    /// # Errors
    /// Why it is refused.
    fn update(
        &self,
        view: &View<'_>,
        writer: &Writer<'_>,
        resource: Resource,
        old: &Value,
        object: &mut Value,
    ) -> Result<(), Status>;
}

/// Takes everything as it is: for tests of the store.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdmitAll;

impl Admission for AdmitAll {
    fn create(&self, _: &View<'_>, _: &Writer<'_>, _: Resource, _: &mut Value) -> Result<(), Status> {
        Ok(())
    }
    fn update(
        &self,
        _: &View<'_>,
        _: &Writer<'_>,
        _: Resource,
        _: &Value,
        _: &mut Value,
    ) -> Result<(), Status> {
        Ok(())
    }
}

/// A list, and the version it is of.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What a watch continues from.
    pub version: u64,
    /// In the order of namespace and name.
    pub items: Vec<Arc<Value>>,
}

/// Every object of the cluster. Shared as `Arc<Store>`.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    admission: Box<dyn Admission>,
}

impl Store {
    /// An empty store whose every write passes this admission.
    #[must_use]
    pub fn new(admission: impl Admission) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::new()), admission: Box::new(admission) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock cannot leave half a write: the tables are changed last, in `State::put`.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// Looks at several things of one moment. Nothing is written meanwhile: be quick, and do not come back in here.
    pub fn view<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        look(&View { state: &self.lock() })
    }

    /// One object. The namespace of what is in none is empty.
    ///
    /// # Errors
    /// 404.
    pub fn get(&self, resource: Resource, namespace: &str, name: &str) -> Result<Arc<Value>, Status> {
        self.find(resource, namespace, name).ok_or_else(|| Status::not_found(resource, name))
    }

    /// One object, if it is there.
    #[must_use]
    pub fn find(&self, resource: Resource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.lock().get(resource, namespace, name).cloned()
    }

    /// The selected objects of a namespace, or of all.
    #[must_use]
    pub fn list(&self, resource: Resource, namespace: Option<&str>, selector: &Selector) -> Listed {
        let state = self.lock();
        let items = state.list(resource, namespace).filter(|o| selector.matches(o)).cloned().collect();
        Listed { version: state.version, items }
    }

    /// Stores a new object; returns it as stored. `metadata.namespace` says where.
    ///
    /// # Errors
    /// 409 when the name is taken, or what the admission says.
    pub fn create(&self, resource: Resource, object: Value) -> Result<Arc<Value>, Status> {
        self.create_as(resource, object, Mode::Commit)
    }

    /// [`Store::create`], perhaps only to see.
    ///
    /// # Errors
    /// The same.
    pub fn create_as(&self, resource: Resource, object: Value, mode: Mode) -> Result<Arc<Value>, Status> {
        self.create_by(&Writer::cluster(mode), resource, object)
    }

    /// [`Store::create`], for somebody.
    ///
    /// # Errors
    /// The same.
    pub fn create_by(
        &self,
        writer: &Writer<'_>,
        resource: Resource,
        mut object: Value,
    ) -> Result<Arc<Value>, Status> {
        let mut state = self.lock();
        let namespace = object::namespace(&object).to_owned();
        object::generate_name(&mut object, |name| state.get(resource, &namespace, name).is_some());
        object::stamp_new(resource, &mut object);
        let (namespace, name) = key(&object);
        // As on a real cluster, what is wrong with an object is said before that its name is taken.
        self.admission.create(&View { state: &state }, writer, resource, &mut object)?;
        if state.get(resource, &namespace, &name).is_some() {
            return Err(Status::already_exists(resource, &name));
        }
        Ok(state.put(resource, object, writer.mode()))
    }

    /// Replaces the main part of an object.
    ///
    /// # Errors
    /// 404; 409 when the object carries a resourceVersion that is not the stored one; what the admission says.
    pub fn update(&self, resource: Resource, object: Value) -> Result<Arc<Value>, Status> {
        self.update_as(resource, object, Part::Main, Mode::Commit)
    }

    /// Replaces the status of an object.
    ///
    /// # Errors
    /// As [`Store::update`].
    pub fn update_status(&self, resource: Resource, object: Value) -> Result<Arc<Value>, Status> {
        self.update_as(resource, object, Part::Status, Mode::Commit)
    }

    /// Replaces a part of an object, perhaps only to see.
    ///
    /// # Errors
    /// As [`Store::update`].
    pub fn update_as(
        &self,
        resource: Resource,
        object: Value,
        part: Part,
        mode: Mode,
    ) -> Result<Arc<Value>, Status> {
        let (namespace, name) = key(&object);
        self.change(resource, &namespace, &name, part, mode, |_| Ok(object))
    }

    /// Changes the main part of an object in place: nobody can come in between, so there is no conflict.
    ///
    /// # Errors
    /// 404, or what the admission says.
    pub fn modify(
        &self,
        resource: Resource,
        namespace: &str,
        name: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Result<Arc<Value>, Status> {
        self.change(resource, namespace, name, Part::Main, Mode::Commit, |old| {
            let mut object = old.clone();
            edit(&mut object);
            Ok(object)
        })
    }

    /// Changes `status` in place. The edit gets the whole object, but only its status is kept.
    ///
    /// # Errors
    /// 404.
    pub fn modify_status(
        &self,
        resource: Resource,
        namespace: &str,
        name: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Result<Arc<Value>, Status> {
        self.change(resource, namespace, name, Part::Status, Mode::Commit, |old| {
            let mut object = old.clone();
            edit(&mut object);
            Ok(object)
        })
    }

    /// The way of every update: the new object is made from the old one under the lock.
    ///
    /// # Errors
    /// As [`Store::update`], or what `make` says.
    pub fn change(
        &self,
        resource: Resource,
        namespace: &str,
        name: &str,
        part: Part,
        mode: Mode,
        make: impl FnOnce(&Value) -> Result<Value, Status>,
    ) -> Result<Arc<Value>, Status> {
        self.change_by(&Writer::cluster(mode), resource, namespace, name, part, make)
    }

    /// [`Store::change`], for somebody.
    ///
    /// # Errors
    /// The same.
    pub fn change_by(
        &self,
        writer: &Writer<'_>,
        resource: Resource,
        namespace: &str,
        name: &str,
        part: Part,
        make: impl FnOnce(&Value) -> Result<Value, Status>,
    ) -> Result<Arc<Value>, Status> {
        let mode = writer.mode();
        let mut state = self.lock();
        let old = state.get(resource, namespace, name).cloned();
        let old = old.ok_or_else(|| Status::not_found(resource, name))?;
        let sent = make(&old)?;
        check_identity(resource, &old, &sent)?;
        let mut object = take_part(resource, &old, sent, part);
        if part == Part::Main {
            self.admission.update(&View { state: &state }, writer, resource, &old, &mut object)?;
            count_generation(resource, &old, &mut object);
        }
        if object == *old {
            return Ok(old);
        }
        // The last finalizer is gone from an object that is being deleted: so is the object.
        if delete::is_finished(resource, &object) && !delete::is_finished(resource, &old) {
            return Ok(state.remove(resource, object, mode));
        }
        Ok(state.put(resource, object, mode))
    }

    /// Follows the changes after a version; 0 is the beginning of what is remembered.
    ///
    /// # Errors
    /// 410 when that is forgotten already.
    pub fn watch_from(
        self: &Arc<Self>,
        resource: Resource,
        namespace: Option<&str>,
        selector: Selector,
        version: u64,
    ) -> Result<Watch, Status> {
        let state = self.lock();
        let log = state.log(resource);
        log.after(version).map(drop)?;
        Ok(Watch {
            store: Arc::clone(self),
            resource,
            namespace: namespace.map(str::to_owned),
            selector,
            seen: version,
            latest: log.subscribe(),
            pending: VecDeque::new(),
        })
    }

    /// What is there, and everything after it: the usual start of a controller.
    #[must_use]
    pub fn list_and_watch(
        self: &Arc<Self>,
        resource: Resource,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> (Listed, Watch) {
        let state = self.lock();
        let items = state.list(resource, namespace).filter(|o| selector.matches(o)).cloned().collect();
        let watch = Watch {
            store: Arc::clone(self),
            resource,
            namespace: namespace.map(str::to_owned),
            selector: selector.clone(),
            seen: state.version,
            latest: state.log(resource).subscribe(),
            pending: VecDeque::new(),
        };
        (Listed { version: state.version, items }, watch)
    }

    /// How many watches are open: those of clients, and the cluster's own.
    #[must_use]
    pub fn watchers(&self) -> usize {
        self.lock().logs.values().map(Log::subscribers).sum()
    }

    /// Forgets the changes up to a version, as etcd's compaction does: watches from before get 410.
    pub fn compact(&self, version: u64) {
        self.lock().logs.values_mut().for_each(|log| log.compact(version));
    }

    /// The changes of a resource after a version, as `tell` tells them, and the version up to which these are all.
    fn changes_after(
        &self,
        resource: Resource,
        version: u64,
        tell: impl Fn(&Change) -> Option<WatchEvent>,
    ) -> Result<(VecDeque<WatchEvent>, u64), Status> {
        let state = self.lock();
        let events = state.log(resource).after(version)?.filter_map(tell).collect();
        Ok((events, state.version.max(version)))
    }
}
