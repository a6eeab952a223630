//! `metadata.managedFields`: who has written which fields last.
//!
//! Writes over HTTP are recorded. The cluster's own controllers write into the store directly and are not.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>.

use serde_json::{Value, json};

use super::fields::{self, Fields};
use crate::store::{Resource, object};

/// Whether a manager applies or updates: the same name is two managers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One manager's fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) manager: String,
    pub(super) operation: Operation,
    pub(super) subresource: Option<String>,
    pub(super) time: String,
    pub(super) fields: Fields,
}

impl Entry {
    /// An entry of now.
    pub(super) fn new(
        manager: &str,
        operation: Operation,
        subresource: Option<&str>,
        fields: Fields,
    ) -> Self {
        let subresource = subresource.map(str::to_owned);
        Self { manager: manager.to_owned(), operation, subresource, time: object::now(), fields }
    }

    /// Whether both are of the same manager.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.manager, self.operation, &self.subresource)
            == (&other.manager, other.operation, &other.subresource)
    }
}

/// Reads an object's entries; what is malformed is dropped.
pub(super) fn read(object: &Value) -> Vec<Entry> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries
        .filter_map(|entry| {
            Some(Entry {
                manager: entry["manager"].as_str()?.to_owned(),
                operation: if entry["operation"] == "Apply" { Operation::Apply } else { Operation::Update },
                subresource: entry["subresource"].as_str().map(str::to_owned),
                time: entry["time"].as_str().unwrap_or_default().to_owned(),
                fields: entry["fieldsV1"].as_object()?.clone(),
            })
        })
        .collect()
}

/// Writes an object's entries; empty ones are left out.
pub(super) fn write(resource: Resource, object: &mut Value, entries: &[Entry]) {
    let entries: Vec<Value> = entries
        .iter()
        .filter(|entry| !entry.fields.is_empty())
        .map(|entry| {
            let mut value = json!({
                "manager": entry.manager, "operation": entry.operation.as_str(),
                "apiVersion": resource.api_version(), "time": entry.time,
                "fieldsType": "FieldsV1", "fieldsV1": entry.fields,
            });
            if let Some(subresource) = &entry.subresource {
                value["subresource"] = json!(subresource);
            }
            value
        })
        .collect();
    let metadata = object::metadata(object);
    if entries.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".into(), json!(entries));
    }
}

/// Records an update: what differs from the old object is this manager's now, and nobody else's.
pub(in crate::api) fn track(
    resource: Resource,
    old: Option<&Value>,
    new: &mut Value,
    manager: &str,
    subresource: Option<&str>,
) {
    let mut entries = old.map(read).unwrap_or_default();
    let mut mine = match old {
        None => fields::of(resource, new),
        Some(old) => fields::changed(resource, old, new),
    };
    // Only the part that this path writes.
    match subresource {
        Some("status") => mine.retain(|key, _| key == "f:status"),
        _ if resource.has_status() => drop(mine.remove("f:status")),
        _ => {}
    }
    if !mine.is_empty() {
        take(&mut entries, Entry::new(manager, Operation::Update, subresource, mine));
    }
    write(resource, new, &entries);
}

/// Gives fields to one manager and takes them from all others.
fn take(entries: &mut Vec<Entry>, mine: Entry) {
    for entry in entries.iter_mut().filter(|entry| !entry.is_same(&mine)) {
        fields::subtract(&mut entry.fields, &mine.fields);
    }
    match entries.iter_mut().find(|entry| entry.is_same(&mine)) {
        Some(entry) => {
            fields::unite(&mut entry.fields, &mine.fields);
            entry.time = mine.time;
        }
        None => entries.push(mine),
    }
}
