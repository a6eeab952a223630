//! What a path asks for.

use super::review::Review;
use crate::store::Resource;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// `/version`
    Version,
    /// `/livez`, `/readyz`, `/healthz`
    Health,
    /// `/metrics`
    Metrics,
    /// `/`
    Root,
    /// `/api`
    CoreVersions,
    /// `/apis`
    Groups,
    /// `/apis/apps`
    Group(String),
    /// `/api/v1`, `/apis/apps/v1`: group, then version
    Resources(String, String),
    /// `/openapi/v2`
    Swagger,
    /// `/openapi/v3` and below
    OpenApi(String),
    /// `/.well-known/openid-configuration`
    Issuer,
    /// `/openid/v1/jwks`
    Keys,
    /// A question that is answered at once and not stored, in a namespace or in none.
    Review(Review, Option<String>),
    /// The objects of a resource, in one namespace or in all.
    Collection(Resource, Option<String>),
    /// One object, or what hangs off it. The namespace of what is in none is empty.
    Object {
        /// Its resource.
        resource: Resource,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What hangs off it.
        subresource: Option<String>,
    },
    /// What real clusters serve and this one does not: its plural and group.
    Unmodelled(&'static str, &'static str),
    /// Nothing that is served.
    Unknown,
}

/// What kubectl has commands for, beyond what is served here: plurals and groups.
const UNMODELLED: [(&str, &str); 13] = [
    ("persistentvolumeclaims", ""),
    ("persistentvolumes", ""),
    ("replicationcontrollers", ""),
    ("daemonsets", "apps"),
    ("statefulsets", "apps"),
    ("horizontalpodautoscalers", "autoscaling"),
    ("cronjobs", "batch"),
    ("jobs", "batch"),
    ("ingresses", "networking.k8s.io"),
    ("ingressclasses", "networking.k8s.io"),
    ("poddisruptionbudgets", "policy"),
    ("priorityclasses", "scheduling.k8s.io"),
    ("storageclasses", "storage.k8s.io"),
];

/// The parts of a path. Percent signs are decoded after splitting, so that no name reaches into another part.
///
/// Who decides about a request and who answers it must both read its path by this, and alike.
pub(super) fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(super::query::decode).collect()
}

/// Reads a path.
pub(super) fn parse(path: &str) -> Target {
    let parts = parts(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts[..] {
        [] => Target::Root,
        ["version"] => Target::Version,
        ["livez" | "readyz" | "healthz", ..] => Target::Health,
        ["metrics"] => Target::Metrics,
        ["api"] => Target::CoreVersions,
        ["apis"] => Target::Groups,
        ["apis", group] => Target::Group(group.to_owned()),
        ["api", version] => Target::Resources(String::new(), version.to_owned()),
        ["apis", group, version] => Target::Resources(group.to_owned(), version.to_owned()),
        ["openapi", "v2"] => Target::Swagger,
        [".well-known", "openid-configuration"] => Target::Issuer,
        ["openid", "v1", "jwks"] => Target::Keys,
        ["openapi", "v3", ref rest @ ..] => Target::OpenApi(rest.join("/")),
        ["api", version, ref rest @ ..] => objects("", version, rest),
        ["apis", group, version, ref rest @ ..] => objects(group, version, rest),
        _ => Target::Unknown,
    }
}

fn objects(group: &str, version: &str, rest: &[&str]) -> Target {
    let find = |plural: &str| Resource::find(group, version, plural);
    let of = |plural: &str, namespaced| find(plural).filter(|r| r.info().namespaced == namespaced);
    let object = |resource, namespace: &str, name: &str, subresource: Option<&str>| Target::Object {
        resource,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        subresource: subresource.map(str::to_owned),
    };
    let review = |plural: &str| (version == "v1").then(|| Review::find(group, plural)).flatten();
    let found = match *rest {
        [plural] if let Some(found) = review(plural) => Some(Target::Review(found, None)),
        ["namespaces", namespace, plural] if let Some(found) = review(plural) => {
            Some(Target::Review(found, Some(namespace.to_owned())))
        }
        [plural] => find(plural).map(|r| Target::Collection(r, None)),
        // A namespace's own subresources look like the collections of a namespace.
        ["namespaces", name, "status"] if group.is_empty() => {
            Some(object(Resource::Namespaces, "", name, Some("status")))
        }
        ["namespaces", namespace, plural] => {
            of(plural, true).map(|r| Target::Collection(r, Some(namespace.to_owned())))
        }
        ["namespaces", namespace, plural, name] => of(plural, true).map(|r| object(r, namespace, name, None)),
        ["namespaces", namespace, plural, name, sub] => {
            of(plural, true).map(|r| object(r, namespace, name, Some(sub)))
        }
        [plural, name] => of(plural, false).map(|r| object(r, "", name, None)),
        // What follows the name of a proxy is a path of its own.
        ["namespaces", namespace, plural, name, "proxy", ..] => {
            of(plural, true).map(|r| object(r, namespace, name, Some("proxy")))
        }
        [plural, name, sub] | [plural, name, sub @ "proxy", ..] => {
            of(plural, false).map(|r| object(r, "", name, Some(sub)))
        }
        _ => None,
    };
    found.or_else(|| unmodelled(group, rest)).unwrap_or(Target::Unknown)
}

fn unmodelled(group: &str, rest: &[&str]) -> Option<Target> {
    let (["namespaces", _, plural, ..] | [plural, ..]) = rest else { return None };
    let known = UNMODELLED.into_iter().find(|known| *known == (*plural, group));
    known.map(|(plural, group)| Target::Unmodelled(plural, group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(resource: Resource, namespace: &str, name: &str, subresource: Option<&str>) -> Target {
        let (namespace, name) = (namespace.into(), name.into());
        Target::Object { resource, namespace, name, subresource: subresource.map(Into::into) }
    }

    #[test]
    fn paths_are_read_as_kubernetes_reads_them() {
        for (path, target) in [
            ("/", Target::Root),
            ("/readyz/etcd", Target::Health),
            ("/metrics", Target::Metrics),
            ("/metrics/slis", Target::Unknown),
            ("/openapi/v2", Target::Swagger),
            ("/openapi/v3", Target::OpenApi(String::new())),
            ("/.well-known/openid-configuration", Target::Issuer),
            ("/openid/v1/jwks", Target::Keys),
            ("/api/v1", Target::Resources("".into(), "v1".into())),
            ("/apis/apps/v1", Target::Resources("apps".into(), "v1".into())),
            ("/api/v1/pods", Target::Collection(Resource::Pods, None)),
            ("/api/v1/namespaces/a/pods", Target::Collection(Resource::Pods, Some("a".into()))),
            ("/api/v1/namespaces", Target::Collection(Resource::Namespaces, None)),
            ("/api/v1/namespaces/a", object(Resource::Namespaces, "", "a", None)),
            ("/api/v1/namespaces/a/status", object(Resource::Namespaces, "", "a", Some("status"))),
            ("/api/v1/namespaces/a/pods/p/log", object(Resource::Pods, "a", "p", Some("log"))),
            ("/apis/apps/v1/namespaces/a/deployments/d", object(Resource::Deployments, "a", "d", None)),
            ("/api/v1/namespaces/a%2Fb/pods", Target::Collection(Resource::Pods, Some("a/b".into()))),
            ("/api/v1/pods/p", Target::Unknown),
            ("/apis/apps/v1/pods", Target::Unknown),
            ("/api/v1/namespaces/a/nodes", Target::Unknown),
            ("/api/v1/nodes/n", object(Resource::Nodes, "", "n", None)),
            ("/other", Target::Unknown),
            ("/api/v1/namespaces/a/pods/p/proxy/x/y", object(Resource::Pods, "a", "p", Some("proxy"))),
            ("/apis/batch/v1/namespaces/a/jobs", Target::Unmodelled("jobs", "batch")),
            ("/apis/batch/v1/namespaces/a/widgets", Target::Unknown),
            ("/apis/apps/v1/daemonsets", Target::Unmodelled("daemonsets", "apps")),
        ] {
            assert_eq!(parse(path), target, "{path}");
        }
    }
}
