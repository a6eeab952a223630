//! The start page and its stream: what is being done until the cluster answers.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use futures_util::stream;

use clusterip_domain::lab::Lang;

use crate::http::{InLang, language_of};
use crate::lab_page;
use crate::pages::{self, LabCard, StartupPage};
use crate::run::event;
use crate::startup::{Outcome, Startup};
use crate::state::AppState;

/// How long a new try may take to begin.
const BEGINS_WITHIN: Duration = Duration::from_secs(2);

/// `GET /`: to the browser's language.
pub(crate) async fn root(headers: HeaderMap) -> Redirect {
    Redirect::to(&format!("/{}", language_of("/", &headers).code()))
}

/// `GET /{lang}`: the list of labs, or the start page.
pub(crate) async fn home(State(state): State<AppState>, InLang(lang): InLang) -> Response {
    let Some(cluster) = state.cluster() else { return render(&state, lang) };
    let reading = state.course.now();
    let cards: Vec<LabCard<'_>> =
        reading.labs.iter().map(|lab| LabCard { lab, done: cluster.runs.done(&lab.id) }).collect();
    Html(pages::home(lang, &cluster.source, &cards, &reading.faults)).into_response()
}

/// The start page, which is not yet what was asked for: 503 with a hint when to ask again.
pub(crate) fn render(state: &AppState, lang: Lang) -> Response {
    let stages = state.startup.borrow().views(lang);
    let page = StartupPage { lang, stages: &stages, simulated: state.simulated }.render();
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], Html(page)).into_response()
}

/// `POST /{lang}/startup/retry`: try again after a failure. Answers when the new try has begun, so that the page it
/// leads to shows that one and not the failure before it.
pub(crate) async fn retry(State(state): State<AppState>, InLang(lang): InLang) -> Redirect {
    let failed = |startup: &Startup| matches!(startup.outcome, Outcome::Failed(_));
    let mut startup = state.startup.clone();
    if failed(&startup.borrow_and_update()) {
        state.retry.notify_one();
        // If it takes longer, or the server stops, the page says so itself.
        let _ = tokio::time::timeout(BEGINS_WITHIN, startup.wait_for(|s| !failed(s))).await;
    }
    Redirect::to(&format!("/{}", lang.code()))
}

/// `GET /{lang}/startup/events`: the stages as they go, then where to go.
pub(crate) async fn events(State(state): State<AppState>, InLang(lang): InLang) -> Response {
    let mut startup = state.startup.clone();
    startup.mark_changed();
    let next = move |(mut startup, state): (tokio::sync::watch::Receiver<_>, AppState)| async move {
        let changed = state.stop.run_until_cancelled(startup.changed()).await?;
        changed.ok()?;
        let bytes = frame(&startup.borrow_and_update(), &state, lang);
        Some((Ok::<Bytes, Infallible>(bytes), (startup, state)))
    };
    crate::events::response(Body::from_stream(stream::unfold((startup, state), next)))
}

fn frame(startup: &Startup, state: &AppState, lang: Lang) -> Bytes {
    if matches!(startup.outcome, Outcome::Ready(_)) {
        let labs = state.course.labs();
        let to =
            labs.first().map_or_else(|| format!("/{}", lang.code()), |lab| lab_page::path(lang, &lab.id));
        return event("ready", &to);
    }
    let html = pages::stages(lang, &startup.views(lang));
    event("fragment", &serde_json::json!({"id": "stages", "html": html}))
}
