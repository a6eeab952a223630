//! From a running program to what happens: plain text, requests, and an end, within bounds of time and size.

use std::time::Duration;

use clusterip_domain::console::Plain;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::calls::{self, Line};
use super::program::{Pipe, Program};
use super::transcript::{Channel, End, Entry, Happening};

/// The most that a line may write, in bytes of each channel.
const MOST: usize = 256 * 1024;
/// The requests that are told of one line.
const MOST_CALLS: usize = 60;
/// How much is read at a time.
const CHUNK: usize = 8 * 1024;

/// Follows a program to its end, and tells of it: the entry has it all, and whoever listens hears it as it comes. A
/// program whose listener has gone, or whose time is over, is stopped.
pub(super) async fn follow(
    program: Program,
    entry: &mut Entry,
    events: &UnboundedSender<Happening>,
    over: &CancellationToken,
) {
    let began = Instant::now();
    let Program { out, err, end, limit, home: _home } = program;
    let mut pump = Pump {
        entry,
        events,
        out: Reading::of(out),
        err: Reading::of(err),
        rest: String::new(),
        in_object: false,
    };
    let ended = match pump.read_all(began + limit, over).await {
        Some(early) => early,
        None => tokio::time::timeout_at(began + limit, end).await.unwrap_or(End::TooLong),
    };
    pump.finish();
    finish(entry, ended, began.elapsed(), events);
}

/// Tells of the end.
pub(super) fn finish(entry: &mut Entry, end: End, took: Duration, events: &UnboundedSender<Happening>) {
    let changed = calls::changed(&entry.calls, &entry.said());
    entry.took = took;
    let happening = Happening::Ended { end, changed };
    entry.take(&happening);
    // Whoever listened may have gone: the transcript has it.
    let _ = events.send(happening);
}

/// One pipe, read until it closes.
struct Reading {
    pipe: Option<Pipe>,
    buffer: Vec<u8>,
    plain: Plain,
    /// What was read so far, in bytes: what is not plain is dropped, and takes its time all the same.
    read: usize,
}

impl Reading {
    fn of(pipe: Pipe) -> Self {
        Self { pipe: Some(pipe), buffer: vec![0; CHUNK], plain: Plain::new(MOST), read: 0 }
    }

    fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// The next piece, made plain; empty when it has closed.
    async fn next(&mut self) -> String {
        let Some(pipe) = &mut self.pipe else { return String::new() };
        match pipe.read(&mut self.buffer).await {
            Ok(0) | Err(_) => {
                self.pipe = None;
                self.plain.finish()
            }
            Ok(n) => {
                self.read += n;
                self.plain.push(&self.buffer[..n])
            }
        }
    }

    fn overflows(&self) -> bool {
        self.plain.dropped() > 0 || self.read > 4 * MOST
    }
}

struct Pump<'a> {
    entry: &'a mut Entry,
    events: &'a UnboundedSender<Happening>,
    out: Reading,
    err: Reading,
    /// The beginning of a line of stderr that is not whole yet.
    rest: String,
    /// An object is being logged there.
    in_object: bool,
}

impl Pump<'_> {
    /// Reads until both pipes have closed; or says why it did not go on so long.
    async fn read_all(&mut self, until: Instant, over: &CancellationToken) -> Option<End> {
        while self.out.is_open() || self.err.is_open() {
            tokio::select! {
                text = self.out.next(), if self.out.is_open() => self.wrote(Channel::Out, text),
                text = self.err.next(), if self.err.is_open() => self.complained(&text),
                () = sleep_until(until) => return Some(End::TooLong),
                () = self.events.closed() => return Some(End::Stopped),
                () = over.cancelled() => return Some(End::Stopped),
            }
            if self.out.overflows() || self.err.overflows() {
                return Some(End::TooMuch);
            }
        }
        None
    }

    fn complained(&mut self, text: &str) {
        self.rest.push_str(text);
        let whole = self.rest.rfind('\n').map_or(0, |end| end + 1);
        let lines: String = self.rest.drain(..whole).collect();
        lines.lines().for_each(|line| self.line(line, "\n"));
    }

    fn line(&mut self, line: &str, end: &str) {
        if self.in_object {
            self.in_object = !calls::ends_object(line);
            return;
        }
        if calls::begins_object(line) {
            self.in_object = true;
            return;
        }
        match calls::read(line) {
            Line::Said(said) => self.wrote(Channel::Err, format!("{said}{end}")),
            Line::Call(call) if self.entry.calls.len() < MOST_CALLS => self.tell(Happening::Called { call }),
            Line::Call(_) | Line::Noise => {}
        }
    }

    /// What came last may have no line end.
    fn finish(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&rest, "");
        }
    }

    fn wrote(&mut self, channel: Channel, text: String) {
        if !text.is_empty() {
            self.tell(Happening::Wrote { channel, text });
        }
    }

    fn tell(&mut self, happening: Happening) {
        self.entry.take(&happening);
        // Whoever listened may have gone: the next turn of the loop sees that.
        let _ = self.events.send(happening);
    }
}

#[cfg(test)]
mod tests {
    use clusterip_domain::console::Place;
    use futures_util::FutureExt;
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::mpsc::unbounded_channel;

    use super::super::desk::Desk;
    use super::*;

    /// A program that writes what is written into these, and ends well when both are closed.
    fn program(limit: Duration) -> (Program, DuplexStream, DuplexStream) {
        let ((out, says), (err, complains)) = (duplex(CHUNK), duplex(CHUNK));
        let end = std::future::ready(End::Exit(0)).boxed();
        (Program { out: Box::new(out), err: Box::new(err), end, limit, home: None }, says, complains)
    }

    fn entry() -> Entry {
        Desk::new(&CancellationToken::new()).entry("kubectl get pods", Place::Outside)
    }

    async fn followed(program: Program) -> Entry {
        let (tell, _hears) = unbounded_channel();
        let mut entry = entry();
        follow(program, &mut entry, &tell, &CancellationToken::new()).await;
        entry
    }

    #[tokio::test]
    async fn what_kubectl_logs_is_told_apart_and_what_it_writes_is_plain() {
        let (program, mut says, mut complains) = program(Duration::from_secs(5));
        let call = "I1129 00:50:12.1 1 round_trippers.go:632] \"Response\" verb=\"GET\" url=\"https://x/api\" status=\"200 OK\"";
        let writes = async move {
            says.write_all(b"\x1b[31mNAME\x1b[0m\n").await.unwrap();
            // Cut in the middle of a line, as a pipe may.
            let object =
                "I1129 00:50:12.1 1 helpers.go:246] server response object: [{\n  \"kind\": \"Status\"\n}]";
            let text = format!("{call}\n{object}\nWarning: \x07one\nlast");
            let (first, rest) = text.split_at(20);
            complains.write_all(first.as_bytes()).await.unwrap();
            complains.write_all(rest.as_bytes()).await.unwrap();
        };
        let (entry, ()) = tokio::join!(followed(program), writes);
        assert_eq!(entry.said(), "NAME\n");
        let complaints: String = entry
            .output
            .iter()
            .filter(|(channel, _)| *channel == Channel::Err)
            .map(|(_, t)| t.as_str())
            .collect();
        assert_eq!(complaints, "Warning: one\nlast");
        assert_eq!((entry.calls.len(), entry.calls[0].path.as_str()), (1, "/api"));
        assert_eq!(entry.end, Some(End::Exit(0)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_is_ended() {
        let (program, _says, _complains) = program(Duration::from_secs(90));
        let entry = followed(program).await;
        assert_eq!(entry.end, Some(End::TooLong));
        assert!(entry.took >= Duration::from_secs(90));
    }

    #[tokio::test]
    async fn what_writes_too_much_is_ended_and_cut() {
        let (program, mut says, _complains) = program(Duration::from_secs(60));
        let writes = async move { while says.write_all(&[b'y'; CHUNK]).await.is_ok() {} };
        let (entry, ()) = tokio::join!(followed(program), writes);
        assert_eq!((entry.said().len(), entry.end), (MOST, Some(End::TooMuch)));
    }

    #[tokio::test]
    async fn what_nobody_listens_to_is_ended() {
        let (program, _says, _complains) = program(Duration::from_secs(60));
        let (tell, hears) = unbounded_channel();
        drop(hears);
        let mut entry = entry();
        follow(program, &mut entry, &tell, &CancellationToken::new()).await;
        assert_eq!(entry.end, Some(End::Stopped));
    }
    #[tokio::test]
    async fn what_is_over_is_ended() {
        let (program, _says, _complains) = program(Duration::from_secs(60));
        let (tell, _hears) = unbounded_channel();
        let over = CancellationToken::new();
        over.cancel();
        let mut entry = entry();
        follow(program, &mut entry, &tell, &over).await;
        assert_eq!(entry.end, Some(End::Stopped));
    }

    #[tokio::test]
    async fn what_cannot_be_shown_counts_too() {
        let (program, mut says, _complains) = program(Duration::from_secs(60));
        let writes = async move { while says.write_all(&[0; CHUNK]).await.is_ok() {} };
        let (entry, ()) = tokio::join!(followed(program), writes);
        assert_eq!((entry.said().as_str(), entry.end), ("", Some(End::TooMuch)));
    }
}
