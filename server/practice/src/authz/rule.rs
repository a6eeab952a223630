//! Rules of roles.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-v1/>, and Kubernetes'
//! `pkg/apis/rbac/v1/evaluation_helpers.go` and `k8s.io/component-helpers/auth/rbac/validation`.

use serde_json::{Map, Value, json};

use super::{Access, Target};

/// Stands for everything.
const ALL: &str = "*";

/// Verbs for resources (or for paths), as a `PolicyRule` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) groups: Vec<String>,
    /// With their subresources: `pods/log`.
    pub(crate) resources: Vec<String>,
    /// None means all.
    pub(crate) names: Vec<String>,
    pub(crate) paths: Vec<String>,
}

impl Rule {
    /// The rules of a Role.
    pub(crate) fn all(rules: &Value) -> Vec<Self> {
        rules.as_array().into_iter().flatten().map(Self::read).collect()
    }

    fn read(rule: &Value) -> Self {
        let texts = |field: &str| {
            let list = rule[field].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            verbs: texts("verbs"),
            groups: texts("apiGroups"),
            resources: texts("resources"),
            names: texts("resourceNames"),
            paths: texts("nonResourceURLs"),
        }
    }

    /// Whether it allows this.
    pub(crate) fn allows(&self, access: &Access) -> bool {
        if !has(&self.verbs, &access.verb) {
            return false;
        }
        match &access.target {
            Target::Path(path) => self.paths.iter().any(|owned| covers_path(owned, path)),
            Target::Resource { group, resource, subresource, name, .. } => {
                let whole = match subresource.as_str() {
                    "" => resource.clone(),
                    sub => format!("{resource}/{sub}"),
                };
                has(&self.groups, group)
                    && has_resource(&self.resources, &whole)
                    && (self.names.is_empty() || self.names.contains(name))
            }
        }
    }

    /// The smallest rules that it consists of: one verb, one resource and one name (or path) each.
    fn parts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let one = |text: &String| vec![text.clone()];
        let names: Vec<Vec<String>> =
            if self.names.is_empty() { vec![Vec::new()] } else { self.names.iter().map(one).collect() };
        for group in &self.groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    parts.extend(names.iter().map(|names| Self {
                        verbs: one(verb),
                        groups: one(group),
                        resources: one(resource),
                        names: names.clone(),
                        paths: Vec::new(),
                    }));
                }
            }
        }
        for path in &self.paths {
            let part = |verb| Self { verbs: one(verb), paths: one(path), ..Self::default() };
            parts.extend(self.verbs.iter().map(part));
        }
        parts
    }

    /// Whether who has this has that part too.
    fn covers(&self, part: &Self) -> bool {
        part.verbs.iter().all(|verb| has(&self.verbs, verb))
            && part.groups.iter().all(|group| has(&self.groups, group))
            && part.resources.iter().all(|resource| has_resource(&self.resources, resource))
            && part.paths.iter().all(|path| self.paths.iter().any(|owned| covers_path(owned, path)))
            && (self.names.is_empty()
                || (!part.names.is_empty() && part.names.iter().all(|name| self.names.contains(name))))
    }

    /// Go's `CompactString`: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`.
    pub(super) fn describe(&self) -> String {
        let fields = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.paths),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let given = fields.iter().filter(|(_, texts)| !texts.is_empty());
        let said: Vec<String> = given.map(|(field, texts)| format!("{field}:{}", quoted(texts))).collect();
        format!("{{{}}}", said.join(", "))
    }

    /// As a `SelfSubjectRulesReview` tells it.
    pub(crate) fn to_value(&self) -> Value {
        let fields = [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.paths),
        ];
        let given = fields.into_iter().filter(|(_, texts)| !texts.is_empty());
        Value::Object(given.map(|(field, texts)| (field.to_owned(), json!(texts))).collect::<Map<_, _>>())
    }
}

/// What of the wanted rules the held ones do not cover; empty when they cover all.
pub(super) fn missing(held: &[Rule], wanted: &[Rule]) -> Vec<Rule> {
    let parts = wanted.iter().flat_map(Rule::parts);
    let mut missing: Vec<Rule> = Vec::new();
    for part in parts.filter(|part| !held.iter().any(|rule| rule.covers(part))) {
        // Told together where only the verb differs.
        let same = |other: &&mut Rule| {
            other.paths.is_empty()
                && part.paths.is_empty()
                && (&other.groups, &other.resources, &other.names)
                    == (&part.groups, &part.resources, &part.names)
        };
        match missing.iter_mut().find(same) {
            Some(rule) => rule.verbs.extend(part.verbs),
            None => missing.push(part),
        }
    }
    missing
}

/// A list as Go's `%q` writes it.
pub(super) fn quoted(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", texts.join(" "))
}

fn has(set: &[String], wanted: &str) -> bool {
    set.iter().any(|owned| owned == ALL || owned == wanted)
}

fn has_resource(set: &[String], wanted: &str) -> bool {
    let sub = wanted.split_once('/').map(|(_, sub)| sub);
    has(set, wanted) || sub.is_some_and(|sub| set.iter().any(|owned| owned.strip_prefix("*/") == Some(sub)))
}

fn covers_path(owned: &str, path: &str) -> bool {
    owned == path || (owned.ends_with('*') && path.starts_with(owned.trim_end_matches('*')))
}
