//! What a student does with a button, a form or the editor: `POST /{lang}/labs/{lab}/act/{name}`.
//!
//! Forms work without JavaScript: then a success leads back to the lab's page, and a failure is told on it, with
//! what was in the editor still there. A script asks for JSON and gets `{"said": "…"}` or a problem document.

mod form;
mod learn;
pub(crate) mod perform;
pub(crate) mod probe;
mod words;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Json, Router};
use clusterip_cluster::manifest;
use clusterip_domain::lab::Localized;
use serde::Serialize;

use crate::error::{WebError, document as problem_document};
use crate::http::{InRun, wants_json};
use crate::lab_page;
use crate::pages::{EditorView, Said};
use crate::state::AppState;
pub(crate) use form::Fields;
use form::{Apply, ApplyDocument, DeleteService, KillPod, RolloutRestart, Scale, Send, SetImage};

/// The largest form: a manifest, percent-encoded at worst, and its field names.
const MAX_FORM: usize = 3 * manifest::MAX_BYTES + 1024;

/// What an act came to: a sentence in both languages.
pub(crate) type Told = Result<Localized<String>, WebError>;

/// The routes of all acts.
pub(crate) fn router() -> Router<AppState> {
    let act = |name: &str| format!("/{{lang}}/labs/{{lab}}/act/{name}");
    Router::new()
        .route(&act("apply"), post(apply))
        .route(&act("apply-document"), post(apply_document))
        .route(&act("note-ips"), post(note_ips))
        .route(&act("send"), post(send))
        .route(&act("stop"), post(stop))
        .route(&act("kill-pod"), post(kill_pod))
        .route(&act("scale"), post(scale))
        .route(&act("set-image"), post(set_image))
        .route(&act("rollout-restart"), post(rollout_restart))
        .route(&act("delete-service"), post(delete_service))
        .route(&act("predict"), post(learn::predict))
        .route(&act("hint"), post(learn::hint))
        .route(&act("show"), post(learn::show))
        .route(&act("probe"), post(probe::probe))
        .route(&act("diagnose"), post(probe::diagnose))
        .route(&act("reset"), post(reset))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(to_the_end))
}

/// An act that was begun is done whole, even if the browser that asked for it has gone: half a start over would leave
/// the lab without its beginning.
async fn to_the_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        // Nobody cancels it: it panicked, and goes on doing so where it would have without this.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn apply(at: InRun, headers: HeaderMap, Fields(form): Fields<Apply>) -> Response {
    let told = perform::apply(&at, &form.yaml).await;
    tell(&at, &headers, told, &form.yaml)
}

async fn apply_document(at: InRun, headers: HeaderMap, Fields(form): Fields<ApplyDocument>) -> Response {
    let told = perform::apply_document(&at, &form.file).await;
    tell(&at, &headers, told, "")
}

async fn note_ips(at: InRun, headers: HeaderMap) -> Response {
    let told = perform::note_ips(&at).await;
    tell(&at, &headers, told, "")
}

async fn send(at: InRun, headers: HeaderMap, Fields(form): Fields<Send>) -> Response {
    let told = perform::send(&at, form).await;
    tell(&at, &headers, told, "")
}

async fn stop(at: InRun, headers: HeaderMap) -> Response {
    let told = perform::stop(&at).await;
    tell(&at, &headers, told, "")
}

async fn kill_pod(at: InRun, headers: HeaderMap, Fields(form): Fields<KillPod>) -> Response {
    let told = perform::kill_pod(&at, form.pod, form.deployment).await;
    tell(&at, &headers, told, "")
}

async fn scale(at: InRun, headers: HeaderMap, Fields(form): Fields<Scale>) -> Response {
    let told = perform::scale(&at, &form.deployment, form.replicas).await;
    tell(&at, &headers, told, "")
}

async fn set_image(at: InRun, headers: HeaderMap, Fields(form): Fields<SetImage>) -> Response {
    let told = perform::set_image(&at, &form.deployment, &form.image).await;
    tell(&at, &headers, told, "")
}

async fn rollout_restart(at: InRun, headers: HeaderMap, Fields(form): Fields<RolloutRestart>) -> Response {
    let told = perform::rollout_restart(&at, &form.deployment).await;
    tell(&at, &headers, told, "")
}

async fn delete_service(at: InRun, headers: HeaderMap, Fields(form): Fields<DeleteService>) -> Response {
    let told = perform::delete_service(&at, &form.name).await;
    tell(&at, &headers, told, "")
}

async fn reset(at: InRun, headers: HeaderMap) -> Response {
    let told = perform::reset(&at).await;
    tell(&at, &headers, told, "")
}

#[derive(Serialize)]
struct Outcome {
    said: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
}

/// As [`tell`], for an act whose outcome is shown in a panel: a browser without a script is led there.
fn tell_at(at: &InRun, headers: &HeaderMap, told: Told, panel: &str) -> Response {
    match told {
        Ok(_) if !wants_json(headers) => {
            Redirect::to(&(lab_page::path(at.lang, &at.run.lab().id) + panel)).into_response()
        }
        told => tell(at, headers, told, ""),
    }
}

fn tell(at: &InRun, headers: &HeaderMap, told: Told, document: &str) -> Response {
    let simulated = at.cluster.source.simulated;
    match (told, wants_json(headers)) {
        (Ok(said), true) => Json(Outcome { said: said.get(at.lang).clone(), simulated }).into_response(),
        (Ok(_), false) => Redirect::to(&lab_page::path(at.lang, &at.run.id)).into_response(),
        (Err(error), _) => refuse(at, headers, &error, document),
    }
}

/// Says why something was not done: to a script as a problem document, to a person on the lab's page, with what was in
/// the editor still there.
pub(crate) fn refuse(at: &InRun, headers: &HeaderMap, error: &WebError, document: &str) -> Response {
    error.log();
    if wants_json(headers) {
        return problem_document(error, at.lang, at.cluster.source.simulated);
    }
    let problem = error.problem(at.lang);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let in_editor = (!document.is_empty()).then(|| problem.clone());
    let page = lab_page::render(at, EditorView { document, error: in_editor }, Some(Said::Problem(problem)));
    (status, Html(page)).into_response()
}
