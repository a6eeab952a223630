//! Creating, replacing and deleting.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::patch::managed;
use super::query::{self, Query};
use super::respond::{self, Answer};
use super::{Api, Asked, Format, scale, schema};
use crate::status::Status;
use crate::store::{Deleted, Deletion, Part, Propagation, Resource, Writer, object};

/// Namespaces that stay.
/// Source: Kubernetes' `NamespaceLifecycle`.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Api {
    /// Makes a new object.
    pub(super) async fn create(
        self: Arc<Self>,
        asked: Asked,
        resource: Resource,
        namespace: Option<&str>,
    ) -> Result<Answer, Status> {
        let (mode, validation, form) = (asked.query.mode()?, asked.query.validation()?, asked.form()?);
        let (manager, user) = (asked.manager(), asked.user.clone());
        let mut sent = asked.object().await?;
        check_kind(resource, &mut sent)?;
        let warnings = schema::check(resource, &mut sent, validation)?;
        place(resource, &mut sent, namespace)?;
        if resource.has_status() {
            object::map(&mut sent).remove("status");
        }
        managed::track(resource, None, &mut sent, &manager, None);
        let writer = Writer::user(&user, mode);
        let stored = self.store.create_by(&writer, resource, sent)?;
        let mut answer = respond::json(StatusCode::CREATED, &form.object(resource, &stored));
        respond::warn(&mut answer, &[warnings, writer.into_warnings()].concat());
        Ok(answer)
    }

    /// Replaces an object, its status, or its scale.
    pub(super) async fn replace(
        self: Arc<Self>,
        asked: Asked,
        resource: Resource,
        namespace: &str,
        name: &str,
        subresource: Option<&str>,
    ) -> Result<Answer, Status> {
        let (mode, validation, form) = (asked.query.mode()?, asked.query.validation()?, asked.form()?);
        let (manager, user) = (asked.manager(), asked.user.clone());
        let mut sent = asked.object().await?;
        if subresource == Some("scale") {
            if sent["kind"] != "Scale" {
                return Err(Status::bad_request(format!("Object 'Kind' is missing in '{sent}'")));
            }
            let writer = Writer::user(&user, mode);
            let stored = self.store.change_by(&writer, resource, namespace, name, Part::Main, |old| {
                let mut object = scale::apply(resource, old, &sent)?;
                managed::track(resource, Some(old), &mut object, &manager, subresource);
                Ok(object)
            })?;
            return Ok(respond::ok(&scale::of(&stored)));
        }
        check_kind(resource, &mut sent)?;
        let warnings = schema::check(resource, &mut sent, validation)?;
        place(resource, &mut sent, resource.info().namespaced.then_some(namespace))?;
        check_name(&sent, name)?;
        let writer = Writer::user(&user, mode);
        let stored = self.store.change_by(&writer, resource, namespace, name, part(subresource), |old| {
            managed::track(resource, Some(old), &mut sent, &manager, subresource);
            Ok(sent)
        })?;
        let mut answer = respond::ok(&form.object(resource, &stored));
        respond::warn(&mut answer, &[warnings, writer.into_warnings()].concat());
        Ok(answer)
    }

    /// Deletes an object.
    pub(super) async fn delete(
        self: Arc<Self>,
        asked: Asked,
        resource: Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Answer, Status> {
        let form = asked.form()?;
        if resource == Resource::Namespaces && IMMORTAL.contains(&name) {
            return Err(Status::forbidden(resource, name, "this namespace may not be deleted"));
        }
        let query = asked.query.clone();
        let deletion = deletion(&query, asked).await?;
        let deleted = self.store.delete(resource, namespace, name, &deletion)?;
        Ok(respond::ok(&match deleted {
            Deleted::Later(object) => form.object(resource, &object),
            Deleted::Gone(object) if returns_object(resource) => form.object(resource, &object),
            Deleted::Gone(object) => success(resource, &object),
        }))
    }

    /// Deletes the selected objects; answers with them.
    pub(super) async fn delete_collection(
        self: Arc<Self>,
        asked: Asked,
        resource: Resource,
        namespace: Option<&str>,
    ) -> Result<Answer, Status> {
        let form = asked.form()?;
        let query = asked.query.clone();
        let deletion = deletion(&query, asked).await?;
        let listed = self.store.list(resource, namespace, &query.selector(resource)?);
        let mut gone = Vec::new();
        for object in &listed.items {
            match self.store.delete(resource, object::namespace(object), object::name(object), &deletion) {
                Ok(Deleted::Gone(object) | Deleted::Later(object)) => gone.push(object),
                // Someone else was faster.
                Err(status) if status.code == 404 => {}
                Err(status) => return Err(status),
            }
        }
        let gone: Vec<&Value> = gone.iter().map(|o| &**o).collect();
        let metadata = json!({"resourceVersion": self.store.version().to_string()});
        Ok(respond::ok(&form.list(resource, &gone, metadata)))
    }
}

/// Which part of the object a path writes.
pub(super) fn part(subresource: Option<&str>) -> Part {
    if subresource == Some("status") { Part::Status } else { Part::Main }
}

/// The kind in a body must be that of the path. A body that does not say is of that kind.
pub(super) fn check_kind(resource: Resource, sent: &mut Value) -> Result<(), Status> {
    let (info, expected) = (resource.info(), resource.api_version());
    let given = |field: &str| sent[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let version = given("apiVersion").unwrap_or_else(|| expected.clone());
    let kind = given("kind").unwrap_or_else(|| info.kind.to_owned());
    if version != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({expected})"
        )));
    }
    if kind != info.kind {
        // Go names its packages so.
        let package = info.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
        return Err(Status::bad_request(format!(
            "{kind} in version \"{0}\" cannot be handled as a {1}: converting ({0}.{kind}) to ({package}.{1}): unknown \
             conversion",
            info.version, info.kind
        )));
    }
    if !sent.is_object() {
        return Err(Status::bad_request(
            "json: cannot unmarshal into Go value of type map[string]interface {}",
        ));
    }
    (sent["apiVersion"], sent["kind"]) = (json!(version), json!(kind));
    Ok(())
}

/// Puts an object into the namespace of the path.
pub(super) fn place(resource: Resource, sent: &mut Value, namespace: Option<&str>) -> Result<(), Status> {
    let given = object::namespace(sent).to_owned();
    match namespace {
        Some(namespace) if resource.info().namespaced => {
            if !given.is_empty() && given != namespace {
                return Err(Status::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
            object::metadata(sent).insert("namespace".into(), json!(namespace));
            Ok(())
        }
        _ if resource.info().namespaced => Err(Status::method_not_allowed()),
        _ => Ok(()),
    }
}

/// The name in a body must be that of the path.
pub(super) fn check_name(sent: &Value, name: &str) -> Result<(), Status> {
    let given = object::name(sent);
    if given != name {
        return Err(Status::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    Ok(())
}

/// How to delete: the body's options before those of the query.
async fn deletion(query: &Query, asked: Asked) -> Result<Deletion, Status> {
    let media_type = asked.content_type();
    let body = asked.body().await?;
    let options = if body.is_empty() { json!({}) } else { Format::of(&media_type)?.read(&body)? };
    deletion_of(&options, query)
}

/// How to delete, as `DeleteOptions` say, and where they do not, the query.
pub(super) fn deletion_of(options: &Value, query: &Query) -> Result<Deletion, Status> {
    let text = |key: &'static str| match options[key].as_str() {
        Some(given) => given.to_owned(),
        None => query.get(key).to_owned(),
    };
    let grace = match options["gracePeriodSeconds"].as_u64() {
        Some(seconds) => Some(seconds),
        None => query.number("gracePeriodSeconds")?,
    };
    let dry_run = options["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let propagation = match text("propagationPolicy").as_str() {
        "" if options["orphanDependents"] == true => Propagation::Orphan,
        "" | "Background" => Propagation::Background,
        "Foreground" => Propagation::Foreground,
        "Orphan" => Propagation::Orphan,
        other => {
            return Err(Status::bad_request(format!(
                "propagationPolicy: Unsupported value: \"{other}\": supported values: \"Foreground\", \"Background\", \"Orphan\""
            )));
        }
    };
    let precondition = |key: &str| options["preconditions"][key].as_str().map(str::to_owned);
    Ok(Deletion {
        grace_seconds: grace.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
        propagation,
        uid: precondition("uid"),
        resource_version: precondition("resourceVersion"),
        mode: query::mode(dry_run.chain(query.all("dryRun")))?,
    })
}

/// The kinds whose deletion answers with the object and not with a Status.
fn returns_object(resource: Resource) -> bool {
    matches!(
        resource,
        Resource::Pods | Resource::Services | Resource::ServiceAccounts | Resource::ResourceQuotas
    )
}

fn success(resource: Resource, object: &Value) -> Value {
    let info = resource.info();
    let mut details = json!({"name": object::name(object), "kind": info.plural, "uid": object::uid(object)});
    if !info.group.is_empty() {
        details["group"] = json!(info.group);
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
