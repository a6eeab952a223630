//! One error for every handler: a status, a stable code, what happened, and what to do.
//!
//! ```text
//! handler ─ WebError ─▶ response extension ─▶ `answer` (a middleware) ─▶ HTML page or problem+json
//! ```
//!
//! Invariants: a 500's body never says why; its cause is logged once. Whether a person or a script asked is decided
//! in one place.

mod words;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use clusterip_cluster::actions::ActError;
use clusterip_cluster::tenancy::TenancyError;
use clusterip_cluster::traffic::TrafficError;
use clusterip_domain::ids::InvalidName;
use clusterip_domain::lab::Lang;
use clusterip_domain::traffic::LoadOutOfBounds;
use serde::Serialize;

use crate::console::{ConsoleError, StartError};
use crate::http::{language_of, wants_json};
use crate::pages::{ErrorPage, ProblemView};
use crate::run::{AimError, GroundError, RunOver};
use crate::state::AppState;

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    /// No such page, lab, step, answer or object kind.
    #[error("there is nothing at this address")]
    NotFound,
    /// The address exists, but not for this method.
    #[error("this address does not take this method")]
    MethodNotAllowed,
    /// The `Host` header is not one of ours.
    #[error("this server does not answer to the host {0:?}")]
    ForeignHost(String),
    /// A form that another site sent.
    #[error("this form came from another site")]
    CrossSite,
    /// A form that is not as it should be.
    #[error("{0}")]
    BadForm(String),
    /// A prediction that was answered, or a hint or a move of a step that is not open or has none any more.
    #[error("this step does not ask, hint or show that now")]
    TooLate,
    /// What was asked for was not seen in time.
    #[error("what was asked for is not seen yet")]
    NotSeen,
    /// A body that is too large.
    #[error("the request is too large")]
    TooLarge,
    /// Too many viewers of one run.
    #[error("too many windows look at this run")]
    TooManyViewers,
    /// The cluster does not answer yet.
    #[error("the cluster is not ready yet")]
    NotReady,
    /// The server is stopping.
    #[error(transparent)]
    Stopping(#[from] RunOver),
    /// A name that is none.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// An order without an address.
    #[error(transparent)]
    Aim(#[from] AimError),
    /// A load out of its bounds.
    #[error(transparent)]
    Load(#[from] LoadOutOfBounds),
    /// Another question to the network is under way.
    #[error("another question to the network is under way")]
    Asking,
    /// There is no way to the pod that asks.
    #[error(transparent)]
    Probe(#[from] TrafficError),
    /// What a lab stands on could not be made anew.
    #[error(transparent)]
    Ground(#[from] TenancyError),
    /// An act that failed.
    #[error(transparent)]
    Act(#[from] ActError),
    /// A line of the console that was not run.
    #[error(transparent)]
    Console(#[from] ConsoleError),
}

impl From<GroundError> for WebError {
    fn from(error: GroundError) -> Self {
        match error {
            GroundError::Tenancy(error) => Self::Ground(error),
            GroundError::Setup(error) => Self::Act(error),
        }
    }
}

impl WebError {
    /// The stable code.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::TooLate => "too_late",
            Self::NotSeen => "not_seen",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::ForeignHost(_) => "foreign_host",
            Self::CrossSite => "cross_site",
            Self::BadForm(_) => "bad_form",
            Self::TooLarge => "too_large",
            Self::TooManyViewers => "too_many_viewers",
            Self::NotReady => "not_ready",
            Self::Stopping(_) => "stopping",
            Self::InvalidName(_) => "invalid_name",
            Self::Aim(AimError::Preparing) => "preparing",
            Self::Aim(AimError::NoReadyPod) => "no_ready_pod",
            Self::Aim(AimError::NoService(_)) => "no_service",
            Self::Aim(AimError::NoVirtualIp(_)) => "no_virtual_ip",
            Self::Aim(AimError::NoPort(_)) => "no_port",
            Self::Aim(AimError::NotFromThere) => "not_from_there",
            Self::Asking => "asking",
            Self::Probe(_) => "no_way_to_ask",
            Self::Load(_) => "load_out_of_bounds",
            Self::Ground(_) => "not_prepared",
            Self::Act(error) => error.code(),
            Self::Console(error) => error.code(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLate => StatusCode::CONFLICT,
            Self::NotSeen => StatusCode::GATEWAY_TIMEOUT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ForeignHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::BadForm(_) | Self::InvalidName(_) | Self::Load(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyViewers => StatusCode::TOO_MANY_REQUESTS,
            Self::NotReady | Self::Stopping(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Aim(_) | Self::Asking => StatusCode::CONFLICT,
            Self::Probe(_) | Self::Ground(_) => StatusCode::BAD_GATEWAY,
            Self::Act(ActError::Unreachable { .. }) => StatusCode::BAD_GATEWAY,
            Self::Act(ActError::Api { status, .. }) => match status.code {
                403 => StatusCode::FORBIDDEN,
                404 => StatusCode::NOT_FOUND,
                409 => StatusCode::CONFLICT,
                500.. => StatusCode::BAD_GATEWAY,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Self::Console(ConsoleError::Busy) => StatusCode::CONFLICT,
            Self::Console(ConsoleError::Home(_) | ConsoleError::Start(StartError::Inside(_))) => {
                StatusCode::BAD_GATEWAY
            }
            Self::Console(ConsoleError::Start(StartError::Start(_))) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Act(_) | Self::Console(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// Logs what is not the fault of whoever asked, with its cause.
    pub(crate) fn log(&self) {
        if self.status().is_server_error() {
            tracing::warn!(code = self.code(), error = %self, source = ?std::error::Error::source(self), "request failed");
        }
    }

    /// What a person is told, in that language.
    #[must_use]
    pub(crate) fn problem(&self, lang: Lang) -> ProblemView {
        let (title, cure) = match self {
            // The codes of lines are the reader's own; what to do is in its sentence.
            Self::Console(ConsoleError::Refused(_)) => (words::LINE_REFUSED, None),
            other => words::of(other.code()),
        };
        let detail = match self {
            // The API server's words, as they are.
            Self::Act(ActError::Api { status, .. }) => status.message.clone(),
            Self::Console(ConsoleError::Refused(refusal)) => refusal.says().get(lang).clone(),
            other => other.to_string(),
        };
        ProblemView {
            status: self.status().as_u16(),
            code: self.code().to_owned(),
            title: (*title.get(lang)).to_owned(),
            detail,
            cure: cure.map(|c| (*c.get(lang)).to_owned()),
            line: match self {
                Self::Act(error) => error.line(),
                _ => None,
            },
        }
    }
}

/// An error on its way to [`answer`].
#[derive(Clone)]
struct Pending(std::sync::Arc<WebError>);

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Pending(std::sync::Arc::new(self)));
        response
    }
}

/// The outermost layer: words an error for whoever asked.
pub(crate) async fn answer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let lang = language_of(request.uri().path(), request.headers());
    let json = wants_json(request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Pending>() {
        Some(Pending(error)) if json => document(&error, lang, state.simulated),
        Some(Pending(error)) => {
            let page = ErrorPage { lang, problem: &error.problem(lang), simulated: state.simulated };
            (error.status(), Html(page.render())).into_response()
        }
        None => response,
    }
}

/// An error as a problem document (RFC 9457).
#[must_use]
pub(crate) fn document(error: &WebError, lang: Lang, simulated: bool) -> Response {
    let problem = error.problem(lang);
    let body = serde_json::to_vec(&ProblemDocument::of(&problem, simulated)).unwrap_or_default();
    (error.status(), [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

/// Source: <https://www.rfc-editor.org/rfc/rfc9457>. `type` is absent, which means `about:blank`.
#[derive(Serialize)]
struct ProblemDocument<'a> {
    status: u16,
    code: &'a str,
    title: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
}

impl<'a> ProblemDocument<'a> {
    fn of(problem: &'a ProblemView, simulated: bool) -> Self {
        Self {
            simulated,
            status: problem.status,
            code: &problem.code,
            title: &problem.title,
            detail: &problem.detail,
            cure: problem.cure.as_deref(),
            line: problem.line,
        }
    }
}
