//! What a load has to report: counted as requests settle, cut into batches.
//!
//! Invariants: every settled request is in exactly one batch; a batch's samples show every kind of failure that it
//! counts, and then as many different backends as fit.

mod chain;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use clusterip_domain::chain::{Hop, MAX_DEPTH};
use clusterip_domain::traffic::{
    Answer, BackendCount, Batch, ErrorCount, ErrorKind, Latency, MAX_SAMPLES, Sample,
};
use hdrhistogram::Histogram;

use self::chain::Chain;
use super::sender::Settled;
use crate::exchange::Failure;

/// The most backends told apart in one batch; what more there are must be inventing their names.
const MAX_BACKENDS: usize = 1024;
/// The longest latency the histogram tells apart: more than the longest timeout, in microseconds.
const MAX_LATENCY_US: u64 = 120_000_000;

/// Sorted as a batch has it: by pod name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    pod: String,
    ip: IpAddr,
    version: String,
}

impl Who {
    fn of(answer: &Answer) -> Self {
        Self { pod: answer.pod.clone(), ip: answer.ip, version: answer.version.clone() }
    }

    fn count(&self, count: u64) -> BackendCount {
        BackendCount { pod: self.pod.clone(), ip: self.ip, version: self.version.clone(), count }
    }
}

/// A count, with a fair sample of what was counted.
#[derive(Debug, Default)]
struct Counted {
    count: u64,
    samples: Vec<Sample>,
}

/// A load's counts.
pub(super) struct Tally {
    backends: BTreeMap<Who, Counted>,
    chain: Chain,
    errors: BTreeMap<ErrorKind, Counted>,
    latency: Histogram<u32>,
    not_sent: u64,
    sent: u64,
    random: Random,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            backends: BTreeMap::new(),
            chain: Chain::default(),
            errors: BTreeMap::new(),
            #[expect(clippy::expect_used, reason = "the bounds are constants")]
            latency: Histogram::new_with_bounds(1, MAX_LATENCY_US, 3).expect("bounds a histogram can have"),
            not_sent: 0,
            sent: 0,
            random: Random(0x9E37_79B9_7F4A_7C15),
        }
    }

    /// Requests answered and failed, in the whole load.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether there is nothing to report.
    pub(super) fn is_quiet(&self) -> bool {
        self.backends.is_empty() && self.errors.is_empty() && self.not_sent == 0
    }

    /// A request was due and did not leave.
    pub(super) fn skip(&mut self) {
        self.not_sent += 1;
    }

    /// A request came to its end.
    pub(super) fn settle(&mut self, settled: Settled) {
        let latency_us = u64::try_from(settled.latency.as_micros()).unwrap_or(u64::MAX);
        let local_port = settled.local_port;
        let sample = Sample { local_port, pod: None, error: None, latency_us, hops: Vec::new() };
        match settled.outcome {
            Ok(answer) => self.answered(&answer, sample),
            Err(Failure::Counted(kind)) => self.failed(kind, sample),
            Err(Failure::NotSent) => self.not_sent += 1,
        }
    }

    fn answered(&mut self, answer: &Answer, sample: Sample) {
        let hops: Vec<&Hop> = answer.hops().take(MAX_DEPTH.into()).collect();
        let who = Who::of(answer);
        if self.backends.len() >= MAX_BACKENDS && !self.backends.contains_key(&who) {
            return self.failed(ErrorKind::BadAnswer, sample);
        }
        self.sent += 1;
        self.latency.saturating_record(sample.latency_us);
        self.chain.add(&hops);
        let hops = hops.iter().map(|hop| chain::sample(hop)).collect();
        let sample = Sample { pod: Some(who.pod.clone()), hops, ..sample };
        self.backends.entry(who).or_default().add(sample, &mut self.random);
    }

    fn failed(&mut self, kind: ErrorKind, sample: Sample) {
        self.sent += 1;
        let sample = Sample { error: Some(kind), ..sample };
        self.errors.entry(kind).or_default().add(sample, &mut self.random);
    }

    /// Takes what has happened since the cut before.
    pub(super) fn cut(&mut self, since_start: Duration, in_flight: usize) -> Batch {
        let backends = std::mem::take(&mut self.backends);
        let errors = std::mem::take(&mut self.errors);
        Batch {
            at_ms: u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX),
            backends: backends.iter().map(|(who, counted)| who.count(counted.count)).collect(),
            errors: errors.iter().map(|(&kind, counted)| ErrorCount { kind, count: counted.count }).collect(),
            latency: self.latency(),
            samples: self.pick(errors.into_values(), backends.into_values()),
            in_flight: in_flight as u64,
            not_sent: std::mem::take(&mut self.not_sent),
            chain: self.chain.cut(),
        }
    }

    fn latency(&self) -> Latency {
        if self.latency.is_empty() {
            return Latency::default();
        }
        Latency {
            p50_us: self.latency.value_at_quantile(0.5),
            p90_us: self.latency.value_at_quantile(0.9),
            p99_us: self.latency.value_at_quantile(0.99),
            max_us: self.latency.max(),
        }
    }

    /// One of each kind of failure, then one of each backend in turn, and so on while there is room. Where the
    /// backends are more than the room, which of them begins is left to chance.
    fn pick(
        &mut self,
        errors: impl Iterator<Item = Counted>,
        backends: impl Iterator<Item = Counted>,
    ) -> Vec<Sample> {
        let mut groups: Vec<Vec<Sample>> = backends.map(|counted| counted.samples).collect();
        if !groups.is_empty() {
            let first = self.random.below(groups.len());
            groups.rotate_left(first);
        }
        groups.splice(0..0, errors.map(|counted| counted.samples));
        let mut picked = Vec::with_capacity(MAX_SAMPLES);
        while picked.len() < MAX_SAMPLES && groups.iter().any(|group| !group.is_empty()) {
            picked.extend(groups.iter_mut().filter_map(Vec::pop));
        }
        picked.truncate(MAX_SAMPLES);
        picked
    }
}

impl Counted {
    /// Reservoir sampling: each of the requests counted is as likely to be kept as any other.
    fn add(&mut self, sample: Sample, random: &mut Random) {
        self.count += 1;
        if self.samples.len() < MAX_SAMPLES {
            self.samples.push(sample);
            return;
        }
        let seen = usize::try_from(self.count).unwrap_or(usize::MAX);
        if let Some(place) = self.samples.get_mut(random.below(seen)) {
            *place = sample;
        }
    }
}

/// Xorshift: which request is drawn need not be secret, only fair.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(pod: usize) -> Settled {
        let answer = Answer {
            pod: format!("backend-{pod:02}"),
            ip: IpAddr::from([10, 244, 0, 5]),
            node: String::new(),
            version: "v1".into(),
            peer: "10.244.0.9:41234".into(),
            connection: 1,
            request: 1,
            upstream: None,
        };
        Settled { local_port: Some(41234), latency: Duration::from_millis(2), outcome: Ok(answer) }
    }

    fn failed(kind: ErrorKind) -> Settled {
        let outcome = Err(Failure::Counted(kind));
        Settled { local_port: None, latency: Duration::from_millis(1), outcome }
    }

    const KINDS: [ErrorKind; 6] = [
        ErrorKind::Refused,
        ErrorKind::Timeout,
        ErrorKind::Reset,
        ErrorKind::NoRoute,
        ErrorKind::Dns,
        ErrorKind::BadAnswer,
    ];

    #[test]
    fn a_batch_shows_every_kind_of_failure_among_any_number_of_answers() {
        let mut tally = Tally::new();
        (0..5000).for_each(|index| tally.settle(answered(index % 20)));
        KINDS.into_iter().for_each(|kind| tally.settle(failed(kind)));
        let batch = tally.cut(Duration::from_millis(100), 3);
        assert_eq!(batch.samples.len(), MAX_SAMPLES);
        for kind in KINDS {
            assert!(batch.samples.iter().any(|sample| sample.error == Some(kind)), "{kind:?}");
        }
        assert_eq!(batch.backends.iter().map(|backend| backend.count).sum::<u64>(), 5000);
        assert_eq!(batch.errors.iter().map(|error| error.count).sum::<u64>(), 6);
        assert_eq!((batch.in_flight, tally.sent()), (3, 5006));
    }

    #[test]
    fn samples_are_spread_over_the_backends() {
        let mut tally = Tally::new();
        (0..900).for_each(|_| tally.settle(answered(0)));
        (1..4).for_each(|pod| tally.settle(answered(pod)));
        let mut pods: Vec<_> =
            tally.cut(Duration::ZERO, 0).samples.into_iter().map(|sample| sample.pod).collect();
        pods.sort();
        pods.dedup();
        assert_eq!(pods.len(), 4);
    }

    #[test]
    fn a_cut_leaves_nothing_but_the_latency_so_far() {
        let mut tally = Tally::new();
        tally.settle(answered(0));
        tally.skip();
        assert_eq!(tally.cut(Duration::ZERO, 0).not_sent, 1);
        assert!(tally.is_quiet());
        let batch = tally.cut(Duration::ZERO, 0);
        assert_eq!((batch.backends.len(), batch.samples.len(), batch.not_sent), (0, 0, 0));
        assert!((1900..2100).contains(&batch.latency.p50_us), "{:?}", batch.latency);
    }

    #[test]
    fn backends_that_invent_names_are_bounded() {
        let mut tally = Tally::new();
        (0..MAX_BACKENDS + 10).for_each(|pod| tally.settle(answered(pod)));
        let batch = tally.cut(Duration::ZERO, 0);
        assert_eq!(batch.backends.len(), MAX_BACKENDS);
        assert_eq!(batch.errors, [ErrorCount { kind: ErrorKind::BadAnswer, count: 10 }]);
    }
}
