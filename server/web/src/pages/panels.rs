//! The panels under the picture that follow the run: rules, table, events, notebook.

use askama::Template;
use clusterip_domain::diagram::{PodBox, Rule, ServiceBox};
use clusterip_domain::lab::{Lab, Lang};
use clusterip_domain::rules::{KernelRules, RulesView, ServiceRule, Unreadable, Verdict};
use clusterip_domain::snapshot::{Endpoint, Event, PodState};

use super::{SourceView, format, html, lab_path, picture};
use crate::run::RunView;
use crate::words::{Words, fill};

/// What the nodes' kernels do for this namespace's Services.
#[must_use]
pub fn rules(lang: Lang, source: &SourceView, run: &RunView) -> String {
    let w = Words::of(lang);
    let p = &w.panels;
    let (nodes, read_at): (&[KernelRules], _) = match &run.snapshot.rules {
        RulesView::Read { nodes, read_at } => (nodes, Some(format::clock(*read_at))),
        RulesView::Unreadable { .. } => (&[], None),
    };
    let (why, detail) = match &run.snapshot.rules {
        RulesView::Unreadable { why } => match why {
            Unreadable::NotReadYet => (p.rules_not_yet, ""),
            Unreadable::NoWayIn => (p.rules_no_way_in, "sudo iptables-save -t nat | grep KUBE-S"),
            Unreadable::Simulated => (p.rules_simulated, ""),
            Unreadable::NoRules { detail } => (p.rules_no_rules, detail.as_str()),
            Unreadable::Failed { detail } => (p.rules_failed, detail.as_str()),
        },
        RulesView::Read { .. } if nodes.iter().all(|n| n.services.is_empty()) => (p.rules_none, ""),
        RulesView::Read { .. } => ("", ""),
    };
    let node = |n| NodeDrawing::of(w, run, n);
    html(&RulesTemplate {
        w,
        simulated: source.simulated,
        why,
        detail,
        read_at: read_at.map(|at| fill(p.rules_read_at, &[("at", &at)])),
        nodes: nodes.iter().filter(|n| !n.services.is_empty()).map(node).collect(),
    })
}

#[derive(Template)]
#[template(path = "partials/rules.html")]
struct RulesTemplate<'a> {
    w: &'static Words,
    simulated: bool,
    why: &'static str,
    detail: &'a str,
    read_at: Option<String>,
    nodes: Vec<NodeDrawing<'a>>,
}

struct NodeDrawing<'a> {
    name: &'a str,
    mode: &'static str,
    rules: Vec<RuleDrawing<'a>>,
}

struct RuleDrawing<'a> {
    rule: &'a ServiceRule,
    service: &'a str,
    refuses: &'static str,
    affinity: Option<String>,
    /// Address, share, short pod name, hue.
    ways: Vec<(String, String, &'a str, Option<usize>)>,
}

impl<'a> NodeDrawing<'a> {
    fn of(w: &'static Words, run: &'a RunView, node: &'a KernelRules) -> Self {
        Self {
            name: &node.node,
            mode: match node.mode {
                clusterip_domain::rules::ProxyMode::Iptables => "iptables",
                clusterip_domain::rules::ProxyMode::Nftables => "nftables",
            },
            rules: node.services.iter().map(|r| rule(w, run, r)).collect(),
        }
    }
}

fn rule<'a>(w: &'static Words, run: &'a RunView, rule: &'a ServiceRule) -> RuleDrawing<'a> {
    let service = run.snapshot.services.iter().find(|s| s.cluster_ip == Some(rule.cluster_ip));
    let (refuses, affinity, ways) = match &rule.verdict {
        Verdict::Reject => (w.panels.rules_reject, None, Vec::new()),
        Verdict::Drop => (w.panels.rules_drop, None, Vec::new()),
        Verdict::Balance { endpoints, affinity_seconds } => {
            let way = |e: &clusterip_domain::rules::EndpointShare| {
                let pod = run.wide.pods.iter().find(|p| p.ip == Some(e.ip));
                let address = format!("{}:{}", e.ip, e.port);
                (address, format::percent(e.share), pod.map_or("", |p| &p.short_name), pod.map(|p| p.hue))
            };
            let affinity = affinity_seconds.map(|n| fill(w.panels.rules_affinity, &[("n", &n)]));
            ("", affinity, endpoints.iter().map(way).collect())
        }
    };
    RuleDrawing { rule, service: service.map_or("", |s| &s.name), refuses, affinity, ways }
}

/// The picture in words and numbers.
#[must_use]
pub fn table(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    html(&TableTemplate {
        w,
        path: &lab_path(lang, &lab.id),
        services: run.wide.services.iter().filter(|s| !s.ghost).map(|s| (s, kernel(w, s))).collect(),
        pods: run.wide.pods.iter().map(|p| PodRow::of(w, p)).collect(),
    })
}

#[derive(Template)]
#[template(path = "partials/table.html")]
struct TableTemplate<'a> {
    w: &'static Words,
    path: &'a str,
    services: Vec<(&'a ServiceBox, String)>,
    pods: Vec<PodRow<'a>>,
}

struct PodRow<'a> {
    p: &'a PodBox,
    state: &'a str,
    endpoint: &'static str,
    rule: String,
    count: String,
    share: String,
    band: String,
}

/// What the kernel does with a Service's address, in words.
pub(super) fn kernel(w: &'static Words, service: &ServiceBox) -> String {
    let p = &w.picture;
    match service.rule {
        Rule::Unknown => w.panels.unknown.to_owned(),
        Rule::Absent => p.rule_absent.to_owned(),
        Rule::Balances { endpoints: 1 } => p.rule_balances_one.to_owned(),
        Rule::Balances { endpoints } => fill(p.rule_balances, &[("n", &endpoints)]),
        Rule::Rejects => p.rule_rejects.to_owned(),
    }
}

/// A pod's conditions in the EndpointSlice, in words.
pub(super) fn endpoint(w: &'static Words, endpoint: Option<&Endpoint>) -> &'static str {
    let p = &w.panels;
    match endpoint {
        None => p.no,
        Some(Endpoint { ready: true, .. }) => p.endpoint_ready,
        Some(Endpoint { terminating: true, serving: true, .. }) => p.endpoint_draining,
        Some(Endpoint { terminating: true, .. }) => p.endpoint_terminating,
        Some(_) => p.endpoint_not_ready,
    }
}

impl<'a> PodRow<'a> {
    fn of(w: &'static Words, p: &'a PodBox) -> Self {
        let word = if p.ghost { w.picture.gone } else { picture::state_word(w, p.state) };
        let reason = p.reason.as_deref().filter(|_| matches!(p.state, PodState::Waiting | PodState::Failed));
        let band =
            p.load.band.map(|(low, high)| format!("{} – {}", format::percent(low), format::percent(high)));
        Self {
            state: reason.unwrap_or(word),
            endpoint: endpoint(w, p.endpoint.as_ref()),
            rule: p.rule_share.map_or_else(|| "–".to_owned(), format::percent),
            count: format::count(p.load.answered),
            share: format::percent(p.load.share),
            band: band.unwrap_or_else(|| "–".to_owned()),
            p,
        }
    }
}

/// The newest events.
#[must_use]
pub fn events(lang: Lang, run: &RunView) -> String {
    let clock = |e: &'_ Event| e.at.map(format::clock).unwrap_or_default();
    html(&EventsTemplate {
        w: Words::of(lang),
        events: run.snapshot.events.iter().map(|e| (clock(e), e)).collect(),
    })
}

#[derive(Template)]
#[template(path = "partials/events.html")]
struct EventsTemplate<'a> {
    w: &'static Words,
    events: Vec<(String, &'a Event)>,
}

/// The noted IPs, and what became of them.
#[must_use]
pub fn notebook(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    let (gone, all) = (run.noted.iter().filter(|n| !n.alive).count(), run.noted.len());
    html(&NotebookTemplate {
        w,
        path: &lab_path(lang, &lab.id),
        run,
        gone: (gone > 0).then(|| fill(w.panels.notebook_count_gone, &[("gone", &gone), ("all", &all)])),
        may_note: run.snapshot.workloads().any(|p| p.state == PodState::Ready),
    })
}

#[derive(Template)]
#[template(path = "partials/notebook.html")]
struct NotebookTemplate<'a> {
    w: &'static Words,
    path: &'a str,
    run: &'a RunView,
    gone: Option<String>,
    may_note: bool,
}
