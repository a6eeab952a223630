//! A practice cluster that is asked by a fuzzer, without network, TLS or waiting.
//!
//! ```text
//! input ──▶ Asked, Asked, … ──▶ Cluster (a new one for each input; its controllers run) ──▶ answers ──▶ `judge`
//! ```
//!
//! Time is paused: it passes only when nothing else is to be done, so that a watch of half a minute takes no time.
//! A panic anywhere, in a controller too, ends the fuzzer.

mod streams;

use std::time::Duration;

use bytes::Bytes;
use clusterip_practice::{Detached, Options};
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

pub use streams::Streams;

/// The most requests of one input.
const MOST: usize = 6;
/// How long an answer is listened to, in the cluster's own time: watches and followed logs have no end.
const LISTENED: Duration = Duration::from_secs(5);
/// How long the controllers have for what was asked, in the cluster's own time.
const SETTLED: Duration = Duration::from_secs(3);
/// How much fits into a connection at once.
const WINDOW: usize = 64 * 1024;
/// Between two requests of an input.
const NEXT: &[u8] = b"\n%%\n";

/// One request.
#[derive(Debug)]
pub struct Asked {
    method: Method,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// An answer, as far as it was listened to.
#[derive(Debug)]
pub struct Answered {
    /// The status code.
    pub status: StatusCode,
    /// What kind the body is.
    pub content_type: String,
    /// Whether the answer says that the cluster is simulated.
    pub simulated: bool,
    /// The body.
    pub body: Vec<u8>,
    /// Whether that is all of it.
    pub whole: bool,
}

impl Asked {
    /// A request with a body of this kind.
    #[must_use]
    pub fn new(method: Method, target: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
        Self { method, target: target.into(), headers, body: body.into() }
    }

    /// Reads `METHOD /path?query`, headers, an empty line, and the body; `None` where that is not what is there.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let end = text.windows(2).position(|two| two == b"\n\n");
        let (head, body) = end.map_or((text, &[][..]), |end| (&text[..end], &text[end + 2..]));
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let header = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?.to_owned();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        };
        Some(Self {
            method: method.parse().ok()?,
            target: target.to_owned(),
            headers: lines.filter_map(header).collect(),
            body: body.to_vec(),
        })
    }

    /// Reads the requests of an input.
    #[must_use]
    pub fn read_all(text: &[u8]) -> Vec<Self> {
        let mut rest = text;
        let mut asked = Vec::new();
        while asked.len() < MOST && !rest.is_empty() {
            let end = rest.windows(NEXT.len()).position(|window| window == NEXT);
            let (one, more) = end.map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + NEXT.len()..]));
            asked.extend(Self::read(one));
            rest = more;
        }
        asked
    }

    /// As hyper takes it; `None` where it could never reach the cluster.
    fn request(&self, token: &str) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.target).header(HOST, "practice");
        for (name, value) in &self.headers {
            // hyper frames the body by itself.
            if !matches!(&*name.to_ascii_lowercase(), "content-length" | "transfer-encoding" | "host" | "connection") {
                request = request.header(name, &value[..]);
            }
        }
        request
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::from(self.body.clone()))
            .ok()
            .filter(|request| request.uri().path().starts_with('/'))
    }
}

/// Where the inputs are tried, one after another.
pub struct Bench(Runtime);

impl Default for Bench {
    fn default() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        Self(runtime.expect("a runtime"))
    }
}

impl Bench {
    /// Asks a new cluster, and judges every answer. The answers to what could be asked.
    pub fn ask(&self, asked: &[Asked]) -> Vec<Answered> {
        self.0.block_on(async {
            let cluster = Detached::start(Options::default()).expect("a cluster");
            let mut answers = Vec::new();
            for asked in asked {
                if let Some(answered) = one(&cluster, asked).await {
                    judge(asked, &answered);
                    answers.push(answered);
                }
            }
            sleep(SETTLED).await;
            answers
        })
    }
}

async fn one(cluster: &Detached, asked: &Asked) -> Option<Answered> {
    let request = asked.request(cluster.token())?;
    let (near, far) = tokio::io::duplex(WINDOW);
    let handle = cluster.handle().clone();
    let serving = tokio::spawn(async move { handle.speak(far).await });
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near)).await.ok()?;
    let client = tokio::spawn(connection);
    let heard = async {
        let answer = sender.send_request(request).await.ok()?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut answered = Answered {
            status: answer.status(),
            content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default(),
            simulated: header("x-practice-cluster").as_deref() == Some("simulated"),
            body: Vec::new(),
            whole: false,
        };
        let mut body = answer.into_body();
        let listen = async {
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => answered.body.extend(frame.into_data().unwrap_or_default()),
                    Err(_) => return false,
                }
            }
            true
        };
        answered.whole = timeout(LISTENED, listen).await.unwrap_or(false);
        Some(answered)
    };
    // A request that is not answered at all was one that hyper refused, or it hangs, which is a bug.
    let answered = timeout(LISTENED * 20, heard).await.expect("the cluster answers");
    drop(sender);
    client.abort();
    serving.abort();
    answered
}

/// What every answer must be.
///
/// # Panics
/// It is not.
pub fn judge(asked: &Asked, answered: &Answered) {
    let context = || format!("{asked:?}\n{answered:?}");
    if answered.status == StatusCode::BAD_REQUEST && answered.body.is_empty() {
        // hyper's own answer to what is no HTTP.
        return;
    }
    assert!(answered.simulated, "every answer says that it is simulated: {}", context());
    if !answered.content_type.starts_with("application/json") || !answered.whole {
        return;
    }
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(&answered.body).into_iter().collect();
    let values = values.unwrap_or_else(|error| panic!("no JSON: {error}: {}", context()));
    if answered.status.is_client_error() || answered.status.is_server_error() {
        let [status] = &values[..] else { panic!("a refusal is one Status: {}", context()) };
        assert_eq!(status["kind"], "Status", "{}", context());
        assert_eq!(status["code"], answered.status.as_u16(), "{}", context());
        assert!(status["message"].as_str().is_some_and(|said| !said.is_empty()), "{}", context());
        // Server-side apply words a field that is not of the kind as a 500 without a reason, as Kubernetes does.
        assert_ne!(status["reason"], "InternalError", "{}", context());
    }
}
