//! Questions about who is who and who may what: answered at once, and not stored.
//!
//! They are what `kubectl auth whoami` and `kubectl auth can-i` ask.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/> and
//! <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/>.

mod access;
mod identity;

use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::query::Validation;
use super::respond::{self, Answer};
use super::{Api, Asked, schema};
use crate::authn::User;
use crate::status::{Cause, Details, Status};

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// A kind of question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Review {
    /// Who am I?
    SelfSubject,
    /// Whose token is this?
    Token,
    /// May I?
    SelfSubjectAccess,
    /// What may I in this namespace?
    SelfSubjectRules,
    /// May he?
    SubjectAccess,
    /// May he, in this namespace?
    LocalSubjectAccess,
}

/// What a kind of question is called.
pub(super) struct Info {
    pub(super) group: &'static str,
    pub(super) plural: &'static str,
    pub(super) singular: &'static str,
    pub(super) kind: &'static str,
    pub(super) namespaced: bool,
}

impl Review {
    /// Every kind, in the order of their groups and names.
    pub(super) const ALL: [Self; 6] = [
        Self::SelfSubject,
        Self::Token,
        Self::LocalSubjectAccess,
        Self::SelfSubjectAccess,
        Self::SelfSubjectRules,
        Self::SubjectAccess,
    ];

    pub(super) fn info(self) -> Info {
        let info = |group, plural, singular, kind| Info { group, plural, singular, kind, namespaced: false };
        match self {
            Self::SelfSubject => {
                info(AUTHENTICATION, "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview")
            }
            Self::Token => info(AUTHENTICATION, "tokenreviews", "tokenreview", "TokenReview"),
            Self::SelfSubjectAccess => info(
                AUTHORIZATION,
                "selfsubjectaccessreviews",
                "selfsubjectaccessreview",
                "SelfSubjectAccessReview",
            ),
            Self::SelfSubjectRules => info(
                AUTHORIZATION,
                "selfsubjectrulesreviews",
                "selfsubjectrulesreview",
                "SelfSubjectRulesReview",
            ),
            Self::SubjectAccess => {
                info(AUTHORIZATION, "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview")
            }
            Self::LocalSubjectAccess => Info {
                namespaced: true,
                ..info(
                    AUTHORIZATION,
                    "localsubjectaccessreviews",
                    "localsubjectaccessreview",
                    "LocalSubjectAccessReview",
                )
            },
        }
    }

    /// The kind of question of a path's parts.
    pub(super) fn find(group: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|review| {
            let info = review.info();
            (info.group, info.plural) == (group, plural)
        })
    }
}

/// A question with everything that its request says.
struct Question {
    review: Review,
    user: User,
    body: Value,
    validation: Validation,
    namespace: Option<String>,
}

impl Api {
    /// Answers a question.
    pub(super) async fn review(
        self: Arc<Self>,
        asked: Asked,
        review: Review,
        namespace: Option<String>,
    ) -> Result<Answer, Status> {
        let info = review.info();
        if asked.method != Method::POST {
            return Err(Status::method_not_allowed());
        }
        if info.namespaced != namespace.is_some() {
            return Err(Status::no_such_path());
        }
        // A dry run asks the same.
        let (_, validation) = (asked.query.mode()?, asked.query.validation()?);
        let user = asked.user.clone();
        let body = asked.object().await?;
        check_kind(&info, &body)?;
        let question = Question { review, user, body, validation, namespace };
        let (value, warnings) = self.answer(&question)?;
        let mut answer = respond::json(StatusCode::CREATED, &value);
        respond::warn(&mut answer, &warnings);
        Ok(answer)
    }

    fn answer(&self, question: &Question) -> Result<(Value, Vec<String>), Status> {
        match question.review {
            Review::SelfSubject => question.who_am_i(),
            Review::Token => self.whose_token(question),
            Review::SelfSubjectAccess => self.may_i(question),
            Review::SelfSubjectRules => self.what_may_i(question),
            Review::SubjectAccess => self.may_he(question),
            Review::LocalSubjectAccess => self.may_he_here(question),
        }
    }
}

impl Question {
    fn read<T: Serialize + DeserializeOwned>(&self) -> Result<(T, Vec<String>), Status> {
        schema::typed(self.review.info().kind, self.body.clone(), self.validation)
    }

    /// The question with its answer.
    fn answered(&self, mut asked: Value, status: Value) -> Value {
        let info = self.review.info();
        asked["kind"] = info.kind.into();
        asked["apiVersion"] = format!("{}/v1", info.group).into();
        asked["status"] = status;
        asked
    }

    /// 422: the question makes no sense.
    fn invalid(&self, cause: Cause) -> Status {
        let info = self.review.info();
        let message =
            format!("{}.{} \"\" is invalid: {}: {}", info.kind, info.group, cause.field, cause.message);
        let details = Details {
            group: info.group.to_owned(),
            kind: info.kind.to_owned(),
            causes: vec![cause],
            ..Details::default()
        };
        Status { code: 422, reason: "Invalid", message, details: Some(Box::new(details)) }
    }
}

fn check_kind(info: &Info, body: &Value) -> Result<(), Status> {
    let (kind, expected) = (body["kind"].as_str().unwrap_or_default(), format!("{}/v1", info.group));
    if kind.is_empty() {
        return Err(Status::bad_request(format!("Object 'Kind' is missing in '{body}'")));
    }
    if body["apiVersion"] != expected.as_str() {
        let given = body["apiVersion"].as_str().unwrap_or_default();
        return Err(Status::bad_request(format!(
            "the API version in the data ({given}) does not match the expected API version ({expected})"
        )));
    }
    if kind == info.kind {
        return Ok(());
    }
    Err(Status::bad_request(format!("{kind} in version \"v1\" cannot be handled as a {}", info.kind)))
}
