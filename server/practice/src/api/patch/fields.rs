//! Sets of fields, in the form that `managedFields` has them: a tree with `f:name`, `k:{"key":…}`, `v:"text"`, and
//! `.` for a list's element itself.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>.

use serde_json::{Map, Value, json};

use super::lists::{self, Rule, default_key};
use crate::store::Resource;

/// A set of fields: an object whose leaves are empty objects.
pub(super) type Fields = Map<String, Value>;

/// What nobody manages: the system writes it.
fn unmanaged(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path[..] {
        ["apiVersion" | "kind"] => true,
        ["metadata", field] => matches!(
            field,
            "name"
                | "namespace"
                | "uid"
                | "resourceVersion"
                | "creationTimestamp"
                | "generation"
                | "deletionTimestamp"
                | "deletionGracePeriodSeconds"
                | "managedFields"
                | "selfLink"
        ),
        _ => false,
    }
}

/// The fields that an object has.
pub(super) fn of(resource: Resource, object: &Value) -> Fields {
    let mut path = Vec::new();
    children(resource, object, None, &mut path)
}

/// The fields of `new` that are not in `old` with the same value.
pub(super) fn changed(resource: Resource, old: &Value, new: &Value) -> Fields {
    let mut path = Vec::new();
    children(resource, new, Some(old), &mut path)
}

fn children(resource: Resource, value: &Value, old: Option<&Value>, path: &mut Vec<String>) -> Fields {
    let mut fields = Fields::new();
    let Value::Object(map) = value else { return fields };
    for (key, child) in map {
        path.push(key.clone());
        if !unmanaged(path) {
            let before = old.map(|old| &old[key.as_str()]);
            if let Some(tree) = tree(resource, child, before, path) {
                fields.insert(format!("f:{key}"), tree);
            }
        }
        path.pop();
    }
    fields
}

/// The tree of one value; `None` when nothing in it changed.
fn tree(resource: Resource, value: &Value, old: Option<&Value>, path: &mut Vec<String>) -> Option<Value> {
    if old.is_some_and(|old| old == value) {
        return None;
    }
    let fields = match (value, lists::apply(resource, path)) {
        (Value::Object(map), rule) if rule != Rule::Atomic && !map.is_empty() => {
            children(resource, value, old, path)
        }
        (Value::Array(items), Rule::Keyed(keys)) => elements(resource, items, keys, old, path),
        (Value::Array(items), Rule::Values) => {
            let had = |item: &Value| old.and_then(Value::as_array).is_some_and(|old| old.contains(item));
            items.iter().filter(|i| !had(i)).map(|i| (format!("v:{i}"), json!({}))).collect()
        }
        _ => return Some(json!({})),
    };
    (!fields.is_empty()).then_some(Value::Object(fields))
}

fn elements(
    resource: Resource,
    items: &[Value],
    keys: &[&str],
    old: Option<&Value>,
    path: &mut Vec<String>,
) -> Fields {
    let mut fields = Fields::new();
    for item in items {
        let name = key_name(item, keys);
        let before = old.map(|old| find(old, keys, &name).unwrap_or(&Value::Null));
        if before.is_some_and(|before| before == item) {
            continue;
        }
        let mut tree = children(resource, item, before, path);
        if before.is_none_or(Value::is_null) {
            tree.insert(".".into(), json!({}));
        }
        fields.insert(name, Value::Object(tree));
    }
    fields
}

/// `k:{"port":80,"protocol":"TCP"}`
pub(super) fn key_name(item: &Value, keys: &[&str]) -> String {
    let mut named = Map::new();
    for key in keys {
        let value = match (&item[*key], default_key(key)) {
            (Value::Null, Some(default)) => json!(default),
            (value, _) => value.clone(),
        };
        named.insert((*key).to_owned(), value);
    }
    format!("k:{}", Value::Object(named))
}

/// The element of a list with this key.
pub(super) fn find<'a>(list: &'a Value, keys: &[&str], name: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|item| key_name(item, keys) == name)
}

/// Adds the second set to the first.
pub(super) fn unite(fields: &mut Fields, more: &Fields) {
    for (key, child) in more {
        match (fields.get_mut(key), child) {
            (Some(Value::Object(have)), Value::Object(more)) => unite(have, more),
            (Some(_), _) => {}
            (None, child) => drop(fields.insert(key.clone(), child.clone())),
        }
    }
}

/// Takes the leaves of the second set out of the first.
pub(super) fn subtract(fields: &mut Fields, gone: &Fields) {
    for (key, gone) in gone {
        let Some(Value::Object(have)) = fields.get_mut(key) else { continue };
        let Value::Object(gone) = gone else { continue };
        let is_leaf = gone.is_empty();
        if !is_leaf {
            subtract(have, gone);
        }
        if is_leaf || have.is_empty() {
            fields.remove(key);
        }
    }
}
