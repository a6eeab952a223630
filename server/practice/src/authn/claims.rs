//! What a token of a `ServiceAccount` says.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens>.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::user::account_name;
use super::{API_AUDIENCE, Rejected, User};

/// The claims of a bound token. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: Vec<String>,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) iss: String,
    pub(crate) jti: String,
    #[serde(rename = "kubernetes.io")]
    pub(crate) bound: Bound,
    pub(crate) nbf: i64,
    pub(crate) sub: String,
}

/// What a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Reference>,
    pub(crate) serviceaccount: Reference,
}

/// An object, and which one of those that had its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub(crate) uid: String,
}

impl Claims {
    /// The claims of a new token that is valid from `now` on, for so many seconds.
    pub(crate) fn new(
        bound: Bound,
        audiences: Vec<String>,
        now: Timestamp,
        seconds: i64,
        id: String,
    ) -> Self {
        let second = now.as_second();
        Self {
            aud: audiences,
            exp: second.saturating_add(seconds),
            iat: second,
            iss: API_AUDIENCE.to_owned(),
            jti: id,
            nbf: second,
            sub: account_name(&bound.namespace, &bound.serviceaccount.name),
            bound,
        }
    }

    /// Whether the token is for one of these audiences, now.
    pub(super) fn check(&self, audiences: &[String], now: Timestamp) -> Result<(), Rejected> {
        let second = now.as_second();
        let subject = account_name(&self.bound.namespace, &self.bound.serviceaccount.name);
        if self.iss != API_AUDIENCE || self.sub != subject {
            return Err(Rejected::Invalid);
        }
        if second >= self.exp {
            return Err(Rejected::Expired);
        }
        if second < self.nbf {
            return Err(Rejected::TooEarly);
        }
        let common = self.aud.iter().any(|audience| audiences.contains(audience));
        if common { Ok(()) } else { Err(Rejected::Audience) }
    }

    /// Who shows this token.
    pub(super) fn user(&self) -> User {
        let account = &self.bound.serviceaccount;
        let mut user = User::account(&self.bound.namespace, &account.name, &account.uid);
        let mut tell = |key: &str, value: String| {
            user.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value]);
        };
        tell("credential-id", format!("JTI={}", self.jti));
        for (what, reference) in [("node", &self.bound.node), ("pod", &self.bound.pod)] {
            if let Some(reference) = reference {
                tell(&format!("{what}-name"), reference.name.clone());
                tell(&format!("{what}-uid"), reference.uid.clone());
            }
        }
        user
    }
}
