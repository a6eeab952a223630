//! Every address of the server, and the layers around them.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::trace::TraceLayer;

use crate::error::{self, WebError};
use crate::state::AppState;
use crate::{acts, console, events, files, lab_page, security, start_page};

/// Builds the router. The fallbacks are added before the layers, so that they go through them too.
pub fn build_router(state: AppState) -> Router {
    Router::new()
        .route("/", get(start_page::root))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/static/{*path}", get(files::get))
        .route("/{lang}", get(start_page::home))
        .route("/{lang}/startup/events", get(start_page::events))
        .route("/{lang}/startup/retry", post(start_page::retry))
        .route("/{lang}/labs/{lab}", get(lab_page::get))
        .route("/{lang}/labs/{lab}/events", get(events::get))
        .route("/{lang}/labs/{lab}/yaml/{kind}/{name}", get(lab_page::yaml))
        .merge(acts::router())
        .merge(console::router())
        .fallback(|| async { WebError::NotFound })
        .method_not_allowed_fallback(|| async { WebError::MethodNotAllowed })
        .layer(
            CsrfLayer::new()
                .with_rejection_response(|_: ProtectionError| WebError::CrossSite.into_response()),
        )
        .layer(from_fn(security::only_our_pages))
        .layer(from_fn_with_state(state.clone(), security::only_our_hosts))
        .layer(from_fn_with_state(state.clone(), error::answer))
        .layer(from_fn_with_state(state.clone(), security::headers))
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}
