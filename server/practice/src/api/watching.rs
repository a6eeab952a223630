//! Watches, as lines of JSON that go on.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accept::Form;
use super::query::Query;
use super::{Api, metrics, respond};
use crate::status::Status;
use crate::store::{Resource, Watch, WatchEvent};

/// How often a quiet watch is told the version it has seen.
const BOOKMARK_EVERY: Duration = Duration::from_secs(30);
/// How long a watch lasts that does not say; as a real API server, half an hour at least.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1800);
/// Marks the end of what was there when the watch began.
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// One open watch.
struct Stream {
    resource: Resource,
    form: Form,
    watch: Watch,
    pending: VecDeque<Value>,
    bookmarks: bool,
    next_bookmark: Instant,
    end: Instant,
    stop: CancellationToken,
    over: bool,
    _open: metrics::Open,
}

impl Api {
    /// Follows a resource.
    pub(super) fn watch(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        query: &Query,
        form: Form,
    ) -> Result<respond::Answer, Status> {
        let stream = self.open(resource, namespace, query, form)?;
        let body = stream::unfold(stream, |mut stream| async move {
            let line = stream.next_line().await?;
            Some((Ok::<_, Infallible>(Frame::data(line)), stream))
        });
        let mut answer = respond::Answer::new(StreamBody::new(body).boxed_unsync());
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer.headers_mut().insert("cache-control", HeaderValue::from_static("no-cache, private"));
        Ok(answer)
    }

    fn open(
        &self,
        resource: Resource,
        namespace: Option<&str>,
        query: &Query,
        form: Form,
    ) -> Result<Stream, Status> {
        let selector = query.selector(resource)?;
        let bookmarks = query.flag("allowWatchBookmarks");
        let from = query.version()?.unwrap_or(0);
        let list_too = query.flag("sendInitialEvents");
        let mut pending = VecDeque::new();
        // Version 0 or none: what is there first, as if it had just been made.
        let watch = if from == 0 || list_too {
            let (listed, watch) = self.store.list_and_watch(resource, namespace, &selector);
            pending.extend(listed.items.iter().map(|o| line("ADDED", form.object(resource, o))));
            if list_too && bookmarks {
                pending.push_back(bookmark(resource, form, listed.version, true));
            }
            watch
        } else {
            self.store.watch_from(resource, namespace, selector, from)?
        };
        let lasts = query.number("timeoutSeconds")?.map_or(DEFAULT_TIMEOUT, Duration::from_secs);
        let now = Instant::now();
        Ok(Stream {
            resource,
            form,
            watch,
            pending,
            bookmarks,
            next_bookmark: now + BOOKMARK_EVERY,
            end: now + lasts.min(DEFAULT_TIMEOUT),
            stop: self.stop.clone(),
            over: false,
            _open: self.watches.open(resource, namespace),
        })
    }
}

impl Stream {
    /// The next line; `None` when the watch is over.
    async fn next_line(&mut self) -> Option<Bytes> {
        if let Some(value) = self.pending.pop_front() {
            return Some(bytes(&value));
        }
        if self.over {
            return None;
        }
        let quiet = if self.bookmarks { self.next_bookmark.min(self.end) } else { self.end };
        let event = tokio::select! {
            event = self.watch.next() => event,
            () = tokio::time::sleep_until(quiet) => return self.quiet_line(),
            () = self.stop.cancelled() => return None,
        };
        Some(bytes(&match event {
            Ok(WatchEvent::Added(object)) => self.line("ADDED", &object),
            Ok(WatchEvent::Modified(object)) => self.line("MODIFIED", &object),
            Ok(WatchEvent::Deleted(object)) => self.line("DELETED", &object),
            Err(status) => {
                self.over = true;
                line("ERROR", status.to_value())
            }
        }))
    }

    fn line(&self, kind: &str, object: &Arc<Value>) -> Value {
        line(kind, self.form.object(self.resource, object))
    }

    /// Nothing happened for a while.
    fn quiet_line(&mut self) -> Option<Bytes> {
        let now = Instant::now();
        if now >= self.end {
            return None;
        }
        self.next_bookmark = now + BOOKMARK_EVERY;
        Some(bytes(&bookmark(self.resource, self.form, self.watch.version(), false)))
    }
}

fn line(kind: &str, object: Value) -> Value {
    let mut line = json!({"type": kind});
    line["object"] = object;
    line
}

fn bytes(value: &Value) -> Bytes {
    Bytes::from(format!("{value}\n"))
}

fn bookmark(resource: Resource, form: Form, version: u64, initial_end: bool) -> Value {
    let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
    if initial_end {
        metadata["annotations"] = json!({INITIAL_END: "true"});
    }
    let object = match form {
        Form::Object => {
            json!({"kind": resource.info().kind, "apiVersion": resource.api_version(), "metadata": metadata})
        }
        Form::Metadata => {
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
        }
        Form::Table(_) => json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": version.to_string()}, "columnDefinitions": [], "rows": [],
        }),
    };
    line("BOOKMARK", object)
}
