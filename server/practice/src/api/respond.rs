//! Answers.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use crate::status::Status;

/// The body of every answer: whole, or a watch that goes on.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;
/// Every answer.
pub(crate) type Answer = Response<Body>;

/// A whole body.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// JSON with a status. As a real API server's, it ends a line.
pub(super) fn json(code: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(whole(format!("{value}\n")));
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert("cache-control", HeaderValue::from_static("no-cache, private"));
    answer
}

/// JSON, 200.
pub(super) fn ok(value: &Value) -> Answer {
    json(StatusCode::OK, value)
}

/// Text, 200.
pub(super) fn text(text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(whole(text));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// A refusal.
pub(super) fn refusal(status: &Status) -> Answer {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = json(code, &status.to_value());
    if let Some(seconds) = status.details.as_ref().and_then(|d| d.retry_after) {
        answer.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    }
    answer
}

/// Adds warnings, which kubectl prints. Source: RFC 7234 section 5.5, as Kubernetes uses it.
pub(super) fn warn(answer: &mut Answer, warnings: &[String]) {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            answer.headers_mut().append("warning", value);
        }
    }
}
