//! Deployments and ReplicaSets, and what may change about a pod.

use serde_json::{Value, json};

use super::{Causes, container, names};
use crate::status::Cause;
use crate::store::{Resource, Selector};

const NOT_PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
    '93%', regex used for validation is '[0-9]+%')";

/// Checks a completed Deployment or ReplicaSet.
pub(super) fn check(resource: Resource, object: &Value) -> Causes {
    let spec = &object["spec"];
    let mut causes = Causes::new();
    if spec["replicas"].as_i64().is_none_or(|replicas| replicas < 0) {
        let why = "must be greater than or equal to 0";
        causes.push(Cause::invalid("spec.replicas", &spec["replicas"], why));
    }
    causes.extend(selector(resource, spec));
    let template = &spec["template"];
    causes.extend(names::labels("spec.template.metadata.labels", &template["metadata"]["labels"]));
    causes.extend(container::pod_spec(&template["spec"], "spec.template.spec"));
    let restart = &template["spec"]["restartPolicy"];
    if restart.is_string() && restart != "Always" {
        causes.push(Cause::not_supported("spec.template.spec.restartPolicy", restart, &["Always"]));
    }
    if resource == Resource::Deployments {
        causes.extend(strategy(&spec["strategy"]));
    }
    causes
}

fn strategy(strategy: &Value) -> Causes {
    let rolling = &strategy["rollingUpdate"];
    match strategy["type"].as_str() {
        Some("RollingUpdate") => rolling_update(rolling),
        Some("Recreate") if rolling.is_object() => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            vec![Cause::forbidden("spec.strategy.rollingUpdate", why)]
        }
        Some("Recreate") => Causes::new(),
        other => {
            // Go's own spelling of what was given.
            let parts = json!({"MaxUnavailable": rolling["maxUnavailable"], "MaxSurge": rolling["maxSurge"]});
            let [unavailable, surge] = ["MaxUnavailable", "MaxSurge"].map(|part| parts[part].to_string());
            let rolling = match rolling {
                Value::Object(_) => format!(r#"{{"MaxUnavailable":{unavailable},"MaxSurge":{surge}}}"#),
                _ => "null".to_owned(),
            };
            let given =
                format!(r#"{{"Type":{},"RollingUpdate":{rolling}}}"#, json!(other.unwrap_or_default()));
            let message =
                format!(r#"Unsupported value: {given}: supported values: "Recreate", "RollingUpdate""#);
            vec![Cause { reason: "FieldValueNotSupported", field: "spec.strategy".into(), message }]
        }
    }
}

/// Source: Kubernetes' `ValidateRollingUpdateDeployment`.
fn rolling_update(rolling: &Value) -> Causes {
    let at = |field: &str| format!("spec.strategy.rollingUpdate.{field}");
    let percent = |value: &Value| value.as_str()?.strip_suffix('%')?.parse::<u64>().ok();
    let mut causes = Causes::new();
    for field in ["maxUnavailable", "maxSurge"] {
        let value = &rolling[field];
        let negative = value.as_i64().is_some_and(|number| number < 0);
        if value.is_string() && percent(value).is_none() {
            causes.push(Cause::invalid(at(field), value, NOT_PERCENT));
        } else if negative {
            causes.push(Cause::invalid(at(field), value, "must be greater than or equal to 0"));
        }
    }
    let none = |field: &str| percent(&rolling[field]).or_else(|| rolling[field].as_u64()).unwrap_or(0) == 0;
    let unavailable = &rolling["maxUnavailable"];
    if none("maxUnavailable") && none("maxSurge") {
        causes.push(Cause::invalid(at("maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0"));
    }
    if percent(unavailable).is_some_and(|percent| percent > 100) {
        causes.push(Cause::invalid(at("maxUnavailable"), unavailable, "must not be greater than 100%"));
    }
    causes
}

fn selector(resource: Resource, spec: &Value) -> Causes {
    let selector = &spec["selector"];
    let kind = resource.info().singular;
    if selector.is_null() {
        let mut causes = vec![Cause::required("spec.selector", "")];
        let labels = labels_of(spec);
        causes.push(mismatch(&labels));
        return causes;
    }
    let none = |field: &str| match &selector[field] {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => true,
    };
    if none("matchLabels") && none("matchExpressions") {
        let why = format!("empty selector is invalid for {kind}");
        return vec![Cause::invalid("spec.selector", selector, &why)];
    }
    let labels = labels_of(spec);
    if Selector::label_selector(selector).matches(&json!({"metadata": {"labels": labels}})) {
        return Causes::new();
    }
    vec![mismatch(&labels)]
}

fn labels_of(spec: &Value) -> Value {
    spec["template"]["metadata"]["labels"].clone()
}

fn mismatch(labels: &Value) -> Cause {
    let why = "`selector` does not match template `labels`";
    Cause::invalid("spec.template.metadata.labels", labels, why)
}

/// The selector does not change.
pub(super) fn check_update(old: &Value, object: &Value) -> Causes {
    let (before, now) = (&old["spec"]["selector"], &object["spec"]["selector"]);
    if before == now {
        Causes::new()
    } else {
        vec![Cause::invalid("spec.selector", now, "field is immutable")]
    }
}

/// A pod's spec hardly changes: its images, its node once, its grace and deadline, and more tolerations.
pub(super) fn check_pod_update(old: &Value, pod: &Value) -> Causes {
    let (mut before, mut now) = (old["spec"].clone(), pod["spec"].clone());
    for list in ["containers", "initContainers"] {
        let count = |spec: &Value| spec[list].as_array().map_or(0, Vec::len);
        if count(&before) != count(&now) {
            let why = "pod updates may not add or remove containers";
            return vec![Cause::forbidden(format!("spec.{list}"), why)];
        }
    }
    if before["nodeName"].as_str().unwrap_or_default().is_empty() {
        before["nodeName"] = now["nodeName"].clone();
    }
    for spec in [&mut before, &mut now] {
        for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            spec[field] = Value::Null;
        }
        for list in ["containers", "initContainers"] {
            for container in spec[list].as_array_mut().into_iter().flatten() {
                container["image"] = Value::Null;
            }
        }
    }
    if super::super::schema::same_but_nulls(&before, &now) {
        return Causes::new();
    }
    vec![Cause::forbidden(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
         `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
         `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )]
}
