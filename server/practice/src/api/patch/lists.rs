//! Which lists are maps in disguise, merged by keys and not replaced, and which maps are taken as one value.
//!
//! Source: `x-kubernetes-patch-merge-key`, `x-kubernetes-list-map-keys` and the like in Kubernetes' `OpenAPI` documents,
//! from which `openapi/extract` makes `lists.txt`:
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::protobuf;
use crate::store::Resource;

/// How a list or map is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// A list is replaced as a whole, a map field by field.
    Usual,
    /// A list's elements are told apart by these keys.
    Keyed(&'static [&'static str]),
    /// A list's elements are texts, each there or not.
    Values,
    /// A map is replaced as a whole.
    Atomic,
}

/// How a field or type is merged.
struct Rules {
    /// By strategic merge patches.
    strategic: Rule,
    /// By server-side apply.
    apply: Rule,
}

/// By `Type.field`, and by `Type`.
static TABLE: LazyLock<HashMap<&'static str, Rules>> = LazyLock::new(|| {
    let lines = include_str!("../../../openapi/lists.txt").lines().filter(|line| !line.starts_with('#'));
    let rules = |line: &'static str| {
        let mut words = line.split_whitespace();
        let (of, strategic, apply) = (words.next()?, words.next()?, words.next()?);
        Some((of, Rules { strategic: read(strategic), apply: read(apply) }))
    };
    lines.filter_map(rules).collect()
});

fn read(word: &'static str) -> Rule {
    match word {
        "-" => Rule::Usual,
        "atomic" => Rule::Atomic,
        "values" => Rule::Values,
        // Once for the table, which lasts as long as the program.
        keys => Rule::Keyed(Vec::leak(keys.split(',').collect())),
    }
}

/// How strategic merge patches merge what is at this path (field names, without indices).
pub(super) fn strategic(resource: Resource, path: &[String]) -> Rule {
    find(resource, path, |rules| rules.strategic)
}

/// How server-side apply merges what is at this path.
pub(super) fn apply(resource: Resource, path: &[String]) -> Rule {
    find(resource, path, |rules| rules.apply)
}

fn find(resource: Resource, path: &[String], which: impl Fn(&Rules) -> Rule) -> Rule {
    let Some(place) = Place::of(resource, path) else { return Rule::Usual };
    let rule = |of: &str| TABLE.get(of).map_or(Rule::Usual, &which);
    match place.field.as_deref().map_or(Rule::Usual, rule) {
        // What the type says holds for a value of it, not for a list of such values.
        Rule::Usual if !place.of.starts_with("[]") => rule(place.of),
        rule => rule,
    }
}

/// Where a path leads.
struct Place {
    /// `Type.field`; `None` for a value of a map.
    field: Option<String>,
    /// The type of what is there, such as `[]Container`.
    of: &'static str,
}

impl Place {
    fn of(resource: Resource, path: &[String]) -> Option<Self> {
        let mut place = Self { field: None, of: resource.info().kind };
        for name in path {
            place = match place.of.strip_prefix("{}") {
                Some(value) => Self { field: None, of: value },
                None => {
                    let message = place.of.trim_start_matches("[]");
                    let (owner, kind) = protobuf::field(message, name)?;
                    Self { field: Some(format!("{owner}.{name}")), of: kind.trim_start_matches('*') }
                }
            };
        }
        Some(place)
    }
}

/// What an absent key counts as.
pub(super) fn default_key(key: &str) -> Option<&'static str> {
    (key == "protocol").then_some("TCP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_maps_are_merged_as_kubernetes_documents_say() {
        use Resource::{Deployments, Endpoints, NetworkPolicies, Pods, ServiceAccounts, Services};
        for (resource, path, by_strategic, by_apply) in [
            (Services, "spec.ports", Rule::Keyed(&["port"]), Rule::Keyed(&["port", "protocol"])),
            (Services, "spec.selector", Rule::Usual, Rule::Atomic),
            (Services, "spec.externalIPs", Rule::Usual, Rule::Usual),
            (Services, "metadata.labels", Rule::Usual, Rule::Usual),
            (Services, "metadata.labels.ports", Rule::Usual, Rule::Usual),
            (Services, "metadata.finalizers", Rule::Values, Rule::Values),
            (Deployments, "spec.selector", Rule::Usual, Rule::Atomic),
            (Deployments, "spec.template.spec.containers", Rule::Keyed(&["name"]), Rule::Keyed(&["name"])),
            (
                Deployments,
                "spec.template.spec.containers.ports",
                Rule::Keyed(&["containerPort"]),
                Rule::Keyed(&["containerPort", "protocol"]),
            ),
            (Deployments, "spec.template.spec.containers.command", Rule::Usual, Rule::Usual),
            (Deployments, "spec.template.spec.containers.env.valueFrom.fieldRef", Rule::Usual, Rule::Atomic),
            (Deployments, "spec.template.spec.tolerations", Rule::Usual, Rule::Usual),
            (Pods, "status.podIPs", Rule::Keyed(&["ip"]), Rule::Keyed(&["ip"])),
            (Pods, "status.hostIPs", Rule::Keyed(&["ip"]), Rule::Usual),
            (ServiceAccounts, "secrets", Rule::Keyed(&["name"]), Rule::Keyed(&["name"])),
            (ServiceAccounts, "imagePullSecrets", Rule::Usual, Rule::Usual),
            (NetworkPolicies, "spec.podSelector", Rule::Usual, Rule::Atomic),
            (Endpoints, "subsets", Rule::Usual, Rule::Usual),
            (Endpoints, "nothing.of.the.kind", Rule::Usual, Rule::Usual),
        ] {
            let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
            assert_eq!(
                (strategic(resource, &parts), apply(resource, &parts)),
                (by_strategic, by_apply),
                "{resource:?} {path}"
            );
        }
    }
}
