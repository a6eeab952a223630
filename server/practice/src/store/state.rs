//! The tables and the log behind the lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::log::{Change, Log};
use super::{Mode, Resource, object};

pub(super) type Key = (String, String);
type Table = BTreeMap<Key, Arc<Value>>;

/// The objects of one moment, while the lock is held.
#[derive(Debug)]
pub struct View<'a> {
    pub(super) state: &'a State,
}

impl<'a> View<'a> {
    /// One object. The namespace of what is in none is empty.
    #[must_use]
    pub fn get(&self, resource: Resource, namespace: &str, name: &str) -> Option<&'a Arc<Value>> {
        self.state.get(resource, namespace, name)
    }

    /// The objects of a namespace, or of all.
    pub fn list(
        &self,
        resource: Resource,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        self.state.list(resource, namespace)
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) version: u64,
    tables: BTreeMap<Resource, Table>,
    pub(super) logs: BTreeMap<Resource, Log>,
}

impl State {
    /// Nothing.
    pub(super) fn new() -> Self {
        let logs = Resource::ALL.into_iter().map(|r| (r, Log::default())).collect();
        Self { version: 1, tables: BTreeMap::new(), logs }
    }

    pub(super) fn get(&self, resource: Resource, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.tables.get(&resource)?.get(&(namespace.to_owned(), name.to_owned()))
    }

    pub(super) fn list<'a>(
        &'a self,
        resource: Resource,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        let namespace = namespace.map(str::to_owned);
        let from = (namespace.clone().unwrap_or_default(), String::new());
        let table = self.tables.get(&resource).map(|table| table.range(from..));
        let within = move |key: &Key| namespace.as_ref().is_none_or(|n| *n == key.0);
        table.into_iter().flatten().take_while(move |(key, _)| within(key)).map(|(_, object)| object)
    }

    pub(super) fn log(&self, resource: Resource) -> &Log {
        // `State::new` made one for each.
        &self.logs[&resource]
    }

    pub(super) fn put(&mut self, resource: Resource, mut object: Value, mode: Mode) -> Arc<Value> {
        if mode == Mode::DryRun {
            return Arc::new(object);
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let after = Arc::new(object);
        let key = key(&after);
        let namespace = key.0.clone();
        let before = self.tables.entry(resource).or_default().insert(key, Arc::clone(&after));
        self.note(
            resource,
            Change { version: self.version, namespace, before, after: Arc::clone(&after), gone: false },
        );
        after
    }

    pub(super) fn remove(&mut self, resource: Resource, mut object: Value, mode: Mode) -> Arc<Value> {
        if mode == Mode::DryRun {
            return Arc::new(object);
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let after = Arc::new(object);
        let key = key(&after);
        let namespace = key.0.clone();
        let before = self.tables.entry(resource).or_default().remove(&key);
        self.note(
            resource,
            Change { version: self.version, namespace, before, after: Arc::clone(&after), gone: true },
        );
        after
    }

    fn note(&mut self, resource: Resource, change: Change) {
        self.logs.entry(resource).or_default().push(change);
    }
}

pub(super) fn key(object: &Value) -> Key {
    (object::namespace(object).to_owned(), object::name(object).to_owned())
}
