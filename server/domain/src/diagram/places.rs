//! Who stands where, and in which hue: kept while others come and go.

use std::net::IpAddr;

use super::tiers::Tiers;
use crate::ledger::{TargetKind, Window};
use crate::snapshot::{Pod, Snapshot};

/// How many hues there are; the style sheet names them.
pub const HUES: usize = 8;

/// One pod's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// UID of the pod.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Its IP, the last one seen.
    pub ip: Option<IpAddr>,
    /// Tier, from 0, the nearest to the client.
    pub tier: usize,
    /// Row of its tier, from 0, at the top.
    pub row: usize,
    /// Hue, 0 to [`HUES`]` - 1`.
    pub hue: usize,
}

/// The places of all pods, by tier and row. Written by the reducer of a namespace, read by the diagram.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    places: Vec<Place>,
    next_hue: usize,
}

impl Places {
    /// Takes in a new snapshot: newcomers get the first free row and a hue nobody wears; those who left free
    /// theirs, except the pod that the running traffic goes to, which stays as a ghost. A pod that comes to stand in
    /// another tier gets a row there; one that no Service selects any more stays where it is.
    pub fn follow(&mut self, snapshot: &Snapshot, window: Option<&Window>) {
        let dialled = window.filter(|w| w.running && w.target.kind == TargetKind::PodIp);
        self.places.retain(|place| {
            snapshot.workloads().any(|p| p.uid == place.uid)
                || dialled.is_some_and(|w| w.target.name == place.name)
        });
        let tiers = Tiers::of(snapshot);
        for pod in snapshot.workloads() {
            let tier = tiers.pod(snapshot, pod);
            match self.places.iter().position(|p| p.uid == pod.uid) {
                Some(at) => self.settle(at, pod, tier),
                None => self.admit(pod, tier.unwrap_or_default()),
            }
        }
        self.places.sort_by_key(|p| (p.tier, p.row));
    }

    fn settle(&mut self, at: usize, pod: &Pod, tier: Option<usize>) {
        let moves_to = tier.filter(|tier| *tier != self.places[at].tier);
        let row = moves_to.map(|tier| self.free_row(tier));
        let place = &mut self.places[at];
        place.ip = pod.ip.or(place.ip);
        if let (Some(tier), Some(row)) = (moves_to, row) {
            (place.tier, place.row) = (tier, row);
        }
    }

    fn free_row(&self, tier: usize) -> usize {
        let is_free = |row: &usize| self.places.iter().all(|p| (p.tier, p.row) != (tier, *row));
        (0..).find(is_free).unwrap_or_default()
    }

    fn admit(&mut self, pod: &Pod, tier: usize) {
        let row = self.free_row(tier);
        let worn = |hue: usize| self.places.iter().any(|p| p.hue == hue);
        let hue = (0..HUES)
            .map(|i| (self.next_hue + i) % HUES)
            .find(|hue| !worn(*hue))
            .unwrap_or(self.next_hue % HUES);
        self.next_hue = (hue + 1) % HUES;
        let (uid, name) = (pod.uid.clone(), pod.name.clone());
        self.places.push(Place { uid, name, ip: pod.ip, tier, row, hue });
    }

    /// All places, by tier and row.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }
}
