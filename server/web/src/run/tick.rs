//! The small JSON that moves dots and bars, at most ten a second.

use std::collections::{BTreeMap, BTreeSet};

use clusterip_domain::diagram::load;
use clusterip_domain::distribution::Evenness;
use clusterip_domain::ledger::{Target, Window};
use clusterip_domain::traffic::{Connections, ErrorKind, Latency, Sample};
use jiff::Timestamp;
use serde::Serialize;

use super::state::spread;

/// One tick, as the browser gets it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tick<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
    running: bool,
    target: &'a Target,
    connections: Connections,
    rate_per_second: u32,
    since: Timestamp,
    answered: u64,
    failed: u64,
    errors: &'a BTreeMap<ErrorKind, u64>,
    latency: Latency,
    not_sent: u64,
    pods: Vec<PodTick<'a>>,
    evenness: Option<Evenness>,
    samples: &'a [Sample],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodTick<'a> {
    pod: &'a str,
    answered: u64,
    share: f64,
    band: Option<(f64, f64)>,
}

impl<'a> Tick<'a> {
    /// What a window says now, with the requests sampled since the tick before.
    pub(super) fn of(window: &'a Window, samples: &'a [Sample], simulated: bool) -> Self {
        let further_on = window.tally.chain.values().flat_map(|hop| hop.backends.keys());
        // A pod may answer at more than one hop; its part is that of the first.
        let answered_by: BTreeSet<&String> = window.tally.backends.keys().chain(further_on).collect();
        let silent = window.pods.iter().filter(|p| !window.tally.backends.contains_key(*p));
        let pods = answered_by.iter().copied().chain(silent).map(|pod| {
            let load = load(pod, Some(window));
            PodTick { pod, answered: load.answered, share: load.share, band: load.band }
        });
        Self {
            simulated,
            running: window.running,
            target: &window.target,
            connections: window.connections,
            rate_per_second: window.rate_per_second,
            since: window.since,
            answered: window.tally.answered,
            failed: window.tally.failed,
            errors: &window.tally.errors,
            latency: window.latency,
            not_sent: window.not_sent,
            pods: pods.collect(),
            evenness: spread(window),
            samples,
        }
    }
}
