//! What every request must have, and what every response says.
//!
//! Students are untrusted, and so is every other page that is open in their browser.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::WebError;
use crate::state::AppState;

/// Nothing is loaded that is not ours, and nothing runs or is styled inline; no page may frame ours.
/// - `default-src 'none'`: what is not named below is refused.
/// - `img-src data:`: the small pictures inside our own style sheets.
/// - `form-action 'self'`: a form cannot be led elsewhere, not even through markup that got in.
/// - `base-uri 'none'`: relative addresses stay ours.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Refuses a `Host` that is not ours: a name that was pointed at this address (DNS rebinding).
pub(crate) async fn only_our_hosts(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let uri_host = request.uri().authority().map(|a| a.as_str());
    let host =
        request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).or(uri_host).unwrap_or_default();
    if state.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)) {
        next.run(request).await
    } else {
        WebError::ForeignHost(host.chars().take(80).collect()).into_response()
    }
}

/// Refuses what a page of another site loads from us, forms or not: to open a lab makes its namespace, so only a person
/// who follows a link may do so from elsewhere. Browsers say what a request is for; a script outside a browser does not,
/// and is not led by another site.
/// Source: <https://www.w3.org/TR/fetch-metadata/>.
pub(crate) async fn only_our_pages(request: Request, next: Next) -> Response {
    if led_by_another_site(&request) { WebError::CrossSite.into_response() } else { next.run(request).await }
}

fn led_by_another_site(request: &Request) -> bool {
    let says = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let ours = matches!(says("sec-fetch-site"), None | Some("same-origin" | "none"));
    let followed = request.method() == Method::GET && says("sec-fetch-dest") == Some("document");
    !ours && !followed
}

/// Marks what comes of a simulated cluster, whatever its form.
const SIMULATED: HeaderName = HeaderName::from_static("x-practice-cluster");

/// Puts the headers on every response.
pub(crate) async fn headers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if state.simulated {
        headers.insert(SIMULATED, HeaderValue::from_static("simulated"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
