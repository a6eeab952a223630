//! Reading a request: its language, what kind of answer it wants, and what its path names.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE};
use axum::http::request::Parts;
use clusterip_domain::lab::{Lab, Lang};

use crate::error::WebError;
use crate::run::RunHandle;
use crate::startup::Cluster;
use crate::state::AppState;

/// The language of a path (`/it/…`), else the first of ours that the browser asks for, else English.
#[must_use]
pub(crate) fn language_of(path: &str, headers: &HeaderMap) -> Lang {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    first.parse().ok().unwrap_or_else(|| preferred(headers))
}

/// The first of our languages in `Accept-Language`. Weights are not read: browsers send them in falling order.
fn preferred(headers: &HeaderMap) -> Lang {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let tag = |part: &str| part.trim().split([';', '-']).next().unwrap_or_default().to_ascii_lowercase();
    asked.split(',').find_map(|part| tag(part).parse().ok()).unwrap_or_default()
}

/// Whether a script asked: it accepts JSON and does not ask for HTML.
#[must_use]
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accept.contains("json") && !accept.contains("text/html")
}

/// `/{lang}/…`
pub(crate) struct InLang(pub Lang);

impl FromRequestParts<AppState> for InLang {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let lang = param(parts, state, "lang").await?.parse().map_err(|()| WebError::NotFound)?;
        Ok(Self(lang))
    }
}

/// `/{lang}/labs/{lab}/…`
pub(crate) struct InLab {
    /// The language of the path.
    pub lang: Lang,
    /// The lab of the path.
    pub lab: Arc<Lab>,
}

impl FromRequestParts<AppState> for InLab {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let InLang(lang) = InLang::from_request_parts(parts, state).await?;
        let id = param(parts, state, "lab").await?.parse().map_err(|_| WebError::NotFound)?;
        let lab = state.course.lab(&id).ok_or(WebError::NotFound)?;
        Ok(Self { lang, lab })
    }
}

/// The run of the lab in the path, on a cluster that answers.
pub(crate) struct InRun {
    /// The language of the path.
    pub lang: Lang,
    /// The run.
    pub run: Arc<RunHandle>,
    /// Its cluster.
    pub cluster: Arc<Cluster>,
}

impl FromRequestParts<AppState> for InRun {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let InLab { lang, lab } = InLab::from_request_parts(parts, state).await?;
        let cluster = state.cluster().ok_or(WebError::NotReady)?;
        let run = cluster.runs.open(&lab)?;
        Ok(Self { lang, run, cluster })
    }
}

async fn param(parts: &mut Parts, state: &AppState, name: &str) -> Result<String, WebError> {
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| WebError::NotFound)?;
    let found = params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    found.ok_or(WebError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_decides_the_language_and_then_the_browser() {
        let headers = |value: &str| HeaderMap::from_iter([(ACCEPT_LANGUAGE, value.parse().unwrap())]);
        for (path, accept, lang) in [
            ("/it/labs/x", "en", Lang::It),
            ("/", "it-IT,it;q=0.9,en;q=0.8", Lang::It),
            ("/", "de,en;q=0.8,it;q=0.5", Lang::En),
            ("/", "", Lang::En),
            ("/static/x", "IT", Lang::It),
        ] {
            assert_eq!(language_of(path, &headers(accept)), lang, "{path} {accept}");
        }
    }
}
