//! Which fields a kind has: asked of the typed objects, which are generated from Kubernetes' own specification.
//!
//! An object is read into its type and written again: what is missing afterwards the kind does not have.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>.

use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::discovery::v1 as discovery;
use k8s_openapi::api::networking::v1 as networking;
use k8s_openapi::api::rbac::v1 as rbac;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::protobuf;
use super::query::Validation;
use crate::status::Status;
use crate::store::Resource;

/// Reads a body of JSON.
pub(super) fn read(body: &[u8]) -> Result<Value, Status> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Status::bad_request("the body of the request is empty"));
    }
    serde_json::from_slice(body)
        .map_err(|error| Status::bad_request(format!("couldn't get version/kind; json parse error: {error}")))
}

/// Reads a body of YAML. JSON is YAML, and by far the most of it.
///
/// An alias may stand for no more than the reader's budget: what grows without end is refused.
pub(super) fn read_yaml(body: &[u8]) -> Result<Value, Status> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let refused = |why: String| Status::bad_request(format!("error converting YAML to JSON: yaml: {why}"));
    let text = std::str::from_utf8(body).map_err(|_| refused("invalid leading UTF-8 octet".to_owned()))?;
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| refused(error.to_string()))
}

/// Takes out the fields that the kind does not have, and names them.
///
/// # Errors
/// A field of another type: what serde says.
pub(super) fn prune(resource: Resource, object: &mut Value) -> Result<Vec<String>, serde_json::Error> {
    drop_nulls(object);
    let known = round_trip(resource, object)?;
    let mut unknown = Vec::new();
    compare(object, &known, "", &mut unknown);
    Ok(unknown)
}

/// [`prune`], with what is unknown refused or returned as warnings, as the request wishes.
pub(super) fn check(
    resource: Resource,
    object: &mut Value,
    validation: Validation,
) -> Result<Vec<String>, Status> {
    let unknown = prune(resource, object).map_err(|error| mistyped(resource, object, &error))?;
    let said: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
    match validation {
        Validation::Ignore => Ok(Vec::new()),
        Validation::Warn => Ok(said),
        Validation::Strict if said.is_empty() => Ok(said),
        Validation::Strict => Err(Status::bad_request(format!(
            "{}: strict decoding error: {}",
            cannot_be_handled(resource),
            said.join(", ")
        ))),
    }
}

/// An object that is not stored, read into its type; with warnings, as in [`check`].
pub(super) fn typed<T: Serialize + DeserializeOwned>(
    kind: &str,
    mut object: Value,
    validation: Validation,
) -> Result<(T, Vec<String>), Status> {
    let unreadable = |why: &str| {
        Status::bad_request(format!("{kind} in version \"v1\" cannot be handled as a {kind}: {why}"))
    };
    drop_nulls(&mut object);
    let read = |object: &Value| {
        T::deserialize(object).map_err(|error| {
            unreadable(&protobuf::mismatch(kind, object).unwrap_or_else(|| format!("json: {error}")))
        })
    };
    let known = serde_json::to_value(read(&object)?).map_err(|error| unreadable(&error.to_string()))?;
    let mut unknown = Vec::new();
    compare(&mut object, &known, "", &mut unknown);
    let said: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
    match validation {
        Validation::Strict if !said.is_empty() => {
            Err(unreadable(&format!("strict decoding error: {}", said.join(", "))))
        }
        Validation::Ignore => Ok((read(&object)?, Vec::new())),
        Validation::Strict | Validation::Warn => Ok((read(&object)?, said)),
    }
}

/// The refusal of a field of another type.
pub(super) fn mistyped(resource: Resource, object: &Value, error: &serde_json::Error) -> Status {
    let said = protobuf::mismatch(resource.info().kind, object).unwrap_or_else(|| format!("json: {error}"));
    Status::bad_request(format!("{}: {said}", cannot_be_handled(resource)))
}

fn cannot_be_handled(resource: Resource) -> String {
    let info = resource.info();
    format!("{0} in version \"{1}\" cannot be handled as a {0}", info.kind, info.version)
}

/// A null is as good as an absent field.
pub(super) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Whether two values are the same, where a null is as good as an absent field.
pub(super) fn same_but_nulls(left: &Value, right: &Value) -> bool {
    let (mut left, mut right) = (left.clone(), right.clone());
    drop_nulls(&mut left);
    drop_nulls(&mut right);
    left == right
}

fn compare(given: &mut Value, known: &Value, path: &str, unknown: &mut Vec<String>) {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => {
            let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            given.retain(|key, _| {
                let kept = known.contains_key(key);
                if !kept {
                    unknown.push(at(key));
                }
                kept
            });
            for (key, value) in given.iter_mut() {
                compare(value, &known[key], &at(key), unknown);
            }
        }
        (Value::Array(given), Value::Array(known)) => {
            for (index, (given, known)) in given.iter_mut().zip(known).enumerate() {
                compare(given, known, &format!("{path}[{index}]"), unknown);
            }
        }
        _ => {}
    }
}

fn through<T: Serialize + DeserializeOwned>(object: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(T::deserialize(object)?)
}

fn round_trip(resource: Resource, object: &Value) -> Result<Value, serde_json::Error> {
    match resource {
        Resource::Namespaces => through::<core::Namespace>(object),
        Resource::Nodes => through::<core::Node>(object),
        Resource::Pods => through::<core::Pod>(object),
        Resource::Services => through::<core::Service>(object),
        Resource::Endpoints => through::<core::Endpoints>(object),
        Resource::ConfigMaps => through::<core::ConfigMap>(object),
        Resource::Secrets => through::<core::Secret>(object),
        Resource::ServiceAccounts => through::<core::ServiceAccount>(object),
        Resource::ResourceQuotas => through::<core::ResourceQuota>(object),
        Resource::LimitRanges => through::<core::LimitRange>(object),
        Resource::Events => through::<core::Event>(object),
        Resource::Deployments => through::<apps::Deployment>(object),
        Resource::ReplicaSets => through::<apps::ReplicaSet>(object),
        Resource::EndpointSlices => through::<discovery::EndpointSlice>(object),
        Resource::NetworkPolicies => through::<networking::NetworkPolicy>(object),
        Resource::Roles => through::<rbac::Role>(object),
        Resource::RoleBindings => through::<rbac::RoleBinding>(object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "creationTimestamp": null},
            "spec": {"replica": 3, "template": {"spec": {"containers": [{"name": "c", "imag": "x"}]}}}})
    }

    #[test]
    fn unknown_fields_are_named_by_their_path_and_dropped() {
        let mut object = deployment();
        let warnings = check(Resource::Deployments, &mut object, Validation::Warn).unwrap();
        assert_eq!(
            warnings,
            [r#"unknown field "spec.replica""#, r#"unknown field "spec.template.spec.containers[0].imag""#]
        );
        assert!(check(Resource::Deployments, &mut object, Validation::Strict).unwrap().is_empty());
    }

    #[test]
    fn yaml_is_read_as_what_it_says_and_refused_when_it_is_none_or_grows_without_end() {
        let read =
            read_yaml(b"kind: Service # a comment\nspec: {ports: [{port: 80, name: 'on'}]}\n").unwrap();
        assert_eq!(read, json!({"kind": "Service", "spec": {"ports": [{"port": 80, "name": "on"}]}}));
        assert_eq!(read_yaml(br#"{"a": null}"#).unwrap(), json!({"a": null}));
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let eight = vec![format!("*a{}", n - 1); 9].join(", ");
            laughs.push_str(&format!("a{n}: &a{n} [{eight}]\n"));
        }
        let deep = "[".repeat(5000);
        for wrong in ["a: [", "a: b: c", "\u{0}", &laughs, &deep] {
            let refused = read_yaml(wrong.as_bytes()).unwrap_err();
            assert_eq!(refused.code, 400, "{wrong:.40}");
            assert!(
                refused.message.starts_with("error converting YAML to JSON: yaml: "),
                "{}",
                refused.message
            );
        }
        assert_eq!(read_yaml(b"\xff\xfe: 1").unwrap_err().code, 400);
    }

    #[test]
    fn strict_refuses_in_kubernetes_words() {
        let refused = check(Resource::Deployments, &mut deployment(), Validation::Strict).unwrap_err();
        assert_eq!(refused.code, 400);
        assert!(refused.message.starts_with(
            r#"Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica""#
        ));
    }

    #[test]
    fn a_field_of_another_type_is_a_bad_request() {
        let mut object = deployment();
        object["spec"]["replicas"] = json!("three");
        assert_eq!(check(Resource::Deployments, &mut object, Validation::Ignore).unwrap_err().code, 400);
    }
}
