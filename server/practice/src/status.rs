//! What the API says when it says no, in Kubernetes' own words.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/> for the shape; the words
//! are those of `k8s.io/apimachinery/pkg/api/errors`, because kubectl prints them and students search for them.

use serde_json::{Value, json};

use crate::store::Resource;

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Kubernetes' word, such as `FieldValueInvalid`.
    pub reason: &'static str,
    /// Where, such as `spec.ports[0].port`.
    pub field: String,
    /// What, without the field: `Invalid value: 0: must be between 1 and 65535, inclusive`.
    pub message: String,
}

impl Cause {
    /// A value that is not allowed there. `value` is written as JSON writes it.
    pub fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {value}: {why}");
        Self { reason: "FieldValueInvalid", field: field.into(), message }
    }

    /// A value that is missing.
    pub fn required(field: impl Into<String>, why: &str) -> Self {
        let message =
            if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self { reason: "FieldValueRequired", field: field.into(), message }
    }

    /// A value that is there twice.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self {
            reason: "FieldValueDuplicate",
            field: field.into(),
            message: format!("Duplicate value: {value}"),
        }
    }

    /// A value that may not be there.
    pub fn forbidden(field: impl Into<String>, why: &str) -> Self {
        Self { reason: "FieldValueForbidden", field: field.into(), message: format!("Forbidden: {why}") }
    }

    fn to_value(&self) -> Value {
        let mut cause = json!({"message": self.message});
        for (key, text) in [("reason", self.reason), ("field", &self.field)] {
            if !text.is_empty() {
                cause[key] = json!(text);
            }
        }
        cause
    }

    /// A value that is none of the few.
    pub fn not_supported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let list: Vec<String> = supported.iter().map(|s| format!("\"{s}\"")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", list.join(", "));
        Self { reason: "FieldValueNotSupported", field: field.into(), message }
    }
}

/// A refusal: `metav1.Status` with `status: Failure`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// The HTTP status.
    pub code: u16,
    /// The machine-readable word, such as `NotFound`; empty when there is none.
    pub reason: &'static str,
    /// The sentence that kubectl prints.
    pub message: String,
    /// The resource and what is wrong with it.
    pub details: Option<Box<Details>>,
}

/// What a [`Status`] is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The object's name.
    pub name: String,
    /// The API group.
    pub group: String,
    /// The resource (`services`), or for an invalid object its kind (`Service`).
    pub kind: String,
    /// The fields.
    pub causes: Vec<Cause>,
    /// Seconds until trying again makes sense.
    pub retry_after: Option<u32>,
}

impl Status {
    fn plain(code: u16, reason: &'static str, message: String) -> Self {
        Self { code, reason, message, details: None }
    }

    fn about(code: u16, reason: &'static str, resource: Resource, name: &str, message: String) -> Self {
        let info = resource.info();
        let details = Details {
            name: name.to_owned(),
            group: info.group.to_owned(),
            kind: info.plural.to_owned(),
            ..Details::default()
        };
        Self { code, reason, message, details: Some(Box::new(details)) }
    }

    /// No such object.
    #[must_use]
    pub fn not_found(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::about(404, "NotFound", resource, name, message)
    }

    /// No such path. A real API server answers in plain text, of which its clients make this; its details must be
    /// there, because `kubectl debug` reads them unasked.
    #[must_use]
    pub fn no_such_path() -> Self {
        let cause = Cause {
            reason: "UnexpectedServerResponse",
            field: String::new(),
            message: "404 page not found".to_owned(),
        };
        let details = Details { causes: vec![cause], ..Details::default() };
        let message = "the server could not find the requested resource".to_owned();
        Self { details: Some(Box::new(details)), ..Self::plain(404, "NotFound", message) }
    }

    /// The name is taken.
    #[must_use]
    pub fn already_exists(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::about(409, "AlreadyExists", resource, name, message)
    }

    /// Someone else was faster, or a precondition does not hold.
    #[must_use]
    pub fn conflict(resource: Resource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Self::about(409, "Conflict", resource, name, message)
    }

    /// The object that was sent is older than the stored one.
    #[must_use]
    pub fn modified(resource: Resource, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// Server-side apply met fields that others own.
    #[must_use]
    pub fn apply_conflict(causes: Vec<Cause>, who: &str) -> Self {
        let fields: Vec<String> = causes.iter().map(|c| format!("- {}", c.field)).collect();
        let (count, plural) = (causes.len(), if causes.len() == 1 { "" } else { "s" });
        let message = match &causes[..] {
            [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
            _ => format!("Apply failed with {count} conflict{plural}: {who}:\n{}", fields.join("\n")),
        };
        let details = Details { causes, ..Details::default() };
        Self { details: Some(Box::new(details)), ..Self::plain(409, "Conflict", message) }
    }

    /// Fields are wrong.
    #[must_use]
    pub fn invalid(resource: Resource, name: &str, causes: Vec<Cause>) -> Self {
        let info = resource.info();
        let mut sentences: Vec<String> =
            causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        sentences.dedup();
        let list = match &sentences[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {list}", resource.qualified_kind());
        let details = Details {
            name: name.to_owned(),
            group: info.group.to_owned(),
            kind: info.kind.to_owned(),
            causes,
            retry_after: None,
        };
        Self { details: Some(Box::new(details)), ..Self::plain(422, "Invalid", message) }
    }

    /// A field of the request itself is wrong.
    #[must_use]
    pub fn invalid_request(cause: Cause) -> Self {
        let message = format!(" \"\" is invalid: {}: {}", cause.field, cause.message);
        let details = Details { causes: vec![cause], ..Details::default() };
        Self { details: Some(Box::new(details)), ..Self::plain(422, "Invalid", message) }
    }

    /// Not allowed.
    #[must_use]
    pub fn forbidden(resource: Resource, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", resource.qualified());
        Self::about(403, "Forbidden", resource, name, message)
    }

    /// Real clusters do this; the practice cluster does not, and says so.
    #[must_use]
    pub fn not_modelled(resource: Resource, name: &str, what: &str) -> Self {
        Self::forbidden(resource, name, &format!("the practice cluster does not model {what}"))
    }

    /// Real clusters have this kind; the practice cluster has not.
    #[must_use]
    pub fn kind_not_modelled(plural: &str, group: &str) -> Self {
        let qualified = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let message = format!("{qualified} is forbidden: the practice cluster does not model {plural}");
        let details = Details { group: group.to_owned(), kind: plural.to_owned(), ..Details::default() };
        Self { details: Some(Box::new(details)), ..Self::plain(403, "Forbidden", message) }
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::plain(400, "BadRequest", message.into())
    }

    /// A resourceVersion or continue token that is too old.
    #[must_use]
    pub fn expired(asked: u64, oldest: u64) -> Self {
        Self::plain(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// No or a wrong bearer token.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::plain(401, "Unauthorized", "Unauthorized".into())
    }

    /// The verb is not for this resource.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::plain(405, "MethodNotAllowed", message.into())
    }

    /// The body's media type is not one of those taken.
    #[must_use]
    pub fn unsupported_media_type(given: &str, accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        );
        let message = if given.is_empty() { format!("{message} (none was given)") } else { message };
        Self::plain(415, "UnsupportedMediaType", message)
    }

    /// No media type that the client takes can be made.
    #[must_use]
    pub fn not_acceptable() -> Self {
        let message =
            "only the following media types are accepted: application/json, application/json;stream=watch";
        Self::plain(406, "NotAcceptable", message.into())
    }

    /// What was to be done in some time was not.
    #[must_use]
    pub fn timeout(why: &str) -> Self {
        Self::plain(504, "Timeout", format!("Timeout: {why}"))
    }

    /// The body is larger than the API takes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::plain(413, "RequestEntityTooLarge", message)
    }

    /// Something that should not happen did.
    #[must_use]
    pub fn internal(why: &str) -> Self {
        Self::plain(500, "InternalError", format!("Internal error occurred: {why}"))
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let Some(details) = &self.details {
            status["details"] = details.to_value();
        }
        status
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut details = serde_json::Map::new();
        for (key, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                details.insert(key.into(), json!(text));
            }
        }
        if !self.causes.is_empty() {
            details.insert("causes".into(), self.causes.iter().map(Cause::to_value).collect());
        }
        if let Some(seconds) = self.retry_after {
            details.insert("retryAfterSeconds".into(), json!(seconds));
        }
        Value::Object(details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_worded_as_kubernetes_words_them() {
        let service = |causes| Status::invalid(Resource::Services, "s", causes).message;
        let port =
            || Cause::invalid("spec.ports[0].port", &json!(99999), "must be between 1 and 65535, inclusive");
        for (said, expected) in [
            (Status::not_found(Resource::Services, "x").message, r#"services "x" not found"#),
            (Status::not_found(Resource::Deployments, "x").message, r#"deployments.apps "x" not found"#),
            (Status::already_exists(Resource::Pods, "x").message, r#"pods "x" already exists"#),
            (
                service(vec![port()]),
                r#"Service "s" is invalid: spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive"#,
            ),
            (
                service(vec![Cause::required("spec.ports", ""), Cause::duplicate("a", &json!("b"))]),
                r#"Service "s" is invalid: [spec.ports: Required value, a: Duplicate value: "b"]"#,
            ),
            (
                Status::invalid(Resource::Deployments, "d", vec![Cause::required("spec.selector", "")])
                    .message,
                r#"Deployment.apps "d" is invalid: spec.selector: Required value"#,
            ),
        ] {
            assert_eq!(said, expected);
        }
    }
}
