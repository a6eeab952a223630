//! `OpenAPI` v3: a real API server's documents, cut down to what is served here. `kubectl explain` prints from them, and
//! `kubectl apply` computes its patches by them.
//!
//! ```text
//! openapi.txt.gz ── paths that are served ──▶ schemas that they refer to ──▶ one document for each group, compressed
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3>; the archive is made by
//! `openapi/extract`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
    VARY,
};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::respond::{self, Answer};
use super::review::Review;
use crate::status::Status;
use crate::store::Resource;

/// A line for each path and schema: its name, a tab, its JSON.
static ARCHIVE: &[u8] = include_bytes!("../../openapi/openapi.txt.gz");
/// What a reference to a schema begins with.
const REFERENCE: &str = "\"#/components/schemas/";

/// A document, made once.
struct Document {
    gzip: Bytes,
    /// The hash of its text: it is asked for by it, and may be kept for ever.
    hash: String,
}

/// By the path after `/openapi/v3/`.
static DOCUMENTS: LazyLock<BTreeMap<String, Document>> = LazyLock::new(|| {
    let archive = Archive::read();
    let stored = Resource::ALL.into_iter().map(|resource| resource.info().group);
    let groups: BTreeSet<&str> =
        stored.chain(Review::ALL.into_iter().map(|review| review.info().group)).collect();
    groups.into_iter().map(|group| (place(group), Document::of(&archive.document(group)))).collect()
});

/// Answers what is asked below `/openapi/v3`: the list of documents, or one of them.
///
/// # Errors
/// 404 for a document that is none, 406 where JSON is not taken.
pub(super) async fn answer(path: &str, headers: &HeaderMap) -> Result<Answer, Status> {
    // Making them takes a while, once.
    let documents = tokio::task::spawn_blocking(|| &*DOCUMENTS).await;
    let documents = documents.map_err(|_| Status::internal("the OpenAPI documents cannot be made"))?;
    if path.is_empty() {
        return Ok(respond::ok(&index(documents)));
    }
    let document = documents.get(path).ok_or_else(Status::no_such_path)?;
    document.answer(headers)
}

fn index(documents: &BTreeMap<String, Document>) -> Value {
    let url = |(path, document): (&String, &Document)| {
        (path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={}", document.hash)}))
    };
    json!({"paths": documents.iter().map(url).collect::<serde_json::Map<_, _>>()})
}

/// `api/v1`, `apis/apps/v1`
fn place(group: &str) -> String {
    if group.is_empty() { "api/v1".to_owned() } else { format!("apis/{group}/v1") }
}

/// The paths of a group that are served.
fn served(group: &str) -> BTreeSet<String> {
    let place = place(group);
    let mut paths = BTreeSet::from([format!("/{place}/")]);
    for resource in Resource::ALL.into_iter().filter(|resource| resource.info().group == group) {
        let info = resource.info();
        let plural = info.plural;
        paths.insert(format!("/{place}/{plural}"));
        let collection = match info.namespaced {
            true => format!("/{place}/namespaces/{{namespace}}/{plural}"),
            false => format!("/{place}/{plural}"),
        };
        let object = format!("{collection}/{{name}}");
        paths.extend(info.subresources.iter().map(|sub| format!("{object}/{}", sub.name)));
        paths.extend([collection, object]);
    }
    for info in Review::ALL.map(Review::info).into_iter().filter(|info| info.group == group) {
        let within = if info.namespaced { "namespaces/{namespace}/" } else { "" };
        paths.insert(format!("/{place}/{within}{}", info.plural));
    }
    paths
}

/// The archive's lines.
struct Archive {
    paths: BTreeMap<String, String>,
    schemas: BTreeMap<String, String>,
}

impl Archive {
    fn read() -> Self {
        let mut archive = Self { paths: BTreeMap::new(), schemas: BTreeMap::new() };
        for line in BufReader::new(GzDecoder::new(ARCHIVE)).lines().map_while(Result::ok) {
            let Some((name, text)) = line.split_once('\t') else { continue };
            let of = if name.starts_with('/') { &mut archive.paths } else { &mut archive.schemas };
            of.insert(name.to_owned(), text.to_owned());
        }
        archive
    }

    /// The text of a group's document.
    fn document(&self, group: &str) -> String {
        let served = served(group);
        let paths: Vec<(&String, &String)> =
            self.paths.iter().filter(|(path, _)| served.contains(*path)).collect();
        let mut needed = BTreeSet::new();
        let mut unseen: Vec<&str> = paths.iter().flat_map(|(_, text)| references(text)).collect();
        while let Some(name) = unseen.pop() {
            if let (true, Some(text)) = (needed.insert(name), self.schemas.get(name)) {
                unseen.extend(references(text));
            }
        }
        let schemas = self.schemas.iter().filter(|(name, _)| needed.contains(name.as_str()));
        format!(
            r#"{{"openapi":"3.0.0","info":{{"title":"Kubernetes (practice cluster, simulated)","version":"{}"}},"paths":{},"components":{{"schemas":{},"securitySchemes":{}}}}}"#,
            super::discovery::GIT_VERSION,
            object(paths.into_iter()),
            object(schemas),
            json!({"BearerToken": {
                "type": "apiKey", "description": "Bearer Token authentication",
                "name": "authorization", "in": "header",
            }}),
        )
    }
}

/// The schemas that a text of JSON refers to.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split(REFERENCE).skip(1).filter_map(|rest| rest.split('"').next())
}

/// A JSON object of texts that are JSON.
fn object<'a>(fields: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let mut text = String::from("{");
    for (at, (name, value)) in fields.enumerate() {
        let comma = if at > 0 { "," } else { "" };
        // Writing to a String does not fail.
        write!(text, "{comma}{}:{value}", Value::from(name.as_str())).ok();
    }
    text + "}"
}

impl Document {
    fn of(text: &str) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Into memory nothing fails.
        encoder.write_all(text.as_bytes()).ok();
        let gzip = encoder.finish().unwrap_or_default().into();
        let mut hash = String::new();
        for byte in Sha512::digest(text) {
            write!(hash, "{byte:02X}").ok();
        }
        Self { gzip, hash }
    }

    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // It was compressed here.
        GzDecoder::new(&*self.gzip).read_to_end(&mut text).ok();
        text
    }

    /// The document, compressed where the client takes that; nothing where it has it.
    fn answer(&self, headers: &HeaderMap) -> Result<Answer, Status> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let accept = header(ACCEPT);
        let takes_json =
            |range: &str| matches!(range.trim(), "" | "*/*" | "application/*" | "application/json");
        if !accept.split([',', ';']).any(takes_json) {
            return Err(Status::not_acceptable());
        }
        let tag = format!("\"{}\"", self.hash);
        if header(IF_NONE_MATCH) == tag {
            let mut answer = Answer::new(respond::whole(Bytes::new()));
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(answer);
        }
        let gzip = header(ACCEPT_ENCODING).split([',', ';']).any(|encoding| encoding.trim() == "gzip");
        let body = if gzip { self.gzip.clone() } else { self.text().into() };
        let mut answer = Answer::new(respond::whole(body));
        let headers = answer.headers_mut();
        if gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(group: &str) -> Value {
        serde_json::from_slice(&DOCUMENTS[&place(group)].text()).expect("it is JSON")
    }

    #[test]
    fn every_path_that_is_served_is_described_and_no_other() {
        let reviews = Review::ALL.map(|review| review.info().group);
        for group in Resource::ALL.map(|resource| resource.info().group).into_iter().chain(reviews) {
            let document = document(group);
            let paths: BTreeSet<&String> = document["paths"].as_object().unwrap().keys().collect();
            assert_eq!(paths, served(group).iter().collect(), "run openapi/extract");
        }
    }

    #[test]
    fn every_kind_has_its_schema_and_every_reference_leads_somewhere() {
        for resource in Resource::ALL {
            let info = resource.info();
            let document = document(info.group);
            let schemas = document["components"]["schemas"].as_object().unwrap();
            let of_kind = |schema: &&Value| {
                let kinds = schema["x-kubernetes-group-version-kind"].as_array();
                let is = |kind: &Value| kind["kind"] == info.kind && kind["group"] == info.group;
                kinds.is_some_and(|kinds| kinds.iter().any(is))
            };
            let schema =
                schemas.values().find(of_kind).unwrap_or_else(|| panic!("{} has no schema", info.kind));
            assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()));
            let text = document.to_string();
            let lost: Vec<&str> = references(&text).filter(|name| !schemas.contains_key(*name)).collect();
            assert_eq!(lost, Vec::<&str>::new());
        }
    }

    #[test]
    fn a_document_is_compressed_for_those_who_take_it_and_not_sent_twice() {
        let document = &DOCUMENTS["apis/apps/v1"];
        let asked = |pairs: &[(hyper::header::HeaderName, &str)]| {
            let pairs =
                pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
            document.answer(&pairs.collect())
        };
        let plain = asked(&[]).unwrap();
        let gzip = asked(&[(ACCEPT_ENCODING, "gzip"), (ACCEPT, "application/json")]).unwrap();
        assert_eq!(
            (plain.headers().get(CONTENT_ENCODING), &gzip.headers()[CONTENT_ENCODING]),
            (None, &"gzip".parse::<HeaderValue>().unwrap())
        );
        let known = gzip.headers()[ETAG].to_str().unwrap();
        assert_eq!(asked(&[(IF_NONE_MATCH, known)]).unwrap().status(), StatusCode::NOT_MODIFIED);
        let protobuf = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
        assert_eq!(asked(&[(ACCEPT, protobuf)]).unwrap_err().code, 406);
    }
}
