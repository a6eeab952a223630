//! What comes of a line as a script hears it: NDJSON, one object a line.
//!
//! ```text
//! {"is":"began","number":7,"line":"…","where":"in pod client"}
//! {"is":"wrote","channel":"out","text":"…"} · {"is":"called","call":{…}} · {"is":"ended","end":{…},"changed":[…]}
//! {"is":"shown","html":"…"}          the entry as the page has it, in place of what was put together meanwhile
//! ```

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use super::Running;
use crate::http::InRun;
use crate::pages;

/// The answer to `clear`.
#[derive(Default, Serialize)]
#[serde(tag = "is", rename = "cleared")]
pub(super) struct Cleared {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "is")]
enum Told<'a> {
    Began {
        number: u64,
        line: &'a str,
        #[serde(rename = "where")]
        place: String,
    },
    Shown {
        html: String,
    },
}

/// Where a stream is.
enum State {
    Begins(Running),
    Runs(Running),
    Over,
}

/// Tells all of it. When the browser goes, this is dropped, and the line ends.
pub(super) fn response(at: Arc<InRun>, running: Running) -> Response {
    let lines = stream::unfold((at, State::Begins(running)), |(at, state)| async move {
        let (line, next) = next(&at, state).await?;
        Some((Ok::<Bytes, Infallible>(line), (at, next)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(lines)).into_response()
}

async fn next(at: &InRun, state: State) -> Option<(Bytes, State)> {
    match state {
        State::Begins(running) => {
            let place = pages::place(at.lang, &running.entry.place);
            let began = Told::Began { number: running.entry.number, line: &running.entry.line, place };
            Some((line(&began), State::Runs(running)))
        }
        State::Runs(mut running) => match running.happenings.recv().await {
            Some(happening) => Some((line(&happening), State::Runs(running))),
            None => {
                let entry = at.run.desk().transcript().find(running.entry.number)?;
                let html = pages::console_entry(at.lang, &entry);
                Some((line(&Told::Shown { html }), State::Over))
            }
        },
        State::Over => None,
    }
}

fn line(told: &impl Serialize) -> Bytes {
    // Structs of numbers and strings always serialise.
    let mut bytes = serde_json::to_vec(told).unwrap_or_default();
    bytes.push(b'\n');
    bytes.into()
}
