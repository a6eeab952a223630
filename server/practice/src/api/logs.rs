//! `kubectl logs`.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod>.

use std::convert::Infallible;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Api;
use super::query::Query;
use super::respond::{self, Answer};
use crate::kubelet::{Log, LogLine, Progress};
use crate::status::Status;
use crate::store::{Resource, object};

/// Which lines are wanted, and how.
#[derive(Debug, Clone, Default)]
struct Wanted {
    tail: Option<usize>,
    since: Option<Timestamp>,
    timestamps: bool,
    /// How many bytes more.
    left: Option<usize>,
}

/// A log that is being followed.
struct Following {
    /// Weak, so that it ends with its container.
    log: Weak<Log>,
    progress: watch::Receiver<Progress>,
    seen: u64,
    wanted: Wanted,
    first: Option<Bytes>,
    stop: CancellationToken,
}

impl Api {
    /// The log of a container, or its going on.
    pub(super) fn logs(&self, query: &Query, namespace: &str, name: &str) -> Result<Answer, Status> {
        let pod = self.store.get(Resource::Pods, namespace, name)?;
        let container = container(&pod, query.get("container"))?;
        let previous = query.flag("previous");
        let log = self.kubelet.log(namespace, name, &container, previous);
        let log = log.ok_or_else(|| missing(&pod, &container, previous))?;
        let mut wanted = Wanted::read(query)?;
        let mut following = Following::new(&log, self.stop.clone());
        let (lines, progress) = log.read();
        let text = wanted.text(&lines);
        if !query.flag("follow") {
            return Ok(plain(respond::whole(text)));
        }
        following.seen = progress.written;
        following.wanted = Wanted { tail: None, ..wanted };
        following.first = Some(Bytes::from(text));
        let body = following.stream().map(|text| Ok::<_, Infallible>(Frame::data(text)));
        Ok(plain(StreamBody::new(body).boxed_unsync()))
    }
}

/// What is written to a log from now on, until its process ends; all of it, if that has ended.
pub(super) fn from_now(log: &Arc<Log>, stop: CancellationToken) -> impl Stream<Item = Bytes> + use<> {
    Following::new(log, stop).stream()
}

fn plain(body: respond::Body) -> Answer {
    let mut answer = Answer::new(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer
}

impl Following {
    /// Of everything that is written from now on.
    fn new(log: &Arc<Log>, stop: CancellationToken) -> Self {
        let progress = log.follow();
        let now = *progress.borrow();
        let seen = if now.over { 0 } else { now.written };
        let wanted = Wanted::default();
        Self { log: Arc::downgrade(log), progress, seen, wanted, first: None, stop }
    }

    fn stream(self) -> impl Stream<Item = Bytes> {
        stream::unfold(self, |mut following| async move {
            let text = following.next().await?;
            Some((text, following))
        })
    }

    /// What came since; `None` when no more will come.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Some(first);
        }
        loop {
            self.progress.borrow_and_update();
            let (lines, progress) = self.log.upgrade()?.read();
            let new = usize::try_from(progress.written - self.seen).unwrap_or(usize::MAX);
            self.seen = progress.written;
            let text = self.wanted.text(&lines[lines.len().saturating_sub(new)..]);
            if !text.is_empty() {
                return Some(Bytes::from(text));
            }
            if progress.over || self.wanted.left == Some(0) {
                return None;
            }
            tokio::select! {
                changed = self.progress.changed() => changed.ok()?,
                () = self.stop.cancelled() => return None,
            }
        }
    }
}

impl Wanted {
    fn read(query: &Query) -> Result<Self, Status> {
        let seconds = query.number("sinceSeconds")?.and_then(|seconds| i64::try_from(seconds).ok());
        let since = match seconds {
            Some(seconds) => Timestamp::now().checked_sub(SignedDuration::from_secs(seconds)).ok(),
            None => query.get("sinceTime").parse().ok(),
        };
        // kubectl sends -1 for all.
        let tail = query.get("tailLines").parse().ok();
        let left = query.number("limitBytes")?.and_then(|bytes| usize::try_from(bytes).ok());
        Ok(Self { tail, since, timestamps: query.flag("timestamps"), left })
    }

    /// The wanted of these lines.
    fn text(&mut self, lines: &[LogLine]) -> String {
        let from = self.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        let mut text = String::new();
        for line in lines[from..].iter().filter(|line| self.since.is_none_or(|since| line.at >= since)) {
            if self.timestamps {
                text.push_str(&line.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string());
            }
            text.push_str(&line.text);
            text.push('\n');
        }
        if let Some(left) = &mut self.left {
            text.truncate(text.floor_char_boundary(*left));
            *left -= text.len();
        }
        text
    }
}

/// The container that is meant: the one that is named, or the pod's only one.
pub(super) fn container(pod: &Value, named: &str) -> Result<String, Status> {
    let containers = pod["spec"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
    let names: Vec<&str> = containers.iter().filter_map(|c| c["name"].as_str()).collect();
    let name = object::name(pod);
    match (named, &names[..]) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", _) => Err(Status::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            names.join(" ")
        ))),
        _ if names.contains(&named) => Ok(named.to_owned()),
        _ => Err(Status::bad_request(format!("container {named} is not valid for pod {name}"))),
    }
}

/// Why there is no log.
fn missing(pod: &Value, container: &str, previous: bool) -> Status {
    let name = object::name(pod);
    if previous {
        return Status::bad_request(format!(
            "previous terminated container \"{container}\" in pod \"{name}\" not found"
        ));
    }
    let statuses = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    let status = statuses.into_iter().find(|status| status["name"] == container);
    let waiting = status.and_then(|status| status["state"]["waiting"]["reason"].as_str());
    let reason = match waiting {
        Some("ErrImagePull" | "ImagePullBackOff") => "trying and failing to pull image",
        Some(reason) => reason,
        None => "ContainerCreating",
    };
    Status::bad_request(format!("container \"{container}\" in pod \"{name}\" is waiting to start: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_last_lines_are_told_with_their_times_if_asked() {
        let line = |text: &str| LogLine { at: Timestamp::UNIX_EPOCH, text: text.into() };
        let lines = [line("a"), line("b")];
        let wanted = |query| Wanted::read(&Query::parse(Some(query))).unwrap().text(&lines);
        assert_eq!(wanted(""), "a\nb\n");
        assert_eq!(wanted("tailLines=1"), "b\n");
        assert_eq!(wanted("limitBytes=3"), "a\nb");
        assert_eq!(wanted("tailLines=1&timestamps=true"), "1970-01-01T00:00:00.000000000Z b\n");
        assert_eq!(wanted("sinceSeconds=60"), "");
    }

    #[test]
    fn a_pod_of_two_containers_needs_a_name() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        assert_eq!(container(&pod, "b").unwrap(), "b");
        assert_eq!(
            container(&pod, "").unwrap_err().message,
            "a container name must be specified for pod p, choose one of: [a b]"
        );
        assert_eq!(container(&pod, "c").unwrap_err().message, "container c is not valid for pod p");
    }
}
