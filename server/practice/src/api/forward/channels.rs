//! A WebSocket whose messages begin with the number of a channel, two a port: data and error.
//!
//! Source: `k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go`: each channel begins with the port, little-endian.

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::super::query::Query;
use super::super::upgrade::{self, Socket, frame};
use super::{CHUNK, Destination};
use crate::status::Status;

/// The most ports of one port-forward: two channels each, numbered in a byte.
const MAX_PORTS: usize = 127;
/// How many messages may wait for a client that reads slowly.
const QUEUE: usize = 16;

/// The ports asked for, once each.
pub(super) fn ports(query: &Query) -> Result<Vec<u16>, Status> {
    let mut ports = Vec::new();
    for text in query.all("ports").flat_map(|list| list.split(',')).chain(query.all("port")) {
        let port = text.parse::<u16>().ok().filter(|port| *port > 0);
        let port =
            port.ok_or_else(|| Status::bad_request(format!("unable to parse \"{text}\" as a port")))?;
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    match ports.len() {
        0 => Err(Status::bad_request("query parameter \"ports\" is required")),
        1..=MAX_PORTS => Ok(ports),
        _ => Err(Status::bad_request("too many ports")),
    }
}

/// Serves these ports, one connection each.
pub(super) async fn serve(upgraded: Upgraded, to: &Destination, ports: &[u16]) {
    let (sink, source) = upgrade::open(upgraded).await.split();
    let (sender, receiver) = mpsc::channel(QUEUE.max(3 * ports.len()));
    let (mut writers, mut readers) = (Vec::new(), tokio::task::JoinSet::new());
    for (channel, port) in (0_u8..).step_by(2).zip(ports) {
        let hello = port.to_le_bytes();
        for channel in [channel, channel + 1] {
            // The receiver lives on in this function.
            let _ = sender.try_send(frame(channel, &hello));
        }
        match to.connect(*port).await {
            Ok(stream) => {
                let (reader, writer) = tokio::io::split(stream);
                readers.spawn(from_pod(channel, reader, sender.clone()));
                writers.push(Some(writer));
            }
            Err(error) => {
                let why = to.refusal(*port, &error);
                let _ = sender.try_send(frame(channel + 1, why.as_bytes()));
                writers.push(None);
            }
        }
    }
    drop(sender);
    tokio::select! {
        () = to_client(sink, receiver) => {}
        () = to_pod(source, writers) => {}
    }
}

/// What a pod says, until it says no more.
async fn from_pod(channel: u8, mut reader: ReadHalf<impl AsyncRead + Unpin>, sender: mpsc::Sender<Message>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut buffer).await.unwrap_or(0);
        if read == 0 || sender.send(frame(channel, &buffer[..read])).await.is_err() {
            return;
        }
    }
}

/// Everything to the client, until all pods' streams have ended; then the WebSocket is closed.
async fn to_client(mut sink: SplitSink<Socket, Message>, mut receiver: mpsc::Receiver<Message>) {
    while let Some(message) = receiver.recv().await {
        if sink.send(message).await.is_err() {
            return;
        }
    }
    // The client may be gone already.
    let _ = sink.send(upgrade::goodbye()).await;
}

/// Everything to the pods, until the client goes.
async fn to_pod(
    mut source: SplitStream<Socket>,
    mut writers: Vec<Option<WriteHalf<impl AsyncWrite + Unpin>>>,
) {
    while let Some(Ok(message)) = source.next().await {
        match message {
            Message::Binary(bytes) => {
                let Some((channel, data)) = bytes.split_first() else { continue };
                let slot = writers.get_mut(usize::from(*channel / 2)).filter(|_| channel % 2 == 0);
                let Some(slot) = slot else { continue };
                if let Some(writer) = slot.as_mut()
                    && writer.write_all(data).await.is_err()
                {
                    *slot = None;
                }
            }
            Message::Close(_) => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_once_each() {
        for (query, expected) in [
            ("ports=80", Some(vec![80])),
            ("ports=80,81&ports=80", Some(vec![80, 81])),
            ("", None),
            ("ports=0", None),
            ("ports=x", None),
            ("ports=99999", None),
        ] {
            assert_eq!(ports(&Query::parse(Some(query))).ok(), expected, "{query}");
        }
    }
}
