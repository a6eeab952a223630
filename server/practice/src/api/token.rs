//! The `token` subresource of `ServiceAccounts`: `kubectl create token`.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>, and
//! Kubernetes' `pkg/registry/core/serviceaccount/storage/token.go`.

use std::sync::Arc;

use hyper::StatusCode;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authentication::v1 as authentication;
use serde_json::{Value, json};

use super::respond::{self, Answer};
use super::{Api, Asked, schema};
use crate::authn::{API_AUDIENCE, Bound, Claims, Reference};
use crate::status::{Cause, Details, Status};
use crate::store::{Resource, object};

/// The shortest that a token is issued for, in seconds.
const SHORTEST: i64 = 600;
/// The longest.
const LONGEST: i64 = 1 << 32;
/// Where nothing is said.
const USUAL: i64 = 3600;

impl Api {
    /// Issues a token of a `ServiceAccount`.
    pub(super) async fn request_token(
        self: Arc<Self>,
        asked: Asked,
        namespace: &str,
        name: &str,
    ) -> Result<Answer, Status> {
        // A dry run is answered with a token that works, as Kubernetes does: nothing is stored in either case.
        let (_, validation) = (asked.query.mode()?, asked.query.validation()?);
        let body = asked.object().await?;
        if body["kind"] != "TokenRequest" || body["apiVersion"] != "authentication.k8s.io/v1" {
            let given = [&body["apiVersion"], &body["kind"]].map(|word| word.as_str().unwrap_or_default());
            return Err(Status::bad_request(format!(
                "not an authentication.k8s.io/v1 TokenRequest: {}",
                given.join(" ")
            )));
        }
        let body = with_defaults(body);
        let (request, warnings) =
            schema::typed::<authentication::TokenRequest>("TokenRequest", body, validation)?;
        let issued = self.issue(&request, namespace, name)?;
        let mut answer = respond::json(StatusCode::CREATED, &issued);
        respond::warn(&mut answer, &warnings);
        Ok(answer)
    }

    fn issue(
        &self,
        request: &authentication::TokenRequest,
        namespace: &str,
        name: &str,
    ) -> Result<Value, Status> {
        check_place(request, namespace, name)?;
        let account = self.store.get(Resource::ServiceAccounts, namespace, name)?;
        let seconds = request.spec.expiration_seconds.unwrap_or(USUAL);
        check_time(seconds)?;
        let mut bound = Bound {
            namespace: namespace.to_owned(),
            node: None,
            pod: None,
            secret: None,
            serviceaccount: Reference { name: name.to_owned(), uid: object::uid(&account).to_owned() },
        };
        if let Some(reference) = &request.spec.bound_object_ref {
            self.bind(&mut bound, reference)?;
        }
        let audiences = request.spec.audiences.clone();
        // To the second, so that what is told is not later than what is signed.
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
        let claims = Claims::new(bound, audiences.clone(), now, seconds, object::new_uid());
        let token = self.authn.issuer().sign(&claims);
        let token = token.ok_or_else(|| Status::internal("the token could not be signed"))?;
        let end = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        let mut spec = json!({"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null});
        spec["boundObjectRef"] = json!(request.spec.bound_object_ref);
        Ok(json!({
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": object::stamp(now)},
            "spec": spec,
            "status": {"token": token, "expirationTimestamp": object::stamp(end)},
        }))
    }

    /// Binds a token to a Pod or a Secret.
    fn bind(
        &self,
        bound: &mut Bound,
        reference: &authentication::BoundObjectReference,
    ) -> Result<(), Status> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (version, kind) = (text(&reference.api_version), text(&reference.kind));
        let (namespace, name) = (bound.namespace.clone(), text(&reference.name));
        let resource = match (version.as_str(), kind.as_str()) {
            ("v1", "Pod") => Resource::Pods,
            ("v1", "Secret") => Resource::Secrets,
            _ => {
                let (group, version) = version.split_once('/').unwrap_or(("", &version));
                return Err(Status::bad_request(format!(
                    "cannot bind token to object of type {group}/{version}, Kind={kind}"
                )));
            }
        };
        let found = self.store.get(resource, &namespace, &name)?;
        let account = &bound.serviceaccount.name;
        if resource == Resource::Pods && found["spec"]["serviceAccountName"] != account.as_str() {
            return Err(Status::bad_request(format!(
                "cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount name."
            )));
        }
        let (uid, meant) = (object::uid(&found), text(&reference.uid));
        if !meant.is_empty() && meant != uid {
            let why = format!(
                "the UID in the bound object reference ({meant}) does not match the UID in record. The object might \
                 have been deleted and then recreated"
            );
            // Kubernetes names the kind here, not the resource.
            let message = format!("Operation cannot be fulfilled on {kind} {name:?}: {why}");
            return Err(Status { message, ..Status::conflict(resource, &name, &why) });
        }
        let of = |name: &str, uid: &str| Some(Reference { name: name.to_owned(), uid: uid.to_owned() });
        match resource {
            Resource::Secrets => bound.secret = of(&name, uid),
            _ => {
                bound.pod = of(&name, uid);
                let node = object::text(&found, "/spec/nodeName");
                let node = self.store.find(Resource::Nodes, "", &node);
                bound.node = node.and_then(|node| of(object::name(&node), object::uid(&node)));
            }
        }
        Ok(())
    }
}

/// What the type needs to be read.
fn with_defaults(mut body: Value) -> Value {
    let spec = object::map(&mut body).entry("spec").or_insert_with(|| json!({}));
    let audiences = &mut object::map(spec).entry("audiences").or_insert(Value::Null);
    if audiences.as_array().is_none_or(Vec::is_empty) && (audiences.is_array() || audiences.is_null()) {
        **audiences = json!([API_AUDIENCE]);
    }
    body
}

fn check_place(request: &authentication::TokenRequest, namespace: &str, name: &str) -> Result<(), Status> {
    let metadata = &request.metadata;
    for (field, given, expected, what) in
        [("name", &metadata.name, name, "name"), ("namespace", &metadata.namespace, namespace, "namespace")]
    {
        let given = given.as_deref().unwrap_or_default();
        if !given.is_empty() && given != expected {
            let why = format!("must match the service account {what} if specified");
            return Err(invalid(name, Cause::invalid(format!("metadata.{field}"), &json!(given), &why)));
        }
    }
    Ok(())
}

fn check_time(seconds: i64) -> Result<(), Status> {
    let why = match seconds {
        ..SHORTEST => "may not specify a duration less than 10 minutes",
        SHORTEST..=LONGEST => return Ok(()),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    Err(invalid("", Cause::invalid("spec.expirationSeconds", &json!(seconds), why)))
}

fn invalid(name: &str, cause: Cause) -> Status {
    let message = format!(
        "TokenRequest.authentication.k8s.io \"{name}\" is invalid: {}: {}",
        cause.field, cause.message
    );
    let details = Details {
        name: name.to_owned(),
        group: "authentication.k8s.io".to_owned(),
        kind: "TokenRequest".to_owned(),
        causes: vec![cause],
        retry_after: None,
    };
    Status { code: 422, reason: "Invalid", message, details: Some(Box::new(details)) }
}
