//! Who signs the tokens of `ServiceAccounts`, and with which keys, for whoever checks them without asking the API.
//!
//! Source: <https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery>.

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use super::Api;
use super::respond::{self, Answer};
use crate::authn::API_AUDIENCE;

impl Api {
    /// `/.well-known/openid-configuration`
    pub(super) fn issuer(&self) -> Answer {
        let configuration = json!({
            "issuer": API_AUDIENCE,
            "jwks_uri": format!("https://{}/openid/v1/jwks", self.address),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        public(&configuration, "application/json")
    }

    /// `/openid/v1/jwks`
    pub(super) fn keys(&self) -> Answer {
        public(&json!({"keys": [self.authn.issuer().public_key()]}), "application/jwk-set+json")
    }
}

fn public(value: &Value, media_type: &'static str) -> Answer {
    let mut answer = respond::ok(value);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    answer
}
