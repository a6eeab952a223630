//! What checks may know: the picture now, the traffic since the step opened, and what has come and gone.
//!
//! ```text
//! Snapshot ─▶ History ─┐
//! Ledger ──────────────┼─▶ Facts (one a step) ─▶ expressions
//! noted IPs, probes ───┘
//! ```
//!
//! A [`Facts`] is serialised (camelCase) into the variables `snapshot`, `traffic`, `chain`, `seen`, `noted` and `probes`.
//! Several steps may be open, each since its own moment; what came before that does not count for it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::chain::UpstreamUrl;
use crate::ledger::{HopKey, HopTally, TargetTotal};
use crate::probe::Probed;
use crate::snapshot::Snapshot;

/// How many pods and Services a history remembers; the oldest that are gone are forgotten first.
const REMEMBERED: usize = 200;

/// A pod or Service that was seen at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Pod IP or virtual IP, the last one seen.
    pub ip: Option<IpAddr>,
    /// When it came, in observations.
    came: u64,
    /// When it went or was told to stop, in observations.
    gone: Option<u64>,
}

/// A moment in a history: what came or went after it is what happened "this step".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// What has come and gone in a namespace while the server watched it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    pods: Vec<Seen>,
    services: Vec<Seen>,
    observations: u64,
}

/// A history as the checks of one step see it: the variable `seen`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenSince<'a> {
    /// Workload pods, in order of appearance.
    pub pods: Vec<SeenObject<'a>>,
    /// Services, in order of appearance.
    pub services: Vec<SeenObject<'a>>,
}

/// One object of [`SeenSince`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenObject<'a> {
    /// Name.
    pub name: &'a str,
    /// UID.
    pub uid: &'a str,
    /// Pod IP or virtual IP, the last one seen.
    pub ip: Option<IpAddr>,
    /// No longer there, or told to stop.
    pub gone: bool,
    /// Went since the step opened.
    pub gone_this_step: bool,
    /// Came since the step opened.
    pub came_this_step: bool,
}

impl History {
    /// Takes in a new snapshot.
    pub fn observe(&mut self, snapshot: &Snapshot) {
        self.observations += 1;
        let pods = snapshot.workloads().map(|p| {
            (p.name.as_str(), p.uid.as_str(), p.ip, p.state == crate::snapshot::PodState::Terminating)
        });
        follow(&mut self.pods, self.observations, pods);
        let services =
            snapshot.services.iter().map(|s| (s.name.as_str(), s.uid.as_str(), s.cluster_ip, false));
        follow(&mut self.services, self.observations, services);
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment(self.observations)
    }

    /// A moment of its own, after all that was, for something that no observation brings.
    pub fn later(&mut self) -> Moment {
        self.observations += 1;
        self.now()
    }

    /// What has come and gone, told from a moment on.
    #[must_use]
    pub fn since(&self, moment: Moment) -> SeenSince<'_> {
        let view = |s| SeenObject::of(s, moment);
        SeenSince {
            pods: self.pods.iter().map(view).collect(),
            services: self.services.iter().map(view).collect(),
        }
    }
}

impl<'a> SeenObject<'a> {
    fn of(seen: &'a Seen, moment: Moment) -> Self {
        Self {
            name: &seen.name,
            uid: &seen.uid,
            ip: seen.ip,
            gone: seen.gone.is_some(),
            gone_this_step: seen.gone.is_some_and(|at| at > moment.0),
            came_this_step: seen.came > moment.0,
        }
    }
}

/// One observed object: name, UID, address, and whether it was told to stop.
type Observed<'a> = (&'a str, &'a str, Option<IpAddr>, bool);

fn follow<'a>(seen: &mut Vec<Seen>, at: u64, now: impl Iterator<Item = Observed<'a>>) {
    let mut present = Vec::new();
    for (name, uid, ip, leaving) in now {
        present.push(uid);
        match seen.iter_mut().find(|s| s.uid == uid) {
            Some(known) => {
                known.ip = ip.or(known.ip);
                // A list that was short for a moment (a watch that begins anew) took it for gone. What was told to
                // stop never comes back.
                known.gone = if leaving { known.gone.or(Some(at)) } else { None };
            }
            None => seen.push(Seen {
                name: name.to_owned(),
                uid: uid.to_owned(),
                ip,
                came: at,
                gone: leaving.then_some(at),
            }),
        }
    }
    for known in seen.iter_mut().filter(|s| s.gone.is_none() && !present.contains(&s.uid.as_str())) {
        known.gone = Some(at);
    }
    while seen.len() > REMEMBERED {
        let oldest_gone = seen.iter().position(|s| s.gone.is_some()).unwrap_or(0);
        seen.remove(oldest_gone);
    }
}

/// What became of requests on one hop behind the first, since the step opened and over all targets.
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

/// What the checks of one step may know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts<'a> {
    /// The namespace now.
    pub snapshot: &'a Snapshot,
    /// Totals of each target since the step opened.
    pub traffic: Vec<&'a TargetTotal>,
    /// The hops behind the first, since the step opened; empty while no backend has asked an upstream.
    pub chain: Vec<HopTotal>,
    /// What has come and gone.
    pub seen: SeenSince<'a>,
    /// Pod IPs the student noted.
    pub noted: &'a [IpAddr],
    /// Probes made since the step opened, oldest first.
    pub probes: Vec<&'a Probed>,
}

/// The hops of a step's traffic, summed over its targets.
pub(crate) fn chain(traffic: &[&TargetTotal]) -> Vec<HopTotal> {
    let mut hops: BTreeMap<HopKey, HopTally> = BTreeMap::new();
    for (key, tally) in traffic.iter().flat_map(|total| &total.tally.chain) {
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
        follow(&mut seen, 1, [("a", "1", None, false)].into_iter());
        follow(&mut seen, 2, [("a", "1", Some(ip), false)].into_iter());
        assert_eq!((seen[0].ip, seen[0].came, seen[0].gone), (Some(ip), 1, None));
        follow(&mut seen, 3, [("a", "1", Some(ip), true)].into_iter());
        follow(&mut seen, 4, [].into_iter());
        assert_eq!((seen[0].ip, seen[0].gone), (Some(ip), Some(3)));
    }

    #[test]
    fn what_a_short_list_lost_is_not_gone_when_it_is_seen_again() {
        let mut seen = Vec::new();
        let pod = [("a", "1", None, false)];
        follow(&mut seen, 1, pod.into_iter());
        follow(&mut seen, 2, [].into_iter());
        assert_eq!(seen[0].gone, Some(2));
        follow(&mut seen, 3, pod.into_iter());
        assert_eq!(seen[0].gone, None);
    }

    #[test]
    fn the_same_name_again_is_another_object() {
        let mut seen = Vec::new();
        follow(&mut seen, 1, [("svc", "1", None, false)].into_iter());
        follow(&mut seen, 2, [("svc", "2", None, false)].into_iter());
        assert_eq!(seen.iter().map(|s| s.gone.is_some()).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn each_moment_tells_the_history_from_its_own_point() {
        let mut history = History::default();
        let start = history.now();
        follow(&mut history.pods, 1, [("a", "1", None, false)].into_iter());
        history.observations = 1;
        let later = history.now();
        follow(&mut history.pods, 2, [("b", "2", None, false)].into_iter());
        let told = |moment| {
            let seen = history.since(moment);
            seen.pods.iter().map(|p| (p.name, p.came_this_step, p.gone_this_step)).collect::<Vec<_>>()
        };
        assert_eq!(told(start), [("a", true, true), ("b", true, false)]);
        assert_eq!(told(later), [("a", false, true), ("b", true, false)]);
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_gone_first() {
        let mut seen = Vec::new();
        follow(&mut seen, 0, [("stays", "stays", None, false)].into_iter());
        for i in 0..REMEMBERED as u64 + 20 {
            let uid = i.to_string();
            let now = [("stays", "stays", None, false), ("p", uid.as_str(), None, false)];
            follow(&mut seen, i, now.into_iter());
        }
        assert_eq!(seen.len(), REMEMBERED);
        assert_eq!(seen[0].name, "stays");
    }
}
