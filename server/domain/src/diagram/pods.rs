//! One pod of the picture, and its part of the traffic.

use std::net::IpAddr;

use super::{Frame, Load, Place, PodBox};
use crate::distribution::chance_band;
use crate::ledger::{TargetKind, Window};
use crate::rules::RulesView;
use crate::snapshot::{Pod, PodState, Snapshot};
use crate::traffic::Connections;

/// A pod that is there.
pub(super) fn living(
    pod: &Pod,
    place: &Place,
    snapshot: &Snapshot,
    window: Option<&Window>,
    noted: &[IpAddr],
) -> PodBox {
    let endpoint = snapshot
        .endpoint_slices
        .iter()
        .flat_map(|s| &s.endpoints)
        .find(|e| e.pod.as_deref() == Some(pod.name.as_str()));
    PodBox {
        frame: Frame::default(),
        tier: place.tier,
        row: place.row,
        hue: place.hue,
        uid: pod.uid.clone(),
        name: pod.name.clone(),
        short_name: short(&pod.name),
        ip: pod.ip,
        state: pod.state,
        reason: pod.reason.clone(),
        version: pod.image.rsplit_once(':').map(|(_, tag)| tag.to_owned()).unwrap_or_default(),
        labels: pod.labels.iter().map(|(k, v)| format!("{k}={v}")).collect(),
        selected: snapshot.services.iter().any(|s| s.selects(&pod.labels)),
        endpoint: endpoint.cloned(),
        rule_share: pod.ip.and_then(|ip| rule_share(&snapshot.rules, ip)),
        noted: pod.ip.is_some_and(|ip| noted.contains(&ip)),
        ghost: false,
        load: load(&pod.name, window),
    }
}

fn rule_share(rules: &RulesView, ip: IpAddr) -> Option<f64> {
    let RulesView::Read { nodes, .. } = rules else { return None };
    nodes.iter().flat_map(|n| &n.services).map(|rule| rule.share_of(ip)).find(|share| *share > 0.0)
}

/// A pod that is gone, and whose place is kept.
pub(super) fn ghost(place: &Place, noted: &[IpAddr]) -> PodBox {
    PodBox {
        frame: Frame::default(),
        tier: place.tier,
        row: place.row,
        hue: place.hue,
        uid: place.uid.clone(),
        name: place.name.clone(),
        short_name: short(&place.name),
        ip: place.ip,
        state: PodState::Terminating,
        reason: None,
        version: String::new(),
        labels: vec![],
        selected: false,
        endpoint: None,
        rule_share: None,
        noted: place.ip.is_some_and(|ip| noted.contains(&ip)),
        ghost: true,
        load: Load::default(),
    }
}

/// A pod's part of a window's traffic: of the load itself, or of the hop at which it answers.
#[must_use]
pub fn load(pod: &str, window: Option<&Window>) -> Load {
    let Some(window) = window else { return Load::default() };
    let tally = &window.tally;
    let is_first = tally.backends.contains_key(pod) || window.pods.iter().any(|p| p == pod);
    let further_on = || tally.chain.values().find(|hop| hop.backends.contains_key(pod));
    if let Some(hop) = (!is_first).then(further_on).flatten() {
        let answered = hop.backends[pod].answered;
        // Who might have answered there is not counted, and so there is no band to compare with.
        return Load { answered, share: answered as f64 / hop.answered.max(1) as f64, band: None };
    }
    let answered = tally.backends.get(pod).map_or(0, |b| b.answered);
    let by_chance = window.target.kind != TargetKind::PodIp
        && window.connections == Connections::NewPerRequest
        && window.pods.iter().any(|p| p == pod);
    Load {
        answered,
        share: if tally.answered == 0 { 0.0 } else { answered as f64 / tally.answered as f64 },
        band: by_chance.then(|| chance_band(tally.answered, window.pods.len())),
    }
}

fn short(name: &str) -> String {
    name.rsplit('-').next().unwrap_or(name).to_owned()
}
