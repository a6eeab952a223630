//! Who is who: `SelfSubjectReview` and `TokenReview`.

use jiff::Timestamp;
use k8s_openapi::api::authentication::v1 as authentication;
use serde_json::{Value, json};

use super::super::Api;
use super::Question;
use crate::authn::API_AUDIENCE;
use crate::status::Status;

impl Question {
    /// `kubectl auth whoami`
    pub(super) fn who_am_i(&self) -> Result<(Value, Vec<String>), Status> {
        let (asked, warnings) = self.read::<authentication::SelfSubjectReview>()?;
        let status = json!({"userInfo": self.user.to_value()});
        Ok((self.answered(json!({"metadata": asked.metadata}), status), warnings))
    }
}

impl Api {
    /// Whose token it is, if it is anyone's.
    pub(super) fn whose_token(&self, question: &Question) -> Result<(Value, Vec<String>), Status> {
        let (asked, warnings) = question.read::<authentication::TokenReview>()?;
        let token = asked.spec.token.clone().unwrap_or_default();
        if token.is_empty() {
            return Err(Status::bad_request("token is required for TokenReview in authentication"));
        }
        let wanted = match asked.spec.audiences.clone().unwrap_or_default() {
            none if none.is_empty() => vec![API_AUDIENCE.to_owned()],
            given => given,
        };
        let found = self
            .authn
            .check(token.as_bytes(), &wanted, Timestamp::now())
            .and_then(|presented| Ok((self.store.view(|view| presented.user(view))?, presented.audiences())));
        let status = match found {
            Ok((user, audiences)) => {
                let common: Vec<&String> = wanted.iter().filter(|a| audiences.contains(a)).collect();
                json!({"authenticated": true, "user": user.to_value(), "audiences": common})
            }
            Err(rejected) => json!({"user": {}, "error": rejected.to_string()}),
        };
        let value = json!({"metadata": asked.metadata, "spec": asked.spec});
        Ok((question.answered(value, status), warnings))
    }
}
