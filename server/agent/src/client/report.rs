//! A load's report, as the body of the answer that began it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use clusterip_domain::traffic::Line;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

/// NDJSON, a frame a line. The load notices when it is dropped.
#[derive(Debug)]
pub struct Report {
    lines: mpsc::Receiver<Line>,
}

impl Report {
    /// The body that `lines` make.
    pub fn new(lines: mpsc::Receiver<Line>) -> Self {
        Self { lines }
    }
}

impl Body for Report {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.lines.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(ndjson(&line)))))
    }
}

fn ndjson(line: &Line) -> Bytes {
    // A line is strings and numbers: it always has JSON.
    let mut json = serde_json::to_vec(line).unwrap_or_default();
    json.push(b'\n');
    json.into()
}
