//! The panel that says why a call does not arrive: its way as a column, and what was asked before.

use askama::Template;
use clusterip_domain::diagnosis::{Diagnosis, Hop, State};
use clusterip_domain::lab::{Lab, Lang};
use clusterip_domain::ledger::{TargetKind, Window};
use clusterip_domain::probe::{Probed, Tool, Vantage};

use super::{html, lab_path};
use crate::run::RunView;
use crate::words::{Words, fill};

/// The probes that are listed, newest first.
const LISTED: usize = 8;

/// The last diagnosis, and the last probes.
#[must_use]
pub fn diagnosis(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    html(&DiagnosisTemplate {
        w,
        path: &lab_path(lang, &lab.id),
        services: run.snapshot.services.iter().map(|s| s.name.as_str()).collect(),
        front: run.snapshot.front().map_or("", |s| s.name.as_str()),
        walked: run.diagnosis.as_deref().map(|d| Walked::of(w, lang, d)),
        probes: run.probes.iter().rev().take(LISTED).map(|p| asked(w, p)).collect(),
    })
}

#[derive(Template)]
#[template(path = "partials/diagnosis.html")]
struct DiagnosisTemplate<'a> {
    w: &'static Words,
    path: &'a str,
    services: Vec<&'a str>,
    front: &'a str,
    walked: Option<Walked>,
    probes: Vec<Asked>,
}

/// A diagnosis in words.
struct Walked {
    title: String,
    hops: Vec<HopDrawing>,
    cause: Option<CauseDrawing>,
    verdict: &'static str,
}

struct HopDrawing {
    class: &'static str,
    glyph: &'static str,
    title: String,
    state: String,
    says: String,
}

struct CauseDrawing {
    title: String,
    certain: bool,
    detail: Option<String>,
    why: String,
    link: &'static str,
}

/// A probe in words.
struct Asked {
    class: &'static str,
    from: &'static str,
    tool: &'static str,
    to: String,
    came: String,
}

impl Walked {
    fn of(w: &'static Words, lang: Lang, d: &Diagnosis) -> Self {
        let port = d.question.port.map(|port| format!(":{port}")).unwrap_or_default();
        let cause = d.cause.as_ref().map(|cause| CauseDrawing {
            title: cause.misconception.title().get(lang).clone(),
            certain: cause.certain,
            detail: cause.detail().map(|said| said.get(lang).clone()),
            why: cause.misconception.why().get(lang).clone(),
            link: cause.misconception.link(),
        });
        Self {
            title: fill(w.diagnosis.of, &[("host", &d.question.host), ("port", &port)]),
            hops: d.hops.iter().map(|h| hop(lang, h)).collect(),
            verdict: match (d.broken_at(), &cause) {
                (Some(_), None) => w.diagnosis.no_cause,
                (None, None) => w.diagnosis.sound,
                _ => "",
            },
            cause,
        }
    }
}

fn hop(lang: Lang, h: &Hop) -> HopDrawing {
    let (class, glyph) = match h.state {
        State::Ok => ("ok", "✓"),
        State::Broken => ("broken", "✕"),
        State::Unknown => ("unknown", "?"),
        State::NotReached => ("not-reached", "·"),
    };
    HopDrawing {
        class,
        glyph,
        title: h.station.title().get(lang).clone(),
        state: h.state.word().get(lang).clone(),
        says: h.says().get(lang).clone(),
    }
}

fn asked(w: &'static Words, p: &Probed) -> Asked {
    let d = &w.diagnosis;
    let port = if p.target.port == 0 { String::new() } else { format!(":{}", p.target.port) };
    let addresses = || p.report.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (class, came) = match (p.report.ok, p.report.tried) {
        (true, _) => ("ok", p.report.pod.clone().unwrap_or_else(addresses)),
        (false, false) => ("unknown", d.no_way.to_owned()),
        (false, true) => {
            ("broken", p.report.error.map_or("", |kind| super::traffic::word(w, kind)).to_owned())
        }
    };
    Asked {
        class,
        from: match p.from {
            Vantage::Client => d.from_client,
            Vantage::Outside => d.from_outside,
            Vantage::Itself => d.from_itself,
        },
        tool: match p.tool {
            Tool::Http => "curl",
            Tool::Tcp => "tcp",
            Tool::Dns => "nslookup",
            Tool::Ping => "ping",
        },
        to: format!("{}{port}", p.target.host),
        came,
    }
}

/// What a diagnosis would be asked of a load that does not get through: host and port.
pub(super) fn offered(window: Option<&Window>) -> Option<(String, u16)> {
    let window = window.filter(|w| w.target.kind != TargetKind::PodIp)?;
    window.tally.is_failing().then(|| (window.target.host.clone(), window.target.port))
}
