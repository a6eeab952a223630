//! The picture: the diagram of the domain as SVG, wide and tall; the style sheet shows the one that fits.

use std::net::IpAddr;

use askama::Template;
use clusterip_domain::diagram::{Diagram, Edge, EdgeKind, Frame, PodBox, Rule, ServiceBox, Shape, vacant};
use clusterip_domain::lab::Lang;
use clusterip_domain::ledger::{TargetKind, Window};
use clusterip_domain::snapshot::{Endpoint, PodState};

use super::{SourceView, format, html};
use crate::run::RunView;
use crate::words::{Words, fill};

/// The bar of a pod: from here, in the pod's own coordinates, this long for a share of 1.
const BAR: (f64, f64) = (20.0, 208.0);
/// The widths of the marks of a pod's three truths, right-aligned in its box.
const MARKS: [f64; 3] = [64.0, 84.0, 60.0];
/// Between two marks, and from the last one to the edge of the box.
const MARK_GAP: (f64, f64) = (4.0, 12.0);
/// A pod's IP: from here, so wide a character, and so far from the first mark at least.
const IP: (f64, f64, f64) = (20.0, 8.75, 8.0);
/// How much of a selector pair fits into a Service's box, in characters.
const FITS: usize = 25;
/// How many selector pairs a Service's box has room for.
const PAIRS: usize = 2;
/// The room for ports in a Service's box: from here, this wide.
const PORTS: (f64, f64) = (20.0, 284.0);
/// The width of a Service port's pill, and of the arrow after it.
const PORT: (f64, f64) = (64.0, 44.0);

/// The picture, in both shapes. A simulated cluster's says so in itself, so that it does wherever it is taken.
#[must_use]
pub fn picture(lang: Lang, source: &SourceView, run: &RunView) -> String {
    let w = Words::of(lang);
    let window = run.window.as_ref();
    html(&PictureTemplate {
        w,
        simulated: source.simulated,
        stale: run.snapshot.stale_since.is_some(),
        traffic: window.map_or("none", |w| if w.running { "running" } else { "ended" }),
        drawings: [&run.wide, &run.tall].map(|diagram| Drawing::of(w, diagram, window)),
    })
}

#[derive(Template)]
#[template(path = "partials/picture.html")]
struct PictureTemplate<'a> {
    w: &'static Words,
    simulated: bool,
    stale: bool,
    /// `none`, `running` or `ended`.
    traffic: &'static str,
    drawings: [Drawing<'a>; 2],
}

/// One shape, ready to be drawn: every word and number that the template places.
struct Drawing<'a> {
    shape: &'static str,
    d: &'a Diagram,
    wide: bool,
    vacant: [Frame; 2],
    about: String,
    client: Option<ClientDrawing>,
    services: Vec<ServiceDrawing<'a>>,
    pods: Vec<PodDrawing<'a>>,
    edges: Vec<EdgeDrawing<'a>>,
}

struct ClientDrawing {
    ip: String,
    class: &'static str,
    dials: String,
    rate: String,
}

struct ServiceDrawing<'a> {
    s: &'a ServiceBox,
    name: String,
    address: String,
    /// Whether the address is one, in large type, or a sentence in its place.
    has_address: bool,
    ports: Vec<PortDrawing>,
    more_ports: usize,
    id: String,
    selector: Vec<String>,
    rule: String,
    rule_class: &'static str,
    label: String,
}

/// `80 → 8080`, as two pills and an arrow.
struct PortDrawing {
    x: f64,
    target_x: f64,
    target_w: f64,
    port: u16,
    target: String,
}

struct PodDrawing<'a> {
    p: &'a PodBox,
    ip: String,
    /// How wide the IP is drawn, where it would run into the marks.
    squeezed: Option<f64>,
    state: String,
    class: &'static str,
    glyph: &'static str,
    marks: Vec<Mark>,
    bar: f64,
    band: Option<(f64, f64)>,
    count: String,
    share: String,
    bar_says: String,
    label: String,
}

/// One of a pod's three truths.
struct Mark {
    x: f64,
    w: f64,
    class: &'static str,
    text: String,
    says: String,
}

struct EdgeDrawing<'a> {
    e: &'a Edge,
    class: &'static str,
    service: &'a str,
    uid: &'a str,
    pod: &'a str,
    active: bool,
}

impl<'a> Drawing<'a> {
    fn of(w: &'static Words, d: &'a Diagram, window: Option<&Window>) -> Self {
        let services: Vec<_> = d.services.iter().map(|s| service(w, s)).collect();
        let rules_known = d.services.iter().any(|s| s.rule != Rule::Unknown && !s.ghost);
        let pods: Vec<_> = d.pods.iter().map(|p| pod(w, p, rules_known)).collect();
        let mut about = d.client.as_ref().map_or_else(
            || w.picture.describe_no_client.to_owned(),
            |c| fill(w.picture.describe_client, &[("ip", &ip(w, c.ip))]),
        );
        for label in services.iter().map(|s| &s.label).chain(pods.iter().map(|p| &p.label)) {
            about.push(' ');
            about.push_str(label);
        }
        Self {
            shape: if d.shape == Shape::Wide { "wide" } else { "tall" },
            wide: d.shape == Shape::Wide,
            vacant: vacant(d),
            about,
            client: d.client.as_ref().map(|c| client(w, c.ip, c.state, window)),
            services,
            pods,
            edges: d.edges.iter().map(|e| edge(d, e)).collect(),
            d,
        }
    }
}

fn ip(w: &Words, ip: Option<IpAddr>) -> String {
    ip.map_or_else(|| w.picture.no_ip.to_owned(), |ip| ip.to_string())
}

fn client(
    w: &'static Words,
    address: Option<IpAddr>,
    state: PodState,
    window: Option<&Window>,
) -> ClientDrawing {
    let running = window.filter(|w| w.running);
    ClientDrawing {
        ip: ip(w, address),
        class: state_of(w, state, false).2,
        dials: running.map(|r| format::cut(&dialled(r), 26)).unwrap_or_default(),
        rate: running.map_or_else(
            || w.picture.idle.to_owned(),
            |r| fill(w.picture.per_second, &[("n", &r.rate_per_second)]),
        ),
    }
}

fn dialled(window: &Window) -> String {
    match window.target.kind {
        TargetKind::DnsName => {
            format!("{}:{}", window.target.host.split('.').next().unwrap_or_default(), window.target.port)
        }
        _ => format!("{}:{}", window.target.host, window.target.port),
    }
}

fn service<'a>(w: &'static Words, s: &'a ServiceBox) -> ServiceDrawing<'a> {
    let p = &w.picture;
    let (rule, rule_class) = match s.rule {
        _ if s.ghost => (p.ghost_service_rule.to_owned(), "bad"),
        _ if s.virtual_ip.is_none() => (p.body_none.to_owned(), "unknown"),
        Rule::Unknown => (p.body_none.to_owned(), "unknown"),
        Rule::Absent => (p.rule_absent.to_owned(), "off"),
        Rule::Balances { endpoints: 1 } => (p.rule_balances_one.to_owned(), "on"),
        Rule::Balances { endpoints } => (fill(p.rule_balances, &[("n", &endpoints)]), "on"),
        Rule::Rejects => (p.rule_rejects.to_owned(), "bad"),
    };
    let ports = ports(s);
    let spoken: Vec<_> = s.ports.iter().map(|p| format!("{} → {}", p.port, p.target_port)).collect();
    let address = s.virtual_ip.clone().unwrap_or_else(|| p.headless.to_owned());
    let label = fill(
        p.describe_service,
        &[
            ("name", &s.name),
            ("ip", &address),
            ("ports", &spoken.join(", ")),
            ("selector", &s.selector.join(", ")),
            ("ready", &s.ready),
            ("endpoints", &s.endpoints),
        ],
    );
    ServiceDrawing {
        name: format::cut(&s.name, 28),
        has_address: s.virtual_ip.is_some(),
        address,
        more_ports: s.ports.len() - ports.len(),
        ports,
        id: if s.ghost { format!("ghost-{}", s.name) } else { format!("service-{}", s.name) },
        selector: s.selector.iter().take(PAIRS).map(|pair| format::cut(pair, FITS)).collect(),
        rule,
        rule_class,
        label,
        s,
    }
}

/// As many ports as fit side by side.
fn ports(s: &ServiceBox) -> Vec<PortDrawing> {
    let mut x = PORTS.0;
    let mut drawn = Vec::new();
    for line in &s.ports {
        let target = format::cut(&line.target_port, 12);
        let target_w = (target.chars().count() as f64 * 11.0 + 20.0).max(PORT.0);
        let target_x = x + PORT.0 + PORT.1;
        if target_x + target_w > PORTS.0 + PORTS.1 {
            break;
        }
        drawn.push(PortDrawing { x, target_x, target_w, port: line.port, target });
        x = target_x + target_w + 24.0;
    }
    drawn
}

fn pod<'a>(w: &'static Words, p: &'a PodBox, rules_known: bool) -> PodDrawing<'a> {
    let (glyph, word, class) = state_of(w, p.state, p.ghost);
    let state =
        p.reason.as_deref().filter(|_| !p.ghost).map_or_else(|| word.to_owned(), |r| format::cut(r, 20));
    let (count, share) = (format::count(p.load.answered), format::percent(p.load.share));
    let bar_says = match p.load.band {
        Some((low, high)) => fill(
            w.picture.bar_band,
            &[
                ("count", &count),
                ("share", &share),
                ("low", &format::percent(low)),
                ("high", &format::percent(high)),
            ],
        ),
        None => fill(w.picture.bar, &[("count", &count), ("share", &share)]),
    };
    let address = ip(w, p.ip);
    let label = fill(w.picture.describe_pod, &[("name", &p.name), ("ip", &address), ("state", &state)]);
    let room = first_mark(p) - IP.0 - IP.2;
    PodDrawing {
        squeezed: (!p.ghost && address.len() as f64 * IP.1 > room).then_some(room),
        ip: address,
        state,
        class,
        glyph,
        marks: if p.ghost { Vec::new() } else { marks(w, p, rules_known) },
        bar: round(p.load.share * BAR.1),
        band: p.load.band.map(|(low, high)| (round(BAR.0 + low * BAR.1), round((high - low) * BAR.1))),
        count,
        share,
        bar_says,
        label,
        p,
    }
}

/// To a tenth of a user unit: finer is not seen, and would send the picture anew.
fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

/// Glyph, word and class of a pod's state.
fn state_of(w: &'static Words, state: PodState, ghost: bool) -> (&'static str, &'static str, &'static str) {
    let p = &w.picture;
    match state {
        _ if ghost => ("✕", p.gone, "ghost"),
        PodState::Pending => ("◌", p.pending, "pending"),
        PodState::Waiting => ("!", p.waiting, "waiting"),
        PodState::NotReady => ("◐", p.not_ready, "not-ready"),
        PodState::Ready => ("●", p.ready, "ready"),
        PodState::Terminating => ("◔", p.terminating, "terminating"),
        PodState::Succeeded => ("○", p.succeeded, "ended"),
        PodState::Failed => ("✕", p.failed, "failed"),
    }
}

/// The word for a pod's state.
pub(super) fn state_word(w: &'static Words, state: PodState) -> &'static str {
    state_of(w, state, false).1
}

/// Where the first of a pod's marks begins.
fn first_mark(pod: &PodBox) -> f64 {
    pod.frame.w - MARK_GAP.1 - MARKS.iter().sum::<f64>() - 2.0 * MARK_GAP.0
}

fn marks(w: &'static Words, pod: &PodBox, rules_known: bool) -> Vec<Mark> {
    let p = &w.picture;
    let labels =
        if pod.selected { ("on", "✓", p.labels_match) } else { ("off", "–", p.labels_match_not) };
    let endpoint = match &pod.endpoint {
        Some(Endpoint { ready: true, .. }) => ("on", "✓", p.endpoint_ready),
        Some(Endpoint { terminating: true, .. }) => ("half", "◔", p.endpoint_draining),
        Some(_) => ("half", "◐", p.endpoint_not_ready),
        None => ("off", "–", p.endpoint_not),
    };
    let share = pod.rule_share.map(format::percent);
    let rule = match share {
        Some(share) => ("on", format!("✓ {share}"), fill(p.rule_share, &[("share", &share)])),
        None if rules_known => ("off", format!("– {}", p.truth_rule), p.rule_share_not.to_owned()),
        None => ("unknown", format!("? {}", p.truth_rule), p.rule_unknown.to_owned()),
    };
    let said = [
        (labels.0, format!("{} {}", labels.1, p.truth_labels), labels.2.to_owned()),
        (endpoint.0, format!("{} {}", endpoint.1, p.truth_endpoint), endpoint.2.to_owned()),
        rule,
    ];
    let mut x = first_mark(pod);
    let place = |((class, text, says), w): ((&'static str, String, String), f64)| {
        let mark = Mark { x, w, class, text, says };
        x += w + MARK_GAP.0;
        mark
    };
    said.into_iter().zip(MARKS).map(place).collect()
}

fn edge<'a>(d: &'a Diagram, e: &'a Edge) -> EdgeDrawing<'a> {
    let class = match e.kind {
        EdgeKind::ClientToService => "to-service",
        EdgeKind::Ready => "ready",
        EdgeKind::Draining => "draining",
        EdgeKind::NotReady => "not-ready",
        EdgeKind::ClientToPod => "to-pod",
        EdgeKind::PodToService => "to-upstream",
        EdgeKind::Dead => "dead",
    };
    let (service, uid) =
        if let Some((uid, name)) = e.id.strip_prefix("pod:").and_then(|e| e.split_once("-service:")) {
            (name, uid)
        } else if let Some(name) = e.id.strip_prefix("client-service:") {
            (name, "")
        } else if let Some((name, uid)) = e.id.strip_prefix("service:").and_then(|e| e.split_once("-pod:")) {
            (name, uid)
        } else {
            ("", e.id.trim_start_matches("client-pod:"))
        };
    let pod = d.pods.iter().find(|p| p.uid == uid && !uid.is_empty()).map_or("", |p| p.name.as_str());
    // A new Service may have the name of the one whose old address is still called: no traffic goes that way.
    let elsewhere = e.kind != EdgeKind::Dead
        && d.edges
            .iter()
            .any(|o| o.kind == EdgeKind::Dead && o.id.strip_prefix("client-service:") == Some(service));
    EdgeDrawing { e, class, service, uid, pod, active: e.active && !elsewhere }
}
