//! Why an act failed.

use kube::core::Status;

use super::MAX_REPLICAS;
use crate::manifest::{Document, Refused, path_in_message};

/// Why an act failed: what was tried, on what, and what was said.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The manifest was refused before it was sent.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The API server said no. Its words are kept as they are.
    #[error("{operation}: {}", status.message)]
    Api {
        /// What was tried.
        operation: &'static str,
        /// What the API server said.
        status: Box<Status>,
        /// The line of the manifest it is about.
        line: Option<usize>,
    },
    /// The API server did not answer.
    #[error("{operation}: the API server did not answer")]
    Unreachable {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: kube::Error,
    },
    /// What cannot stand in the path of a request, so that nothing has that name.
    #[error("{given:?} cannot be the name of an object")]
    NoName {
        /// What was given, cut to 80 characters.
        given: String,
    },
    /// More replicas than a button may ask for.
    #[error("{given} replicas are too many: this lab takes 0 to {MAX_REPLICAS}")]
    TooManyReplicas {
        /// How many were asked for.
        given: u8,
    },
}

impl ActError {
    pub(super) fn about(operation: &'static str, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(mut status) => {
                // Server-side apply answers 500 to an object that does not fit its schema (seen with 1.34): it is the
                // student's to correct, not the cluster's.
                if status.code == 500 && status.message.starts_with("failed to create typed patch object") {
                    status.code = 422;
                }
                Self::Api { operation, status, line: None }
            }
            source => Self::Unreachable { operation, source },
        }
    }

    /// Finds the line of the document that the API server's answer is about.
    pub(super) fn at(mut self, document: &Document) -> Self {
        if let Self::Api { status, line, .. } = &mut self {
            let cause = status
                .details
                .iter()
                .flat_map(|d| &d.causes)
                .map(|c| c.field.as_str())
                .find(|f| !f.is_empty());
            let path = cause.or_else(|| path_in_message(&status.message));
            *line = Some(path.map_or(document.line, |path| document.line_of(path)));
        }
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.code,
            Self::Api { status, .. } => match status.code {
                401 | 403 => "api_forbidden",
                404 => "not_found",
                409 => "conflict",
                422 | 400 => "api_invalid",
                _ => "api_error",
            },
            Self::Unreachable { .. } => "api_unreachable",
            Self::NoName { .. } => "invalid_name",
            Self::TooManyReplicas { .. } => "too_many_replicas",
        }
    }

    /// The line of the manifest, from 1, where one is known.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Refused(refused) => refused.line,
            Self::Api { line, .. } => *line,
            Self::Unreachable { .. } | Self::NoName { .. } | Self::TooManyReplicas { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Document {
        let yaml = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  ports:\n  - port: 99999\n";
        let mut documents = crate::manifest::read(yaml, &"lab-a".parse().unwrap()).unwrap();
        documents.remove(0)
    }

    #[test]
    fn an_api_error_keeps_its_words_and_finds_its_line() {
        let status: Status = serde_json::from_value(json!({"status": "Failure", "code": 422, "reason": "Invalid",
            "message": "Service \"s\" is invalid: spec.ports[0].port: Invalid value: 99999",
            "details": {"causes": [{"field": "spec.ports[0].port", "reason": "FieldValueInvalid", "message": "x"}]}}))
        .unwrap();
        let error = ActError::about("apply", kube::Error::Api(Box::new(status))).at(&document());
        assert_eq!((error.code(), error.line()), ("api_invalid", Some(7)));
        assert!(error.to_string().contains("Invalid value: 99999"));
    }

    #[test]
    fn an_object_that_does_not_fit_its_schema_is_the_student_s_to_correct() {
        let message = "failed to create typed patch object (lab-a/s; /v1, Kind=Service): \
                       .spec.ports[0].portz: field not declared in schema";
        let status = serde_json::from_value(json!({"code": 500, "message": message})).unwrap();
        let error = ActError::about("apply", kube::Error::Api(Box::new(status))).at(&document());
        assert_eq!(error.code(), "api_invalid");
        let status = serde_json::from_value(json!({"code": 500, "message": "etcdserver: timeout"})).unwrap();
        assert_eq!(ActError::about("apply", kube::Error::Api(Box::new(status))).code(), "api_error");
    }

    #[test]
    fn an_error_without_a_field_is_about_the_whole_document() {
        let status: Status =
            serde_json::from_value(json!({"code": 403, "message": "exceeded quota"})).unwrap();
        let error = ActError::about("apply", kube::Error::Api(Box::new(status))).at(&document());
        assert_eq!((error.code(), error.line()), ("api_forbidden", Some(1)));
    }
}
