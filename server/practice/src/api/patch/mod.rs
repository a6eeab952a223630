//! Patches, of all four kinds.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply>.

mod apply;
mod fields;
mod lists;
pub(super) mod managed;
mod operations;
mod refused;
mod strategic;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::query::Validation;
use super::respond::{self, Answer};
use super::{Api, Asked, scale, schema, write};
use crate::authz::Access;
use crate::status::{Cause, Status};
use crate::store::{Mode, Resource, Writer, object};
use apply::Applier;
use refused::go;

const ACCEPTED: &str = "application/json-patch+json, application/merge-patch+json, \
    application/strategic-merge-patch+json, application/apply-patch+yaml";

/// The kinds of patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Kind {
    fn of(media_type: &str) -> Result<Self, Status> {
        match media_type {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" => Ok(Self::Strategic),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            other => Err(Status::unsupported_media_type(other, ACCEPTED)),
        }
    }
}

/// A patch with everything that its request says.
struct Patch {
    kind: Kind,
    body: Value,
    manager: String,
    force: bool,
    mode: Mode,
    validation: Validation,
    resource: Resource,
    subresource: Option<String>,
}

impl Api {
    /// Patches an object, its status or its scale.
    pub(super) async fn patch(
        self: Arc<Self>,
        asked: Asked,
        resource: Resource,
        namespace: &str,
        name: &str,
        subresource: Option<&str>,
    ) -> Result<Answer, Status> {
        let (form, user) = (asked.form()?, asked.user.clone());
        let patch = Patch::read(asked, resource, subresource).await?;
        let writer = Writer::user(&user, patch.mode);
        if patch.kind == Kind::Apply && subresource.is_none() {
            patch.check_config(namespace, name)?;
        }
        let is_new = self.store.find(resource, namespace, name).is_none();
        if patch.kind == Kind::Apply && subresource.is_none() && is_new {
            // Who may patch may not make new ones for that.
            let info = resource.info();
            self.authorize(&user, &Access::to("create", info.group, info.plural, namespace, name))?;
            let created = self.store.create_by(&writer, resource, patch.created(namespace, name)?)?;
            let mut answer = respond::json(StatusCode::CREATED, &form.object(resource, &created));
            respond::warn(&mut answer, &writer.into_warnings());
            return Ok(answer);
        }
        let mut warnings = Vec::new();
        let part = write::part(subresource);
        let stored = self.store.change_by(&writer, resource, namespace, name, part, |old| {
            let (object, said) = patch.applied(old)?;
            warnings = said;
            Ok(object)
        })?;
        let mut answer = respond::ok(&match subresource {
            Some("scale") => scale::of(&stored),
            _ => form.object(resource, &stored),
        });
        // What an object is warned about says nothing of its status and scale.
        if subresource.is_none() {
            warnings.extend(writer.into_warnings());
        }
        respond::warn(&mut answer, &warnings);
        Ok(answer)
    }
}

impl Patch {
    async fn read(asked: Asked, resource: Resource, subresource: Option<&str>) -> Result<Self, Status> {
        let kind = Kind::of(&asked.content_type())?;
        let (mode, validation) = (asked.query.mode()?, asked.query.validation()?);
        let (manager, force) = (asked.manager(), asked.query.flag("force"));
        if kind == Kind::Apply && asked.query.get("fieldManager").is_empty() {
            let cause = Cause::required("fieldManager", "is required for apply patch");
            let message =
                format!("PatchOptions.meta.k8s.io \"\" is invalid: {}: {}", cause.field, cause.message);
            return Err(Status { message, ..Status::invalid(resource, "", vec![cause]) });
        }
        if kind != Kind::Apply && asked.query.flag("force") {
            return Err(Status::bad_request(
                "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch",
            ));
        }
        let body = asked.body().await?;
        let body = if kind == Kind::Apply { schema::read_yaml(&body)? } else { refused::read(&body)? };
        let subresource = subresource.map(str::to_owned);
        Ok(Self { kind, body, manager, force, mode, validation, resource, subresource })
    }

    /// An applied configuration must be of this object.
    fn check_config(&self, namespace: &str, name: &str) -> Result<(), Status> {
        let mut config = self.body.clone();
        write::check_kind(self.resource, &mut config)?;
        write::place(self.resource, &mut config, self.resource.info().namespaced.then_some(namespace))?;
        if !object::name(&config).is_empty() {
            write::check_name(&config, name)?;
        }
        if self.body["metadata"].get("managedFields").is_some_and(|m| !m.is_null()) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        Ok(())
    }

    /// The configuration, if each of its fields is one of the kind's.
    fn config(&self, namespace: &str, name: &str) -> Result<Value, Status> {
        let info = self.resource.info();
        let mut config = self.body.clone();
        object::map(&mut config).insert("apiVersion".into(), json!(self.resource.api_version()));
        object::map(&mut config).insert("kind".into(), json!(info.kind));
        let refused = |why: String| {
            let version = format!("{}/{}", info.group, info.version);
            let kind = info.kind;
            let message = format!(
                "failed to create typed patch object ({namespace}/{name}; {version}, Kind={kind}): {why}"
            );
            Status { code: 500, reason: "", message, details: None }
        };
        let unknown = schema::prune(self.resource, &mut config)
            .map_err(|e| schema::mistyped(self.resource, &config, &e))?;
        if unknown.is_empty() {
            return Ok(config);
        }
        let said = |path: &String| {
            let path = refused::keyed(self.resource, &config, path);
            format!("{path}: field not declared in schema")
        };
        let said: Vec<String> = unknown.iter().map(said).collect();
        Err(refused(match &said[..] {
            [one] => one.clone(),
            many => format!("errors:\n  {}", many.join("\n  ")),
        }))
    }

    fn applier(&self) -> Applier<'_> {
        Applier {
            resource: self.resource,
            manager: &self.manager,
            force: self.force,
            subresource: self.subresource.as_deref(),
        }
    }

    /// The object that applying to nothing makes.
    fn created(&self, namespace: &str, name: &str) -> Result<Value, Status> {
        let config = self.config(namespace, name)?;
        let mut object = self.applier().apply(&json!({"metadata": {}}), &config)?;
        let metadata = object::metadata(&mut object);
        metadata.insert("name".into(), json!(name));
        if self.resource.info().namespaced {
            metadata.insert("namespace".into(), json!(namespace));
        }
        if self.resource.has_status() {
            object::map(&mut object).remove("status");
        }
        Ok(object)
    }

    /// The patched object, and warnings.
    fn applied(&self, old: &Value) -> Result<(Value, Vec<String>), Status> {
        if self.subresource.as_deref() == Some("scale") {
            let mut scaled = scale::of(old);
            self.merge(&mut scaled)?;
            let mut object = scale::apply(self.resource, old, &scaled)?;
            managed::track(self.resource, Some(old), &mut object, &self.manager, Some("scale"));
            return Ok((object, Vec::new()));
        }
        if self.kind == Kind::Apply {
            let config = self.config(object::namespace(old), object::name(old))?;
            return Ok((self.applier().apply(old, &config)?, Vec::new()));
        }
        let mut object = old.clone();
        self.merge(&mut object)?;
        write::check_name(&object, object::name(old))?;
        let warnings = self.check_fields(&mut object)?;
        managed::track(self.resource, Some(old), &mut object, &self.manager, self.subresource.as_deref());
        Ok((object, warnings))
    }

    /// Unknown fields in a patch are refused in other words than in an object.
    fn check_fields(&self, object: &mut Value) -> Result<Vec<String>, Status> {
        let strict = self.validation == Validation::Strict;
        let validation = if strict { Validation::Warn } else { self.validation };
        let said = schema::check(self.resource, object, validation);
        let said = said.map_err(|status| match self.kind {
            // Go converts what a strategic patch makes, and decodes what the others make.
            Kind::Strategic => refused::mistyped(&self.body, status),
            _ => status,
        })?;
        if !strict || said.is_empty() {
            return Ok(said);
        }
        let given = if self.kind == Kind::Strategic { go(&self.body) } else { self.body.to_string() };
        Err(refused::patch(&given, &format!("strict decoding error: {}", said.join(", "))))
    }

    fn merge(&self, object: &mut Value) -> Result<(), Status> {
        match self.kind {
            Kind::Json => {
                let patch = serde_json::from_value::<json_patch::Patch>(self.body.clone());
                let patch = patch.map_err(|error| match &self.body {
                    Value::Array(_) => refused::rejected(),
                    _ => Status::bad_request(format!("error decoding patch: {error}")),
                })?;
                operations::apply(object, &patch)
            }
            Kind::Merge => {
                self.require_map()?;
                json_patch::merge(object, &self.body);
                Ok(())
            }
            Kind::Strategic | Kind::Apply => {
                self.require_map()?;
                strategic::merge(self.resource, object, &self.body)
            }
        }
    }

    fn require_map(&self) -> Result<(), Status> {
        let given = match &self.body {
            Value::Object(_) => return Ok(()),
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) | Value::Null => "bool",
        };
        Err(Status::bad_request(format!(
            "json: cannot unmarshal {given} into Go value of type map[string]interface {{}}"
        )))
    }
}
