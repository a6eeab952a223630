//! Getting and listing.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Response;
use serde_json::{Value, json};

use super::accept::Form;
use super::query::Query;
use super::{Api, respond, scale};
use crate::status::Status;
use crate::store::{Listed, Resource, object};

impl Api {
    /// One object, or what hangs off it and looks like one.
    pub(super) fn get(
        &self,
        resource: Resource,
        namespace: &str,
        name: &str,
        subresource: Option<&str>,
        form: Form,
    ) -> Result<respond::Answer, Status> {
        let object = self.store.get(resource, namespace, name)?;
        Ok(respond::ok(&match subresource {
            Some("scale") => scale::of(&object),
            _ => form.object(resource, &object),
        }))
    }

    /// The selected objects, a page at a time if asked.
    pub(super) fn list(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        query: &Query,
        form: Form,
    ) -> Result<Response<respond::Body>, Status> {
        let listed = self.store.list(resource, namespace, &query.selector(resource)?);
        check_version(query, listed.version)?;
        let page = Page::of(&listed, query)?;
        let objects: Vec<&Value> = page.items.iter().map(|o| &**o).collect();
        Ok(respond::ok(&form.list(resource, &objects, page.metadata)))
    }
}

/// A version from the future cannot be served.
fn check_version(query: &Query, newest: u64) -> Result<(), Status> {
    let asked = query.version()?.unwrap_or(0);
    if asked > newest {
        let mut status =
            Status::bad_request(format!("Too large resource version: {asked}, current: {newest}"));
        (status.code, status.reason) = (504, "Timeout");
        return Err(status);
    }
    Ok(())
}

/// A part of a list.
struct Page<'a> {
    items: &'a [Arc<Value>],
    metadata: Value,
}

impl<'a> Page<'a> {
    /// The page after the `continue` token, at most `limit` long. Later pages are of the present, not of the moment
    /// of the first: what changed in between is told by a watch from the first page's version, which they all carry.
    fn of(listed: &'a Listed, query: &Query) -> Result<Self, Status> {
        let token = query.get("continue");
        let (version, from) = if token.is_empty() {
            (listed.version, 0)
        } else {
            let (version, last) = read_token(token)?;
            (version, listed.items.partition_point(|o| key(o) <= last))
        };
        let rest = &listed.items[from..];
        let limit = query.number("limit")?.filter(|limit| *limit > 0);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let items = &rest[..rest.len().min(limit)];
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if let (true, Some(last)) = (items.len() < rest.len(), items.last()) {
            metadata["continue"] = json!(write_token(version, &key(last)));
            metadata["remainingItemCount"] = json!(rest.len() - items.len());
        }
        Ok(Self { items, metadata })
    }
}

fn key(object: &Value) -> (String, String) {
    (object::namespace(object).to_owned(), object::name(object).to_owned())
}

fn write_token(version: u64, last: &(String, String)) -> String {
    URL_SAFE_NO_PAD.encode(json!({"rv": version, "after": [last.0, last.1]}).to_string())
}

fn read_token(token: &str) -> Result<(u64, (String, String)), Status> {
    let read = || {
        let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let part = |at| value["after"].get(at).and_then(Value::as_str).map(str::to_owned);
        Some((value["rv"].as_u64()?, (part(0)?, part(1)?)))
    };
    read().ok_or_else(|| Status::bad_request("continue key is not valid: encoding is not recognized"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let object = |name: &str| Arc::new(json!({"metadata": {"name": name}}));
        let listed = Listed { version: 7, items: ["a", "b", "c"].map(object).to_vec() };
        let first = Page::of(&listed, &Query::parse(Some("limit=2"))).unwrap();
        assert_eq!((first.items.len(), &first.metadata["remainingItemCount"]), (2, &json!(1)));
        let next = format!("limit=2&continue={}", first.metadata["continue"].as_str().unwrap());
        let second = Page::of(&listed, &Query::parse(Some(&next))).unwrap();
        assert_eq!(second.items[0]["metadata"]["name"], "c");
        assert!(second.metadata.get("continue").is_none());
        assert!(Page::of(&listed, &Query::parse(Some("continue=x"))).is_err());
    }
}
