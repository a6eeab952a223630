//! `OpenAPI` v2: the smallest document that is true. It describes no path and no kind: version 3 does (see `openapi`).
//!
//! kubectl still asks for it where version 3 has no answer: for a `List`, and for a kind that it does not find. What is
//! not in it, it does not check.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v2>, and `openapiv2/OpenAPIv2.proto` of
//! gnostic-models, whose `Document` the protobuf form is.

use hyper::header::{CONTENT_TYPE, HeaderValue, VARY};
use serde_json::json;

use super::discovery::GIT_VERSION;
use super::respond::{self, Answer};
use crate::status::Status;

const TITLE: &str = "Kubernetes (practice cluster, simulated)";
/// What is asked for; the second is what is answered to both, because the first is no valid media type.
const PROTOBUF: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
];

/// Answers `/openapi/v2` in the first form that is accepted.
///
/// # Errors
/// 406 where none is.
pub(super) fn answer(accept: &str) -> Result<Answer, Status> {
    let accept = if accept.trim().is_empty() { "*/*" } else { accept };
    let media = |range: &str| range.split(';').next().unwrap_or_default().trim().to_owned();
    let form = |range: &str| match media(range).as_str() {
        "*/*" | "application/*" | "application/json" => Some(as_json()),
        media if PROTOBUF.contains(&media) => Some(as_protobuf()),
        _ => None,
    };
    let mut answer = accept.split(',').find_map(form).ok_or_else(Status::not_acceptable)?;
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    Ok(answer)
}

fn as_json() -> Answer {
    respond::ok(&json!({
        "swagger": "2.0", "info": {"title": TITLE, "version": GIT_VERSION}, "paths": {}, "definitions": {},
    }))
}

fn as_protobuf() -> Answer {
    let info = [field(1, TITLE.as_bytes()), field(2, GIT_VERSION.as_bytes())].concat();
    // swagger, info, paths
    let document = [field(1, b"2.0"), field(2, &info), field(8, b"")].concat();
    let mut answer = Answer::new(respond::whole(document));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROTOBUF[1]));
    answer
}

/// A field that is a text or a message, of less than 128 bytes: its number and its length take a byte each.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    [&[number << 3 | 2, length], bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_can_be_made_is_answered() {
        let json = "application/json";
        for (accept, form) in [
            ("", Some(json)),
            ("*/*", Some(json)),
            ("application/json", Some(json)),
            ("text/html, application/*;q=0.5", Some(json)),
            (PROTOBUF[0], Some(PROTOBUF[1])),
            (PROTOBUF[1], Some(PROTOBUF[1])),
            ("application/json, application/com.github.proto-openapi.spec.v2@v1.0+protobuf", Some(json)),
            ("text/html", None),
        ] {
            let answered = answer(accept).map(|answer| answer.headers()[CONTENT_TYPE].clone());
            assert_eq!(answered.as_ref().ok().map(|media| media.to_str().unwrap()), form, "{accept}");
        }
    }

    #[test]
    fn lengths_fit_into_a_byte() {
        assert!(TITLE.len() + GIT_VERSION.len() + 4 < 128);
    }
}
