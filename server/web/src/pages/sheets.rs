//! A small sheet for every object of the picture: its facts, the command that shows the same, and why it is so.

use askama::Template;
use clusterip_domain::diagram::{PodBox, ServiceBox};
use clusterip_domain::lab::{Lab, Lang};
use clusterip_domain::snapshot::PodState;

use super::{html, lab_path, panels, picture};
use crate::run::RunView;
use crate::words::{Words, fill};

/// All sheets, closed.
#[must_use]
pub fn sheets(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    let client = run.snapshot.client().map(|c| {
        let ip = c.ip.map_or_else(|| w.picture.no_ip.to_owned(), |ip| ip.to_string());
        let mut sheet = Sheet::new("sheet-client", &c.name, w.panels.why_client);
        sheet.fact(w.panels.col_state, picture::state_word(w, c.state));
        sheet.fact(w.panels.col_ip, ip);
        sheet.fact(w.panels.fact_node, c.node.as_deref().unwrap_or("–"));
        sheet.command("get pod", &c.name, run, " -o wide");
        sheet.yaml = Some(("pod", c.name.clone()));
        sheet
    });
    let services = run.wide.services.iter().map(|s| service(w, run, s));
    let pods = run.wide.pods.iter().map(|p| pod(w, run, p));
    html(&SheetsTemplate {
        w,
        path: &lab_path(lang, &lab.id),
        sheets: client.into_iter().chain(services).chain(pods).collect(),
    })
}

#[derive(Template)]
#[template(path = "partials/sheets.html")]
struct SheetsTemplate<'a> {
    w: &'static Words,
    path: &'a str,
    sheets: Vec<Sheet>,
}

#[derive(Default)]
struct Sheet {
    id: String,
    title: String,
    hue: Option<usize>,
    facts: Vec<(&'static str, String)>,
    commands: Vec<String>,
    why: &'static str,
    /// Kind and name, as the address of its YAML spells them.
    yaml: Option<(&'static str, String)>,
    act: Option<SheetAct>,
}

/// A button at the foot of a sheet that asks first.
struct SheetAct {
    name: &'static str,
    field: &'static str,
    value: String,
    label: &'static str,
    ask: String,
}

impl Sheet {
    fn new(id: impl Into<String>, title: &str, why: &'static str) -> Self {
        Self { id: id.into(), title: title.to_owned(), why, ..Self::default() }
    }

    fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }

    fn command(&mut self, what: &str, name: &str, run: &RunView, more: &str) {
        self.commands.push(format!("kubectl -n {} {what} {name}{more}", run.snapshot.namespace));
    }
}

fn service(w: &'static Words, run: &RunView, s: &ServiceBox) -> Sheet {
    let p = &w.panels;
    let why = match s {
        ServiceBox { ghost: true, .. } => p.why_service_ghost,
        ServiceBox { virtual_ip: None, .. } => p.why_service_headless,
        ServiceBox { ready: 0, .. } => p.why_service_empty,
        _ => p.why_service,
    };
    let id = if s.ghost { format!("sheet-ghost-{}", s.name) } else { format!("sheet-service-{}", s.name) };
    let mut sheet = Sheet::new(id, &s.name, why);
    let ports: Vec<_> = s.ports.iter().map(|p| format!("{} → {}", p.port, p.target_port)).collect();
    sheet.fact(p.col_virtual_ip, s.virtual_ip.as_deref().unwrap_or("None"));
    if s.ghost {
        sheet.command("get services", "", run, "");
        return sheet;
    }
    sheet.fact(p.col_ports, ports.join(", "));
    sheet.fact(p.col_selector, s.selector.join(", "));
    sheet.fact(p.col_endpoints, format!("{} / {}", s.ready, s.endpoints));
    sheet.fact(p.col_rule, panels::kernel(w, s));
    sheet.command("describe service", &s.name, run, "");
    sheet.command("get endpointslices -l", &format!("kubernetes.io/service-name={}", s.name), run, "");
    sheet.yaml = Some(("service", s.name.clone()));
    sheet.act = Some(SheetAct {
        name: "delete-service",
        field: "name",
        value: s.name.clone(),
        label: p.delete_this,
        ask: fill(p.delete_ask, &[("name", &s.name)]),
    });
    sheet
}

fn pod(w: &'static Words, run: &RunView, b: &PodBox) -> Sheet {
    let p = &w.panels;
    let mut sheet = Sheet::new(format!("sheet-pod-{}", b.uid), &b.name, why_pod(w, b));
    sheet.hue = Some(b.hue);
    let state = if b.ghost { w.picture.gone } else { picture::state_word(w, b.state) };
    sheet.fact(p.col_state, state);
    if let Some(reason) = &b.reason {
        sheet.fact(p.fact_reason, reason);
    }
    sheet.fact(p.col_ip, b.ip.map_or_else(|| w.picture.no_ip.to_owned(), |ip| ip.to_string()));
    if b.ghost {
        sheet.command("get pods", "", run, " -o wide");
        return sheet;
    }
    if let Some(pod) = run.snapshot.pods.iter().find(|pod| pod.uid == b.uid) {
        sheet.fact(p.fact_node, pod.node.as_deref().unwrap_or("–"));
        sheet.fact(p.fact_image, &pod.image);
    }
    sheet.fact(p.col_labels, b.labels.join(", "));
    sheet.fact(p.col_endpoint, panels::endpoint(w, b.endpoint.as_ref()));
    sheet.command("get pod", &b.name, run, " -o wide --show-labels");
    sheet.command("describe pod", &b.name, run, "");
    sheet.yaml = Some(("pod", b.name.clone()));
    sheet.act = (b.state != PodState::Terminating).then(|| SheetAct {
        name: "kill-pod",
        field: "pod",
        value: b.name.clone(),
        label: p.kill_this,
        ask: fill(p.kill_ask, &[("name", &b.name)]),
    });
    sheet
}

fn why_pod(w: &'static Words, b: &PodBox) -> &'static str {
    let p = &w.panels;
    match b.state {
        _ if b.ghost => p.why_pod_gone,
        PodState::Terminating => p.why_pod_terminating,
        PodState::Pending => p.why_pod_pending,
        PodState::Waiting => p.why_pod_waiting,
        PodState::Succeeded | PodState::Failed => p.why_pod_ended,
        PodState::Ready | PodState::NotReady if !b.selected => p.why_pod_unselected,
        PodState::NotReady => p.why_pod_not_ready,
        PodState::Ready => p.why_pod_serves,
    }
}
