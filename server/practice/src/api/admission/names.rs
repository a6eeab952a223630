//! Names, labels and port names.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/> and the words of
//! `k8s.io/apimachinery/pkg/util/validation`.

use serde_json::{Value, json};

use super::Causes;
use crate::status::Cause;
use crate::store::{Resource, object};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
    '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
    used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
    with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// Checks the name and labels of any object.
pub(super) fn metadata(resource: Resource, object: &Value) -> Causes {
    let mut causes = Causes::new();
    let name = object::name(object);
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if let Some(why) = bad_name(resource, name) {
        causes.push(Cause::invalid("metadata.name", &json!(name), &why));
    }
    causes.extend(labels("metadata.labels", &object["metadata"]["labels"]));
    for key in object["metadata"]["annotations"].as_object().into_iter().flatten().map(|(key, _)| key) {
        if let Some(why) = qualified_name(&key.to_lowercase()) {
            causes.push(Cause::invalid("metadata.annotations", &json!(key), &why));
        }
    }
    causes
}

fn bad_name(resource: Resource, name: &str) -> Option<String> {
    match resource {
        Resource::Namespaces => dns_label(name),
        Resource::Services => dns_1035_label(name),
        // RBAC takes any name that fits into a path.
        Resource::Roles | Resource::RoleBindings => {
            name.contains(['/', '%']).then(|| "may not contain '/' or '%'".to_owned())
        }
        _ => dns_subdomain(name),
    }
}

/// Checks labels: keys and values.
pub(super) fn labels(field: &str, labels: &Value) -> Causes {
    let mut causes = Causes::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        if let Some(why) = qualified_name(key) {
            causes.push(Cause::invalid(field, &json!(key), &why));
        }
        if let Some(why) = label_value(value.as_str().unwrap_or_default()) {
            causes.push(Cause::invalid(field, value, why));
        }
    }
    causes
}

/// Why a text is no label's value; `None` when it is one.
pub(crate) fn label_value(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters");
    }
    (!text.is_empty() && !is_label_value(text)).then_some(LABEL_VALUE)
}

fn is_label_value(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_dns_label(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| is_lower(c) || c == '-')
        && text.starts_with(is_lower)
        && text.ends_with(is_lower)
}

/// Why a text is no DNS label; `None` when it is one.
pub(super) fn dns_label(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    // What is right but for its dots is told so.
    let dotted = text.split('.').all(is_dns_label);
    (!is_dns_label(text)).then(|| if dotted { "must not contain dots" } else { LABEL }.to_owned())
}

fn dns_1035_label(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    let fine = is_dns_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase());
    (!fine).then(|| LABEL_1035.to_owned())
}

fn dns_subdomain(text: &str) -> Option<String> {
    if text.len() > 253 {
        return Some("must be no more than 253 characters".to_owned());
    }
    (!text.split('.').all(is_dns_label)).then(|| SUBDOMAIN.to_owned())
}

/// Why a text is no label's or annotation's key; `None` when it is one.
pub(crate) fn qualified_name(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            return Some("prefix part must be non-empty".to_owned());
        }
        if let Some(why) = dns_subdomain(prefix) {
            return Some(format!("prefix part {why}"));
        }
    }
    if name.is_empty() {
        return Some("name part must be non-empty".to_owned());
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 characters".to_owned());
    }
    (!is_label_value(name)).then(|| QUALIFIED.to_owned())
}

/// Why a text is no port name; nothing when it is one.
pub(super) fn port_name(text: &str) -> Vec<&'static str> {
    let has = |part: fn(char) -> bool| text.contains(part);
    let faults = [
        (text.len() > 15, "must be no more than 15 characters"),
        (
            has(|c| !is_lower(c) && c != '-') || text.is_empty(),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (!has(|c| c.is_ascii_lowercase()), "must contain at least one letter (a-z)"),
        (text.contains("--"), "must not contain consecutive hyphens"),
        (text.starts_with('-') || text.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    faults.into_iter().filter_map(|(is_so, fault)| is_so.then_some(fault)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_or_refused_as_kubernetes_does() {
        for (name, fine) in
            [("a", true), ("my-svc1", true), ("1a", false), ("-a", false), ("A", false), ("a.b", false)]
        {
            assert_eq!(bad_name(Resource::Services, name).is_none(), fine, "{name}");
        }
        for (name, fine) in [("1a", true), ("a.b-c", true), ("a..b", false), ("a_b", false), ("a-", false)] {
            assert_eq!(bad_name(Resource::Pods, name).is_none(), fine, "{name}");
        }
        for (name, fine) in
            [("http", true), ("8080", false), ("a--b", false), ("-a", false), ("aaaaaaaaaaaaaaaa", false)]
        {
            assert_eq!(port_name(name).is_empty(), fine, "{name}");
        }
    }

    #[test]
    fn every_fault_of_a_port_name_is_told() {
        assert_eq!(port_name("UPPER").len(), 2);
        assert_eq!(port_name("-8080--").len(), 3);
        assert_eq!(dns_label("kube.system").as_deref(), Some("must not contain dots"));
    }

    #[test]
    fn labels_are_checked_by_key_and_value() {
        let labels = |value: Value| labels("metadata.labels", &value).len();
        assert_eq!(labels(json!({"app": "x", "a.b/c_d": "", "x": "A.b_c"})), 0);
        assert_eq!(labels(json!({"app": "x y", "/a": "", "a b": "-"})), 4);
    }
}
