//! What objects use of a `ResourceQuota`: for the admission, which compares it, and for the controller, which tells it.
//!
//! Source: <https://kubernetes.io/docs/concepts/policy/resource-quotas/>, and Kubernetes' `pkg/quota/v1/evaluator/core`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::quantity::Quantity;
use crate::store::Resource;

/// Amounts by the words of a quota: `pods`, `requests.cpu`, `count/deployments.apps`.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

/// The kinds that a quota also knows by their plain names.
const PLAIN: [&str; 5] = ["configmaps", "resourcequotas", "secrets", "services", "pods"];
/// The words for what pods need, and where a container says it.
const COMPUTE: [(&str, &str, &str); 9] = [
    ("cpu", "requests", "cpu"),
    ("requests.cpu", "requests", "cpu"),
    ("limits.cpu", "limits", "cpu"),
    ("memory", "requests", "memory"),
    ("requests.memory", "requests", "memory"),
    ("limits.memory", "limits", "memory"),
    ("ephemeral-storage", "requests", "ephemeral-storage"),
    ("requests.ephemeral-storage", "requests", "ephemeral-storage"),
    ("limits.ephemeral-storage", "limits", "ephemeral-storage"),
];
/// The standard words; others have a slash.
pub(crate) const STANDARD: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

/// The standard words of which there are only whole ones.
pub(crate) const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// What a quota limits.
pub(crate) fn hard(quota: &Value) -> Amounts {
    let hard = quota["spec"]["hard"].as_object().into_iter().flatten();
    hard.filter_map(|(word, limit)| Some((word.clone(), Quantity::of(limit)?))).collect()
}

/// The resource whose objects use this.
pub(crate) fn resource_of(word: &str) -> Option<Resource> {
    if COMPUTE.iter().any(|(compute, ..)| *compute == word) {
        return Some(Resource::Pods);
    }
    if matches!(word, "services.nodeports" | "services.loadbalancers") {
        return Some(Resource::Services);
    }
    let counted = word.strip_prefix("count/");
    Resource::ALL.into_iter().find(|resource| match counted {
        Some(counted) => counted == resource.qualified(),
        None => PLAIN.contains(&word) && word == resource.info().plural,
    })
}

/// What one object uses.
pub(crate) fn usage(resource: Resource, object: &Value, now: Timestamp) -> Amounts {
    let plural = resource.info().plural;
    let one = Quantity::whole(1);
    let mut used = Amounts::from([(format!("count/{}", resource.qualified()), one)]);
    match resource {
        Resource::Pods if is_charged(object, now) => {
            used.insert("pods".to_owned(), one);
            used.extend(compute(&containers(object).collect::<Vec<_>>()));
        }
        Resource::Pods => {}
        Resource::Services => {
            used.insert(plural.to_owned(), one);
            match object["spec"]["type"].as_str() {
                Some("NodePort") => drop(used.insert("services.nodeports".to_owned(), one)),
                Some("LoadBalancer") => drop(used.insert("services.loadbalancers".to_owned(), one)),
                _ => {}
            }
        }
        _ if PLAIN.contains(&plural) => drop(used.insert(plural.to_owned(), one)),
        _ => {}
    }
    used
}

/// What all these objects use together of these words.
pub(crate) fn total<'a>(
    resource: Resource,
    objects: impl Iterator<Item = &'a Value>,
    words: &[&str],
    now: Timestamp,
) -> Amounts {
    let mut total: Amounts = words.iter().map(|word| ((*word).to_owned(), Quantity::whole(0))).collect();
    for object in objects {
        for (word, amount) in usage(resource, object, now) {
            if let Some(sum) = total.get_mut(&word) {
                *sum = *sum + amount;
            }
        }
    }
    total
}

/// The containers of a pod.
pub(crate) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// What containers need together; words that none of them speaks of are absent.
pub(crate) fn compute(containers: &[&Value]) -> Amounts {
    let mut used = Amounts::new();
    for (word, list, what) in COMPUTE {
        let amounts = containers.iter().filter_map(|c| Quantity::of(&c["resources"][list][what]));
        if let Some(sum) = amounts.reduce(|sum, amount| sum + amount) {
            used.insert(word.to_owned(), sum);
        }
    }
    used
}

/// Whether a pod still counts: not when it has ended, nor when it should have been gone for as long as it was given.
fn is_charged(pod: &Value, now: Timestamp) -> bool {
    if matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
        return false;
    }
    let metadata = &pod["metadata"];
    let end = metadata["deletionTimestamp"].as_str().and_then(|end| end.parse::<Timestamp>().ok());
    let (Some(end), Some(grace)) = (end, metadata["deletionGracePeriodSeconds"].as_i64()) else {
        return true;
    };
    end.checked_add(SignedDuration::from_secs(grace)).is_ok_and(|end| now <= end)
}

/// Amounts as a refusal lists them.
pub(crate) fn listed(amounts: &Amounts) -> String {
    let said: Vec<String> = amounts.iter().map(|(word, amount)| format!("{word}={amount}")).collect();
    said.join(",")
}

/// The name of an object, for a list of containers.
pub(crate) fn name_of(container: &Value) -> &str {
    container["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(extra: &Value) -> Value {
        let mut pod = json!({"metadata": {}, "spec": {"containers": [
            {"name": "a", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1"}}},
            {"name": "b", "resources": {"requests": {"cpu": "400m"}}}]}});
        json_patch::merge(&mut pod, extra);
        pod
    }

    #[test]
    fn a_pod_uses_what_its_containers_ask_for_until_it_has_ended() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        let said = |extra: &Value| listed(&usage(Resource::Pods, &pod(extra), now));
        let all =
            "count/pods=1,cpu=500m,limits.cpu=1,memory=64Mi,pods=1,requests.cpu=500m,requests.memory=64Mi";
        let going =
            |end: &str| json!({"metadata": {"deletionTimestamp": end, "deletionGracePeriodSeconds": 30}});
        for (extra, expected) in [
            (json!({}), all),
            (json!({"status": {"phase": "Running"}}), all),
            (json!({"status": {"phase": "Succeeded"}}), "count/pods=1"),
            (json!({"status": {"phase": "Failed"}}), "count/pods=1"),
            (going("2026-01-01T00:01:20Z"), all),
            (going("2026-01-01T00:00:30Z"), all),
            (going("2026-01-01T00:00:29Z"), "count/pods=1"),
        ] {
            assert_eq!(said(&extra), expected, "{extra}");
        }
    }

    #[test]
    fn words_are_found_by_their_resource() {
        for (word, resource) in [
            ("pods", Some(Resource::Pods)),
            ("limits.memory", Some(Resource::Pods)),
            ("services.nodeports", Some(Resource::Services)),
            ("count/deployments.apps", Some(Resource::Deployments)),
            ("count/services", Some(Resource::Services)),
            ("count/deployments", None),
            ("deployments", None),
            ("endpoints", None),
            ("persistentvolumeclaims", None),
        ] {
            assert_eq!(resource_of(word), resource, "{word}");
        }
    }
}
