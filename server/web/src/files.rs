//! The files under `static/`, inside the executable: `GET /static/{path}`.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};

use crate::error::WebError;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../static");
/// Browsers ask again each time, and are told "not modified" while the server is the same: a new server's files are
/// seen at once.
const CACHING: &str = "no-cache";

/// One file.
pub(crate) async fn get(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, WebError> {
    let file = FILES.get_file(&path).ok_or(WebError::NotFound)?;
    let kind = content_type(&path).ok_or(WebError::NotFound)?;
    let tag = format!("\"{:016x}\"", fingerprint(file.contents()));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        let headers = [(header::CACHE_CONTROL, CACHING.to_owned()), (header::ETAG, tag)];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CACHE_CONTROL, CACHING.to_owned()),
        (header::ETAG, tag),
    ];
    Ok((headers, file.contents()).into_response())
}

/// Only what a page loads is served; notes and scripts beside the files are not.
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        _ => None,
    }
}

/// FNV-1a: tells versions of a file apart, and nothing depends on its strength.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
