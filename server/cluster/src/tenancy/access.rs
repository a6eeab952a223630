//! What a student may do with kubectl, alone: the rights, the token, the kubeconfig.
//!
//! The rights are those of a `ServiceAccount` in the student's namespace. Whatever Role and `RoleBinding` do not name is
//! refused by the API server: Secrets, tokens, rights, Endpoints and EndpointSlices (CVE-2021-25740), proxies, the nodes,
//! and all other namespaces. What a rule on a kind cannot say is in [`super::guard`].
//!
//! Source: <https://kubernetes.io/docs/concepts/security/multi-tenancy/>,
//! <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens>.

mod credentials;
mod rights;

use std::time::Duration;

use clusterip_domain::bounds::STUDENT;
use clusterip_domain::ids::Namespace;
use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Client;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{TenancyError, apply, failed};
use crate::source::ApiAddress;
pub use credentials::{Credentials, Token, client, kubeconfig};

/// How long a token is good for, where nothing else is wanted.
pub const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long the API server may take to know a token and the rights of its account, which it reads from watches.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(15);
/// The pause between two questions whether it does.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The API server refused, or did not answer.
    #[error("issuing a token in namespace {namespace}")]
    Issue {
        /// The namespace.
        namespace: Namespace,
        /// What the API server or the connection said.
        #[source]
        source: kube::Error,
    },
    /// The API server's answer had no token in it.
    #[error("the API server issued no token in namespace {namespace}")]
    NoToken {
        /// The namespace.
        namespace: Namespace,
    },
    /// No client can be made of them.
    #[error("making a client of new credentials")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The API server does not take the token yet, or not the rights.
    #[error("the rights in namespace {namespace} are not in force after {IN_FORCE_WITHIN:?}")]
    NotInForce {
        /// The namespace.
        namespace: Namespace,
    },
}

/// Gives students their rights in their namespace.
pub(super) async fn give(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let rights =
        async { grant(client, namespace, &rights::role(&rights::own()), &rights::binding(namespace)).await };
    tokio::try_join!(account(client, namespace), rights)?;
    Ok(())
}

/// Lets a student look at what the neighbour has.
pub(super) async fn let_look(
    client: &Client,
    student: &Namespace,
    neighbour: &Namespace,
) -> Result<(), TenancyError> {
    grant(client, neighbour, &rights::role(&rights::neighbour()), &rights::binding(student)).await
}

/// A binding whose role is not there yet is refused to whoever may not bind every role.
async fn grant(
    client: &Client,
    namespace: &Namespace,
    role: &Value,
    binding: &Value,
) -> Result<(), TenancyError> {
    let roles: Api<Role> = Api::namespaced(client.clone(), namespace.as_str());
    apply(&roles, STUDENT, role).await.map_err(failed(namespace, "the student's role"))?;
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), namespace.as_str());
    apply(&bindings, STUDENT, binding).await.map_err(failed(namespace, "the binding of the student's role"))
}

/// No pod has its token unless it asks for it.
async fn account(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace.as_str());
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": STUDENT},
        "automountServiceAccountToken": false,
    });
    apply(&accounts, STUDENT, &account).await.map_err(failed(namespace, "the student's account"))
}

/// Issues credentials of the student whose namespace this is, which was prepared. They work when this returns.
///
/// The API server shortens or lengthens a lifetime that it does not like (600 s is the least):
/// [`Credentials::expires`] is what it said.
///
/// # Errors
/// The API server refuses or does not answer, or the rights are not in force in time.
pub async fn issue(
    by: &Client,
    api: &ApiAddress,
    namespace: &Namespace,
    lifetime: Duration,
) -> Result<Credentials, AccessError> {
    let (token, expires) = request(by, namespace, lifetime).await?;
    let credentials = Credentials { token, expires, api: api.clone() };
    in_force(&client(&credentials, namespace).await?, namespace).await?;
    Ok(credentials)
}

async fn request(
    by: &Client,
    namespace: &Namespace,
    lifetime: Duration,
) -> Result<(Token, Timestamp), AccessError> {
    let accounts: Api<ServiceAccount> = Api::namespaced(by.clone(), namespace.as_str());
    let spec = TokenRequestSpec {
        expiration_seconds: i64::try_from(lifetime.as_secs()).ok(),
        ..TokenRequestSpec::default()
    };
    let wanted = TokenRequest { spec, ..TokenRequest::default() };
    let issued = accounts.create_token_request(STUDENT, &PostParams::default(), &wanted).await;
    let issued = issued.map_err(|source| AccessError::Issue { namespace: namespace.clone(), source })?;
    let status = issued.status.filter(|status| !status.token.is_empty());
    let status = status.ok_or_else(|| AccessError::NoToken { namespace: namespace.clone() })?;
    Ok((Token::new(status.token), status.expiration_timestamp.0))
}

/// Waits until the API server knows whose token it is, and what it allows.
async fn in_force(student: &Client, namespace: &Namespace) -> Result<(), AccessError> {
    let began = Instant::now();
    loop {
        match may_list_pods(student, namespace).await {
            Ok(true) => return Ok(()),
            Err(kube::Error::Api(status)) if status.code == 401 => {}
            Ok(false) => {}
            Err(source) => return Err(AccessError::Issue { namespace: namespace.clone(), source }),
        }
        if began.elapsed() >= IN_FORCE_WITHIN {
            return Err(AccessError::NotInForce { namespace: namespace.clone() });
        }
        sleep(ASK_AGAIN).await;
    }
}

async fn may_list_pods(student: &Client, namespace: &Namespace) -> Result<bool, kube::Error> {
    let asked = ResourceAttributes {
        verb: Some("list".to_owned()),
        resource: Some("pods".to_owned()),
        namespace: Some(namespace.to_string()),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(asked),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(student.clone());
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// Makes every token that was issued in this namespace void: each names the account that it was issued for, and that
/// one is replaced by another of the same name and rights. A real API server remembers for 10 s whom it let in.
///
/// # Errors
/// The API server refused or did not answer.
pub async fn revoke(client: &Client, namespace: &Namespace) -> Result<(), TenancyError> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace.as_str());
    match accounts.delete(STUDENT, &DeleteParams::default()).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(source) => return Err(failed(namespace, "the end of the student's account")(source)),
    }
    account(client, namespace).await
}
