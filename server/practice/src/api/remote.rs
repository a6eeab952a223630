//! What a program in a container says, on its way to the one who called it: channels of a WebSocket, or streams of SPDY.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-connect-portforward-requests-to-exec-of-pod>;
//! channels as in `k8s.io/apimachinery/pkg/util/remotecommand`, streams as in
//! `k8s.io/kubelet/pkg/cri/streaming/remotecommand/httpstream.go`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, Stream, StreamExt};
use hyper::Request;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::query::Query;
use super::respond::Answer;
use super::upgrade::{self, Offer, Way, frame};
use super::{Api, spdy};
use crate::status::Status;

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
/// Carries the Status in the end.
const OUTCOME: u8 = 3;
/// The largest message: what comes is cut into such pieces.
const CHUNK: usize = 32 * 1024;
/// How long a client may take to open its streams. Source: `StreamCreationTimeout` of the kubelet.
const CREATION: Duration = Duration::from_secs(30);
const OFFER: Offer =
    Offer { websocket: &["v5.channel.k8s.io", "v4.channel.k8s.io"], spdy: "v4.channel.k8s.io" };

/// What a program says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Stdout(Bytes),
    Stderr(Bytes),
    /// The last thing: a Status.
    Outcome(Value),
    /// The last thing: it was not run, and why.
    Refused(String),
}

/// What the client wants to hear, and says that it will send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    stdin: bool,
    stdout: bool,
    stderr: bool,
    tty: bool,
}

impl Wanted {
    /// # Errors
    /// 400 when it is nothing.
    pub(super) fn read(query: &Query) -> Result<Self, Status> {
        let tty = query.flag("tty");
        let wanted = Self {
            stdin: query.flag("stdin"),
            stdout: query.flag("stdout"),
            // A terminal has one stream.
            stderr: query.flag("stderr") && !tty,
            tty,
        };
        if wanted.stdin || wanted.stdout || wanted.stderr {
            return Ok(wanted);
        }
        Err(Status::bad_request("you must specify at least 1 of stdin, stdout, stderr"))
    }

    /// The streams that a client of SPDY opens: for these, the outcome, and the size of its terminal.
    fn streams(self) -> usize {
        1 + [self.stdin, self.stdout, self.stderr, self.tty].into_iter().filter(|wanted| *wanted).count()
    }

    /// What is heard of this: on a terminal errors come with the rest, and nobody listens to what was not asked for.
    fn heard(self, said: Said) -> Option<Said> {
        match said {
            Said::Stderr(bytes) if self.tty => Some(Said::Stdout(bytes)).filter(|_| self.stdout),
            Said::Stdout(_) => Some(said).filter(|_| self.stdout),
            Said::Stderr(_) => Some(said).filter(|_| self.stderr),
            Said::Outcome(_) | Said::Refused(_) => Some(said),
        }
    }
}

impl Api {
    /// Switches protocols, and tells the client what is said.
    pub(super) fn tell(
        &self,
        mut request: Request<Incoming>,
        wanted: Wanted,
        said: impl Stream<Item = Said> + Send + 'static,
    ) -> Result<Answer, Status> {
        let (answer, way) = upgrade::switch(&request, &OFFER)?;
        let upgrade = hyper::upgrade::on(&mut request);
        let said = Box::pin(said.filter_map(move |said| std::future::ready(wanted.heard(said))));
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(async move {
            match (upgrade.await, way) {
                (Ok(upgraded), Way::Channels) => channels(upgraded, said).await,
                (Ok(upgraded), _) => {
                    upgrade::serve_spdy(upgraded, way, |opened| streams(opened, wanted, said)).await;
                }
                (Err(error), _) => tracing::debug!(%error, "a connection was not upgraded"),
            }
        }));
        Ok(answer)
    }
}

/// Tells it on the channels of a WebSocket. Input goes nowhere: none of the programs reads any. When the client goes,
/// the program is stopped.
async fn channels(upgraded: Upgraded, mut said: impl Stream<Item = Said> + Unpin) {
    let (mut sink, mut source) = upgrade::open(upgraded).await.split();
    let gone = async {
        while let Some(Ok(message)) = source.next().await
            && !message.is_close()
        {}
    };
    let tell = async {
        while let Some(said) = said.next().await {
            for message in messages(&said) {
                sink.send(message).await?;
            }
        }
        sink.send(upgrade::goodbye()).await
    };
    tokio::select! {
        () = gone => {}
        // The client may be gone already.
        told = tell => drop(told),
    }
}

fn messages(said: &Said) -> Vec<Message> {
    let pieces = |channel, bytes: &Bytes| bytes.chunks(CHUNK).map(|piece| frame(channel, piece)).collect();
    match said {
        Said::Stdout(bytes) => pieces(STDOUT, bytes),
        Said::Stderr(bytes) => pieces(STDERR, bytes),
        Said::Outcome(status) => vec![frame(OUTCOME, status.to_string().as_bytes())],
        // The API server speaks SPDY with the kubelet, and wraps its error in one of its own.
        Said::Refused(why) => {
            let status = Status::internal(&Status::internal(why).message).to_value();
            vec![frame(OUTCOME, status.to_string().as_bytes())]
        }
    }
}

/// The streams on which a client of SPDY listens.
#[derive(Default)]
struct Ears {
    stdout: Option<spdy::Writer>,
    stderr: Option<spdy::Writer>,
    outcome: Option<spdy::Writer>,
}

impl Ears {
    /// Takes the streams as the client opens them; `None` when it goes before it has opened all.
    async fn open(mut opened: mpsc::Receiver<spdy::Stream>, count: usize) -> Option<Self> {
        let mut ears = Self::default();
        for _ in 0..count {
            let stream = opened.recv().await?;
            match stream.headers.get("streamtype") {
                Some("stdout") => ears.stdout = Some(stream.writer),
                Some("stderr") => ears.stderr = Some(stream.writer),
                Some("error") => ears.outcome = Some(stream.writer),
                // What the client sends goes nowhere: none of the programs reads any.
                _ => {}
            }
        }
        Some(ears)
    }

    async fn hear(&self, said: Said) -> Result<(), spdy::Closed> {
        let (ear, bytes) = match said {
            Said::Stdout(bytes) => (&self.stdout, bytes),
            Said::Stderr(bytes) => (&self.stderr, bytes),
            Said::Outcome(status) => (&self.outcome, Bytes::from(status.to_string())),
            Said::Refused(why) => (&self.outcome, Bytes::from(Status::internal(&why).to_value().to_string())),
        };
        let Some(ear) = ear else { return Ok(()) };
        for at in (0..bytes.len()).step_by(CHUNK) {
            ear.write(bytes.slice(at..bytes.len().min(at + CHUNK))).await?;
        }
        Ok(())
    }
}

/// Tells it on the streams of SPDY.
async fn streams(
    opened: mpsc::Receiver<spdy::Stream>,
    wanted: Wanted,
    mut said: impl Stream<Item = Said> + Unpin,
) {
    let ears = tokio::time::timeout(CREATION, Ears::open(opened, wanted.streams())).await;
    let Ok(Some(ears)) = ears else { return };
    while let Some(said) = said.next().await {
        if ears.hear(said).await.is_err() {
            return;
        }
    }
    for ear in [ears.stdout, ears.stderr, ears.outcome].into_iter().flatten() {
        ear.finish().await;
    }
}

/// The Status of an exit code.
pub(super) fn outcome(code: u8) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(query: &str) -> Wanted {
        Wanted::read(&Query::parse(Some(query))).unwrap()
    }

    #[test]
    fn each_thing_that_is_said_has_its_channel() {
        let data = |said: &Said| messages(said)[0].clone().into_data().to_vec();
        assert_eq!(data(&Said::Stdout("out".into())), b"\x01out");
        assert_eq!(data(&Said::Stderr("err".into())), b"\x02err");
        let status: Value = serde_json::from_slice(&data(&Said::Outcome(outcome(7)))[1..]).unwrap();
        assert_eq!(status["details"]["causes"][0]["message"], "7");
        assert_eq!(messages(&Said::Stdout(Bytes::from(vec![0; CHUNK + 1]))).len(), 2);
    }

    #[test]
    fn only_what_was_asked_for_is_heard() {
        let (out, err) = (Said::Stdout("o".into()), Said::Stderr("e".into()));
        let both = wanted("stdout=true&stderr=true");
        assert_eq!((both.heard(out.clone()), both.heard(err.clone())), (Some(out), Some(err.clone())));
        let terminal = wanted("stdin=true&stdout=true&stderr=true&tty=true");
        assert_eq!(terminal.heard(err.clone()), Some(Said::Stdout("e".into())));
        assert_eq!((both.streams(), terminal.streams()), (3, 4));
        assert_eq!(wanted("stdout=1").heard(err), None);
        assert_eq!(Wanted::read(&Query::parse(Some("tty=true"))).unwrap_err().code, 400);
    }
}
