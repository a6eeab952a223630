//! The steps with their buttons, and the tools that are always at hand.

use askama::Template;
use clusterip_domain::lab::{Act, Destination, Lab, Lang, StepState, StepView};

use super::{html, lab_path};
use crate::run::RunView;
use crate::words::{Words, fill};

/// Requests a second when a step's button sends: fast enough to see a spread, slow enough to follow a dot.
const STEP_RATE: u32 = 20;

/// The steps: done, the current one open, those ahead.
#[must_use]
pub fn steps(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    let path = lab_path(lang, &lab.id);
    let all = lab.steps.len();
    let step = |view| StepDrawing::of(w, lab, view);
    html(&StepsTemplate {
        w,
        path: &path,
        home: format!("/{}", lang.code()),
        where_now: fill(w.lab.step_of, &[("n", &(run.progress.done + 1).min(all)), ("all", &all)]),
        done: run.progress.done.min(all),
        intro: lab.intro.get(lang),
        finished: run.progress.finished(lab),
        steps: run.progress.steps(lab, lang).into_iter().map(step).collect(),
    })
}

#[derive(Template)]
#[template(path = "partials/steps.html")]
struct StepsTemplate<'a> {
    w: &'static Words,
    path: &'a str,
    home: String,
    where_now: String,
    done: usize,
    intro: &'a str,
    finished: bool,
    steps: Vec<StepDrawing<'a>>,
}

struct StepDrawing<'a> {
    view: StepView<'a>,
    class: &'static str,
    state: &'static str,
    acts: Vec<ActDrawing<'a>>,
    documents: Vec<DocumentDrawing<'a>>,
    commands: String,
}

/// A button: a form with its hidden fields, or a link that fills the editor.
struct ActDrawing<'a> {
    name: &'static str,
    label: String,
    fields: Vec<(&'static str, String)>,
    edit: Option<&'a str>,
}

struct DocumentDrawing<'a> {
    file: &'a str,
    label: String,
    text: &'a str,
    /// Short enough to stand open.
    open: bool,
}

impl<'a> StepDrawing<'a> {
    fn of(w: &'static Words, lab: &'a Lab, view: StepView<'a>) -> Self {
        let (class, state) = match view.state {
            StepState::Done => ("done", w.lab.done),
            StepState::Current => ("current", w.lab.current),
            StepState::Ahead => ("ahead", w.lab.ahead),
        };
        let acts: &'a [Act] = &view.step.acts;
        Self {
            class,
            state,
            acts: acts.iter().map(|a| act(w, a)).collect(),
            documents: acts.iter().filter_map(|a| document(w, lab, a)).collect(),
            commands: view.step.commands.join("\n"),
            view,
        }
    }
}

fn act<'a>(w: &'static Words, act: &'a Act) -> ActDrawing<'a> {
    let l = &w.lab;
    let plain = |name, label: String, fields| ActDrawing { name, label, fields, edit: None };
    match act {
        Act::Edit { file } => ActDrawing {
            name: "edit",
            label: l.do_edit.to_owned(),
            fields: vec![],
            edit: Some(file.as_str()),
        },
        Act::Apply { file } => {
            plain("apply-document", fill(l.do_apply, &[("file", file)]), vec![("file", file.clone())])
        }
        Act::NoteIps => plain("note-ips", l.do_note.to_owned(), vec![]),
        Act::Send { to } => {
            let (label, to, service) = match to {
                Destination::PodIp => (l.do_send_pod, "pod-ip", None),
                Destination::VirtualIp { service } => (l.do_send_ip, "virtual-ip", Some(service)),
                Destination::DnsName { service } => (l.do_send_dns, "dns-name", Some(service)),
                Destination::NeighbourName { service } => (l.do_send_dns, "neighbour-name", Some(service)),
            };
            let mut fields = vec![("to", to.to_owned())];
            fields.extend(service.map(|s| ("service", s.clone())));
            fields.extend([("rate", STEP_RATE.to_string()), ("connections", "new".to_owned())]);
            plain("send", label.to_owned(), fields)
        }
        Act::KillPod => plain("kill-pod", l.do_kill.to_owned(), vec![]),
        Act::Scale { deployment, replicas } => plain(
            "scale",
            fill(l.do_scale, &[("deployment", deployment), ("replicas", replicas)]),
            vec![("deployment", deployment.clone()), ("replicas", replicas.to_string())],
        ),
        Act::DeleteService { name } => {
            plain("delete-service", fill(l.do_delete, &[("name", name)]), vec![("name", name.clone())])
        }
    }
}

fn document<'a>(w: &'static Words, lab: &'a Lab, act: &'a Act) -> Option<DocumentDrawing<'a>> {
    /// The longest document that stands open in a step, in lines.
    const OPEN: usize = 16;
    let (Act::Edit { file } | Act::Apply { file }) = act else { return None };
    let text = lab.documents.get(file)?;
    let lines = text.lines().count();
    Some(DocumentDrawing {
        file,
        label: fill(w.lab.document, &[("file", file), ("lines", &lines)]),
        text,
        open: lines <= OPEN,
    })
}

/// Scale each Deployment, kill a pod: always at hand.
#[must_use]
pub fn tools(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    let deployments = run.snapshot.deployments.iter().map(|d| DeploymentDrawing {
        name: &d.name,
        ready: fill(w.lab.ready_of, &[("ready", &d.ready), ("wanted", &d.replicas)]),
        fewer: (d.replicas > 0).then_some(d.replicas - 1),
        replicas: d.replicas,
        more: d.replicas.saturating_add(1),
    });
    html(&ToolsTemplate {
        w,
        path: &lab_path(lang, &lab.id),
        deployments: deployments.collect(),
        pods: run.snapshot.workloads().count(),
    })
}

#[derive(Template)]
#[template(path = "partials/tools.html")]
struct ToolsTemplate<'a> {
    w: &'static Words,
    path: &'a str,
    deployments: Vec<DeploymentDrawing<'a>>,
    pods: usize,
}

struct DeploymentDrawing<'a> {
    name: &'a str,
    ready: String,
    fewer: Option<i32>,
    replicas: i32,
    more: i32,
}
