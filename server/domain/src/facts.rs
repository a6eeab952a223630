//! What checks may know: the picture now, the traffic since the step began, and what has come and gone.
//!
//! ```text
//! Snapshot ─▶ History ─┐
//! Ledger ──────────────┼─▶ Facts ─▶ check expressions
//! noted IPs, probes ───┘
//! ```
//!
//! A [`Facts`] is serialised (camelCase) into the variables `snapshot`, `traffic`, `chain`, `seen`, `noted` and `probes`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::chain::UpstreamUrl;
use crate::ledger::{HopKey, HopTally, Ledger, TargetTotal};
use crate::probe::{Probed, Probes};
use crate::snapshot::Snapshot;

/// How many pods and Services a history remembers; the oldest that are gone are forgotten first.
const REMEMBERED: usize = 200;

/// A pod or Service that was seen at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Pod IP or virtual IP, the last one seen.
    pub ip: Option<IpAddr>,
    /// No longer there, or told to stop.
    pub gone: bool,
    /// Went since the step began.
    pub gone_this_step: bool,
    /// Came since the step began.
    pub came_this_step: bool,
}

/// What has come and gone in a namespace while the server watched it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Workload pods, in order of appearance.
    pub pods: Vec<Seen>,
    /// Services, in order of appearance.
    pub services: Vec<Seen>,
}

impl History {
    /// Takes in a new snapshot.
    pub fn observe(&mut self, snapshot: &Snapshot) {
        let pods = snapshot.workloads().map(|p| {
            (p.name.as_str(), p.uid.as_str(), p.ip, p.state == crate::snapshot::PodState::Terminating)
        });
        follow(&mut self.pods, pods);
        let services =
            snapshot.services.iter().map(|s| (s.name.as_str(), s.uid.as_str(), s.cluster_ip, false));
        follow(&mut self.services, services);
    }

    /// A new step begins: nothing has come or gone in it yet.
    pub fn mark(&mut self) {
        for seen in self.pods.iter_mut().chain(&mut self.services) {
            seen.gone_this_step = false;
            seen.came_this_step = false;
        }
    }
}

/// One observed object: name, UID, address, and whether it was told to stop.
type Observed<'a> = (&'a str, &'a str, Option<IpAddr>, bool);

fn follow<'a>(seen: &mut Vec<Seen>, now: impl Iterator<Item = Observed<'a>>) {
    let mut present = Vec::new();
    for (name, uid, ip, leaving) in now {
        present.push(uid);
        match seen.iter_mut().find(|s| s.uid == uid) {
            Some(known) => {
                known.ip = ip.or(known.ip);
                // A list that was short for a moment (a watch that begins anew) took it for gone. What was told to
                // stop never comes back.
                if known.gone && !leaving {
                    known.gone = false;
                    known.gone_this_step = false;
                }
                known.gone_this_step |= leaving && !known.gone;
                known.gone |= leaving;
            }
            None => seen.push(Seen {
                name: name.to_owned(),
                uid: uid.to_owned(),
                ip,
                gone: leaving,
                gone_this_step: leaving,
                came_this_step: true,
            }),
        }
    }
    for known in seen.iter_mut().filter(|s| !s.gone && !present.contains(&s.uid.as_str())) {
        known.gone = true;
        known.gone_this_step = true;
    }
    while seen.len() > REMEMBERED {
        let oldest_gone = seen.iter().position(|s| s.gone).unwrap_or(0);
        seen.remove(oldest_gone);
    }
}

/// What became of requests on one hop behind the first, since the step began and over all targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HopTotal {
    /// How many backends came before, from 1.
    pub hop: u8,
    /// Whom they asked.
    pub to: UpstreamUrl,
    /// Counts.
    #[serde(flatten)]
    pub tally: HopTally,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts<'a> {
    /// The namespace now.
    pub snapshot: &'a Snapshot,
    /// Totals of each target since the step began.
    pub traffic: Vec<&'a TargetTotal>,
    /// The hops behind the first, since the step began; empty while no backend has asked an upstream.
    pub chain: Vec<HopTotal>,
    /// What has come and gone.
    pub seen: &'a History,
    /// Pod IPs the student noted.
    pub noted: &'a [IpAddr],
    /// Probes since the step began, oldest first.
    pub probes: &'a [Probed],
}

impl<'a> Facts<'a> {
    /// Puts together what is known.
    #[must_use]
    pub fn of(
        snapshot: &'a Snapshot,
        ledger: &'a Ledger,
        seen: &'a History,
        noted: &'a [IpAddr],
        probes: &'a Probes,
    ) -> Self {
        let traffic = ledger.totals().collect();
        Self { snapshot, traffic, chain: chain(ledger), seen, noted, probes: probes.as_slice() }
    }
}

fn chain(ledger: &Ledger) -> Vec<HopTotal> {
    let mut hops: BTreeMap<HopKey, HopTally> = BTreeMap::new();
    for (key, tally) in ledger.totals().flat_map(|total| &total.tally.chain) {
        hops.entry(key.clone()).or_default().merge(tally);
    }
    hops.into_iter().map(|((hop, to), tally)| HopTotal { hop, to, tally }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_that_leaves_is_gone_and_stays_gone() {
        let mut seen = Vec::new();
        let ip: IpAddr = [10, 244, 0, 5].into();
        follow(&mut seen, [("a", "1", None, false)].into_iter());
        follow(&mut seen, [("a", "1", Some(ip), false)].into_iter());
        assert_eq!((seen[0].ip, seen[0].gone, seen[0].came_this_step), (Some(ip), false, true));
        follow(&mut seen, [("a", "1", Some(ip), true)].into_iter());
        assert!(seen[0].gone && seen[0].gone_this_step);
        follow(&mut seen, [].into_iter());
        assert!(seen[0].gone && seen[0].ip == Some(ip));
    }

    #[test]
    fn what_a_short_list_lost_is_not_gone_when_it_is_seen_again() {
        let mut seen = Vec::new();
        let pod = [("a", "1", None, false)];
        follow(&mut seen, pod.into_iter());
        follow(&mut seen, [].into_iter());
        assert!(seen[0].gone);
        follow(&mut seen, pod.into_iter());
        assert!(!seen[0].gone && !seen[0].gone_this_step);
    }

    #[test]
    fn the_same_name_again_is_another_object() {
        let mut seen = Vec::new();
        follow(&mut seen, [("svc", "1", None, false)].into_iter());
        follow(&mut seen, [("svc", "2", None, false)].into_iter());
        assert_eq!(seen.iter().map(|s| s.gone).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_gone_first() {
        let mut seen = Vec::new();
        follow(&mut seen, [("stays", "stays", None, false)].into_iter());
        for i in 0..REMEMBERED + 20 {
            let uid = i.to_string();
            follow(
                &mut seen,
                [("stays", "stays", None, false), ("p", uid.as_str(), None, false)].into_iter(),
            );
        }
        assert_eq!(seen.len(), REMEMBERED);
        assert_eq!(seen[0].name, "stays");
    }
}
