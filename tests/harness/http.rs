//! What a browser or a script does over HTTP: pages, forms, and the stream of events.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::wait::within;

/// How long a whole answer may take: a reset waits for several calls to a busy API server.
const ANSWER: Duration = Duration::from_secs(60);

/// A client of one server.
#[derive(Clone)]
pub struct Http {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: String,
}

impl Answer {
    /// A header's value, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Http {
    /// Of the server there.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// `GET`, as a browser asks for a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "text/html")], None).await
    }

    /// `POST` of a form, as a script of the page sends it: it wants JSON.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, &[("accept", "application/json")], Some(form)).await
    }

    /// Anything.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Answer {
        let response = self.ask(method, path, headers, form).await;
        let (parts, body) = response.into_parts();
        let body = within("the body of an answer", ANSWER, body.collect()).await;
        let body = body.expect("an answer has a whole body").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.into()).expect("answers are text"),
        }
    }

    /// `POST` of a form whose answer comes line by line, an object each.
    pub async fn lines(&self, path: &str, form: &[(&str, &str)]) -> Lines {
        let response = self.ask(Method::POST, path, &[("accept", "application/json")], Some(form)).await;
        assert_eq!(response.status(), 200, "{path} {form:?}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/x-ndjson");
        Lines { body: response.into_body(), pending: Vec::new() }
    }

    /// Opens a stream of events; `last` is the id of the last one seen.
    pub async fn events(&self, path: &str, last: Option<&str>) -> Events {
        let mut headers = vec![("accept", "text/event-stream")];
        headers.extend(last.map(|id| ("last-event-id", id)));
        let response = self.ask(Method::GET, path, &headers, None).await;
        assert_eq!(response.status(), 200, "{path}");
        let kind = response.headers().get(CONTENT_TYPE).expect("a stream has a type");
        assert_eq!(kind, "text/event-stream");
        Events { body: response.into_body(), pending: Vec::new(), read: VecDeque::new() }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match form {
            Some(fields) => {
                request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
            }
            None => String::new(),
        };
        let request = request.body(Full::from(body)).expect("a request of ours is one");
        let wanted = request.headers().get(ACCEPT).cloned();
        let sent = within(path, ANSWER, self.client.request(request)).await;
        sent.unwrap_or_else(|e| panic!("{path} ({wanted:?}): {e:?}"))
    }
}

/// An answer that comes line by line. Closed when dropped, as by a browser that goes away.
pub struct Lines {
    body: Incoming,
    pending: Vec<u8>,
}

impl Lines {
    /// The next object; `None` after the last.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("each line is an object"));
            }
            let frame = within("the next line of an answer", ANSWER, self.body.frame()).await?.ok()?;
            self.pending.extend_from_slice(&frame.into_data().ok()?);
        }
    }

    /// All objects to the last.
    pub async fn all(mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some(object) = self.next().await {
            all.push(object);
        }
        all
    }
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// `fragment`, `tick`, `bye`, `ready`.
    pub name: String,
    /// What it carries.
    pub data: Value,
}

/// An open stream of events. Closed when dropped, as by a browser that goes away.
pub struct Events {
    body: Incoming,
    pending: Vec<u8>,
    read: VecDeque<Event>,
}

impl Events {
    /// The next event; `None` when the server has ended the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Some(event);
            }
            let frame = self.body.frame().await?.ok()?;
            let data = frame.into_data().ok()?;
            self.pending.extend_from_slice(&data);
            while let Some(end) = self.pending.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.pending.drain(..end + 2).collect();
                self.read.extend(parse(std::str::from_utf8(&block).expect("events are UTF-8")));
            }
        }
    }

    /// Waits for an event that gives an answer.
    ///
    /// # Panics
    /// There was none in time, or the stream ended.
    pub async fn until<T>(
        &mut self,
        what: &str,
        time: Duration,
        mut answer: impl FnMut(&Event) -> Option<T>,
    ) -> T {
        let found = async {
            loop {
                let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {what}"));
                if let Some(found) = answer(&event) {
                    return found;
                }
            }
        };
        within(what, time, found).await
    }
}

/// Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>.
fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    };
    let data = field("data")?;
    let data = serde_json::from_str(&data).unwrap_or_else(|e| panic!("{e}: {data}"));
    Some(Event { id: field("id"), name: field("event")?, data })
}
