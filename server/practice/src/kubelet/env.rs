//! A container's environment.
//!
//! Source: <https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/> and
//! <https://kubernetes.io/docs/concepts/workloads/pods/downward-api/>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::store::object::{name, namespace, text};
use crate::store::{Resource, Store};

/// Names and values.
pub(super) type Env = BTreeMap<String, String>;

/// The environment, or why it cannot be made, in the kubelet's words.
pub(super) fn environment(store: &Store, pod: &Value, container: &Value, image: Env) -> Result<Env, String> {
    let mut env = image;
    for source in container["envFrom"].as_array().into_iter().flatten() {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        for (kind, resource) in [("configMapRef", Resource::ConfigMaps), ("secretRef", Resource::Secrets)] {
            if let Some(data) = source.get(kind).map(|source| data(store, pod, resource, source)) {
                env.extend(data?.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)));
            }
        }
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let Some(name) = variable["name"].as_str() else { continue };
        let value = match &variable["valueFrom"] {
            Value::Null => Some(expand(variable["value"].as_str().unwrap_or_default(), &env)),
            source => from(store, pod, source)?,
        };
        if let Some(value) = value {
            env.insert(name.to_owned(), value);
        }
    }
    Ok(env)
}

/// Replaces `$(NAME)` by what was defined before; `$$(NAME)` stays `$(NAME)`.
fn expand(value: &str, env: &Env) -> String {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let reference = rest.strip_prefix('(').and_then(|name| name.split_once(')'));
        match reference {
            _ if rest.starts_with('$') => {
                expanded.push('$');
                rest = &rest[1..];
            }
            Some((name, after)) if env.contains_key(name) => {
                expanded.push_str(&env[name]);
                rest = after;
            }
            _ => expanded.push('$'),
        }
    }
    expanded + rest
}

fn from(store: &Store, pod: &Value, source: &Value) -> Result<Option<String>, String> {
    if let Some(path) = source["fieldRef"]["fieldPath"].as_str() {
        return Ok(Some(field(pod, path)));
    }
    let refs = [
        ("configMapKeyRef", Resource::ConfigMaps, "ConfigMap"),
        ("secretKeyRef", Resource::Secrets, "Secret"),
    ];
    for (kind, resource, word) in refs {
        let Some(reference) = source.get(kind) else { continue };
        let key = reference["key"].as_str().unwrap_or_default();
        let found = data(store, pod, resource, reference)?.remove(key);
        if found.is_none() && reference["optional"] != true {
            let of = reference["name"].as_str().unwrap_or_default();
            return Err(format!("couldn't find key {key} in {word} {}/{of}", namespace(pod)));
        }
        return Ok(found);
    }
    // Requests and limits: the pods here have none that would mean anything.
    Ok(Some("0".to_owned()))
}

fn field(pod: &Value, path: &str) -> String {
    let labelled = |kind: &str| {
        let key = path.strip_prefix(&format!("metadata.{kind}['"))?.strip_suffix("']")?;
        Some(pod["metadata"][kind][key].as_str().unwrap_or_default().to_owned())
    };
    labelled("labels")
        .or_else(|| labelled("annotations"))
        .unwrap_or_else(|| text(pod, &format!("/{}", path.replace('.', "/"))).into_owned())
}

fn data(store: &Store, pod: &Value, resource: Resource, reference: &Value) -> Result<Env, String> {
    let wanted = reference["name"].as_str().unwrap_or_default();
    let Some(found) = store.find(resource, namespace(pod), wanted) else {
        if reference["optional"] == true {
            return Ok(Env::new());
        }
        return Err(format!("{} \"{wanted}\" not found", resource.info().singular));
    };
    let decode = |value: &str| match resource {
        Resource::Secrets => {
            STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
        }
        _ => value.to_owned(),
    };
    debug_assert_eq!(name(&found), wanted);
    let data = found["data"].as_object().into_iter().flatten();
    Ok(data.filter_map(|(key, value)| Some((key.clone(), decode(value.as_str()?)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AdmitAll;
    use serde_json::json;

    #[test]
    fn variables_come_from_where_they_are_said_to() {
        let store = Store::new(AdmitAll);
        let made = |kind, object| store.create(kind, object).unwrap();
        let metadata = json!({"name": "c", "namespace": "lab"});
        made(Resource::ConfigMaps, json!({"metadata": metadata, "data": {"k": "v"}}));
        made(Resource::Secrets, json!({"metadata": metadata, "data": {"k": "czNjcjN0"}}));
        let pod = json!({"metadata": {"name": "p", "namespace": "lab", "labels": {"app": "web"}},
            "spec": {"nodeName": "n"}, "status": {"podIP": "10.244.0.2"}});
        let env = |list: Value| environment(&store, &pod, &json!({"env": list}), Env::new());
        let one =
            |source: Value| env(json!([{"name": "X", "valueFrom": source}])).map(|env| env["X"].clone());
        for (source, expected) in [
            (json!({"fieldRef": {"fieldPath": "metadata.name"}}), Ok("p")),
            (json!({"fieldRef": {"fieldPath": "spec.nodeName"}}), Ok("n")),
            (json!({"fieldRef": {"fieldPath": "status.podIP"}}), Ok("10.244.0.2")),
            (json!({"fieldRef": {"fieldPath": "metadata.labels['app']"}}), Ok("web")),
            (json!({"configMapKeyRef": {"name": "c", "key": "k"}}), Ok("v")),
            (json!({"secretKeyRef": {"name": "c", "key": "k"}}), Ok("s3cr3t")),
            (json!({"configMapKeyRef": {"name": "d", "key": "k"}}), Err("configmap \"d\" not found")),
            (
                json!({"configMapKeyRef": {"name": "c", "key": "x"}}),
                Err("couldn't find key x in ConfigMap lab/c"),
            ),
        ] {
            assert_eq!(one(source.clone()).as_deref().map_err(|e| e.as_str()), expected, "{source}");
        }
        let expanded = env(json!([{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$$(A)$(C)$"}]));
        assert_eq!(expanded.unwrap()["B"], "1$(A)$(C)$");
    }
}
