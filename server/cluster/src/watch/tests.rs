//! What a watch does when the API server fails it: faults that a real one cannot be made to show at will.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::{Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};

use super::*;

/// What the fake API server says to the requests for Services, one after the other.
enum Says {
    /// A list with these names.
    List(&'static [&'static str]),
    /// A watch that says nothing more after these lines.
    Watch(Vec<Value>),
    /// A failure.
    Fails(StatusCode),
}

/// A script; a request beyond its end never gets an answer, so that what was reached stays.
type Script = Arc<Mutex<std::collections::VecDeque<Says>>>;

fn service(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "lab-a",
           "resourceVersion": "7"}, "spec": {"clusterIP": "10.96.0.9"}})
}

fn list(names: &[&str]) -> Value {
    let items: Vec<_> = names.iter().map(|n| service(n)).collect();
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "7"}, "items": items})
}

fn gone() -> Value {
    json!({"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410,
           "reason": "Expired", "message": "too old resource version: 7 (99)"}})
}

type Answer = http_body_util::combinators::BoxBody<Bytes, Infallible>;

fn whole(status: StatusCode, body: &Value) -> Response<Answer> {
    let body = http_body_util::Full::new(Bytes::from(body.to_string())).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// Lines, and then silence: the connection stays open.
fn watching(lines: Vec<Value>) -> Response<Answer> {
    use futures_util::StreamExt;
    let said = lines.into_iter().map(|l| Ok(Frame::data(Bytes::from(format!("{l}\n")))));
    Response::new(BodyExt::boxed(StreamBody::new(stream::iter(said).chain(stream::pending()))))
}

async fn answer(script: Script, request: Request<Body>) -> Result<Response<Answer>, Infallible> {
    let path_and_query = request.uri().to_string();
    if path_and_query.contains("/version") {
        return Ok(whole(
            StatusCode::OK,
            &json!({"major": "1", "minor": "34", "gitVersion": "v1.34.4",
            "gitCommit": "", "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}),
        ));
    }
    let watch = path_and_query.contains("watch=true");
    if !path_and_query.contains("/services") {
        return Ok(if watch { watching(vec![]) } else { whole(StatusCode::OK, &list(&[])) });
    }
    let next = script.lock().unwrap().pop_front();
    Ok(match next {
        Some(Says::List(names)) => {
            assert!(!watch, "a list was expected, not {path_and_query}");
            whole(StatusCode::OK, &list(names))
        }
        Some(Says::Watch(lines)) => {
            assert!(watch, "a watch was expected, not {path_and_query}");
            watching(lines)
        }
        Some(Says::Fails(status)) => {
            let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status.as_u16(),
                "message": "etcdserver: leader changed", "reason": "InternalError"});
            whole(status, &body)
        }
        None => std::future::pending().await,
    })
}

struct Watched {
    index: Arc<Index>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

fn watch(script: Vec<Says>) -> Watched {
    let script: Script = Arc::new(Mutex::new(script.into()));
    let api = tower::service_fn(move |request| answer(Arc::clone(&script), request));
    let (index, tasks, stop) = (Arc::new(Index::default()), TaskTracker::new(), CancellationToken::new());
    start(&Client::new(api, "default"), &index, &tasks, &stop);
    Watched { index, tasks, stop }
}

impl Watched {
    async fn until(&self, what: &str, holds: impl Fn(&Index, &[String]) -> bool) {
        let namespace = "lab-a".parse().unwrap();
        let held = until(&self.index, &namespace, Duration::from_secs(60), |snapshot| {
            let names: Vec<_> = snapshot.services.iter().map(|s| s.name.clone()).collect();
            holds(&self.index, &names)
        });
        held.await.unwrap_or_else(|snapshot| panic!("{what}: {snapshot:?}"));
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(5), self.tasks.wait()).await.expect("every task ends");
    }
}

#[tokio::test(start_paused = true)]
async fn after_410_gone_the_resource_is_listed_again() {
    let watched = watch(vec![
        Says::List(&["old"]),
        Says::Watch(vec![json!({"type": "ADDED", "object": service("second")}), gone()]),
        Says::List(&["new"]),
        Says::Watch(vec![]),
    ]);
    watched.until("the new list alone", |_, names| names == ["new"]).await;
    watched.until("nothing is behind any more", |index, _| index.stale_since().is_none()).await;
    watched.end().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_api_server_fails_the_index_is_behind_and_keeps_what_it_has() {
    let watched = watch(vec![
        Says::List(&["kept"]),
        Says::Watch(vec![gone()]),
        Says::Fails(StatusCode::INTERNAL_SERVER_ERROR),
        Says::Fails(StatusCode::SERVICE_UNAVAILABLE),
    ]);
    watched.until("behind", |index, names| index.stale_since().is_some() && names == ["kept"]).await;
    watched.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_recovers_catches_up() {
    let watched = watch(vec![
        Says::Fails(StatusCode::INTERNAL_SERVER_ERROR),
        Says::List(&["a"]),
        Says::Watch(vec![json!({"type": "DELETED", "object": service("a")})]),
    ]);
    watched.until("empty and up to date", |index, names| index.synced() && names.is_empty()).await;
    watched.until("nothing is behind any more", |index, _| index.stale_since().is_none()).await;
    watched.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_watch_of_a_resource_where_nothing_happens_catches_up() {
    let broken = json!({"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": 500, "reason": "InternalError", "message": "etcdserver: leader changed"}});
    let watched = watch(vec![
        Says::List(&["quiet"]),
        Says::Watch(vec![broken]),
        Says::List(&["quiet"]),
        Says::Watch(vec![]),
    ]);
    watched.until("behind", |index, _| index.stale_since().is_some()).await;
    watched.until("nothing is behind any more", |index, _| index.stale_since().is_none()).await;
    watched.end().await;
}
