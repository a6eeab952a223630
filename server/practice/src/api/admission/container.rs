//! Pod specs and their containers.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Causes, check_port, names, resources};
use crate::status::Cause;

/// Why a name is none of a header.
const HEADER_NAME: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', \
                           regex used for validation is '[-A-Za-z0-9]+')";

/// Checks a completed pod spec. `at` is its place: `spec` or `spec.template.spec`.
pub(super) fn pod_spec(spec: &Value, at: &str) -> Causes {
    let mut causes = Causes::new();
    let containers = spec["containers"].as_array().map_or(&[][..], Vec::as_slice);
    if containers.is_empty() {
        causes.push(Cause::required(format!("{at}.containers"), ""));
    }
    let mut seen = HashSet::new();
    let grace = spec["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    for list in ["initContainers", "containers"] {
        for (index, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let place = format!("{at}.{list}[{index}]");
            causes.extend(one(container, &place));
            for hook in ["postStart", "preStop"] {
                let at = format!("{place}.lifecycle.{hook}");
                causes.extend(check_hook(&container["lifecycle"][hook], &at, grace));
            }
            let name = container["name"].as_str().unwrap_or_default();
            if !name.is_empty() && !seen.insert(name) {
                causes.push(Cause::duplicate(format!("{place}.name"), &json!(name)));
            }
        }
    }
    for (field, supported) in [
        ("restartPolicy", &["Always", "OnFailure", "Never"][..]),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ] {
        let value = &spec[field];
        if value.is_string() && !supported.iter().any(|s| value == s) {
            causes.push(Cause::not_supported(format!("{at}.{field}"), value, supported));
        }
    }
    if spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0) {
        let field = format!("{at}.terminationGracePeriodSeconds");
        let why = "must be greater than or equal to 0";
        causes.push(Cause::invalid(field, &spec["terminationGracePeriodSeconds"], why));
    }
    causes
}

fn one(container: &Value, at: &str) -> Causes {
    let mut causes = Causes::new();
    match container["name"].as_str().unwrap_or_default() {
        "" => causes.push(Cause::required(format!("{at}.name"), "")),
        name => {
            if let Some(why) = names::dns_label(name) {
                causes.push(Cause::invalid(format!("{at}.name"), &json!(name), &why));
            }
        }
    }
    let image = container["image"].as_str().unwrap_or_default();
    if image.is_empty() {
        causes.push(Cause::required(format!("{at}.image"), ""));
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        causes.push(Cause::invalid(format!("{at}.image"), &json!(image), why));
    }
    causes.extend(ports(container, at));
    causes.extend(resources::check(container, at));
    for (index, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
        if variable["name"].as_str().unwrap_or_default().is_empty() {
            causes.push(Cause::required(format!("{at}.env[{index}].name"), ""));
        }
    }
    let policy = &container["imagePullPolicy"];
    let policies = &["Always", "IfNotPresent", "Never"];
    if policy.is_string() && !policies.iter().any(|p| policy == p) {
        causes.push(Cause::not_supported(format!("{at}.imagePullPolicy"), policy, policies));
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        causes.extend(check_probe(&container[probe], &format!("{at}.{probe}")));
    }
    causes
}

fn ports(container: &Value, at: &str) -> Causes {
    let mut causes = Causes::new();
    let mut names_seen = HashSet::new();
    for (index, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
        let place = |field: &str| format!("{at}.ports[{index}].{field}");
        if let Some(name) = port["name"].as_str().filter(|name| !name.is_empty()) {
            let faults = names::port_name(name);
            if faults.is_empty() && !names_seen.insert(name) {
                causes.push(Cause::duplicate(place("name"), &json!(name)));
            }
            causes.extend(faults.into_iter().map(|why| Cause::invalid(place("name"), &json!(name), why)));
        }
        if port["containerPort"].is_null() || port["containerPort"] == 0 {
            causes.push(Cause::required(place("containerPort"), ""));
        } else {
            causes.extend(check_port(&place("containerPort"), &port["containerPort"]));
        }
        let protocol = &port["protocol"];
        let supported = &["SCTP", "TCP", "UDP"];
        if !supported.iter().any(|p| protocol == p) {
            causes.push(Cause::not_supported(place("protocol"), protocol, supported));
        }
    }
    causes
}

fn check_probe(probe: &Value, at: &str) -> Causes {
    let mut causes = Causes::new();
    if !probe.is_object() {
        return causes;
    }
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    let mut given = handlers.into_iter().filter(|handler| probe[*handler].is_object());
    match given.next() {
        None => causes.push(Cause::required(at, "must specify a handler type")),
        Some(handler) => causes.extend(check_address(probe, handler, at)),
    }
    for more in given {
        let why = "may not specify more than 1 handler type";
        causes.push(Cause::forbidden(format!("{at}.{more}"), why));
    }
    for field in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        if probe[field].as_i64().is_some_and(|number| number < 0) {
            let why = "must be greater than or equal to 0";
            causes.push(Cause::invalid(format!("{at}.{field}"), &probe[field], why));
        }
    }
    if at.ends_with("livenessProbe") && probe["successThreshold"].as_i64().is_some_and(|n| n != 1) {
        causes.push(Cause::invalid(
            format!("{at}.successThreshold"),
            &probe["successThreshold"],
            "must be 1",
        ));
    }
    causes
}

/// Checks a hook that runs within so many seconds.
fn check_hook(hook: &Value, at: &str, grace: i64) -> Causes {
    let mut causes = Causes::new();
    if !hook.is_object() {
        return causes;
    }
    let mut given =
        ["exec", "httpGet", "tcpSocket", "sleep"].into_iter().filter(|handler| hook[*handler].is_object());
    match given.next() {
        None => causes.push(Cause::required(at, "must specify a handler type")),
        Some("exec") if hook["exec"]["command"].as_array().is_none_or(Vec::is_empty) => {
            causes.push(Cause::required(format!("{at}.exec.command"), ""));
        }
        Some("sleep") => {
            let seconds = &hook["sleep"]["seconds"];
            if seconds.as_i64().is_some_and(|seconds| !(0..=grace).contains(&seconds)) {
                let why =
                    format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                causes.push(Cause::invalid(format!("{at}.sleep"), seconds, &why));
            }
        }
        Some(handler) => causes.extend(check_address(hook, handler, at)),
    }
    for more in given {
        let why = "may not specify more than 1 handler type";
        causes.push(Cause::forbidden(format!("{at}.{more}"), why));
    }
    causes
}

/// Checks where an action goes, and what it says there.
fn check_address(of: &Value, handler: &str, at: &str) -> Causes {
    let mut causes = check_action_port(of, handler, at);
    if handler != "httpGet" {
        return causes;
    }
    let action = &of[handler];
    let (scheme, schemes) = (&action["scheme"], &["HTTP", "HTTPS"]);
    if scheme.is_string() && !schemes.iter().any(|s| scheme == s) {
        causes.push(Cause::not_supported(format!("{at}.httpGet.scheme"), scheme, schemes));
    }
    for header in action["httpHeaders"].as_array().into_iter().flatten() {
        let name = header["name"].as_str().unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            causes.push(Cause::invalid(format!("{at}.httpGet.httpHeaders"), &json!(name), HEADER_NAME));
        }
    }
    causes
}

fn check_action_port(probe: &Value, handler: &str, at: &str) -> Causes {
    let field = format!("{at}.{handler}.port");
    match &probe[handler]["port"] {
        Value::Null => Causes::new(),
        Value::String(name) => {
            let faults = names::port_name(name).into_iter();
            faults.map(|why| Cause::invalid(&field, &json!(name), why)).collect()
        }
        number => check_port(&field, number).into_iter().collect(),
    }
}
