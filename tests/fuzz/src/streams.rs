//! Connections that stop being HTTP, and what a fuzzer says on them.
//!
//! ```text
//! input ──▶ one byte: how it is said ── one byte: where ── the rest ──▶ Frames ──▶ upgraded connection ──▶ its end
//! ```
//!
//! The rest is said as it is, or as a list of frames that are each well-formed: a fuzzer by itself finds neither the
//! masks of a WebSocket nor zlib's checksums. All inputs meet the same cluster, so that what one leaves behind is seen.

use std::time::Duration;

use clusterip_practice::{Detached, Options};
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{sleep, timeout};

use crate::{Asked, WINDOW, one};

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},
"spec":{"containers":[{"name":"c","image":"clusterip-lab/backend:v1"}]}}"#;
const PODS: &str = "/api/v1/namespaces/default/pods";
/// How long a cluster has to start its pod, and to end what belongs to a client that has gone; in its own time.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a client listens after it has said everything, in the cluster's own time.
const LISTENED: Duration = Duration::from_secs(3);
/// The most that a client is told, whatever it says: of what it sends, only pings come back.
const MOST_TOLD: usize = 256 * 1024;
/// The most frames of an input.
const MOST_FRAMES: usize = 600;

/// What is spoken after the upgrade.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speech {
    Channels,
    Tunnel,
    Spdy,
}

/// Where streams lead, and what is spoken there.
const DOORS: [(&str, &str, Speech); 8] = [
    ("portforward", "portforward.k8s.io", Speech::Spdy),
    ("portforward", "SPDY/3.1+portforward.k8s.io", Speech::Tunnel),
    ("portforward?ports=8080,9", "v4.channel.k8s.io", Speech::Channels),
    ("exec?command=curl&command=http://127.0.0.1:8080&stdin=1&stdout=1&stderr=1", "v4.channel.k8s.io", Speech::Spdy),
    ("exec?command=curl&command=--version&stdin=1&stdout=1", "v5.channel.k8s.io", Speech::Channels),
    ("exec?command=nosuch&stdout=1&tty=1", "v4.channel.k8s.io", Speech::Channels),
    ("attach?stdin=1&stdout=1&tty=1", "v4.channel.k8s.io", Speech::Spdy),
    ("attach?stdout=1", "v5.channel.k8s.io", Speech::Channels),
];

/// Where streams are tried, one after another.
pub struct Streams {
    runtime: Runtime,
    cluster: Detached,
}

impl Default for Streams {
    fn default() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let cluster = runtime.block_on(async {
            let cluster = Detached::start(Options::default()).expect("a cluster");
            let made = one(&cluster, &Asked::new(Method::POST, PODS, "application/json", POD)).await;
            assert_eq!(made.map(|made| made.status.as_u16()), Some(201), "the pod is made");
            sleep(PATIENCE).await;
            let pod = one(&cluster, &Asked::new(Method::GET, format!("{PODS}/x"), "", "")).await.expect("the pod");
            assert!(String::from_utf8_lossy(&pod.body).contains(r#""phase":"Running""#), "{pod:?}");
            cluster
        });
        Self { runtime, cluster }
    }
}

impl Streams {
    /// Says an input; whether it was long enough to be one.
    ///
    /// # Panics
    /// The connection does not end when the client goes, tells it too much, or leaves something behind.
    pub fn say(&self, input: &[u8]) -> bool {
        let [how, door, said @ ..] = input else { return false };
        let (target, protocol, speech) = DOORS[usize::from(*door) % DOORS.len()];
        let said = match (how % 2, speech) {
            (0, _) => said.to_vec(),
            (_, Speech::Spdy) => frames(said, spdy).concat(),
            (_, Speech::Tunnel) => frames(said, spdy).iter().flat_map(|frame| web_socket(0x82, frame)).collect(),
            (_, Speech::Channels) => frames(said, |kind, _, bytes| web_socket(kind, bytes)).concat(),
        };
        self.runtime.block_on(self.speak(&request(target, protocol, speech, self.cluster.token()), &said));
        true
    }

    async fn speak(&self, request: &str, said: &[u8]) {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let before = tasks();
        let (near, far) = tokio::io::duplex(WINDOW);
        let handle = self.cluster.handle().clone();
        let serving = tokio::spawn(async move { handle.speak(far).await });
        let (mut reader, mut writer) = tokio::io::split(near);
        // The cluster may end the connection before everything is said.
        writer.write_all(request.as_bytes()).await.ok();
        let head = head(&mut reader).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{request}{head}");
        let say = async {
            writer.write_all(said).await.ok();
            sleep(LISTENED).await;
            writer.shutdown().await.ok();
        };
        let mut told = Vec::new();
        let listen = async { drop((&mut reader).take(MOST_TOLD as u64).read_to_end(&mut told).await) };
        let ended = timeout(PATIENCE, async { tokio::join!(say, listen) }).await;
        assert!(ended.is_ok(), "the connection ends when the client goes");
        assert!(told.len() < MOST_TOLD, "the client is told more than {MOST_TOLD} bytes");
        drop((reader, writer));
        serving.await.expect("the connection ends in order");
        let gone = async {
            while tasks() > before {
                sleep(Duration::from_secs(1)).await;
            }
        };
        assert!(timeout(PATIENCE, gone).await.is_ok(), "{} tasks, {before} before", tasks());
    }
}

fn request(target: &str, protocol: &str, speech: Speech, token: &str) -> String {
    let upgrade = match speech {
        Speech::Spdy => format!("upgrade: SPDY/3.1\r\nx-stream-protocol-version: {protocol}"),
        Speech::Channels | Speech::Tunnel => format!(
            "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: {protocol}"
        ),
    };
    format!(
        "GET {PODS}/x/{target} HTTP/1.1\r\nhost: practice\r\nauthorization: Bearer {token}\r\nconnection: upgrade\r\n\
         {upgrade}\r\n\r\n"
    )
}

/// The head of the answer.
async fn head(reader: &mut ReadHalf<DuplexStream>) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match timeout(PATIENCE, reader.read_u8()).await.expect("the cluster answers") {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Frames of an input: each begins with its kind, a number, and how many bytes it has.
fn frames(mut input: &[u8], make: impl Fn(u8, u8, &[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let [kind, number, length, rest @ ..] = input
        && frames.len() < MOST_FRAMES
    {
        let (bytes, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        frames.push(make(*kind, *number, bytes));
        input = rest;
    }
    frames
}

/// A frame of a WebSocket, with a mask that changes nothing.
fn web_socket(first: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("frames are short").to_be_bytes();
    [&[first, 0x80 | 126][..], &length, &[0; 4], bytes].concat()
}

/// A frame of SPDY. The lowest three bits of `kind` say which, and the next whether it is the last of its stream.
fn spdy(kind: u8, stream: u8, bytes: &[u8]) -> Vec<u8> {
    let fin = kind >> 3 & 1;
    let id = [0, 0, 0, stream];
    match kind & 7 {
        0 => [&id[..], &[fin], &length(bytes.len()), bytes].concat(),
        1 | 2 => control(1, fin, &[&id[..], &[0; 6], &block(bytes)].concat()),
        3 => control(3, 0, &[&id[..], &[0, 0, 0, 5]].concat()),
        4 => control(6, 0, &id),
        5 => control(8, 0, &[&id[..], &block(bytes)].concat()),
        // Seldom what ends everything.
        6 if stream == 7 => control(7, 0, &[0; 8]),
        _ => control(kind.into(), fin, bytes),
    }
}

fn control(kind: u16, flags: u8, fields: &[u8]) -> Vec<u8> {
    [&[0x80, 3][..], &kind.to_be_bytes(), &[flags], &length(fields.len()), fields].concat()
}

fn length(length: usize) -> [u8; 3] {
    let [.., a, b, c] = length.to_be_bytes();
    [a, b, c]
}

/// A block of headers, a line for each: `name value`. zlib only stores them. A connection has one zlib stream, which its
/// first block begins; the others must not, and say so by a dot at their beginning.
fn block(text: &[u8]) -> Vec<u8> {
    let (zlib, text) = match text.strip_prefix(b".") {
        Some(text) => (&[][..], text),
        None => (&[0x78, 0x01][..], text),
    };
    let mut plain = Vec::new();
    let mut count = 0_u32;
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let space = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        for part in [&line[..space], line.get(space + 1..).unwrap_or_default()] {
            plain.extend(u32::try_from(part.len()).expect("lines are short").to_be_bytes());
            plain.extend(part);
        }
        count += 1;
    }
    let plain = [&count.to_be_bytes()[..], &plain].concat();
    let stored = u16::try_from(plain.len()).expect("blocks are short");
    [zlib, &[0], &stored.to_le_bytes(), &(!stored).to_le_bytes(), &plain].concat()
}
