//! Where every request went, by what the backends answered.
//!
//! A [`Ledger`] is a fold over the client's reports: totals for each target in every open *scope* (a step of a lab,
//! since it was opened), and a *window* for the load that runs, begun anew whenever the set of pods behind it changes, because
//! shares can be compared with chance only while the choices were the same.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::chain::UpstreamUrl;
use crate::traffic::{BackendCount, Batch, Connections, ErrorCount, ErrorKind, Latency, LoadSpec};

/// What kind of address a load goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetKind {
    /// A Service's virtual IP.
    VirtualIp,
    /// A Service's DNS name.
    DnsName,
    /// One pod, directly.
    PodIp,
}

/// Where a load goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// What kind of address.
    pub kind: TargetKind,
    /// The Service or pod it was chosen by.
    pub name: String,
    /// The address or DNS name that was dialled.
    pub host: String,
    /// The port that was dialled.
    pub port: u16,
}

/// One backend's answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backend {
    /// Pod name.
    pub pod: String,
    /// Pod IP.
    pub ip: IpAddr,
    /// Version.
    pub version: String,
    /// Answers.
    pub answered: u64,
}

/// Counts of one stretch of traffic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Failures since the last answer: what "it does not answer any more" looks like.
    pub failed_in_a_row: u64,
    /// Failures by kind.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// Answers by pod.
    #[serde(serialize_with = "values")]
    pub backends: BTreeMap<String, Backend>,
    /// What became of the answered requests further on, where backends asked an upstream. Facts have it apart.
    #[serde(skip)]
    pub chain: BTreeMap<HopKey, HopTally>,
}

/// Hop number, from 1, and whom the backends before asked.
pub type HopKey = (u8, UpstreamUrl);

/// So many failures in a row are no passing trouble.
const FAILING: u64 = 10;
/// The most hops that are told apart: what more there are name their upstreams at random.
const MAX_HOPS: usize = 64;
/// The most pods that are told apart in one count: many times what a namespace's quota has room for.
const MAX_BACKENDS: usize = 256;

/// Counts of one hop behind the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HopTally {
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Failures by kind.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// Answers by pod.
    #[serde(serialize_with = "values")]
    pub backends: BTreeMap<String, Backend>,
}

impl HopTally {
    fn add(&mut self, backends: &[BackendCount], errors: &[ErrorCount]) {
        for b in backends {
            count(&mut self.backends, b);
            self.answered += b.count;
        }
        for e in errors {
            *self.errors.entry(e.kind).or_default() += e.count;
            self.failed += e.count;
        }
    }

    /// Takes in what another stretch of traffic came to.
    pub fn merge(&mut self, other: &Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        for (kind, count) in &other.errors {
            *self.errors.entry(*kind).or_default() += count;
        }
        for (pod, backend) in &other.backends {
            let known = self
                .backends
                .entry(pod.clone())
                .or_insert_with(|| Backend { answered: 0, ..backend.clone() });
            known.answered += backend.answered;
        }
    }
}

fn count(backends: &mut BTreeMap<String, Backend>, b: &BackendCount) {
    let new = || Backend { pod: b.pod.clone(), ip: b.ip, version: b.version.clone(), answered: 0 };
    backends.entry(b.pod.clone()).or_insert_with(new).answered += b.count;
}

fn values<S: serde::Serializer>(map: &BTreeMap<String, Backend>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(map.values())
}

impl Tally {
    fn add(&mut self, batch: &Batch) {
        let mut failed: u64 = batch.errors.iter().map(|e| e.count).sum();
        for e in &batch.errors {
            *self.errors.entry(e.kind).or_default() += e.count;
        }
        for b in &batch.backends {
            // A namespace has no such number of pods: a program invents names.
            if self.backends.len() >= MAX_BACKENDS && !self.backends.contains_key(&b.pod) {
                *self.errors.entry(ErrorKind::BadAnswer).or_default() += b.count;
                failed += b.count;
                continue;
            }
            count(&mut self.backends, b);
            self.answered += b.count;
        }
        self.failed += failed;
        for hop in &batch.chain {
            let key = (hop.hop, hop.to.clone());
            if self.chain.len() < MAX_HOPS || self.chain.contains_key(&key) {
                self.chain.entry(key).or_default().add(&hop.backends, &hop.errors);
            }
        }
        let any_answer = batch.backends.iter().any(|b| b.count > 0);
        self.failed_in_a_row = if any_answer { 0 } else { self.failed_in_a_row + failed };
    }

    /// Whether so many have failed in a row that it is no passing trouble.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failed_in_a_row >= FAILING
    }

    /// Requests that came to an end.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.answered + self.failed
    }
}

/// The load that runs, or ran last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// Where to.
    pub target: Target,
    /// How requests share connections.
    pub connections: Connections,
    /// Requests a second asked for.
    pub rate_per_second: u32,
    /// Whether it still runs.
    pub running: bool,
    /// When these counts began: the load's start, or the last change of the pods behind it.
    pub since: Timestamp,
    /// Counts since then.
    pub tally: Tally,
    /// Latency of the whole load.
    pub latency: Latency,
    /// Requests that were due but could not be sent, in the whole load.
    pub not_sent: u64,
    /// Who the pods behind the target are, sorted: when this changes, the counts begin anew.
    pub pods: Vec<String>,
}

/// Totals of one target in one scope, sent in one of the two ways: how a request is spread hangs on that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetTotal {
    /// Where to.
    #[serde(flatten)]
    pub target: Target,
    /// Whether it was sent with a new connection for each request, or on kept ones.
    pub new_connections: bool,
    /// Counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    scopes: BTreeMap<Scope, BTreeMap<(Target, bool), TargetTotal>>,
    window: Option<Window>,
}

/// A stretch of time with totals of its own: the number of an open step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope(pub usize);

impl Ledger {
    /// A load begins: its window begins with it.
    pub fn begin(&mut self, target: Target, spec: &LoadSpec, pods: Vec<String>, now: Timestamp) {
        self.window = Some(Window {
            target,
            connections: spec.connections,
            rate_per_second: spec.rate_per_second,
            running: true,
            since: now,
            tally: Tally::default(),
            latency: Latency::default(),
            not_sent: 0,
            pods,
        });
    }

    /// Counts a report of the load that runs. A report without a load is nobody's and is dropped.
    pub fn record(&mut self, batch: &Batch) {
        let Some(window) = &mut self.window else { return };
        window.tally.add(batch);
        window.latency = batch.latency;
        window.not_sent += batch.not_sent;
        let target = window.target.clone();
        let new_connections = window.connections == Connections::NewPerRequest;
        for totals in self.scopes.values_mut() {
            let begun = || TargetTotal { target: target.clone(), new_connections, tally: Tally::default() };
            totals.entry((target.clone(), new_connections)).or_insert_with(begun).tally.add(batch);
        }
    }

    /// The load ended.
    pub fn end(&mut self) {
        if let Some(window) = &mut self.window {
            window.running = false;
        }
    }

    /// The pods behind the target are now these: counts begin anew if that is a change while a load runs.
    pub fn choices_are(&mut self, pods: Vec<String>, now: Timestamp) {
        let Some(window) = self.window.as_mut().filter(|w| w.running && w.pods != pods) else { return };
        window.pods = pods;
        window.since = now;
        window.tally = Tally { failed_in_a_row: window.tally.failed_in_a_row, ..Tally::default() };
    }

    /// A scope begins: its totals are empty.
    pub fn open(&mut self, scope: Scope) {
        self.scopes.insert(scope, BTreeMap::new());
    }

    /// A scope ends.
    pub fn close(&mut self, scope: Scope) {
        self.scopes.remove(&scope);
    }

    /// All scopes end.
    pub fn close_all(&mut self) {
        self.scopes.clear();
    }

    /// Totals of a scope, by target and by how requests shared connections; none if it is not open.
    pub fn totals(&self, scope: Scope) -> impl Iterator<Item = &TargetTotal> {
        self.scopes.get(&scope).into_iter().flat_map(BTreeMap::values)
    }

    /// The load that runs, or ran last.
    #[must_use]
    pub fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::HopCount;

    const STEP: Scope = Scope(0);

    fn begin(ledger: &mut Ledger) {
        ledger.open(STEP);
        let target =
            Target { kind: TargetKind::VirtualIp, name: "svc".into(), host: "10.96.0.9".into(), port: 80 };
        let spec = LoadSpec {
            host: "10.96.0.9".into(),
            port: 80,
            connections: Connections::NewPerRequest,
            rate_per_second: 10,
            max_requests: 100,
            max_seconds: 10,
            timeout_ms: 1000,
        };
        ledger.begin(target, &spec, vec!["a".into(), "b".into()], Timestamp::UNIX_EPOCH);
    }

    fn batch(counts: &[(&str, u64)], refused: u64) -> Batch {
        Batch {
            backends: counts
                .iter()
                .map(|(pod, count)| BackendCount {
                    pod: (*pod).into(),
                    ip: [10, 244, 0, 5].into(),
                    version: "v1".into(),
                    count: *count,
                })
                .collect(),
            errors: vec![ErrorCount { kind: ErrorKind::Refused, count: refused }],
            ..Batch::default()
        }
    }

    #[test]
    fn counts_add_up_by_pod_and_by_kind_of_error() {
        let mut ledger = Ledger::default();
        begin(&mut ledger);
        ledger.record(&batch(&[("a", 3), ("b", 4)], 1));
        ledger.record(&batch(&[("a", 2)], 0));
        let tally = &ledger.window().unwrap().tally;
        assert_eq!((tally.answered, tally.failed, tally.sent()), (9, 1, 10));
        assert_eq!(tally.backends["a"].answered, 5);
        assert_eq!(tally.errors[&ErrorKind::Refused], 1);
        assert_eq!(ledger.totals(STEP).next().unwrap().tally, *tally);
    }

    #[test]
    fn a_program_that_invents_names_fills_no_memory() {
        let mut ledger = Ledger::default();
        begin(&mut ledger);
        for n in 0..2 * MAX_BACKENDS {
            ledger.record(&batch(&[(&format!("pod-{n}"), 1)], 0));
        }
        let tally = &ledger.window().unwrap().tally;
        let most = MAX_BACKENDS as u64;
        assert_eq!((tally.backends.len(), tally.answered, tally.failed), (MAX_BACKENDS, most, most));
        assert_eq!(tally.errors[&ErrorKind::BadAnswer], most);
    }

    #[test]
    fn failures_in_a_row_end_with_an_answer() {
        let mut ledger = Ledger::default();
        begin(&mut ledger);
        ledger.record(&batch(&[], 4));
        ledger.record(&batch(&[], 4));
        assert_eq!(ledger.window().unwrap().tally.failed_in_a_row, 8);
        ledger.record(&batch(&[], 2));
        assert!(ledger.window().unwrap().tally.is_failing());
        ledger.record(&batch(&[("a", 1)], 1));
        assert_eq!(ledger.window().unwrap().tally.failed_in_a_row, 0);
    }

    #[test]
    fn a_change_of_the_choices_begins_the_window_anew_but_not_the_totals() {
        let mut ledger = Ledger::default();
        begin(&mut ledger);
        ledger.record(&batch(&[("a", 3), ("b", 4)], 0));
        ledger.choices_are(vec!["a".into(), "b".into()], Timestamp::UNIX_EPOCH);
        assert_eq!(ledger.window().unwrap().tally.answered, 7);
        ledger.choices_are(vec!["a".into(), "c".into()], Timestamp::UNIX_EPOCH);
        assert_eq!(ledger.window().unwrap().tally.answered, 0);
        assert_eq!(ledger.totals(STEP).next().unwrap().tally.answered, 7);
    }

    #[test]
    fn kept_connections_are_counted_apart_from_new_ones() {
        let mut ledger = Ledger::default();
        begin(&mut ledger);
        ledger.record(&batch(&[("a", 3), ("b", 4)], 0));
        if let Some(window) = &mut ledger.window {
            window.connections = Connections::KeepAlive { connections: 1 };
        }
        ledger.record(&batch(&[("b", 9)], 0));
        let told: Vec<_> = ledger.totals(STEP).map(|t| (t.new_connections, t.tally.answered)).collect();
        assert_eq!(told, [(false, 9), (true, 7)]);
    }

    #[test]
    fn each_scope_counts_from_its_own_opening() {
        let mut ledger = Ledger::default();
        begin(&mut ledger);
        ledger.record(&batch(&[("a", 3)], 2));
        ledger.open(Scope(1));
        ledger.record(&batch(&[], 4));
        let told = |scope| ledger.totals(scope).next().map(|t| (t.tally.answered, t.tally.failed_in_a_row));
        assert_eq!((told(STEP), told(Scope(1))), (Some((3, 4)), Some((0, 4))));
        ledger.close(STEP);
        assert_eq!(ledger.totals(STEP).count(), 0);
    }

    #[test]
    fn a_chain_is_counted_by_hop_and_apart_from_the_first() {
        let mut ledger = Ledger::default();
        begin(&mut ledger);
        let hop = |hop: u8, to: &str, pod: &str, count| HopCount {
            hop,
            to: to.parse().unwrap(),
            backends: batch(&[(pod, count)], 0).backends,
            errors: vec![ErrorCount { kind: ErrorKind::Dns, count: 2 }],
        };
        for _ in 0..2 {
            let chain = vec![hop(1, "http://backend", "b", 3), hop(2, "http://data", "d", 1)];
            ledger.record(&Batch { chain, ..batch(&[("a", 5)], 0) });
        }
        let tally = &ledger.window().unwrap().tally;
        assert_eq!((tally.answered, tally.backends.len()), (10, 1));
        let data = &tally.chain[&(2, "http://data".parse().unwrap())];
        assert_eq!((data.answered, data.failed, data.backends["d"].answered), (2, 4, 2));
        let mut all = data.clone();
        all.merge(data);
        assert_eq!((all.answered, all.errors[&ErrorKind::Dns], all.backends["d"].answered), (4, 8, 4));
    }

    #[test]
    fn a_report_of_no_load_is_dropped() {
        let mut ledger = Ledger::default();
        ledger.record(&batch(&[("a", 3)], 0));
        assert_eq!(ledger, Ledger::default());
    }
}
