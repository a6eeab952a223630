//! What became of a load's answered requests further on: a count for each hop and each pod there.

use std::collections::BTreeMap;

use clusterip_domain::chain::{Hop, HopCount, SampleHop, UpstreamUrl};
use clusterip_domain::traffic::{ErrorCount, ErrorKind};

use super::Who;

/// The most upstreams told apart in one batch, over all hops; and the most backends on one of them. What more there
/// are must be inventing their names, and is left out.
const MAX_UPSTREAMS: usize = 16;
const MAX_BACKENDS: usize = 64;

#[derive(Debug, Default)]
struct Counts {
    backends: BTreeMap<Who, u64>,
    errors: BTreeMap<ErrorKind, u64>,
}

/// By number of the hop, from 1, and by upstream: sorted as a batch has it.
#[derive(Debug, Default)]
pub(super) struct Chain(BTreeMap<(u8, UpstreamUrl), Counts>);

impl Chain {
    /// Counts the hops of one request, the nearest first.
    pub(super) fn add(&mut self, hops: &[&Hop]) {
        for (number, hop) in (1..).zip(hops) {
            let key = (number, hop.to.clone());
            if self.0.len() >= MAX_UPSTREAMS && !self.0.contains_key(&key) {
                return;
            }
            let counts = self.0.entry(key).or_default();
            match &hop.answer {
                Some(answer) => {
                    let who = Who::of(answer);
                    if counts.backends.len() < MAX_BACKENDS || counts.backends.contains_key(&who) {
                        *counts.backends.entry(who).or_default() += 1;
                    }
                }
                None => *counts.errors.entry(error(hop)).or_default() += 1,
            }
        }
    }

    /// Takes what was counted since the cut before.
    pub(super) fn cut(&mut self) -> Vec<HopCount> {
        let counts = std::mem::take(&mut self.0).into_iter();
        let hop = |((hop, to), counts): (_, Counts)| HopCount {
            hop,
            to,
            backends: counts.backends.iter().map(|(who, count)| who.count(*count)).collect(),
            errors: counts.errors.into_iter().map(|(kind, count)| ErrorCount { kind, count }).collect(),
        };
        counts.map(hop).collect()
    }
}

/// One hop of a sampled request.
pub(super) fn sample(hop: &Hop) -> SampleHop {
    let pod = hop.answer.as_ref().map(|answer| answer.pod.clone());
    SampleHop { to: hop.to.clone(), error: pod.is_none().then(|| error(hop)), pod }
}

/// A hop that says neither who answered nor how it failed is not a backend's.
fn error(hop: &Hop) -> ErrorKind {
    hop.error.unwrap_or(ErrorKind::BadAnswer)
}
