//! Strategic merge patches: what `kubectl apply`, `edit` and `patch` send.
//!
//! Source: <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/> and
//! <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md>.

use serde_json::{Map, Value};

use super::lists::{self, Rule};
use crate::status::Status;
use crate::store::Resource;

const ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// Merges a patch into an object.
///
/// # Errors
/// 400 for a directive that makes no sense.
pub(super) fn merge(resource: Resource, object: &mut Value, patch: &Value) -> Result<(), Status> {
    Merger { resource, path: Vec::new() }.value(object, patch)
}

struct Merger {
    resource: Resource,
    path: Vec<String>,
}

impl Merger {
    fn value(&mut self, live: &mut Value, patch: &Value) -> Result<(), Status> {
        match (patch, lists::strategic(self.resource, &self.path)) {
            (Value::Object(patch), _) => self.map(live, patch),
            (Value::Array(patch), Rule::Keyed([key, ..])) => self.list(live, patch, key),
            (Value::Array(patch), Rule::Values) => {
                let live = array(live);
                for item in patch {
                    if !live.contains(item) {
                        live.push(item.clone());
                    }
                }
                Ok(())
            }
            _ => {
                *live = patch.clone();
                Ok(())
            }
        }
    }

    fn map(&mut self, live: &mut Value, patch: &Map<String, Value>) -> Result<(), Status> {
        match patch.get("$patch").map(|directive| directive.as_str().unwrap_or_default()) {
            None | Some("merge") => {}
            Some("replace") => {
                let kept = patch.iter().filter(|(key, _)| !key.starts_with('$'));
                *live = Value::Object(kept.map(|(k, v)| (k.clone(), v.clone())).collect());
                return Ok(());
            }
            Some("delete") => {
                *live = Value::Object(Map::new());
                return Ok(());
            }
            Some(other) => {
                return Err(Status::bad_request(format!("unknown patch type: {other}")));
            }
        }
        if !live.is_object() {
            *live = Value::Object(Map::new());
        }
        let Value::Object(map) = live else { return Ok(()) };
        if let Some(Value::Array(keys)) = patch.get("$retainKeys") {
            map.retain(|key, _| keys.iter().any(|k| k == key));
        }
        for (key, value) in patch {
            self.field(map, key, value)?;
        }
        self.order(map, patch);
        Ok(())
    }

    fn field(&mut self, map: &mut Map<String, Value>, key: &str, value: &Value) -> Result<(), Status> {
        if let Some(field) = key.strip_prefix(DELETE_FROM) {
            if let (Some(Value::Array(live)), Value::Array(gone)) = (map.get_mut(field), value) {
                live.retain(|item| !gone.contains(item));
            }
            return Ok(());
        }
        if key.starts_with('$') {
            return Ok(());
        }
        if value.is_null() {
            map.remove(key);
            return Ok(());
        }
        self.path.push(key.to_owned());
        let result = self.value(map.entry(key).or_insert(Value::Null), value);
        self.path.pop();
        result
    }

    fn list(&mut self, live: &mut Value, patch: &[Value], key: &str) -> Result<(), Status> {
        let live = array(live);
        if patch.iter().any(|item| item["$patch"] == "replace") {
            live.clear();
        }
        for item in patch.iter().filter(|item| item["$patch"] != "replace") {
            let wanted = &item[key];
            if wanted.is_null() {
                return Err(Status::bad_request(format!(
                    "map: {item} does not contain declared merge key: {key}"
                )));
            }
            let at = live.iter().position(|l| &l[key] == wanted);
            match (item["$patch"] == "delete", at) {
                (true, Some(at)) => drop(live.remove(at)),
                (true, None) => {}
                (false, Some(at)) => self.value(&mut live[at], item)?,
                (false, None) => {
                    let mut new = Value::Null;
                    self.value(&mut new, item)?;
                    live.push(new);
                }
            }
        }
        Ok(())
    }

    /// Puts lists into the order that the patch asks for; what it does not name comes last.
    fn order(&self, map: &mut Map<String, Value>, patch: &Map<String, Value>) {
        for (key, wanted) in patch {
            let (Some(field), Value::Array(wanted)) = (key.strip_prefix(ORDER), wanted) else { continue };
            let Some(Value::Array(live)) = map.get_mut(field) else { continue };
            let mut path = self.path.clone();
            path.push(field.to_owned());
            let merge = match lists::strategic(self.resource, &path) {
                Rule::Keyed([key, ..]) => Some(*key),
                _ => None,
            };
            let place = |item: &Value| {
                let same = |w: &Value| merge.map_or(w == item, |merge| w[merge] == item[merge]);
                wanted.iter().position(same).unwrap_or(usize::MAX)
            };
            live.sort_by_key(place);
        }
    }
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(items) => items,
        _ => unreachable!("it was just made one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_merged_by_their_key() {
        for (live, patch, expected) in [
            (
                json!({"ports": [{"port": 80}]}),
                json!({"ports": [{"port": 81}]}),
                json!({"ports": [{"port": 80}, {"port": 81}]}),
            ),
            (
                json!({"ports": [{"port": 80, "name": "a"}]}),
                json!({"ports": [{"port": 80, "targetPort": 1}]}),
                json!({"ports": [{"port": 80, "name": "a", "targetPort": 1}]}),
            ),
            (
                json!({"ports": [{"port": 80}, {"port": 81}]}),
                json!({"ports": [{"port": 80, "$patch": "delete"}]}),
                json!({"ports": [{"port": 81}]}),
            ),
            (
                json!({"ports": [{"port": 80}, {"port": 81}]}),
                json!({"$setElementOrder/ports": [{"port": 81}, {"port": 80}]}),
                json!({"ports": [{"port": 81}, {"port": 80}]}),
            ),
            (
                json!({"selector": {"a": "1"}}),
                json!({"selector": {"b": "2", "a": null}}),
                json!({"selector": {"b": "2"}}),
            ),
            (
                json!({"selector": {"a": "1"}}),
                json!({"selector": {"$patch": "replace", "b": "2"}}),
                json!({"selector": {"b": "2"}}),
            ),
            (json!({"clusterIPs": ["1"]}), json!({"clusterIPs": ["2"]}), json!({"clusterIPs": ["2"]})),
        ] {
            let mut object = json!({"spec": live});
            merge(Resource::Services, &mut object, &json!({"spec": patch})).unwrap();
            assert_eq!(object, json!({"spec": expected}), "{patch}");
        }
    }

    #[test]
    fn finalizers_are_a_set_and_a_missing_key_is_refused() {
        let mut object = json!({"metadata": {"finalizers": ["a", "b"]}, "spec": {"ports": []}});
        merge(
            Resource::Services,
            &mut object,
            &json!({"metadata": {"finalizers": ["b", "c"], "$deleteFromPrimitiveList/finalizers": ["a"]}}),
        )
        .unwrap();
        assert_eq!(object["metadata"]["finalizers"], json!(["b", "c"]));
        let keyless = json!({"spec": {"ports": [{"name": "x"}]}});
        assert_eq!(merge(Resource::Services, &mut object, &keyless).unwrap_err().code, 400);
    }
}
