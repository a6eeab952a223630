//! Server-side apply: the object becomes what the manager's configuration says, in the fields it names; fields that it
//! named before and no longer names go, unless someone else has them too.
//!
//! Simplified: ownership is not kept per API version (each kind has one), and defaults that the server fills in are
//! nobody's.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/server-side-apply/>.

use serde_json::{Map, Value};

use super::fields::{self, Fields};
use super::lists::{self, Rule};
use super::managed::{self, Entry, Operation};
use crate::status::{Cause, Status};
use crate::store::{Resource, object};

/// Who applies, and how.
pub(super) struct Applier<'a> {
    pub(super) resource: Resource,
    pub(super) manager: &'a str,
    pub(super) force: bool,
    pub(super) subresource: Option<&'a str>,
}

impl Applier<'_> {
    /// The object with this configuration applied.
    ///
    /// # Errors
    /// 409 when others own fields that would change, unless forced.
    pub(super) fn apply(&self, live: &Value, config: &Value) -> Result<Value, Status> {
        let mut entries = managed::read(live);
        let mine = fields::of(self.resource, config);
        let mine = Entry::new(self.manager, Operation::Apply, self.subresource, mine);
        self.settle(&mut entries, &mine, live, config)?;
        let mut object = live.clone();
        let mut path = Vec::new();
        merge(self.resource, &mut object, config, &mut path);
        let mut others = Fields::new();
        for entry in entries.iter().filter(|entry| !entry.is_same(&mine)) {
            fields::unite(&mut others, &entry.fields);
        }
        let before = entries.iter().find(|entry| entry.is_same(&mine)).cloned();
        if let Some(before) = &before {
            prune(self.resource, &mut object, &before.fields, &mine.fields, &others, &mut path);
        }
        // Applying the same again changes nothing, not even the time.
        let same = before.as_ref().is_some_and(|before| before.fields == mine.fields);
        if !(same && object == *live) {
            entries.retain(|entry| !entry.is_same(&mine));
            entries.push(mine);
            managed::write(self.resource, &mut object, &entries);
        }
        Ok(object)
    }

    /// What `kubectl apply` has noted of its last client-side apply. kubectl's server-side apply goes on from there:
    /// what has not changed since it may change without conflict.
    /// Source: `lastAppliedManager` in `k8s.io/apimachinery/pkg/util/managedfields`.
    fn applied_before(&self, live: &Value) -> Option<Value> {
        let noted =
            live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].as_str();
        noted.filter(|_| self.manager == "kubectl").and_then(|noted| serde_json::from_str(noted).ok())
    }

    /// Finds who else owns fields that would change; forced, takes the fields from them.
    fn settle(
        &self,
        entries: &mut [Entry],
        mine: &Entry,
        live: &Value,
        config: &Value,
    ) -> Result<(), Status> {
        let mut changes = Vec::new();
        let mut path = Vec::new();
        let start = Place { said: String::new(), names: Vec::new() };
        differing(self.resource, (live, config), &mine.fields, &start, &mut path, &mut changes);
        let applied_before = self.applied_before(live);
        let is_own = |place: &[String]| {
            let before = applied_before.as_ref().map_or(&Value::Null, |before| at(before, place));
            !before.is_null() && before == at(live, place)
        };
        let (mut causes, mut who) = (Vec::new(), Vec::new());
        for entry in entries.iter_mut().filter(|entry| !entry.is_same(mine)) {
            for (said, place) in &changes {
                if !owns(&entry.fields, place) {
                    continue;
                }
                if self.force || is_own(place) {
                    fields::subtract(&mut entry.fields, &chain(place));
                    continue;
                }
                let by = described(self.resource, entry);
                causes.push(Cause {
                    reason: "FieldManagerConflict",
                    field: said.clone(),
                    message: format!("conflict with {by}"),
                });
                who.push(format!("conflicts with {by}"));
            }
        }
        if causes.is_empty() {
            return Ok(());
        }
        who.dedup();
        Err(Status::apply_conflict(causes, &who.join("; ")))
    }
}

/// What is at a place of the set, in an object.
fn at<'a>(object: &'a Value, place: &[String]) -> &'a Value {
    place.iter().fold(object, |value, name| match name.split_once(':') {
        Some(("f", field)) => &value[field],
        Some(("k", key)) => {
            let keys: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
            let keys: Vec<&str> = keys.keys().map(String::as_str).collect();
            fields::find(value, &keys, name).unwrap_or(&Value::Null)
        }
        _ => &Value::Null,
    })
}

/// `"kubectl" using apps/v1`, with the subresource or the time where there is one.
fn described(resource: Resource, entry: &Entry) -> String {
    let with = entry.subresource.as_ref().map(|s| format!(" with subresource \"{s}\"")).unwrap_or_default();
    let version = resource.api_version();
    match entry.operation {
        Operation::Apply => format!("\"{}\"{with}", entry.manager),
        Operation::Update => format!("\"{}\"{with} using {version}", entry.manager),
    }
}

/// Where a field is: as Kubernetes says it, `.spec.ports[port=80,protocol="TCP"].name`, and in the set.
#[derive(Clone)]
struct Place {
    said: String,
    names: Vec<String>,
}

/// The leaves of the configuration whose live value is another.
fn differing(
    resource: Resource,
    (live, config): (&Value, &Value),
    fields: &Fields,
    place: &Place,
    path: &mut Vec<String>,
    changes: &mut Vec<(String, Vec<String>)>,
) {
    for (name, child) in fields {
        let Value::Object(child) = child else { continue };
        let mut here = place.clone();
        here.names.push(name.clone());
        let field = name.strip_prefix("f:");
        let pair = if let Some(field) = field {
            here.said = format!("{}.{field}", here.said);
            path.push(field.to_owned());
            (&live[field], &config[field])
        } else if let (Some(key), Rule::Keyed(keys)) = (name.strip_prefix("k:"), lists::apply(resource, path))
        {
            here.said = format!("{}[{}]", here.said, said_key(key));
            let none = &Value::Null;
            let of = |list| fields::find(list, keys, name).unwrap_or(none);
            (of(live), of(config))
        } else {
            continue;
        };
        // An empty map says nothing about what is in it.
        let says = pair.1.as_object().is_none_or(|map| !map.is_empty());
        if child.is_empty() && says && pair.0 != pair.1 && !pair.0.is_null() {
            changes.push((here.said.clone(), here.names.clone()));
        }
        differing(resource, pair, child, &here, path, changes);
        if field.is_some() {
            path.pop();
        }
    }
}

/// `{"port":80,"protocol":"TCP"}` as `port=80,protocol="TCP"`.
pub(super) fn said_key(key: &str) -> String {
    let map: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
    map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// Whether a set has the field at this place.
fn owns(fields: &Fields, place: &[String]) -> bool {
    let Some((first, rest)) = place.split_first() else { return true };
    match fields.get(first) {
        Some(Value::Object(child)) => (child.is_empty() && !rest.is_empty()) || owns(child, rest),
        _ => false,
    }
}

/// The set of one field.
fn chain(place: &[String]) -> Fields {
    let mut fields = Map::new();
    if let Some((first, rest)) = place.split_first() {
        fields.insert(first.clone(), Value::Object(chain(rest)));
    }
    fields
}

/// Puts the configuration's values into the object.
fn merge(resource: Resource, live: &mut Value, config: &Value, path: &mut Vec<String>) {
    match (config, lists::apply(resource, path)) {
        (Value::Object(config), rule) if live.is_object() && rule != Rule::Atomic => {
            for (key, value) in config {
                path.push(key.clone());
                merge(resource, object::map(live).entry(key).or_insert(Value::Null), value, path);
                path.pop();
            }
        }
        (Value::Array(config), Rule::Keyed(keys)) if live.is_array() => {
            let Value::Array(live) = live else { return };
            for item in config {
                let name = fields::key_name(item, keys);
                match live.iter_mut().find(|l| fields::key_name(l, keys) == name) {
                    Some(old) => merge(resource, old, item, path),
                    None => live.push(item.clone()),
                }
            }
        }
        (Value::Array(config), Rule::Values) if live.is_array() => {
            let Value::Array(live) = live else { return };
            for item in config.iter() {
                if !live.contains(item) {
                    live.push(item.clone());
                }
            }
        }
        _ => *live = config.clone(),
    }
}

/// Takes out what the manager named before and nobody names now.
fn prune(
    resource: Resource,
    value: &mut Value,
    before: &Fields,
    now: &Fields,
    others: &Fields,
    path: &mut Vec<String>,
) {
    let none = Fields::new();
    for (name, was) in before {
        let (is, other) = (now.get(name), others.get(name));
        let remove = is.is_none() && other.is_none();
        let below =
            |fields: Option<&'_ Value>| fields.and_then(Value::as_object).cloned().unwrap_or_default();
        let (is, other) = (below(is), below(other));
        let was = was.as_object().unwrap_or(&none);
        if let Some(field) = name.strip_prefix("f:") {
            let Value::Object(map) = value else { continue };
            if remove {
                map.remove(field);
            } else if let Some(child) = map.get_mut(field) {
                path.push(field.to_owned());
                prune(resource, child, was, &is, &other, path);
                path.pop();
            }
        } else if let Some(text) = name.strip_prefix("v:") {
            if let (true, Value::Array(items)) = (remove, &mut *value) {
                let gone: Option<Value> = serde_json::from_str(text).ok();
                items.retain(|item| Some(item) != gone.as_ref());
            }
        } else if let Rule::Keyed(keys) = lists::apply(resource, path) {
            let Value::Array(items) = &mut *value else { continue };
            let at = items.iter().position(|item| fields::key_name(item, keys) == *name);
            match at {
                Some(at) if remove => drop(items.remove(at)),
                Some(at) => prune(resource, &mut items[at], was, &is, &other, path),
                None => {}
            }
        }
    }
}
