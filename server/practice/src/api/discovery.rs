//! What is served, told to clients: plain and aggregated discovery, and the version.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::review::Review;
use crate::store::{Resource, Subresource};

/// The version that the practice cluster is modelled on. kubectl compares its first two numbers with its own.
pub(super) const GIT_VERSION: &str = "v1.34.4+practice";

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// `/version`
pub(super) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "34",
        "emulationMajor": "1",
        "emulationMinor": "34",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "33",
        "gitVersion": GIT_VERSION,
        "gitCommit": "simulated",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, architecture()),
    })
}

/// As Go names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The named groups, in the order in which a real API server tells them.
pub(super) fn groups() -> Vec<&'static str> {
    let mut groups = Vec::new();
    let stored = Resource::ALL.into_iter().map(|resource| resource.info().group);
    let asked = Review::ALL.into_iter().map(|review| review.info().group);
    // Those of the reviews come after `apps`.
    let (first, rest): (Vec<_>, Vec<_>) = stored.partition(|group| matches!(*group, "" | "apps"));
    for group in first.into_iter().chain(asked).chain(rest) {
        if !group.is_empty() && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// `/api`
pub(super) fn core_versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

fn group_body(group: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/v1"), "version": "v1"});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

/// `/apis`
pub(super) fn group_list() -> Value {
    let groups: Vec<Value> = groups().into_iter().map(group_body).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/apps`
pub(super) fn group(name: &str) -> Option<Value> {
    groups().contains(&name).then(|| {
        let mut body = group_body(name);
        body["kind"] = json!("APIGroup");
        body["apiVersion"] = json!("v1");
        body
    })
}

/// The questions of a group and version.
fn reviews(group: &str, version: &str) -> impl Iterator<Item = Review> {
    let of = move |review: &Review| (review.info().group, "v1") == (group, version);
    Review::ALL.into_iter().filter(of).collect::<Vec<_>>().into_iter()
}

/// The resources of a group and version, by plural name.
fn served(group: &str, version: &str) -> Vec<Resource> {
    let mut found: Vec<Resource> = Resource::ALL
        .into_iter()
        .filter(|r| (r.info().group, r.info().version) == (group, version))
        .collect();
    found.sort_by_key(|r| r.info().plural);
    found
}

/// `/api/v1`, `/apis/apps/v1`
pub(super) fn resource_list(group: &str, version: &str) -> Option<Value> {
    let (served, reviews) = (served(group, version), reviews(group, version).map(review).collect::<Vec<_>>());
    if served.is_empty() && reviews.is_empty() {
        return None;
    }
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut resources = reviews;
    for resource in served {
        let info = resource.info();
        let mut entry = json!({
            "name": info.plural, "singularName": info.singular, "namespaced": info.namespaced,
            "kind": info.kind, "verbs": VERBS, "storageVersionHash": storage_hash(resource),
        });
        if !info.short_names.is_empty() {
            entry["shortNames"] = json!(info.short_names);
        }
        if !info.categories.is_empty() {
            entry["categories"] = json!(info.categories);
        }
        resources.push(entry);
        for sub in info.subresources {
            let mut entry = json!({
                "name": format!("{}/{}", info.plural, sub.name), "singularName": "",
                "namespaced": info.namespaced, "kind": sub.kind, "verbs": sub.verbs,
            });
            if !sub.version.is_empty() {
                entry["group"] = json!(sub.group);
                entry["version"] = json!(sub.version);
            }
            resources.push(entry);
        }
    }
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources,
    }))
}

fn review(review: Review) -> Value {
    let info = review.info();
    json!({
        "name": info.plural, "singularName": info.singular, "namespaced": info.namespaced,
        "kind": info.kind, "verbs": ["create"],
    })
}

/// By which two API servers see that they store a kind alike.
/// Source: `StorageVersionHash` in `k8s.io/apiserver/pkg/endpoints/discovery`.
fn storage_hash(resource: Resource) -> String {
    let info = resource.info();
    let hash = Sha256::digest(format!("{}/{}/{}", info.group, info.version, info.kind));
    STANDARD.encode(&hash[..8])
}

/// Whether an Accept header asks for aggregated discovery.
pub(super) fn is_aggregated(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let has = |part: &str| range.split(';').any(|p| p.trim() == part);
        has("as=APIGroupDiscoveryList") && has("v=v2")
    })
}

/// The media type of aggregated discovery.
pub(super) const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// `/api` or `/apis`, aggregated.
/// Source: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery>.
pub(super) fn aggregated(groups: &[&str]) -> Value {
    let items: Vec<Value> = groups.iter().map(|group| aggregated_group(group)).collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    })
}

fn aggregated_group(group: &str) -> Value {
    let resources = served(group, "v1").into_iter().map(aggregated_resource);
    let resources: Vec<Value> = resources.chain(reviews(group, "v1").map(aggregated_review)).collect();
    let mut metadata = json!({"creationTimestamp": null});
    if !group.is_empty() {
        metadata["name"] = json!(group);
    }
    json!({
        "metadata": metadata,
        "versions": [{"version": "v1", "freshness": "Current", "resources": resources}],
    })
}

fn aggregated_resource(resource: Resource) -> Value {
    let info = resource.info();
    let kind = |kind: &str| json!({"group": info.group, "version": info.version, "kind": kind});
    let sub = |sub: &Subresource| {
        let response = if sub.version.is_empty() {
            kind(sub.kind)
        } else {
            json!({"group": sub.group, "version": sub.version, "kind": sub.kind})
        };
        json!({"subresource": sub.name, "responseKind": response, "verbs": sub.verbs})
    };
    let mut entry = json!({
        "resource": info.plural,
        "responseKind": kind(info.kind),
        "scope": if info.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": info.singular,
        "verbs": VERBS,
    });
    if !info.short_names.is_empty() {
        entry["shortNames"] = json!(info.short_names);
    }
    if !info.categories.is_empty() {
        entry["categories"] = json!(info.categories);
    }
    if !info.subresources.is_empty() {
        entry["subresources"] = info.subresources.iter().map(sub).collect();
    }
    entry
}

fn aggregated_review(review: Review) -> Value {
    let info = review.info();
    json!({
        "resource": info.plural,
        "responseKind": {"group": info.group, "version": "v1", "kind": info.kind},
        "scope": if info.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": info.singular,
        "verbs": ["create"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_a_real_api_server() {
        assert_eq!(storage_hash(Resource::EndpointSlices), "qgS0xkrxYAI=");
        assert_eq!(storage_hash(Resource::Pods), "xPOwRZ+Yhw8=");
    }
}
