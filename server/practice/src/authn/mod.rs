//! Who asks: the user that a bearer token stands for.
//!
//! ```text
//! Authorization: Bearer … ──▶ the administrator's token?
//!                         └─▶ signed here, not expired, for this API? ──▶ is its account still there? ──▶ User
//! none                    ──▶ system:anonymous
//! ```
//!
//! Invariants: what is no valid token is refused, never taken for anonymous; a token dies with its `ServiceAccount`, with
//! the Pod or Secret that it is bound to, and with its time; the key is made at start and never leaves the process, so
//! that no other cluster's token is valid here.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/>.

mod claims;
mod issuer;
#[cfg(test)]
mod tests;
mod user;

use std::fmt;

use jiff::Timestamp;

use crate::status::Status;
use crate::store::{Resource, View, object};
pub(crate) use claims::{Bound, Claims, Reference};
pub(crate) use issuer::Issuer;
pub use issuer::KeyError;
pub use user::User;
pub(crate) use user::{ACCOUNTS, ADMINISTRATORS, AUTHENTICATED, UNAUTHENTICATED, account_name};

/// The audience of the API server itself, and the issuer of its tokens.
pub(crate) const API_AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";
/// No token that is issued here comes near this length, in bytes: longer ones are not even decoded.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a token stands for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejected {
    /// It is no token, or none of this cluster's.
    #[error("invalid bearer token")]
    Invalid,
    /// Its time is over.
    #[error("[invalid bearer token, service account token has expired]")]
    Expired,
    /// Its time has not come.
    #[error("[invalid bearer token, service account token is not valid yet]")]
    TooEarly,
    /// It is for somebody else.
    #[error("[invalid bearer token, token audiences are not for this API server]")]
    Audience,
    /// What it belongs to is gone.
    #[error("[invalid bearer token, service account token has been invalidated]")]
    Invalidated,
}

/// Tells who a token stands for.
pub(crate) struct Authenticator {
    admin: String,
    issuer: Issuer,
}

// A token must not get into a log.
impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}

/// A token whose signature and time are right; whether its account is still there is another question.
#[derive(Debug)]
pub(crate) enum Presented {
    Nobody,
    Administrator,
    Account(Box<Claims>),
}

impl Authenticator {
    /// With a new random token of 256 bits for the administrator, and a new key.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let admin = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        Ok(Self { admin, issuer: Issuer::generate()? })
    }

    /// The administrator's token.
    pub(crate) fn admin(&self) -> &str {
        &self.admin
    }

    /// Signs tokens.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The token of an Authorization header. Another scheme than Bearer is as good as none.
    ///
    /// # Errors
    /// 401: it is no valid token for this API.
    pub(crate) fn present(&self, authorization: &[u8], now: Timestamp) -> Result<Presented, Status> {
        let Some(token) = bearer(authorization) else { return Ok(Presented::Nobody) };
        self.check(token, &[API_AUDIENCE.to_owned()], now).map_err(|rejected| {
            tracing::debug!(%rejected, "a token was refused");
            Status::unauthorized()
        })
    }

    /// A token for one of these audiences, as far as it tells by itself.
    pub(crate) fn check(
        &self,
        token: &[u8],
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Presented, Rejected> {
        if same(token, self.admin.as_bytes()) {
            return Ok(Presented::Administrator);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejected::Invalid);
        }
        let claims = self.issuer.verify(token)?;
        claims.check(audiences, now)?;
        Ok(Presented::Account(Box::new(claims)))
    }
}

impl Presented {
    /// Whom the token is for.
    pub(crate) fn audiences(&self) -> Vec<String> {
        match self {
            Self::Account(claims) => claims.aud.clone(),
            Self::Nobody | Self::Administrator => vec![API_AUDIENCE.to_owned()],
        }
    }

    /// The user, if what the token belongs to is still there.
    pub(crate) fn user(&self, view: &View<'_>) -> Result<User, Rejected> {
        match self {
            Self::Nobody => Ok(User::anonymous()),
            Self::Administrator => Ok(User::administrator()),
            Self::Account(claims) => {
                alive(view, claims)?;
                Ok(claims.user())
            }
        }
    }
}

/// Whether the account of a token, and what the token is bound to, are still the same that they were.
fn alive(view: &View<'_>, claims: &Claims) -> Result<(), Rejected> {
    let bound = &claims.bound;
    let same = |resource, reference: &Reference| {
        view.get(resource, &bound.namespace, &reference.name)
            .is_some_and(|found| object::uid(found) == reference.uid)
    };
    let all = [
        (Resource::ServiceAccounts, Some(&bound.serviceaccount)),
        (Resource::Pods, bound.pod.as_ref()),
        (Resource::Secrets, bound.secret.as_ref()),
    ];
    let there = all.into_iter().all(|(resource, reference)| reference.is_none_or(|r| same(resource, r)));
    if there { Ok(()) } else { Err(Rejected::Invalidated) }
}

fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let at = authorization.iter().position(|byte| *byte == b' ')?;
    let (scheme, token) = authorization.split_at(at);
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty()).then_some(token)
}

/// Compares in a time that does not tell how far two texts agree.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |diff, (l, r)| diff | (l ^ r)) == 0
}
