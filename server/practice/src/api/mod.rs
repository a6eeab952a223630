//! The Kubernetes API over HTTP: a request in, an answer out.
//!
//! ```text
//! request ─▶ who? may he? ─▶ path ─▶ read   ─▶ Store ─▶ Form (object, metadata, table)
//!                                 ├▶ watch  ─▶ Store ─▶ lines
//!                                 ├▶ write  ─▶ schema, patch ─▶ Store (admission under its lock)
//!                                 ├▶ review ─▶ authz
//!                                 └▶ exec, portforward ─▶ WebSocket or SPDY ─▶ Kubelet, Network
//! ```
//!
//! What a real API server does and this one does not is refused with a Status that says so.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/>.

mod accept;
pub(crate) mod admission;
mod discovery;
mod evict;
mod exec;
mod forward;
mod gate;
mod impersonate;
mod logs;
mod metrics;
mod openapi;
mod openid;
mod patch;
mod path;
mod protobuf;
mod query;
mod read;
mod remote;
mod respond;
mod review;
mod scale;
mod schema;
mod spdy;
mod swagger;
mod table;
mod token;
mod upgrade;
mod watching;
mod write;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper::{HeaderMap, Method, Request};
use serde_json::Value;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::authn::{Authenticator, User};
use crate::kubelet::Kubelet;
use crate::network::Network;
use crate::status::Status;
use crate::store::{Resource, Store};
use accept::Form;
pub(crate) use metrics::Watches;
use path::Target;
use query::Query;
use respond::Answer;

/// The largest body taken. Source: `k8s.io/apiserver`'s `MaxRequestBodyBytes`.
const MAX_BODY_BYTES: usize = 3 * 1024 * 1024;
/// How long a body may take to come. Source: `--request-timeout` of `kube-apiserver`.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// What every answer about `Endpoints` warns of.
const ENDPOINTS_DEPRECATED: &str =
    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

/// The API server of one practice cluster.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    /// Where everything is.
    pub(crate) store: Arc<Store>,
    /// Who asks.
    pub(crate) authn: Arc<Authenticator>,
    /// The way into pods.
    pub(crate) network: Network,
    /// What runs in them.
    pub(crate) kubelet: Arc<Kubelet>,
    /// Ends the watches.
    pub(crate) stop: CancellationToken,
    /// Where it listens.
    pub(crate) address: String,
    /// Who follows what.
    pub(crate) watches: Arc<Watches>,
}

/// A request whose body has not been read.
struct Asked {
    user: User,
    method: Method,
    query: Query,
    headers: HeaderMap,
    request: Request<Incoming>,
}

impl Asked {
    fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The media type of the body, without its parameters.
    fn content_type(&self) -> String {
        let given = self.header(CONTENT_TYPE);
        given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn form(&self) -> Result<Form, Status> {
        Form::of(self.header(ACCEPT), &self.query)
    }

    /// Who the request says writes: the option, or what the user agent begins with.
    fn manager(&self) -> String {
        let given = self.query.get("fieldManager");
        let agent = self.header(USER_AGENT).split('/').next().unwrap_or_default();
        let name = if given.is_empty() { agent } else { given };
        if name.is_empty() { "unknown".to_owned() } else { name.chars().take(128).collect() }
    }

    /// The body as an object.
    async fn object(self) -> Result<Value, Status> {
        let format = Format::of(&self.content_type())?;
        format.read(&self.body().await?)
    }

    async fn body(self) -> Result<Bytes, Status> {
        let body = self.request.into_body();
        // What says that it is too large need not be sent first.
        if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
            return Err(Status::too_large(MAX_BODY_BYTES));
        }
        match timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Status::too_large(MAX_BODY_BYTES)),
            Ok(Err(_)) => Err(Status::bad_request("the body ended early")),
            Err(_) => Err(Status::timeout("the body was not sent in time")),
        }
    }
}

/// What an object is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
    Protobuf,
}

impl Format {
    /// Of a media type. A body without one is JSON.
    ///
    /// # Errors
    /// 415
    fn of(media_type: &str) -> Result<Self, Status> {
        match media_type {
            "" | "application/json" => Ok(Self::Json),
            "application/yaml" => Ok(Self::Yaml),
            protobuf::MEDIA_TYPE => Ok(Self::Protobuf),
            other => {
                let accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
                Err(Status::unsupported_media_type(other, accepted))
            }
        }
    }

    fn read(self, body: &[u8]) -> Result<Value, Status> {
        match self {
            Self::Json => schema::read(body),
            Self::Yaml => schema::read_yaml(body),
            Self::Protobuf => protobuf::read(body),
        }
    }
}

impl Api {
    /// Answers a request. Every refusal is a Status.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let deprecated = is_deprecated(request.uri().path());
        let mut answer = match self.route(request).await {
            Ok(answer) => answer,
            Err(status) => respond::refusal(&status),
        };
        if deprecated {
            respond::warn(&mut answer, &[ENDPOINTS_DEPRECATED.to_owned()]);
        }
        answer.headers_mut().insert("x-practice-cluster", HeaderValue::from_static("simulated"));
        answer
    }

    async fn route(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Status> {
        let (uri, headers) = (request.uri().clone(), request.headers().clone());
        let (method, query) = (request.method().clone(), Query::parse(uri.query()));
        let user = self.admit(&method, uri.path(), &query, &headers)?;
        let asked = Asked { user, method, query, headers, request };
        match path::parse(uri.path()) {
            Target::Health => only_get(&asked).map(|()| respond::text("ok")),
            Target::Version => only_get(&asked).map(|()| respond::ok(&discovery::version())),
            Target::Metrics => only_get(&asked).map(|()| respond::text(self.watches.render())),
            Target::Review(review, namespace) => self.review(asked, review, namespace).await,
            Target::Collection(resource, namespace) => self.collection(asked, resource, namespace).await,
            Target::Object { resource, namespace, name, subresource } => {
                self.object(asked, resource, &namespace, &name, subresource.as_deref()).await
            }
            Target::Unknown => Err(Status::no_such_path()),
            Target::Unmodelled(plural, group) => Err(Status::kind_not_modelled(plural, group)),
            Target::Issuer => only_get(&asked).map(|()| self.issuer()),
            Target::Keys => only_get(&asked).map(|()| self.keys()),
            Target::Swagger => only_get(&asked).and_then(|()| swagger::answer(asked.header(ACCEPT))),
            Target::OpenApi(path) => {
                only_get(&asked)?;
                openapi::answer(&path, &asked.headers).await
            }
            target => self.discover(&asked, &target),
        }
    }

    fn discover(&self, asked: &Asked, target: &Target) -> Result<Answer, Status> {
        only_get(asked)?;
        let aggregated = discovery::is_aggregated(asked.header(ACCEPT));
        let value = match target {
            Target::Root => Some(serde_json::json!({"paths": ["/api", "/api/v1", "/apis", "/version"]})),
            Target::CoreVersions if aggregated => return Ok(aggregate(&[""])),
            Target::Groups if aggregated => return Ok(aggregate(&discovery::groups())),
            Target::CoreVersions => Some(discovery::core_versions(&self.address)),
            Target::Groups => Some(discovery::group_list()),
            Target::Group(group) => discovery::group(group),
            Target::Resources(group, version) => discovery::resource_list(group, version),
            _ => None,
        };
        value.map(|value| respond::ok(&value)).ok_or_else(Status::no_such_path)
    }

    async fn collection(
        self: Arc<Self>,
        asked: Asked,
        resource: Resource,
        namespace: Option<String>,
    ) -> Result<Answer, Status> {
        let namespace = namespace.as_deref();
        match asked.method {
            Method::GET if asked.query.flag("watch") => {
                self.watch(resource, namespace, &asked.query, asked.form()?)
            }
            Method::GET => self.list(resource, namespace, &asked.query, asked.form()?),
            Method::POST => self.create(asked, resource, namespace).await,
            Method::DELETE => self.delete_collection(asked, resource, namespace).await,
            _ => Err(Status::method_not_allowed()),
        }
    }

    async fn object(
        self: Arc<Self>,
        asked: Asked,
        resource: Resource,
        namespace: &str,
        name: &str,
        subresource: Option<&str>,
    ) -> Result<Answer, Status> {
        if let Some(sub) = subresource.filter(|sub| resource.subresource(sub).is_none()) {
            return Err(match unmodelled(sub) {
                Some(what) => Status::not_modelled(resource, name, what),
                None => Status::no_such_path(),
            });
        }
        match (subresource, &asked.method) {
            (Some("portforward"), &Method::GET | &Method::POST) => {
                self.port_forward(asked.request, namespace, name)
            }
            (Some("exec"), &Method::GET | &Method::POST) => self.exec(asked.request, namespace, name),
            (Some("attach"), &Method::GET | &Method::POST) => self.attach(asked.request, namespace, name),
            (Some("eviction"), &Method::POST) => self.evict(asked, namespace, name).await,
            (Some("token"), &Method::POST) => self.request_token(asked, namespace, name).await,
            (Some("log"), &Method::GET) => self.logs(&asked.query, namespace, name),
            (None | Some("status" | "scale"), &Method::GET) => {
                self.get(resource, namespace, name, subresource, asked.form()?)
            }
            (None | Some("status" | "scale"), &Method::PUT) => {
                self.replace(asked, resource, namespace, name, subresource).await
            }
            (None | Some("status" | "scale"), &Method::PATCH) => {
                self.patch(asked, resource, namespace, name, subresource).await
            }
            (None, &Method::DELETE) => self.delete(asked, resource, namespace, name).await,
            _ => Err(Status::method_not_allowed()),
        }
    }
}

/// What hangs off an object's path on a real cluster, and not here.
fn unmodelled(subresource: &str) -> Option<&'static str> {
    match subresource {
        "ephemeralcontainers" => Some("ephemeral containers"),
        "resize" => Some("resizing a pod in place"),
        "proxy" => Some("the API server's proxy: use port-forward"),
        "binding" => Some("binding pods to nodes by hand"),
        _ => None,
    }
}

fn is_deprecated(path: &str) -> bool {
    use Resource::Endpoints;
    let target = path::parse(path);
    matches!(target, Target::Collection(Endpoints, _) | Target::Object { resource: Endpoints, .. })
}

fn only_get(asked: &Asked) -> Result<(), Status> {
    if matches!(asked.method, Method::GET | Method::HEAD) {
        Ok(())
    } else {
        Err(Status::method_not_allowed())
    }
}

fn aggregate(groups: &[&str]) -> Answer {
    let mut answer = respond::ok(&discovery::aggregated(groups));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(discovery::AGGREGATED));
    answer
}
