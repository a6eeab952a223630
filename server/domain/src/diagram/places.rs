//! Who stands where, and in which hue: kept while others come and go.

use std::net::IpAddr;

use crate::ledger::{TargetKind, Window};
use crate::snapshot::Snapshot;

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
    /// Row, from 0, at the top.
    pub row: usize,
    /// Hue, 0 to [`HUES`]` - 1`.
    pub hue: usize,
}

/// The places of all pods, by row. Written by the reducer of a namespace, read by the diagram.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    places: Vec<Place>,
    next_hue: usize,
}

impl Places {
    /// Takes in a new snapshot: newcomers get the first free row and a hue nobody wears; those who left free
    /// theirs, except the pod that the running traffic goes to, which stays as a ghost.
    pub fn follow(&mut self, snapshot: &Snapshot, window: Option<&Window>) {
        let dialled = window.filter(|w| w.running && w.target.kind == TargetKind::PodIp);
        self.places.retain(|place| {
            snapshot.workloads().any(|p| p.uid == place.uid)
                || dialled.is_some_and(|w| w.target.name == place.name)
        });
        for pod in snapshot.workloads() {
            match self.places.iter_mut().find(|p| p.uid == pod.uid) {
                Some(place) => place.ip = pod.ip.or(place.ip),
                None => self.admit(pod.uid.clone(), pod.name.clone(), pod.ip),
            }
        }
        self.places.sort_by_key(|p| p.row);
    }

    fn admit(&mut self, uid: String, name: String, ip: Option<IpAddr>) {
        let row = (0..).find(|row| self.places.iter().all(|p| p.row != *row)).unwrap_or_default();
        let worn = |hue: usize| self.places.iter().any(|p| p.hue == hue);
        let hue = (0..HUES)
            .map(|i| (self.next_hue + i) % HUES)
            .find(|hue| !worn(*hue))
            .unwrap_or(self.next_hue % HUES);
        self.next_hue = (hue + 1) % HUES;
        self.places.push(Place { uid, name, ip, row, hue });
    }

    /// All places, by row.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }
}
