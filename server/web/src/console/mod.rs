//! The console under the picture: a line that a student types, run by the real kubectl with the student's credentials, or by a
//! tool in the client pod.
//!
//! ```text
//! line ──▶ read (domain) ──▶ Refusal, in words
//!             └▶ Program: kubectl with a bare environment · a tool in the client pod
//!                   └▶ pump: plain text, requests, end ──▶ NDJSON as it comes, or the page when it is over
//!                         └▶ transcript (the page) and record (the attempt)
//! ```
//!
//! Invariants: no shell reads a line; a program ends with whoever listens to it, or with its time; what it writes is
//! plain text and bounded.

mod calls;
mod desk;
mod program;
mod pump;
mod stream;
mod transcript;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use clusterip_cluster::manifest;
use clusterip_cluster::tenancy::access;
use clusterip_domain::console::{
    self, Bounds, Candidate, Command, Live, MAX_LINE_BYTES, OwnWord, Refusal, Span,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::acts::{self, Fields};
use crate::error::WebError;
use crate::http::{InRun, wants_json};
use crate::lab_page;
use crate::state::AppState;

pub(crate) use calls::{Call, Changed};
pub(crate) use desk::{Desk, HomeError};
pub(crate) use program::{Kubectl, StartError};
pub(crate) use transcript::{Channel, End, Entry};

use program::Program;
use transcript::Happening;

/// The largest form: a line and a manifest, percent-encoded at worst, and their names.
const MAX_FORM: usize = 3 * (manifest::MAX_BYTES + MAX_LINE_BYTES) + 1024;
/// How long a browser without a script waits for a line that watches.
const WATCHED_WITHOUT_SCRIPT: Duration = Duration::from_secs(5);
/// Where the console stands on the page.
const PANEL: &str = "#panel-console";

/// The console's addresses.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/{lang}/labs/{lab}/console", post(run))
        .route("/{lang}/labs/{lab}/console/complete", get(complete))
        .route("/{lang}/labs/{lab}/kubeconfig", get(kubeconfig))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// Why a line is not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsoleError {
    /// It is none that the console runs.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many lines of this run go on already.
    #[error("too many commands run already")]
    Busy,
    /// There are no credentials for it.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The program did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl ConsoleError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Busy => "console_busy",
            Self::Home(HomeError::Unguarded) => "not_guarded",
            Self::Home(_) => "no_credentials",
            Self::Start(StartError::NoKubectl) => "no_kubectl",
            Self::Start(StartError::Start(_)) => "kubectl_failed",
            Self::Start(StartError::Inside(_)) => "no_way_to_ask",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed {
    line: String,
    /// What stands in the editor, for `-f -`.
    #[serde(default)]
    document: String,
}

/// `POST /{lang}/labs/{lab}/console`: a line. A script hears what comes of it as it happens; a browser without one is
/// led back to the page when it is over.
async fn run(at: InRun, headers: HeaderMap, Fields(typed): Fields<Typed>) -> Response {
    let at = Arc::new(at);
    let begun = begin(&at, &typed).await;
    if let Err(error) = &begun {
        let attempt = at.run.view().progress.attempt();
        note(&at, attempt, typed.line.trim(), error.code(), Duration::ZERO).await;
    }
    match begun {
        Ok(Begun::Cleared) if wants_json(&headers) => Json(stream::Cleared::default()).into_response(),
        Ok(Begun::Runs(running)) if wants_json(&headers) => stream::response(at, *running),
        Ok(begun) => {
            begun.end().await;
            Redirect::to(&(lab_page::path(at.lang, &at.run.lab().id) + PANEL)).into_response()
        }
        Err(error) => acts::refuse(&at, &headers, &error.into(), ""),
    }
}

/// A line that was taken.
enum Begun {
    /// It runs.
    Runs(Box<Running>),
    /// The transcript was emptied.
    Cleared,
}

/// A line that runs: how it began, and what happens. Nobody to hear it any more ends it.
struct Running {
    entry: Entry,
    span: Span,
    happenings: UnboundedReceiver<Happening>,
    task: JoinHandle<()>,
}

impl Begun {
    /// Waits until it is over; for a while, where it watches.
    async fn end(self) {
        let Self::Runs(running) = self else { return };
        let Running { span, mut happenings, task, .. } = *running;
        let all = async { while happenings.recv().await.is_some() {} };
        match span {
            Span::Once => all.await,
            // A browser without a script sees what came so far.
            Span::Watch => drop(tokio::time::timeout(WATCHED_WITHOUT_SCRIPT, all).await),
        }
        drop(happenings);
        // Until it is in the transcript. A task that panicked has nothing to show.
        let _ = task.await;
    }
}

async fn begin(at: &Arc<InRun>, typed: &Typed) -> Result<Begun, ConsoleError> {
    let desk = at.run.desk();
    let line = typed.line.trim();
    let command = console::read(line, &Bounds { namespace: at.run.namespace.clone() })?;
    if command == Command::Own(OwnWord::Clear) {
        desk.transcript().clear();
        return Ok(Begun::Cleared);
    }
    let seat = desk.seat().ok_or(ConsoleError::Busy)?;
    // What is started over meanwhile is not this line's attempt.
    let (over, attempt) = (desk.over(), at.run.view().progress.attempt());
    let mut entry = desk.entry(line, command.place());
    let program = start(at, &command, &typed.document).await?;
    let (tell, happenings) = unbounded_channel();
    let (begun, span) = (entry.clone(), command.span());
    let at = Arc::clone(at);
    let task = tokio::spawn(async move {
        pump::follow(program, &mut entry, &tell, &over).await;
        note(&at, attempt, &entry.line, &outcome(&entry), entry.took).await;
        if !over.is_cancelled() {
            at.run.desk().transcript().keep(Arc::new(entry));
        }
        // Whoever hears that nothing more comes finds the whole of it in the transcript.
        drop((tell, seat));
    });
    Ok(Begun::Runs(Box::new(Running { entry: begun, span, happenings, task })))
}

async fn start(at: &InRun, command: &Command, document: &str) -> Result<Program, ConsoleError> {
    match command {
        Command::Kubectl(line) => {
            let kubectl = at.cluster.kubectl.as_ref().ok_or(StartError::NoKubectl)?;
            let home = at.run.desk().home(at).await?;
            Ok(program::kubectl(&kubectl.path, home, line, document)?)
        }
        Command::Client(line) => Ok(program::inside(&at.cluster.client, &at.run.namespace, line).await?),
        Command::Own(word) => Ok(Program::saying(words::own(at, *word))),
    }
}

/// How a line ended, as it is recorded.
fn outcome(entry: &Entry) -> String {
    match &entry.end {
        Some(End::Exit(code)) => format!("exit {code}"),
        Some(End::Stopped) => "stopped".to_owned(),
        Some(End::TooLong) => "too_long".to_owned(),
        Some(End::TooMuch) => "too_much".to_owned(),
        Some(End::Broken(_)) | None => "broken".to_owned(),
    }
}

/// Records a line with the attempt it belongs to. A record that fails is no reason to withhold what came of the line.
async fn note(at: &InRun, attempt: u32, line: &str, outcome: &str, took: Duration) {
    let line: String = line.chars().take(MAX_LINE_BYTES).collect();
    if let Err(error) = at.run.note_line(attempt, line, outcome.to_owned(), took).await {
        tracing::error!(%error, cause = ?std::error::Error::source(&error), "a line of the console is not recorded");
    }
}

#[derive(Deserialize)]
struct Cursor {
    line: String,
    /// In characters from 0.
    cursor: usize,
}

#[derive(Serialize)]
struct Completions {
    from: usize,
    to: usize,
    candidates: Vec<Candidate>,
}

/// `GET /{lang}/labs/{lab}/console/complete?line=…&cursor=…`: what may stand there.
async fn complete(at: InRun, Query(asked): Query<Cursor>) -> Response {
    let live = Live::from(&*at.run.view().snapshot);
    let found = console::complete(&asked.line, asked.cursor, &live);
    let (from, to) = (found.replaces.start, found.replaces.end);
    Json(Completions { from, to, candidates: found.candidates }).into_response()
}

/// `GET /{lang}/labs/{lab}/kubeconfig`: the student's own access, for another terminal.
async fn kubeconfig(at: InRun) -> Result<Response, WebError> {
    let credentials = desk::issue(&at).await.map_err(ConsoleError::from)?;
    let name = format!("attachment; filename=\"{}.kubeconfig\"", at.run.namespace);
    let headers =
        [(header::CONTENT_TYPE, "application/yaml".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, access::kubeconfig(&credentials, &at.run.namespace)).into_response())
}
