//! The steps with their buttons, and the tools that are always at hand.

use askama::Template;
use clusterip_domain::lab::{
    Act, Answer, Destination, Fate, HintView, Lab, LabKind, Lang, Sharing, StepState, StepView,
};
use clusterip_domain::probe::{Tool, Vantage};

use super::show::{self, MoveDrawing};
use super::{html, lab_path};
use crate::run::RunView;
use crate::words::{Words, fill};

/// The steps: done, the current one open, those ahead.
#[must_use]
pub fn steps(lang: Lang, lab: &Lab, run: &RunView) -> String {
    let w = Words::of(lang);
    let path = lab_path(lang, &lab.id);
    let all = lab.steps.len();
    let first = run.progress.current();
    let step = |(i, view)| StepDrawing::of(w, lab, view, first == Some(i));
    let score = run.progress.score(lab);
    let exam = lab.kind == LabKind::Exam;
    html(&StepsTemplate {
        w,
        path: &path,
        home: format!("/{}", lang.code()),
        where_now: fill(
            w.lab.step_of,
            &[("n", &(run.progress.current().unwrap_or(all) + 1).min(all)), ("all", &all)],
        ),
        done: run.progress.done(),
        intro: lab.intro.get(lang),
        finished: run.progress.finished(),
        waiting: run.waiting,
        score: exam.then(|| fill(w.lab.score, &[("points", &score.points), ("of", &score.of)])),
        links: lab.links.iter().map(|link| (link.title.get(lang).as_str(), link.url.as_str())).collect(),
        next: run
            .next
            .as_ref()
            .map(|next| (fill(w.lab.next_lab, &[("title", &next.title(lang))]), lab_path(lang, &next.id))),
        steps: run.progress.steps(lab, lang).into_iter().enumerate().map(step).collect(),
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
    waiting: bool,
    /// Points, where they count.
    score: Option<String>,
    links: Vec<(&'a str, &'a str)>,
    /// The next lab: what its link says, and its path.
    next: Option<(String, String)>,
    steps: Vec<StepDrawing<'a>>,
}

struct StepDrawing<'a> {
    view: StepView<'a>,
    class: &'static str,
    state: &'static str,
    /// The first of those to be done now.
    first: bool,
    /// It waits for a prediction: what it lets one do is not shown yet.
    asked: bool,
    /// How a prediction ended, as a class and in words.
    fate: &'static str,
    verdict: &'static str,
    /// How many checks are not listed, in words.
    hidden: Option<String>,
    /// The last depth of the hint: a command, or a document with what its link says.
    answer: Option<&'a str>,
    answer_file: Option<(&'a str, String)>,
    /// What the next depth of the hint is called.
    deeper: &'static str,
    moves: Vec<MoveDrawing<'a>>,
    may_show: bool,
    acts: Vec<ActDrawing<'a>>,
    documents: Vec<DocumentDrawing<'a>>,
    /// Each as it is shown; and as it is typed into the console, where it is one for that.
    commands: Vec<(&'a str, Option<&'a str>)>,
}

/// A button: a form with its hidden fields, or a link that fills the editor.
pub(super) struct ActDrawing<'a> {
    name: &'static str,
    pub(super) label: String,
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
    fn of(w: &'static Words, lab: &'a Lab, view: StepView<'a>, first: bool) -> Self {
        let (class, state) = match view.state {
            StepState::Done => ("done", w.lab.done),
            StepState::Current => ("current", w.lab.current),
            StepState::Ahead => ("ahead", w.lab.ahead),
        };
        let acts: &'a [Act] = &view.step.acts;
        let fate = view.prediction.as_ref().map(|p| p.fate);
        let (fate_class, verdict) = fate.map_or(("", ""), |fate| said_of(w, fate));
        let hint = view.hint.as_ref();
        let moves = show::moves(w, lab, &view);
        Self {
            class,
            state,
            first,
            asked: view.state == StepState::Current && fate == Some(Fate::Asked),
            fate: fate_class,
            verdict,
            hidden: (view.state == StepState::Current).then(|| hidden(w, view.hidden)).flatten(),
            answer: hint.and_then(|h| h.answer).and_then(|a| match a {
                Answer::Command(command) => Some(command.as_str()),
                Answer::Document(_) => None,
            }),
            answer_file: hint.and_then(|h| h.answer).and_then(|a| match a {
                Answer::Command(_) => None,
                Answer::Document(file) => Some((file.as_str(), fill(w.lab.hint_apply, &[("file", file)]))),
            }),
            deeper: hint.map_or("", |h| deeper(w, h)),
            may_show: moves.iter().any(|m| m.class != "played"),
            moves,
            acts: acts.iter().map(|a| act(w, a)).collect(),
            documents: acts.iter().filter_map(|a| document(w, lab, a)).collect(),
            commands: view.step.commands.iter().map(|c| (c.as_str(), typed(c))).collect(),
            view,
        }
    }
}

/// A command as it is typed into the console: without the remark behind it. One that is no kubectl's is meant for the
/// student's own machine: the console's `curl` would ask from the client pod. So is what listens there.
fn typed(command: &str) -> Option<&str> {
    let line = command.split_once(" # ").map_or(command, |(line, _)| line).trim();
    let listens = line.starts_with("kubectl port-forward ");
    (line.starts_with("kubectl ") && !listens).then_some(line)
}

/// How a prediction ended, as a class and in words.
fn said_of(w: &'static Words, fate: Fate) -> (&'static str, &'static str) {
    match fate {
        Fate::Asked => ("asked", ""),
        Fate::Open => ("told", ""),
        Fate::Right => ("right", w.lab.guess_right),
        Fate::Wrong => ("wrong", w.lab.guess_wrong),
        Fate::Unsaid => ("unsaid", w.lab.guess_none),
    }
}

fn hidden(w: &'static Words, count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some(w.lab.hidden_one.to_owned()),
        n => Some(fill(w.lab.hidden, &[("n", &n)])),
    }
}

fn deeper(w: &'static Words, hint: &HintView<'_>) -> &'static str {
    match hint.depth {
        0 => w.lab.hint_first,
        1 => w.lab.hint_second,
        _ => w.lab.hint_third,
    }
}

pub(super) fn act<'a>(w: &'static Words, act: &'a Act) -> ActDrawing<'a> {
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
        Act::Send { to, rate, connections } => {
            let label = match (to, connections) {
                (_, Sharing::KeepAlive) => l.do_send_keep_alive,
                (Destination::PodIp, Sharing::New) => l.do_send_pod,
                (Destination::VirtualIp { .. }, Sharing::New) => l.do_send_ip,
                (Destination::DnsName { .. } | Destination::NeighbourName { .. }, Sharing::New) => {
                    l.do_send_dns
                }
            };
            let sharing = match connections {
                Sharing::New => "new",
                Sharing::KeepAlive => "keep-alive",
            };
            let mut fields = destination(to);
            fields.extend([("rate", rate.to_string()), ("connections", sharing.to_owned())]);
            plain("send", label.to_owned(), fields)
        }
        Act::Stop => plain("stop", w.traffic.stop.to_owned(), vec![]),
        Act::KillPod { deployment } => {
            let fields = deployment.iter().map(|d| ("deployment", d.clone())).collect();
            plain("kill-pod", l.do_kill.to_owned(), fields)
        }
        Act::SetImage { deployment, image } => plain(
            "set-image",
            fill(l.do_set_image, &[("deployment", deployment), ("image", image)]),
            vec![("deployment", deployment.clone()), ("image", image.clone())],
        ),
        Act::Probe { from, tool, to, port } => {
            let mut drawing = probe(w, *from, *tool, to);
            drawing.fields.extend(port.map(|p| ("port", p.to_string())));
            drawing
        }
        Act::RolloutRestart { deployment } => plain(
            "rollout-restart",
            fill(l.do_restart, &[("deployment", deployment)]),
            vec![("deployment", deployment.clone())],
        ),
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

fn probe<'a>(w: &'static Words, from: Vantage, tool: Tool, to: &Destination) -> ActDrawing<'a> {
    let l = &w.lab;
    let (from, vantage) = match from {
        Vantage::Client => (l.from_client, "client"),
        Vantage::Outside => (l.from_outside, "outside"),
        Vantage::Itself => (l.from_itself, "itself"),
    };
    let (tool, name) = match tool {
        Tool::Http => ("HTTP", "http"),
        Tool::Tcp => ("TCP", "tcp"),
        Tool::Dns => ("DNS", "dns"),
        Tool::Ping => ("ping", "ping"),
    };
    let target = match to {
        Destination::PodIp => l.to_pod.to_owned(),
        Destination::VirtualIp { .. } => l.to_ip.to_owned(),
        Destination::DnsName { service, .. } | Destination::NeighbourName { service, .. } => service.clone(),
    };
    let mut fields = vec![("from", vantage.to_owned()), ("tool", name.to_owned())];
    fields.extend(destination(to));
    let label = fill(l.do_probe, &[("tool", &tool), ("to", &target), ("from", &from)]);
    ActDrawing { name: "probe", label, fields, edit: None }
}

/// The fields that say where to.
fn destination(to: &Destination) -> Vec<(&'static str, String)> {
    let (kind, service, port) = match to {
        Destination::PodIp => ("pod-ip", None, None),
        Destination::VirtualIp { service, port } => ("virtual-ip", Some(service), *port),
        Destination::DnsName { service, port } => ("dns-name", Some(service), *port),
        Destination::NeighbourName { service, port } => ("neighbour-name", Some(service), *port),
    };
    let mut fields = vec![("to", kind.to_owned())];
    fields.extend(service.map(|s| ("service", s.clone())));
    fields.extend(port.map(|p| ("port", p.to_string())));
    fields
}

fn document<'a>(w: &'static Words, lab: &'a Lab, act: &'a Act) -> Option<DocumentDrawing<'a>> {
    /// The longest document that stands open in a step, in lines.
    const OPEN: usize = 16;
    let file = act.document()?;
    let text = lab.documents.get(file)?;
    let lines = text.lines().count();
    Some(DocumentDrawing {
        file,
        label: fill(w.lab.document, &[("file", &file), ("lines", &lines)]),
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
