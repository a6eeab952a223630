//! The layout of a chain: one band a tier, under one another, each with its Services and the pods behind them.
//!
//! ```text
//! client ─▶ frontend-service ─▶ pods ─┐
//!       ┌─────────────────────────────┘
//!       └▶ backend-service ──▶ pods ──┐
//! ```

use super::Diagram;
use super::layout::{Frame, Metrics, Shape};

/// Between two bands: room for the way from the pods of one to the Service of the next.
const GAP: f64 = 44.0;
/// How far right of the pods that way runs down, and what the picture is wider for it.
const RAIL: (f64, f64) = (16.0, 24.0);
/// The radius of its corners.
const CORNER: f64 = 8.0;

/// Gives every box of a chain its frame, and the picture its size.
pub(super) fn stack(diagram: &mut Diagram, m: &Metrics) {
    let tiers = diagram.tiers();
    let wide = diagram.shape == Shape::Wide;
    let mut top = if wide { m.pod.y } else { m.service.y };
    for tier in 0..tiers {
        let services = diagram.services.iter().filter(|s| s.tier == tier).count() as f64;
        let rows =
            diagram.pods.iter().filter(|p| p.tier == tier).map(|p| p.row + 1).max().unwrap_or(0) as f64;
        let beside = services * m.service_step - (m.service_step - m.service.h);
        let (services_top, pods_top, height) = if wide {
            let pods = (rows * m.pod_step - (m.pod_step - m.pod.h)).max(0.0);
            let height = beside.max(pods);
            (top + (height - beside) / 2.0, top + (height - pods) / 2.0, height)
        } else {
            let between = m.service_step - m.service.h;
            let pods_top = top + beside + between;
            (top, pods_top, beside + between + rows * m.pod_step)
        };
        let in_tier = diagram.services.iter_mut().filter(|s| s.tier == tier);
        for (i, service) in in_tier.enumerate() {
            service.frame = Frame { y: services_top + i as f64 * m.service_step, ..m.service };
        }
        for pod in diagram.pods.iter_mut().filter(|p| p.tier == tier) {
            pod.frame = Frame { y: pods_top + pod.row as f64 * m.pod_step, ..m.pod };
        }
        if tier == 0 {
            let client_top = if wide { top + (height - m.client.h) / 2.0 } else { m.client.y };
            if let Some(client) = &mut diagram.client {
                client.frame = Frame { y: client_top, ..m.client };
            }
        }
        top += height + GAP;
    }
    diagram.width = m.width + RAIL.1;
    diagram.height = m.least_height.max(top - GAP + 16.0);
}

/// From a pod out to the right, along the gap before the next band, and into the Service from above.
pub(super) fn around(from: Frame, to: Frame) -> String {
    let (x1, y1) = from.right();
    let (x2, y2) = to.top();
    let (rail, along) = (x1 + RAIL.0, y2 - GAP / 2.0);
    // Down to a band below; up to one above, where backends call each other in a circle.
    let turn = if along >= y1 { CORNER } else { -CORNER };
    format!(
        "M{x1} {y1} H{a} Q{rail} {y1} {rail} {b} V{c} Q{rail} {along} {d} {along} H{e} Q{x2} {along} {x2} {f} V{y2}",
        a = rail - CORNER,
        b = y1 + turn,
        c = along - turn,
        d = rail - CORNER,
        e = x2 + CORNER,
        f = along + CORNER,
    )
}
