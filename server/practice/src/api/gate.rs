//! The door: who asks, and whether he may, before anything is read.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#review-your-request-attributes>, and
//! `k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`.

use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method};
use jiff::Timestamp;

use super::query::Query;
use super::{Api, path};
use crate::authn::User;
use crate::authz::{self, Access, Target};
use crate::status::Status;

impl Api {
    /// Lets a request in, or not; tells who asks, or in whose name.
    ///
    /// # Errors
    /// 401 for a token that is not valid; 403 for what the user may not do.
    pub(super) fn admit(
        &self,
        method: &Method,
        path: &str,
        query: &Query,
        headers: &HeaderMap,
    ) -> Result<User, Status> {
        let token = headers.get(AUTHORIZATION).map(hyper::header::HeaderValue::as_bytes).unwrap_or_default();
        let presented = self.authn.present(token, Timestamp::now())?;
        let user = self.store.view(|view| presented.user(view)).map_err(|rejected| {
            tracing::debug!(%rejected, "a token was refused");
            Status::unauthorized()
        })?;
        let user = self.impersonate(user, headers)?;
        self.authorize(&user, &access(method, path, query))?;
        Ok(user)
    }

    /// Whether a user may do this.
    ///
    /// # Errors
    /// 403.
    pub(super) fn authorize(&self, user: &User, access: &Access) -> Result<(), Status> {
        let decision = self.store.view(|view| authz::decide(view, user, access));
        if decision.allowed { Ok(()) } else { Err(access.forbidden(user, &decision.reason)) }
    }
}

/// What a request wants to do.
fn access(method: &Method, path: &str, query: &Query) -> Access {
    resource_access(method, path, query).unwrap_or_else(|| Access {
        verb: method.as_str().to_ascii_lowercase(),
        target: Target::Path(path.to_owned()),
    })
}

fn resource_access(method: &Method, path: &str, query: &Query) -> Option<Access> {
    let parts = path::parts(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, mut rest) = match parts[..] {
        ["api", _, ref rest @ ..] => ("", rest),
        ["apis", group, _, ref rest @ ..] => (group, rest),
        _ => return None,
    };
    let mut verb = match *method {
        Method::POST => "create",
        Method::GET | Method::HEAD => "get",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    };
    if let ["watch" | "proxy", further @ ..] = rest {
        verb = rest[0];
        rest = further;
    }
    let mut namespace = "";
    if let ["namespaces", name, further @ ..] = rest {
        namespace = name;
        if further.first().is_some_and(|part| !matches!(*part, "status" | "finalize")) {
            rest = further;
        }
    }
    let part = |at: usize| rest.get(at).copied().unwrap_or_default();
    let (resource, name) = (part(0), part(1));
    let selected = query.exact_name();
    let (verb, name) = match (verb, name) {
        ("get", "") if query.flag("watch") => ("watch", selected),
        ("get", "") => ("list", selected),
        ("delete", "") => ("deletecollection", ""),
        given => given,
    };
    (!resource.is_empty()).then(|| Access {
        verb: verb.to_owned(),
        target: Target::Resource {
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: part(2).to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Resource;

    /// The resource, namespace and name that the answer would be about.
    fn answered(path: &str) -> Option<(String, String, String)> {
        use super::path::Target::{Collection, Object, Review};
        Some(match path::parse(path) {
            Collection(resource, namespace) => {
                (resource.info().plural.into(), namespace.unwrap_or_default(), String::new())
            }
            Object { resource, name, namespace, .. } => {
                // A namespace counts as being in itself.
                let within = if resource == Resource::Namespaces { name.clone() } else { namespace };
                (resource.info().plural.into(), within, name)
            }
            Review(review, namespace) => {
                (review.info().plural.into(), namespace.unwrap_or_default(), String::new())
            }
            _ => return None,
        })
    }

    #[test]
    fn what_is_answered_is_what_was_decided_about() {
        let words = ["", "namespaces", "status", "finalize", "watch", "pods", "deployments", "x"];
        let mut paths: Vec<String> =
            ["/api/v1", "/api//v1", "/apis/apps/v1", "/apis/authorization.k8s.io/v1"]
                .map(str::to_owned)
                .to_vec();
        let mut answers = 0;
        for _ in 0..5 {
            paths = paths.iter().flat_map(|path| words.map(|word| format!("{path}/{word}"))).collect();
            for path in &paths {
                let Some(answered) = answered(path) else { continue };
                answers += 1;
                match access(&Method::POST, path, &Query::default()).target {
                    Target::Path(_) => panic!("{path} would be answered, and nobody decides"),
                    Target::Resource { resource, namespace, name, .. } => {
                        assert_eq!((resource, namespace, name), answered, "{path}");
                    }
                }
            }
        }
        assert!(answers > 100, "{answers}");
    }

    #[test]
    fn a_request_wants_what_kubernetes_takes_it_to_want() {
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        for (method, path, query, expected) in [
            (&get, "/api/v1/pods", "", "list  pods   "),
            (&get, "/api/v1/pods", "watch=true", "watch  pods   "),
            (&get, "/api/v1/namespaces/a/pods", "watch=1", "watch  pods  a "),
            (&get, "/api/v1/namespaces/a/pods", "watch=false", "list  pods  a "),
            (&get, "/api/v1/namespaces/a/pods", "fieldSelector=metadata.name%3Dp", "list  pods  a p"),
            (&get, "/api/v1/namespaces/a/pods", "fieldSelector=metadata.name!%3Dp", "list  pods  a "),
            (&get, "/api/v1/namespaces/a/pods/p", "watch=true", "get  pods  a p"),
            (&get, "/api/v1/namespaces/a/pods/p/log", "", "get  pods log a p"),
            (&post, "/api/v1/namespaces/a/pods/p/eviction", "", "create  pods eviction a p"),
            (&Method::HEAD, "/api/v1/namespaces/a/pods/p", "", "get  pods  a p"),
            (
                &Method::PUT,
                "/apis/apps/v1/namespaces/a/deployments/d/scale",
                "",
                "update apps deployments scale a d",
            ),
            (&Method::PATCH, "/apis/apps/v1/namespaces/a/deployments/d", "", "patch apps deployments  a d"),
            (&delete, "/api/v1/namespaces/a/pods", "", "deletecollection  pods  a "),
            (&delete, "/api/v1/namespaces/a/pods/p", "", "delete  pods  a p"),
            (&get, "/api/v1/namespaces", "", "list  namespaces   "),
            (&get, "/api/v1/namespaces/a", "", "get  namespaces  a a"),
            (&get, "/api/v1/namespaces/a/status", "", "get  namespaces status a a"),
            (&get, "/api/v1/nodes/n", "", "get  nodes   n"),
            (&get, "/api/v1/namespaces/a/widgets/w", "", "get  widgets  a w"),
            (&get, "/api/v1/namespaces/a%2Fb/pods", "", "list  pods  a/b "),
            (&get, "/api/v1//namespaces//a/secrets/", "", "list  secrets  a "),
            (&get, "/api/v1/watch/namespaces/a/pods", "", "watch  pods  a "),
            (&Method::OPTIONS, "/api/v1/pods", "", "  pods   "),
            (&get, "/api/v1", "", "get /api/v1"),
            (&get, "/apis/apps/v1", "", "get /apis/apps/v1"),
            (&get, "/openapi/v3/api/v1", "", "get /openapi/v3/api/v1"),
            (&post, "/", "", "post /"),
        ] {
            let access = access(method, path, &Query::parse(Some(query)));
            let said = match access.target {
                Target::Path(path) => format!("{} {path}", access.verb),
                Target::Resource { group, resource, subresource, namespace, name } => {
                    format!("{} {group} {resource} {subresource} {namespace} {name}", access.verb)
                }
            };
            assert_eq!(said, expected, "{method} {path}?{query}");
        }
    }
}
