//! Where each box stands. Pure arithmetic on the rows that [`super::Places`] gave.

use serde::Serialize;

use super::{Diagram, Edge};

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
    fn right(&self) -> (f64, f64) {
        (self.x + self.w, self.y + self.h / 2.0)
    }
    fn top(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y)
    }
    fn bottom(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h)
    }
}

/// Everything that differs between the two shapes.
struct Metrics {
    width: f64,
    least_height: f64,
    client: Frame,
    service: Frame,
    pod: Frame,
    /// From the top of one pod to the top of the next.
    pod_step: f64,
    /// From the top of one Service to the top of the next.
    service_step: f64,
}

const WIDE: Metrics = Metrics {
    width: 1000.0,
    least_height: 440.0,
    client: Frame { x: 16.0, y: 0.0, w: 152.0, h: 104.0 },
    service: Frame { x: 300.0, y: 0.0, w: 280.0, h: 176.0 },
    pod: Frame { x: 712.0, y: 24.0, w: 272.0, h: 112.0 },
    pod_step: 132.0,
    service_step: 200.0,
};

const TALL: Metrics = Metrics {
    width: 390.0,
    least_height: 400.0,
    client: Frame { x: 119.0, y: 12.0, w: 152.0, h: 92.0 },
    service: Frame { x: 55.0, y: 168.0, w: 280.0, h: 168.0 },
    pod: Frame { x: 55.0, y: 408.0, w: 280.0, h: 112.0 },
    pod_step: 128.0,
    service_step: 192.0,
};

/// Gives every box its frame, every edge its path, and the picture its size.
pub(super) fn lay_out(diagram: &mut Diagram) {
    let m = match diagram.shape {
        Shape::Wide => WIDE,
        Shape::Tall => TALL,
    };
    let rows = diagram.pods.iter().map(|p| p.row + 1).max().unwrap_or(0).max(3) as f64;
    let services = diagram.services.len().max(1) as f64;
    let pods_top = match diagram.shape {
        Shape::Wide => m.pod.y,
        Shape::Tall => m.pod.y + (services - 1.0) * m.service_step,
    };
    let pods_end = pods_top + rows * m.pod_step;
    diagram.width = m.width;
    diagram.height = m.least_height.max(pods_end).max(services * m.service_step + 2.0 * m.pod.y.min(24.0));
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
    let mut edges = std::mem::take(&mut diagram.edges);
    for edge in &mut edges {
        edge.path = path(diagram, edge);
    }
    diagram.edges = edges;
}

fn path(diagram: &Diagram, edge: &Edge) -> String {
    let client = diagram.client.as_ref().map(|c| c.frame).unwrap_or_default();
    let service =
        |name: &str| diagram.services.iter().find(|s| s.name == name).map(|s| s.frame).unwrap_or_default();
    let pod = |uid: &str| diagram.pods.iter().find(|p| p.uid == uid).map(|p| p.frame).unwrap_or_default();
    let (from, to) = if let Some(name) = edge.id.strip_prefix("client-service:") {
        (client, service(name))
    } else if let Some((name, uid)) = edge.id.strip_prefix("service:").and_then(|e| e.split_once("-pod:")) {
        (service(name), pod(uid))
    } else {
        (client, pod(edge.id.trim_start_matches("client-pod:")))
    };
    match diagram.shape {
        Shape::Wide => sideways(from.right(), to.left(), edge.id.starts_with("client-pod:")),
        Shape::Tall if edge.id.starts_with("service:") => down_the_side(from, to),
        Shape::Tall if edge.id.starts_with("client-pod:") => down_the_side(client, to),
        Shape::Tall => downwards(from.bottom(), to.top()),
    }
}

/// A curve from left to right; a direct one swings over the Service's tier instead of through it.
fn sideways((x1, y1): (f64, f64), (x2, y2): (f64, f64), direct: bool) -> String {
    if direct {
        let lift = if y2 > y1 { y1.max(y2) + 60.0 } else { y1.min(y2) - 60.0 }.max(8.0);
        return format!("M{x1} {y1} C{:.1} {lift} {:.1} {lift} {x2} {y2}", x1 + 120.0, x2 - 200.0);
    }
    let bend = (x1 + x2) / 2.0;
    format!("M{x1} {y1} C{bend:.1} {y1} {bend:.1} {y2} {x2} {y2}")
}

fn downwards((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    let bend = (y1 + y2) / 2.0;
    format!("M{x1} {y1} C{x1} {bend:.1} {x2} {bend:.1} {x2} {y2}")
}

/// In the tall shape pods stand under one another: the way goes along their left side.
fn down_the_side(from: Frame, to: Frame) -> String {
    /// Where the ways run, from the left edge of the picture.
    const RAIL: f64 = 24.0;
    let ((x1, y1), (x2, y2)) = (from.left(), to.left());
    format!(
        "M{x1} {y1} C{RAIL} {y1} {RAIL} {y1} {RAIL} {:.1} L{RAIL} {:.1} C{RAIL} {y2} {RAIL} {y2} {x2} {y2}",
        y1 + 32.0,
        y2 - 32.0
    )
}
