//! The lab's page, its stream's twin, and "as YAML": `GET /{lang}/labs/{lab}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use clusterip_domain::ids::LabId;
use clusterip_domain::lab::Lang;
use serde::Deserialize;

use crate::error::WebError;
use crate::http::{InLab, InLang, InRun};
use crate::pages::{self, ConsoleView, EditorView, LabPage, Said};
use crate::start_page;
use crate::state::AppState;
use crate::words::Words;

/// The path of a lab's page.
#[must_use]
pub(crate) fn path(lang: Lang, lab: &LabId) -> String {
    format!("/{}/labs/{lab}", lang.code())
}

/// The page; while the cluster is not ready, the start page in its place.
pub(crate) async fn get(
    State(state): State<AppState>,
    InLang(lang): InLang,
    named: Result<Path<Named>, PathRejection>,
    lab: Result<InLab, WebError>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let named = named.ok().and_then(|Path(named)| state.course.faults(&named.lab));
    if let Some((folder, errors)) = named {
        let page = pages::faults(lang, &folder, &errors, state.simulated);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response());
    }
    let InLab { lab, .. } = lab?;
    let Some(cluster) = state.cluster() else { return Ok(start_page::render(&state, lang)) };
    let run = cluster.runs.open(&lab)?;
    let document = asked.edit.and_then(|file| lab.offered(&file)).unwrap_or_default();
    let editor = EditorView { document, error: None };
    Ok(Html(render(&InRun { lang, run, cluster }, editor, None)).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Named {
    lab: LabId,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// A document of the lab to put in the editor, where no script can.
    edit: Option<String>,
}

/// Renders the page with what an act left behind.
pub(crate) fn render(at: &InRun, editor: EditorView<'_>, said: Option<Said>) -> String {
    let view = at.run.view();
    let typed = at.run.desk().transcript().all();
    let console = ConsoleView::of(at.lang, typed.iter().map(|entry| &**entry), at.cluster.kubectl.as_ref());
    let page = LabPage { lang: at.lang, source: &at.cluster.source, run: &view, editor, console, said };
    page.render()
}

#[derive(Deserialize)]
pub(crate) struct Shown {
    kind: String,
    name: String,
}

/// `GET /{lang}/labs/{lab}/yaml/{kind}/{name}`: a live object as YAML.
pub(crate) async fn yaml(at: InRun, Path(shown): Path<Shown>) -> Result<Response, WebError> {
    let kind = shown.kind.parse().map_err(|()| WebError::NotFound)?;
    let mut text = at.cluster.actions.yaml(&at.run.namespace, kind, &shown.name).await?;
    if at.cluster.source.simulated {
        text.insert_str(0, &format!("# {}\n", Words::of(at.lang).chrome.simulated_object));
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
