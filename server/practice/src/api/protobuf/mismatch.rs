//! Where a JSON object is not of its types, in the words of Go's decoder.

use serde_json::Value;

use super::message;

/// The first field of another type than the kind's: `json: cannot unmarshal string into Go struct field
/// ServicePort.spec.ports.port of type int32`; `None` when there is none.
pub(in crate::api) fn mismatch(kind: &str, object: &Value) -> Option<String> {
    within(kind, object, "")
}

fn within(kind: &str, object: &Value, path: &str) -> Option<String> {
    for (name, value) in object.as_object()? {
        let Some((owner, of)) = message::field(kind, name) else { continue };
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if let Some(found) = check(owner, of, value, &path) {
            return Some(found);
        }
    }
    None
}

fn check(owner: &str, of: &str, value: &Value, path: &str) -> Option<String> {
    let of = of.strip_prefix('*').unwrap_or(of);
    let refuse = |go: &str| {
        let given = said(value);
        Some(format!("json: cannot unmarshal {given} into Go struct field {owner}.{path} of type {go}"))
    };
    match (of, value) {
        (_, Value::Null) => None,
        // These have decoders of their own.
        ("Time" | "MicroTime" | "Quantity" | "IntOrString" | "FieldsV1" | "RawExtension", _) => None,
        ("string" | "bytes", Value::String(_)) | ("bool", Value::Bool(_)) | ("double", Value::Number(_)) => {
            None
        }
        ("int32", Value::Number(n)) if n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => None,
        ("int64", Value::Number(n)) if n.is_i64() => None,
        ("int32" | "int64", Value::Number(n)) => Some(format!(
            "json: cannot unmarshal number {n} into Go struct field {owner}.{path} of type {of}"
        )),
        ("double", _) => refuse("float64"),
        ("string" | "bool" | "int32" | "int64", _) => refuse(of),
        ("bytes", _) => refuse("[]uint8"),
        _ => match (of.strip_prefix("[]"), of.strip_prefix("{}"), value) {
            (Some(of), _, Value::Array(items)) => items.iter().find_map(|item| check(owner, of, item, path)),
            (_, Some(of), Value::Object(map)) => map.values().find_map(|item| check(owner, of, item, path)),
            (None, None, Value::Object(_)) => within(of, value, path),
            (Some(of), _, _) => refuse(&format!("[]{}", go_name(of))),
            (_, Some(of), _) => refuse(&format!("map[string]{}", go_name(of))),
            (None, None, _) => refuse(&go_name(of)),
        },
    }
}

fn go_name(of: &str) -> String {
    if of.starts_with(char::is_uppercase) { format!("v1.{of}") } else { of.to_owned() }
}

fn said(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_of_another_type_is_named_as_go_names_it() {
        for (kind, object, said) in [
            (
                "Service",
                json!({"spec": {"ports": [{"port": "eighty"}]}}),
                Some("string into Go struct field ServicePort.spec.ports.port of type int32"),
            ),
            (
                "Deployment",
                json!({"spec": {"selector": {"matchLabels": {"a": true}}}}),
                Some("bool into Go struct field LabelSelector.spec.selector.matchLabels of type string"),
            ),
            (
                "Deployment",
                json!({"spec": {"replicas": 1.5}}),
                Some("number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
            ),
            (
                "Service",
                json!({"metadata": []}),
                Some("array into Go struct field Service.metadata of type v1.ObjectMeta"),
            ),
            ("Service", json!({"spec": {"ports": [{"port": 80, "targetPort": "http"}], "unknown": 1}}), None),
        ] {
            let said = said.map(|said| format!("json: cannot unmarshal {said}"));
            assert_eq!(mismatch(kind, &object), said);
        }
    }
}
