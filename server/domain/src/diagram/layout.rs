//! Where each box stands. Pure arithmetic on the rows that [`super::Places`] gave.

use serde::Serialize;

use super::{Diagram, Edge, EdgeKind, bands};

/// How the tiers are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// Left to right, for a wide window.
    Wide,
    /// Top to bottom, for a narrow one.
    Tall,
}

/// A box: its upper left corner and its size, in SVG user units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Frame {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Frame {
    fn left(&self) -> (f64, f64) {
        (self.x, self.y + self.h / 2.0)
    }
    pub(super) fn right(&self) -> (f64, f64) {
        (self.x + self.w, self.y + self.h / 2.0)
    }
    pub(super) fn top(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y)
    }
    fn bottom(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h)
    }
}

/// Everything that differs between the two shapes.
pub(super) struct Metrics {
    pub(super) width: f64,
    pub(super) least_height: f64,
    pub(super) client: Frame,
    pub(super) service: Frame,
    pub(super) pod: Frame,
    /// From the top of one pod to the top of the next.
    pub(super) pod_step: f64,
    /// From the top of one Service to the top of the next.
    pub(super) service_step: f64,
}

const WIDE: Metrics = Metrics {
    width: 1080.0,
    least_height: 424.0,
    client: Frame { x: 12.0, y: 0.0, w: 160.0, h: 108.0 },
    service: Frame { x: 264.0, y: 0.0, w: 320.0, h: 216.0 },
    pod: Frame { x: 696.0, y: 44.0, w: 372.0, h: 108.0 },
    pod_step: 126.0,
    service_step: 240.0,
};

const TALL: Metrics = Metrics {
    width: 390.0,
    least_height: 400.0,
    client: Frame { x: 36.0, y: 12.0, w: 350.0, h: 68.0 },
    service: Frame { x: 36.0, y: 120.0, w: 350.0, h: 216.0 },
    pod: Frame { x: 36.0, y: 376.0, w: 350.0, h: 108.0 },
    pod_step: 120.0,
    service_step: 240.0,
};

/// Where a sentence stands in for the Services and the pods that are not there yet.
#[must_use]
pub fn vacant(diagram: &Diagram) -> [Frame; 2] {
    /// Its height.
    const TALLNESS: f64 = 160.0;
    let m = match diagram.shape {
        Shape::Wide => WIDE,
        Shape::Tall => TALL,
    };
    let place = |frame: Frame| match diagram.shape {
        Shape::Wide => Frame { y: (diagram.height - TALLNESS) / 2.0, h: TALLNESS, ..frame },
        Shape::Tall => Frame { h: TALLNESS, ..frame },
    };
    let [service, pods] = [place(m.service), place(m.pod)];
    match diagram.shape {
        Shape::Wide => [service, pods],
        Shape::Tall => [m.service, pods],
    }
}

/// Gives every box its frame, every edge its path, and the picture its size.
pub(super) fn lay_out(diagram: &mut Diagram) {
    let m = match diagram.shape {
        Shape::Wide => WIDE,
        Shape::Tall => TALL,
    };
    if diagram.tiers() > 1 {
        bands::stack(diagram, &m);
    } else {
        side_by_side(diagram, &m);
    }
    let mut edges = std::mem::take(&mut diagram.edges);
    for edge in &mut edges {
        edge.path = path(diagram, edge);
    }
    diagram.edges = edges;
}

/// All Services in one tier, and all pods in another.
fn side_by_side(diagram: &mut Diagram, m: &Metrics) {
    let rows = diagram.pods.iter().map(|p| p.row + 1).max().unwrap_or(0).max(3) as f64;
    let services = diagram.services.len().max(1) as f64;
    let pods_top = match diagram.shape {
        Shape::Wide => m.pod.y,
        Shape::Tall => m.pod.y + (services - 1.0) * m.service_step,
    };
    let pods_end = pods_top + rows * m.pod_step;
    diagram.width = m.width;
    diagram.height = m.least_height.max(pods_end).max(services * m.service_step + 2.0 * m.pod.y.min(44.0));
    let middle = diagram.height / 2.0;
    if let Some(client) = &mut diagram.client {
        client.frame = m.client;
        if diagram.shape == Shape::Wide {
            client.frame.y = middle - m.client.h / 2.0;
        }
    }
    let first_service = match diagram.shape {
        Shape::Wide => middle - (services * m.service_step - (m.service_step - m.service.h)) / 2.0,
        Shape::Tall => m.service.y,
    };
    for (i, service) in diagram.services.iter_mut().enumerate() {
        service.frame = Frame { y: first_service + i as f64 * m.service_step, ..m.service };
    }
    for pod in &mut diagram.pods {
        pod.frame = Frame { y: pods_top + pod.row as f64 * m.pod_step, ..m.pod };
    }
}

fn path(diagram: &Diagram, edge: &Edge) -> String {
    let client = diagram.client.as_ref().map(|c| c.frame).unwrap_or_default();
    // A new Service may have the name of the one whose old address is still called.
    let is_ghost = edge.kind == EdgeKind::Dead;
    let service = |name: &str| {
        let found = diagram.services.iter().find(|s| s.name == name && s.ghost == is_ghost);
        found.map(|s| s.frame).unwrap_or_default()
    };
    let pod = |uid: &str| diagram.pods.iter().find(|p| p.uid == uid).map(|p| p.frame).unwrap_or_default();
    if let Some((uid, name)) = edge.id.strip_prefix("pod:").and_then(|e| e.split_once("-service:")) {
        return bands::around(pod(uid), service(name));
    }
    let (from, to) = if let Some(name) = edge.id.strip_prefix("client-service:") {
        (client, service(name))
    } else if let Some((name, uid)) = edge.id.strip_prefix("service:").and_then(|e| e.split_once("-pod:")) {
        (service(name), pod(uid))
    } else {
        (client, pod(edge.id.trim_start_matches("client-pod:")))
    };
    let row = diagram.pods.iter().find(|p| edge.id.ends_with(&p.uid)).map_or(0, |p| p.row);
    match diagram.shape {
        Shape::Wide if edge.id.starts_with("client-pod:") => past_the_services(from, to, diagram),
        Shape::Wide => sideways(from.right(), to.left()),
        Shape::Tall if edge.id.starts_with("client-service:") => downwards(from.bottom(), to.top()),
        Shape::Tall => down_the_side(from, to, row),
    }
}

/// A curve from left to right.
fn sideways((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    let bend = (x1 + x2) / 2.0;
    format!("M{x1} {y1} C{bend:.1} {y1} {bend:.1} {y2} {x2} {y2}")
}

/// The direct way to a pod swings over or under the Services' tier, whichever is nearer, never through it.
fn past_the_services(from: Frame, to: Frame, diagram: &Diagram) -> String {
    /// Between the curve and the nearest Service.
    const CLEARANCE: f64 = 16.0;
    let ((x1, y1), (x2, y2)) = (from.right(), to.left());
    let vacant = vacant(diagram)[0];
    let tops = diagram.services.iter().map(|s| s.frame.y).reduce(f64::min);
    let bottoms = diagram.services.iter().map(|s| s.frame.y + s.frame.h).reduce(f64::max);
    let (top, bottom) = (tops.unwrap_or(vacant.y), bottoms.unwrap_or(vacant.y + vacant.h));
    let clear = if y2 <= y1 { top - CLEARANCE } else { bottom + CLEARANCE };
    let (left, right) = (x1 + (x2 - x1) * 0.2, x1 + (x2 - x1) * 0.8);
    format!(
        "M{x1} {y1} C{a:.1} {y1} {a:.1} {clear} {left:.1} {clear} L{right:.1} {clear} C{b:.1} {clear} {b:.1} {y2} {x2} {y2}",
        a = x1 + (left - x1) / 2.0,
        b = x2 - (x2 - right) / 2.0,
    )
}

fn downwards((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    let bend = (y1 + y2) / 2.0;
    format!("M{x1} {y1} C{x1} {bend:.1} {x2} {bend:.1} {x2} {y2}")
}

/// In the tall shape pods stand under one another: the ways go along their left side, the farthest outermost.
fn down_the_side(from: Frame, to: Frame, row: usize) -> String {
    /// The innermost rail, from the left edge of the picture, and the distance to the next.
    const RAIL: (f64, f64) = (24.0, 4.0);
    let rail = RAIL.0 - RAIL.1 * row.min(5) as f64;
    let ((x1, y1), (x2, y2)) = (from.left(), to.left());
    format!(
        "M{x1} {y1} C{rail} {y1} {rail} {y1} {rail} {:.1} L{rail} {:.1} C{rail} {y2} {rail} {y2} {x2} {y2}",
        y1 + 20.0,
        y2 - 20.0
    )
}
