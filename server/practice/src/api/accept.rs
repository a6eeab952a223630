//! The form in which a client wants objects: whole, as metadata only, or as kubectl's table.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>.

use serde_json::{Value, json};

use super::query::Query;
use super::table;
use crate::status::Status;
use crate::store::Resource;

/// The form in which a client wants objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Whole objects.
    Object,
    /// `PartialObjectMetadata`
    Metadata,
    /// `Table`, with what each row carries.
    Table(Include),
}

/// What a table's row carries besides its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Include {
    /// Nothing.
    None,
    /// The object's metadata.
    Metadata,
    /// The whole object.
    Object,
}

impl Form {
    /// The first form in an Accept header that can be made. None is asked for: whole objects.
    ///
    /// # Errors
    /// 406 when none can.
    pub(super) fn of(accept: &str, query: &Query) -> Result<Self, Status> {
        let accept = if accept.trim().is_empty() { "*/*" } else { accept };
        accept.split(',').find_map(|range| Self::of_range(range, query)).ok_or_else(Status::not_acceptable)
    }

    fn of_range(range: &str, query: &Query) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next()?;
        if !matches!(media, "application/json" | "application/*" | "*/*") {
            return None;
        }
        match parts.find_map(|p| p.strip_prefix("as=")) {
            None => Some(Self::Object),
            Some("Table") => Some(Self::Table(match query.get("includeObject") {
                "None" => Include::None,
                "Object" => Include::Object,
                _ => Include::Metadata,
            })),
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Self::Metadata),
            Some(_) => None,
        }
    }

    /// One object in this form.
    pub(super) fn object(self, resource: Resource, object: &Value) -> Value {
        match self {
            Self::Object => object.clone(),
            Self::Metadata => partial(object),
            Self::Table(include) => {
                let version = &object["metadata"]["resourceVersion"];
                table::render(resource, &[object], include, json!({"resourceVersion": version}))
            }
        }
    }

    /// A scale in this form.
    pub(super) fn scale(self, scale: Value) -> Value {
        match self {
            Self::Object => scale,
            Self::Metadata => partial(&scale),
            Self::Table(include) => table::scale(&scale, include),
        }
    }

    /// A list in this form.
    pub(super) fn list(self, resource: Resource, objects: &[&Value], metadata: Value) -> Value {
        match self {
            Self::Object => {
                let bare = |object: &&Value| {
                    let mut object = (*object).clone();
                    if let Some(map) = object.as_object_mut() {
                        map.remove("apiVersion");
                        map.remove("kind");
                    }
                    object
                };
                json!({
                    "kind": format!("{}List", resource.info().kind),
                    "apiVersion": resource.api_version(),
                    "metadata": metadata,
                    "items": objects.iter().map(bare).collect::<Vec<_>>(),
                })
            }
            Self::Metadata => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
                "items": objects.iter().map(|o| partial(o)).collect::<Vec<_>>(),
            }),
            Self::Table(include) => table::render(resource, objects, include, metadata),
        }
    }
}

/// Only the metadata.
pub(super) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_can_be_made_is_taken() {
        let query = Query::default();
        let table = Form::Table(Include::Metadata);
        for (accept, form) in [
            ("", Some(Form::Object)),
            ("*/*", Some(Form::Object)),
            ("application/json", Some(Form::Object)),
            ("application/vnd.kubernetes.protobuf, application/json", Some(Form::Object)),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Some(table)),
            ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Some(Form::Metadata)),
            ("application/json;as=Other,application/json", Some(Form::Object)),
            ("application/vnd.kubernetes.protobuf", None),
            ("text/html", None),
        ] {
            assert_eq!(Form::of(accept, &query).ok(), form, "{accept}");
        }
    }
}
