//! SPDY with two streams for each forwarded connection: one for its data, and one that says why there is none.
//!
//! Source: `k8s.io/kubelet/pkg/cri/streaming/portforward/httpstream.go`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::spdy::{Reader, Stream, Writer};
use super::{CHUNK, Destination};
use crate::network::PodStream;

/// What a stream of a pair is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Error,
}

/// What a stream's headers say.
struct Asked {
    kind: Kind,
    port: u16,
    /// Both streams of a connection have the same.
    request: String,
}

impl Asked {
    /// `None` when the headers are not those of a port-forward.
    fn read(stream: &Stream) -> Option<Self> {
        let port = stream.headers.get("port")?.parse().ok().filter(|port| *port > 0)?;
        let kind = match stream.headers.get("streamtype")? {
            "data" => Kind::Data,
            "error" => Kind::Error,
            _ => return None,
        };
        // Clients of long ago number nothing: they open the error stream, and then the data stream.
        let number = stream.id.get();
        let implied = if kind == Kind::Data { number.saturating_sub(2) } else { number };
        let request = stream.headers.get("requestid").map_or_else(|| implied.to_string(), str::to_owned);
        Some(Self { kind, port, request })
    }
}

/// Forwards until the connection is over.
pub(super) async fn serve(mut streams: mpsc::Receiver<Stream>, to: Destination) {
    let to = Arc::new(to);
    let mut halves: HashMap<String, (Kind, Stream)> = HashMap::new();
    let mut forwards = JoinSet::new();
    while let Some(stream) = streams.recv().await {
        while forwards.try_join_next().is_some() {}
        let Some(asked) = Asked::read(&stream) else {
            stream.writer.cancel().await;
            continue;
        };
        match (halves.remove(&asked.request), asked.kind) {
            (Some((Kind::Error, errors)), Kind::Data) => {
                forwards.spawn(forward(Arc::clone(&to), asked.port, stream, errors));
            }
            (Some((Kind::Data, data)), Kind::Error) => {
                forwards.spawn(forward(Arc::clone(&to), asked.port, data, stream));
            }
            // One that is there twice takes the first one's place, which ends.
            (_, kind) => drop(halves.insert(asked.request, (kind, stream))),
        }
    }
}

/// One connection to the pod, or the word why there is none.
async fn forward(to: Arc<Destination>, port: u16, data: Stream, errors: Stream) {
    match to.connect(port).await {
        Ok(pod) => {
            let (from_pod, into_pod) = tokio::io::split(pod);
            tokio::join!(answer(from_pod, data.writer), ask(data.reader, into_pod));
        }
        Err(error) => {
            // The client may be gone already.
            errors.writer.write(Bytes::from(to.refusal(port, &error))).await.ok();
            data.writer.finish().await;
        }
    }
    errors.writer.finish().await;
}

/// What the pod says, until it says no more, or the client does not want it.
async fn answer(mut pod: ReadHalf<PodStream>, client: Writer) {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        buffer.reserve(CHUNK);
        let read = tokio::select! {
            read = pod.read_buf(&mut buffer) => read.unwrap_or(0),
            () = client.reset_by_client() => return,
        };
        if read == 0 {
            break;
        }
        if client.write(buffer.split().freeze()).await.is_err() {
            return;
        }
    }
    client.finish().await;
}

/// What the client says, until it says no more.
async fn ask(mut client: Reader, mut pod: WriteHalf<PodStream>) {
    while let Some(bytes) = client.read().await {
        if pod.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // The pod may have closed it already.
    pod.shutdown().await.ok();
}
