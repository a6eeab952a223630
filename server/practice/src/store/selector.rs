//! Label and field selectors.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors> and
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/>.

use serde_json::Value;

use super::object::text;
use super::{Resource, requirement};
use crate::status::Status;

/// Which objects are wanted. The default wants all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Vec<LabelTerm>,
    fields: Vec<FieldTerm>,
}

/// What a label must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LabelTerm {
    /// One of these.
    In(String, Vec<String>),
    /// None of these, or absent.
    NotIn(String, Vec<String>),
    /// There.
    Exists(String),
    /// Not there.
    Absent(String),
    /// A number above or below a limit.
    Beyond { key: String, above: bool, limit: i64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldTerm {
    path: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`; empty texts want all.
    ///
    /// # Errors
    /// A text that is no selector, or a field that this resource cannot be selected by: 400.
    pub fn parse(resource: Resource, labels: &str, fields: &str) -> Result<Self, Status> {
        let labels = requirement::parse(labels).map_err(Status::bad_request)?;
        let fields = fields.split(',').filter(|t| !t.is_empty()).map(|t| field_term(resource, t));
        Ok(Self { labels, fields: fields.collect::<Result<_, _>>()? })
    }

    /// Every one of these labels, as a Service selects. An empty map wants all.
    #[must_use]
    pub fn labels(wanted: &serde_json::Map<String, Value>) -> Self {
        let term = |(key, value): (&String, &Value)| {
            LabelTerm::In(key.clone(), vec![value.as_str().unwrap_or_default().to_owned()])
        };
        Self { labels: wanted.iter().map(term).collect(), fields: Vec::new() }
    }

    /// A `metav1.LabelSelector` (`matchLabels`, `matchExpressions`). An empty one wants all.
    #[must_use]
    pub fn label_selector(selector: &Value) -> Self {
        let mut wanted = selector["matchLabels"].as_object().map(Self::labels).unwrap_or_default();
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let key = text(expression, "/key").into_owned();
            let values = expression["values"].as_array().into_iter().flatten();
            let values = values.filter_map(Value::as_str).map(str::to_owned).collect();
            wanted.labels.push(match &*text(expression, "/operator") {
                "In" => LabelTerm::In(key, values),
                "NotIn" => LabelTerm::NotIn(key, values),
                "DoesNotExist" => LabelTerm::Absent(key),
                _ => LabelTerm::Exists(key),
            });
        }
        wanted
    }

    /// Whether it wants all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether it wants this object.
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|term| term.matches(labels)) && self.fields.iter().all(|f| f.matches(object))
    }
}

impl LabelTerm {
    fn matches(&self, labels: &Value) -> bool {
        let value = |key: &String| labels.get(key).and_then(Value::as_str);
        let among = |key, values: &[String]| value(key).is_some_and(|v| values.iter().any(|w| w == v));
        match self {
            Self::In(key, values) => among(key, values),
            Self::NotIn(key, values) => !among(key, values),
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
            Self::Beyond { key, above, limit } => {
                let number = value(key).and_then(|value| value.parse::<i64>().ok());
                number.is_some_and(|number| if *above { number > *limit } else { number < *limit })
            }
        }
    }
}

impl FieldTerm {
    fn matches(&self, object: &Value) -> bool {
        let pointer = format!("/{}", self.path.replace('.', "/"));
        (text(object, &pointer) == self.value) == self.equal
    }
}

fn field_term(resource: Resource, term: &str) -> Result<FieldTerm, Status> {
    let found = [("!=", false), ("==", true), ("=", true)]
        .into_iter()
        .find_map(|(operator, equal)| term.split_once(operator).map(|(l, r)| (l, r, equal)));
    let (path, value, equal) = found.ok_or_else(|| {
        Status::bad_request(format!("invalid selector: '{term}'; can't understand '{term}'"))
    })?;
    if !selectable(resource).contains(&path) {
        return Err(Status::bad_request(format!("field label not supported: {path}")));
    }
    Ok(FieldTerm { path: path.to_owned(), value: value.to_owned(), equal })
}

/// The fields that objects can be selected by.
/// Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/#list-of-supported-fields>.
fn selectable(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::Pods => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        Resource::Events => &[
            "metadata.name",
            "metadata.namespace",
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        Resource::Namespaces => &["metadata.name", "status.phase"],
        Resource::Nodes => &["metadata.name", "spec.unschedulable"],
        Resource::ReplicaSets => &["metadata.name", "metadata.namespace", "status.replicas"],
        Resource::Services => &["metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"],
        Resource::Secrets => &["metadata.name", "metadata.namespace", "type"],
        _ => &["metadata.name", "metadata.namespace"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_select_as_kubernetes_says() {
        let pod = json!({"metadata": {"name": "a", "labels": {"app": "myapp", "type": "back-end"}},
            "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}});
        for (labels, fields, expected) in [
            ("", "", true),
            ("app=myapp", "", true),
            ("app==myapp,type=back-end", "", true),
            ("app=other", "", false),
            ("app!=other", "", true),
            ("missing!=x", "", true),
            ("app in (myapp, x),type notin (a,b)", "", true),
            ("app in (x)", "", false),
            ("app", "", true),
            ("!app", "", false),
            ("!missing", "", true),
            ("", "metadata.name=a", true),
            ("", "metadata.name!=a", false),
            ("", "spec.nodeName=n1,status.phase!=Failed", true),
        ] {
            let selector = Selector::parse(Resource::Pods, labels, fields).unwrap();
            assert_eq!(selector.matches(&pod), expected, "{labels} {fields}");
        }
    }

    #[test]
    fn what_is_no_selector_is_a_bad_request() {
        for (labels, fields) in
            [("a b", ""), ("a=(", ""), ("a in (", ""), ("a within (b)", ""), ("", "name"), ("", "spec.x=1")]
        {
            assert_eq!(
                Selector::parse(Resource::Pods, labels, fields).unwrap_err().code,
                400,
                "{labels}{fields}"
            );
        }
    }

    #[test]
    fn label_selectors_of_objects_have_expressions() {
        let selector = json!({"matchLabels": {"a": "1"}, "matchExpressions": [
            {"key": "b", "operator": "NotIn", "values": ["2"]}, {"key": "c", "operator": "DoesNotExist"}]});
        let selector = Selector::label_selector(&selector);
        assert!(selector.matches(&json!({"metadata": {"labels": {"a": "1"}}})));
        assert!(!selector.matches(&json!({"metadata": {"labels": {"a": "1", "b": "2"}}})));
        assert!(!selector.matches(&json!({"metadata": {"labels": {"a": "1", "c": ""}}})));
    }
}
