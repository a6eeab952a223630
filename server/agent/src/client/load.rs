//! One load: requests leave when they are due, whatever became of those before them.
//!
//! Request `i` is due at `start + i / rate`. Its latency counts from then, so a pause of this client is seen in the
//! latencies and not hidden by requests that were never sent (*coordinated omission*).
//!
//! Invariants: at most [`MAX_IN_FLIGHT`] at once, a request that finds no room is counted as not sent; a batch is
//! sent at most [`BATCHES_PER_SECOND`] times and, while the reader reads, at least once a second; a reader that is
//! slow gets fewer and fuller batches, and holds no request back.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::traffic::{BATCHES_PER_SECOND, End, Line, LoadSpec};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};

use super::sender::{Sender, Settled};
use super::tally::Tally;
use crate::network::Network;

/// The most requests in flight.
pub const MAX_IN_FLIGHT: usize = 64;
/// A batch is sent after this time even when nothing happened.
pub const HEARTBEAT: Duration = Duration::from_millis(900);
/// Lines that wait for the reader; more are folded into one.
pub(super) const LINES_AHEAD: usize = 4;

/// How long a reader may take for the last lines.
const FAREWELL: Duration = Duration::from_secs(30);

/// A load under way. Dropping it drops what is in flight.
struct Load<N> {
    spec: LoadSpec,
    sender: Arc<Sender<N>>,
    in_flight: JoinSet<Settled>,
    tally: Tally,
    start: Instant,
    due: u64,
    launched: u64,
    cut: Instant,
    ticks: Interval,
}

/// Runs a load that was validated, until its bounds, `told_to_end`, or until nobody reads `lines` any more.
pub async fn run<N: Network>(
    client: String,
    spec: LoadSpec,
    network: Arc<N>,
    told_to_end: impl Future<Output = End>,
    lines: mpsc::Sender<Line>,
) {
    if lines.send(Line::Started { client, close: "rst".to_owned() }).await.is_err() {
        return;
    }
    let mut load = Load::new(spec, network);
    let end = tokio::select! {
        biased;
        () = lines.closed() => return,
        end = told_to_end => end,
        end = load.drive(&lines) => end,
    };
    timeout(FAREWELL, load.finish(end, &lines)).await.ok();
}

impl<N: Network> Load<N> {
    fn new(spec: LoadSpec, network: Arc<N>) -> Self {
        let mut ticks = interval(Duration::from_secs(1) / BATCHES_PER_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let start = Instant::now();
        Self {
            sender: Arc::new(Sender::new(&spec, network)),
            spec,
            in_flight: JoinSet::new(),
            tally: Tally::new(),
            start,
            due: 0,
            launched: 0,
            cut: start,
            ticks,
        }
    }

    /// Sends, settles and reports until all is sent and settled.
    async fn drive(&mut self, lines: &mpsc::Sender<Line>) -> End {
        loop {
            let ended = self.ended();
            if let (Some(end), true) = (ended, self.in_flight.is_empty()) {
                return end;
            }
            let next = self.next_due();
            tokio::select! {
                Some(settled) = self.in_flight.join_next() => self.settle(settled),
                () = sleep_until(next), if ended.is_none() => self.launch(next),
                _ = self.ticks.tick() => self.report(lines),
            }
        }
    }

    fn offset(&self) -> Duration {
        Duration::from_nanos(self.due * 1_000_000_000 / u64::from(self.spec.rate_per_second))
    }

    fn next_due(&self) -> Instant {
        self.start + self.offset()
    }

    /// Why no more requests are sent, if so.
    fn ended(&self) -> Option<End> {
        if self.launched >= self.spec.max_requests {
            return Some(End::Requests);
        }
        (self.offset() >= Duration::from_secs(self.spec.max_seconds.into())).then_some(End::Time)
    }

    fn launch(&mut self, due: Instant) {
        let index = self.launched;
        self.due += 1;
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            self.tally.skip();
            return;
        }
        self.launched += 1;
        let sender = Arc::clone(&self.sender);
        self.in_flight.spawn(async move { sender.send(index, due).await });
    }

    fn settle(&mut self, settled: Result<Settled, tokio::task::JoinError>) {
        // A task of ours is never cancelled while the load drives it, and a panic aborts the executable.
        if let Ok(settled) = settled {
            self.tally.settle(settled);
        }
    }

    fn report(&mut self, lines: &mpsc::Sender<Line>) {
        if self.tally.is_quiet() && self.cut.elapsed() < HEARTBEAT {
            return;
        }
        if let Ok(room) = lines.try_reserve() {
            self.cut = Instant::now();
            room.send(Line::Batch(self.tally.cut(self.start.elapsed(), self.in_flight.len())));
        }
    }

    async fn finish(mut self, end: End, lines: &mpsc::Sender<Line>) {
        while let Some(settled) = self.in_flight.try_join_next() {
            self.settle(settled);
        }
        let in_flight = self.in_flight.len();
        self.in_flight.abort_all();
        if !self.tally.is_quiet() {
            let batch = self.tally.cut(self.start.elapsed(), in_flight);
            lines.send(Line::Batch(batch)).await.ok();
        }
        lines.send(Line::Finished { end, sent: self.tally.sent() }).await.ok();
    }
}
