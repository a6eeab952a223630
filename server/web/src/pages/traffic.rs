//! The header's state of the cluster, and the load: where to, how fast, and what became of it.

use askama::Template;
use clusterip_domain::distribution::{Evenness, Verdict};
use clusterip_domain::lab::{Lab, Lang};
use clusterip_domain::ledger::{TargetKind, Window};
use clusterip_domain::snapshot::Service;
use clusterip_domain::traffic::{Connections, ErrorKind};

use super::{SourceKind, SourceView, diagnosis, format, html, lab_path};
use crate::run::RunView;
use crate::words::{Words, fill};

/// The rates that are offered, in requests a second.
const RATES: [u32; 4] = [1, 5, 20, 100];
/// The rate that is chosen at first: one that shows a spread within seconds, and whose dots can be followed.
const FIRST_RATE: u32 = 20;

/// Source, version, and whether what is shown is live.
#[must_use]
pub fn status(lang: Lang, source: &SourceView, run: &RunView) -> String {
    let w = Words::of(lang);
    let stale = run.snapshot.stale_since.map(|at| fill(w.chrome.stale, &[("at", &format::clock(at))]));
    write_status(w, source, Some(w.chrome.live), stale)
}

/// Source and version alone, for a page that follows no run.
pub(super) fn status_of_source(lang: Lang, source: &SourceView) -> String {
    write_status(Words::of(lang), source, None, None)
}

fn write_status(
    w: &'static Words,
    source: &SourceView,
    state: Option<&'static str>,
    stale: Option<String>,
) -> String {
    html(&StatusTemplate {
        w,
        source,
        what: match source.kind {
            SourceKind::Kind => w.chrome.source_kind,
            SourceKind::Kubeconfig => w.chrome.source_kubeconfig,
            SourceKind::Practice => w.chrome.source_practice,
        },
        state,
        stale,
    })
}

#[derive(Template)]
#[template(path = "partials/status.html")]
struct StatusTemplate<'a> {
    w: &'static Words,
    source: &'a SourceView,
    what: &'static str,
    /// The word for being live, where a run is followed.
    state: Option<&'static str>,
    stale: Option<String>,
}

/// The load's controls and its numbers.
#[must_use]
pub fn traffic(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    let window = run.window.as_ref();
    let rate = window.map_or(FIRST_RATE, |w| w.rate_per_second);
    html(&TrafficTemplate {
        w,
        path: &lab_path(lang, &lab.id),
        targets: targets(w, run),
        services: services(run),
        rates: RATES.map(|r| (r, r == nearest(rate))),
        keep: window.is_some_and(|w| w.connections != Connections::NewPerRequest),
        running: window.is_some_and(|w| w.running),
        elsewhere: window.is_some_and(|w| calls_an_old_address(run, w)),
        offered: diagnosis::offered(window),
        numbers: window.map(|window| Numbers::of(w, window, run.evenness)),
    })
}

/// The Service has another address than the one that is called: it was made anew.
fn calls_an_old_address(run: &RunView, window: &Window) -> bool {
    let ip = run.snapshot.service(&window.target.name).and_then(|s| s.cluster_ip);
    window.target.kind == TargetKind::VirtualIp && ip.is_some_and(|ip| ip.to_string() != window.target.host)
}

fn nearest(rate: u32) -> u32 {
    RATES.into_iter().min_by_key(|r| r.abs_diff(rate)).unwrap_or(FIRST_RATE)
}

#[derive(Template)]
#[template(path = "partials/traffic.html")]
struct TrafficTemplate<'a> {
    w: &'static Words,
    path: &'a str,
    targets: Vec<Choice>,
    services: Vec<Choice>,
    rates: [(u32, bool); 4],
    keep: bool,
    running: bool,
    /// What is called is not what would be called now.
    elsewhere: bool,
    /// Of what a diagnosis is offered: host and port.
    offered: Option<(String, u16)>,
    numbers: Option<Numbers>,
}

/// One entry of the list of destinations.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// The kinds of address that can be called now. With one Service, they name its address.
fn targets(w: &'static Words, run: &RunView) -> Vec<Choice> {
    let t = &w.traffic;
    let now = run.window.as_ref().map(|w| w.target.kind);
    let choice =
        |kind, value: &str, label| Choice { value: value.to_owned(), label, chosen: now == Some(kind) };
    let services = &run.snapshot.services;
    let one = |what: &str, address: Option<String>| match address.filter(|_| services.len() == 1) {
        Some(address) => format!("{what} {address}"),
        None => what.to_owned(),
    };
    let mut choices = Vec::new();
    if services.iter().any(|s| s.cluster_ip.is_some()) {
        let ip = services.first().and_then(|s| s.cluster_ip).map(|ip| ip.to_string());
        choices.push(choice(TargetKind::VirtualIp, "virtual-ip", one(t.to_ip, ip)));
    }
    if let Some(first) = services.first() {
        choices.push(choice(TargetKind::DnsName, "dns-name", one(t.to_dns, Some(first.name.clone()))));
    }
    if run.snapshot.workloads().next().is_some() {
        choices.push(choice(TargetKind::PodIp, "pod-ip", t.to_pod.to_owned()));
    }
    // What is called now stays on offer when it is gone: another rate must not mean another target.
    if let Some(w) = run.window.as_ref().filter(|_| !choices.iter().any(|c| c.chosen)) {
        let (value, what) = match w.target.kind {
            TargetKind::VirtualIp => ("virtual-ip", t.to_ip),
            TargetKind::DnsName => ("dns-name", t.to_dns),
            TargetKind::PodIp => ("pod-ip", t.to_pod),
        };
        choices.push(choice(w.target.kind, value, format!("{what} {}", w.target.host)));
    }
    choices
}

fn services(run: &RunView) -> Vec<Choice> {
    let target = run.window.as_ref().map(|w| &w.target).filter(|t| t.kind != TargetKind::PodIp);
    let now = target.map(|t| t.name.as_str());
    let offered = now.or(run.snapshot.front().map(|s| s.name.as_str()));
    let choice = |s: &Service| Choice {
        value: s.name.clone(),
        label: s.name.clone(),
        chosen: offered == Some(s.name.as_str()),
    };
    let mut choices: Vec<_> = run.snapshot.services.iter().map(choice).collect();
    if let Some(gone) = now.filter(|_| !choices.iter().any(|c| c.chosen)) {
        choices.push(Choice { value: gone.to_owned(), label: gone.to_owned(), chosen: true });
    }
    choices
}

/// What became of the requests.
struct Numbers {
    target: String,
    answered: String,
    failed: String,
    failing: bool,
    errors: Vec<(&'static str, &'static str, String)>,
    p50: String,
    p99: String,
    says: String,
    verdict: &'static str,
}

impl Numbers {
    fn of(w: &'static Words, window: &Window, evenness: Option<Evenness>) -> Self {
        let t = &w.traffic;
        let sentence = if window.running { t.running } else { t.ended };
        let tally = &window.tally;
        let errors = tally.errors.iter().filter(|(_, n)| **n > 0);
        let (says, verdict) = says(w, window, evenness);
        Self {
            target: fill(sentence, &[("host", &window.target.host), ("port", &window.target.port)]),
            answered: format::count(tally.answered),
            failed: format::count(tally.failed),
            failing: tally.failed_in_a_row > 0,
            errors: errors.map(|(kind, n)| (key(*kind), word(w, *kind), format::count(*n))).collect(),
            p50: format::latency(window.latency.p50_us),
            p99: format::latency(window.latency.p99_us),
            says,
            verdict,
        }
    }
}

/// The sentence under the numbers, and its class: trouble first, then what chance has to say.
fn says(w: &'static Words, window: &Window, evenness: Option<Evenness>) -> (String, &'static str) {
    let t = &w.traffic;
    let worst = window.tally.errors.iter().max_by_key(|(_, n)| **n);
    if let Some((kind, _)) = worst.filter(|_| window.tally.failed_in_a_row > 0) {
        return (why(w, *kind).to_owned(), "trouble");
    }
    if window.target.kind == TargetKind::PodIp {
        return (t.pod_ip_why.to_owned(), "quiet");
    }
    if window.connections != Connections::NewPerRequest {
        return (t.keep_alive_why.to_owned(), "quiet");
    }
    let Some(evenness) = evenness else { return (t.too_few.to_owned(), "quiet") };
    let (sentence, verdict) = match evenness.verdict {
        Verdict::TooFew => (t.too_few, "quiet"),
        Verdict::Chance => (t.chance, "chance"),
        Verdict::TooUneven => (t.too_uneven, "trouble"),
        Verdict::TooEven => (t.too_even, "trouble"),
    };
    (fill(sentence, &[("p", &format::p_value(evenness.p))]), verdict)
}

/// The kind as the stream spells it.
fn key(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Refused => "refused",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Reset => "reset",
        ErrorKind::NoRoute => "noRoute",
        ErrorKind::Dns => "dns",
        ErrorKind::BadAnswer => "badAnswer",
    }
}

pub(super) fn word(w: &'static Words, kind: ErrorKind) -> &'static str {
    let t = &w.traffic;
    match kind {
        ErrorKind::Refused => t.refused,
        ErrorKind::Timeout => t.timeout,
        ErrorKind::Reset => t.reset,
        ErrorKind::NoRoute => t.no_route,
        ErrorKind::Dns => t.dns,
        ErrorKind::BadAnswer => t.bad_answer,
    }
}

fn why(w: &'static Words, kind: ErrorKind) -> &'static str {
    let t = &w.traffic;
    match kind {
        ErrorKind::Refused => t.refused_why,
        ErrorKind::Timeout => t.timeout_why,
        ErrorKind::Reset => t.reset_why,
        ErrorKind::NoRoute => t.no_route_why,
        ErrorKind::Dns => t.dns_why,
        ErrorKind::BadAnswer => t.bad_answer_why,
    }
}
