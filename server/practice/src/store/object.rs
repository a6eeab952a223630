//! Reading and stamping objects, which are JSON values.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Resource;

/// The text at a JSON pointer; empty when it is absent or no text. Numbers and truth values are written out.
#[must_use]
pub fn text<'a>(object: &'a Value, pointer: &str) -> std::borrow::Cow<'a, str> {
    match object.pointer(pointer) {
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Number(number)) => number.to_string().into(),
        Some(Value::Bool(truth)) => truth.to_string().into(),
        _ => "".into(),
    }
}

/// `metadata.name`; empty when it has none yet.
#[must_use]
pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// `metadata.namespace`; empty for what is in none.
#[must_use]
pub fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or_default()
}

/// `metadata.uid`.
#[must_use]
pub fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

/// `metadata.resourceVersion` as the number it is here; `None` when absent or no number.
#[must_use]
pub fn resource_version(object: &Value) -> Option<u64> {
    object["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

/// Whether it is being deleted.
#[must_use]
pub fn is_deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// Now, as Kubernetes writes it: UTC, to the second.
#[must_use]
pub fn now() -> String {
    stamp(Timestamp::now())
}

/// A moment as Kubernetes writes it.
#[must_use]
pub fn stamp(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The object's map, made one if it was anything else.
pub fn map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was just made one"),
    }
}

/// `metadata`, made if it is absent.
pub fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    map(map(object).entry("metadata").or_insert_with(|| json!({})))
}

/// Fills in what only a new object gets: uid, time, generation, and a name where one is to be generated.
pub(super) fn stamp_new(resource: Resource, object: &mut Value) {
    let generations = resource.info().generations;
    let namespaced = resource.info().namespaced;
    map(object).insert("apiVersion".into(), json!(resource.api_version()));
    map(object).insert("kind".into(), json!(resource.info().kind));
    let metadata = metadata(object);
    for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"] {
        metadata.remove(field);
    }
    if !namespaced {
        metadata.remove("namespace");
    }
    metadata.insert("uid".into(), json!(new_uid()));
    metadata.insert("creationTimestamp".into(), json!(now()));
    if generations {
        metadata.insert("generation".into(), json!(1));
    }
}

/// How often a generated name may be one that is taken.
/// Source: `maxNameGenerationCreateAttempts` in `k8s.io/apiserver/pkg/registry/generic/registry/store.go`.
const TRIES: usize = 8;

/// Gives it a name from `generateName`, if it has that and no name: one that is not taken, if chance allows.
pub(super) fn generate_name(object: &mut Value, taken: impl Fn(&str) -> bool) {
    let prefix = text(object, "/metadata/generateName").into_owned();
    if name(object).is_empty() && !prefix.is_empty() {
        // Kubernetes keeps generated names within 63 characters.
        let kept: String = prefix.chars().take(58).collect();
        let generate = || format!("{kept}{}", suffix(5));
        let free = (1..TRIES).map(|_| generate()).find(|name| !taken(name));
        metadata(object).insert("name".into(), json!(free.unwrap_or_else(generate)));
    }
}

/// Random letters and digits as Kubernetes picks them: none that make words or look alike.
/// Source: `k8s.io/apimachinery/pkg/util/rand`.
#[must_use]
pub fn suffix(length: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let pick = |_| char::from(ALPHABET[usize::from(rand::random::<u16>()) % ALPHABET.len()]);
    (0..length).map(pick).collect()
}

/// A random UUID (version 4).
#[must_use]
pub fn new_uid() -> String {
    let bits = (rand::random::<u128>() & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_version_four() {
        let uid = new_uid();
        assert_eq!((uid.len(), &uid[14..15]), (36, "4"));
        assert!("89ab".contains(&uid[19..20]), "{uid}");
    }

    #[test]
    fn names_are_generated_only_where_there_is_none() {
        let mut object = json!({"metadata": {"generateName": "web-"}});
        generate_name(&mut object, |_| false);
        assert!(name(&object).starts_with("web-") && name(&object).len() == 9);
        let before = object.clone();
        generate_name(&mut object, |_| false);
        assert_eq!(object, before);
    }

    #[test]
    fn a_generated_name_that_is_taken_is_not_the_last_word() {
        let tried = std::cell::RefCell::new(Vec::new());
        let mut object = json!({"metadata": {"generateName": "web-"}});
        generate_name(&mut object, |name| {
            tried.borrow_mut().push(name.to_owned());
            tried.borrow().len() < 3
        });
        assert_eq!((tried.borrow().len(), tried.borrow()[2].as_str()), (3, name(&object)));
        tried.borrow_mut().clear();
        let mut object = json!({"metadata": {"generateName": "web-"}});
        generate_name(&mut object, |name| {
            tried.borrow_mut().push(name.to_owned());
            true
        });
        assert_eq!((tried.borrow().len(), name(&object).len()), (TRIES - 1, 9));
    }
}
