//! The live stream of a run: `GET /{lang}/labs/{lab}/events`, server-sent events.
//!
//! The bytes of each event are made once, by the run's hub; here they are only passed on. The stream ends, with a
//! `bye`, when the server stops, so that no open page holds up its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use clusterip_domain::lab::Lang;
use futures_util::stream;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::error::WebError;
use crate::http::InRun;
use crate::run::{Frame, RunHandle, event};
use crate::state::AppState;

/// A comment is sent when nothing else was for so long, so that a viewer that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The most windows that look at one run.
const MAX_VIEWERS: usize = 200;

struct Stream {
    run: Arc<RunHandle>,
    lang: Lang,
    first: Option<Bytes>,
    frames: Receiver<Frame>,
    stop: CancellationToken,
    ended: bool,
}

/// Follows a run.
pub(crate) async fn get(
    State(state): State<AppState>,
    InRun { lang, run, .. }: InRun,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    if run.viewers() >= MAX_VIEWERS {
        return Err(WebError::TooManyViewers);
    }
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let viewer = run.join(lang, last);
    let stream = Stream {
        run,
        lang,
        first: Some(viewer.first),
        frames: viewer.frames,
        stop: state.stop,
        ended: false,
    };
    Ok(response(Body::from_stream(stream::unfold(stream, |mut stream| async move {
        stream.next().await.map(|bytes| (Ok::<Bytes, Infallible>(bytes), stream))
    }))))
}

impl Stream {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.ended {
            return None;
        }
        tokio::select! {
            () = self.stop.cancelled() => {
                self.ended = true;
                Some(event("bye", &""))
            }
            frame = self.frames.recv() => match frame {
                Ok(frame) => Some(frame.into_bytes()),
                // Too slow: what it missed is in the whole picture.
                Err(RecvError::Lagged(_)) => {
                    // What is still waiting is older than that picture.
                    self.frames = self.frames.resubscribe();
                    Some(self.run.whole(self.lang))
                }
                Err(RecvError::Closed) => None,
            },
            () = tokio::time::sleep(KEEP_ALIVE) => Some(Bytes::from_static(b": still here\n\n")),
        }
    }
}

/// A response that is a stream of events and is not to be stored or held back on its way.
pub(crate) fn response(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, body).into_response()
}
