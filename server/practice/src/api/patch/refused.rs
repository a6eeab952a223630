//! Patches that make no object, in the words of Go's decoders.

use serde_json::Value;

use super::super::schema;
use super::apply::said_key;
use super::fields;
use super::lists::{self, Rule};
use crate::status::{Cause, Status};
use crate::store::Resource;

/// Reads a patch of JSON.
pub(super) fn read(body: &[u8]) -> Result<Value, Status> {
    if body.is_empty() {
        return schema::read(body);
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() {
            return Status::bad_request("unexpected end of JSON input");
        }
        let line = body.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let wrong = line.get(error.column().saturating_sub(1)).map(|byte| char::from(*byte));
        Status::bad_request(match wrong {
            Some(wrong) => format!("invalid character '{wrong}' looking for beginning of value"),
            None => error.to_string(),
        })
    })
}

/// A JSON patch that cannot be done. Kubernetes does not say why either.
pub(super) fn rejected() -> Status {
    let message = "the server rejected our request due to an error in our request".to_owned();
    Status { code: 422, reason: "Invalid", message, details: None }
}

/// A patch with something wrong in it.
pub(super) fn patch(given: &str, why: &str) -> Status {
    let cause = Cause::invalid("patch", &Value::from(given), why);
    Status::invalid_request(cause)
}

/// The refusal of a strategic patch by which a field got another type.
pub(super) fn mistyped(body: &Value, said: Status) -> Status {
    let why = conversion(&said.message);
    why.map_or(said, |why| patch(&go(body), &why))
}

/// What Go's converter says where its decoder says that it `cannot unmarshal string into … of type int32`.
/// Source: `k8s.io/apimachinery/pkg/runtime/converter.go`.
fn conversion(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("cannot unmarshal ")?;
    let (given, _) = rest.split_once(' ')?;
    let (_, wanted) = rest.rsplit_once(" of type ")?;
    let given = match given {
        "number" => "int64",
        "object" => "map",
        "array" => "slice",
        other => other,
    };
    Some(if wanted.starts_with("map[") {
        format!("cannot restore map from {given}")
    } else if wanted.starts_with("[]") {
        format!("cannot restore slice from {given}")
    } else if wanted.contains('.') {
        format!("cannot restore struct from: {given}")
    } else {
        format!("unrecognized type: {wanted}")
    })
}

/// A place, `spec.containers[0].port`, as server-side apply tells it: `.spec.containers[name="c"].port`.
pub(super) fn keyed(resource: Resource, config: &Value, path: &str) -> String {
    let (mut value, mut names, mut said) = (config, Vec::new(), String::new());
    for part in path.split('.') {
        let (field, indices) = part.split_once('[').map_or((part, ""), |(field, indices)| (field, indices));
        names.push(field.to_owned());
        said.push_str(&format!(".{field}"));
        value = &value[field];
        for index in indices.split(['[', ']']).filter_map(|index| index.parse::<usize>().ok()) {
            value = &value[index];
            said.push_str(&match lists::apply(resource, &names) {
                Rule::Keyed(keys) => {
                    let key = fields::key_name(value, keys);
                    format!("[{}]", said_key(key.strip_prefix("k:").unwrap_or(&key)))
                }
                _ => format!("[{index}]"),
            });
        }
    }
    said
}

/// As Go prints a value: `map[spec:map[ports:[map[port:80]]]]`.
pub(super) fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", go(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_printed_as_go_prints_it() {
        let value = json!({"spec": {"ports": [{"port": 80, "name": null}, "x"], "on": true}});
        assert_eq!(go(&value), "map[spec:map[on:true ports:[map[name:<nil> port:80] x]]]");
    }

    #[test]
    fn what_the_decoder_says_is_said_as_the_converter_says_it() {
        for (said, why) in [
            (
                "json: cannot unmarshal string into Go struct field A.b of type int32",
                "unrecognized type: int32",
            ),
            (
                "json: cannot unmarshal number into Go struct field A.b of type map[string]string",
                "cannot restore map from int64",
            ),
            (
                "json: cannot unmarshal object into Go struct field A.b of type []v1.C",
                "cannot restore slice from map",
            ),
            (
                "json: cannot unmarshal array into Go struct field A.b of type v1.C",
                "cannot restore struct from: slice",
            ),
        ] {
            assert_eq!(conversion(said).as_deref(), Some(why));
        }
        assert_eq!(conversion("something else"), None);
    }

    #[test]
    fn the_element_of_a_list_is_told_by_its_key() {
        let config = json!({"spec": {"containers": [{"name": "c", "port": 80}], "tolerations": [{"x": 1}]}});
        for (path, said) in [
            ("spec.containers[0].port", r#".spec.containers[name="c"].port"#),
            ("spec.tolerations[0].x", ".spec.tolerations[0].x"),
            ("spec.colour", ".spec.colour"),
        ] {
            assert_eq!(keyed(Resource::Pods, &config, path), said);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_goes_wrong() {
        assert_eq!(read(b"{\"spec\":").unwrap_err().message, "unexpected end of JSON input");
        assert!(read(b"nonsense").unwrap_err().message.starts_with("invalid character"));
    }
}
