//! The lab's page: steps, picture, traffic, panels.

use askama::Template;
use clusterip_domain::lab::Lang;

use super::console::ConsoleView;
use super::{Fragment, ProblemView, SourceView, fragments, html, lab_path};
use crate::run::RunView;
use crate::words::Words;

/// What stands in the editor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditorView<'a> {
    /// The text, as it was last applied, refused or asked for; empty at first.
    pub document: &'a str,
    /// What the cluster said against it.
    pub error: Option<ProblemView>,
}

/// What an act came to, when a browser without JavaScript comes back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It was done.
    Done(String),
    /// It was not.
    Problem(ProblemView),
}

/// All that the page shows.
#[derive(Debug)]
pub struct LabPage<'a> {
    /// Language.
    pub lang: Lang,
    /// The cluster.
    pub source: &'a SourceView,
    /// The run.
    pub run: &'a RunView,
    /// The editor.
    pub editor: EditorView<'a>,
    /// The console.
    pub console: ConsoleView,
    /// The outcome of the act that led here, if one did.
    pub said: Option<Said>,
}

impl LabPage<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn render(&self) -> String {
        let w = Words::of(self.lang);
        let path = lab_path(self.lang, &self.run.lab.id);
        let title = self.run.lab.title(self.lang);
        let other = self.lang.other();
        let head = Head {
            w,
            lang: self.lang.code(),
            title: &format!("{title} · clusterip-lab"),
            page: "lab",
            simulated: self.source.simulated,
            home: format!("/{}", self.lang.code()),
            other_path: lab_path(other, &self.run.lab.id),
        };
        html(&LabTemplate {
            head,
            w,
            number: format!("{:02}", self.run.lab.number),
            lab_title: title,
            path: &path,
            parts: Parts(fragments(self.lang, self.source, self.run)),
            editor: &self.editor,
            console: &self.console,
            kubeconfig: format!("{}.kubeconfig", self.run.snapshot.namespace),
            // What is said at the editor is not said twice.
            said: self.said.as_ref().filter(|_| self.editor.error.is_none()),
        })
    }
}

/// What the frame of every page needs.
pub(super) struct Head<'a> {
    pub(super) w: &'static Words,
    pub(super) lang: &'static str,
    pub(super) title: &'a str,
    /// Which scripts and layout the page wants.
    pub(super) page: &'static str,
    /// Whether the cluster is simulated: every page says so.
    pub(super) simulated: bool,
    pub(super) home: String,
    /// The same page in the other language.
    pub(super) other_path: String,
}

/// The fragments, by id.
struct Parts(Vec<Fragment>);

impl Parts {
    fn get(&self, id: &str) -> &str {
        self.0.iter().find(|f| f.id == id).map_or("", |f| &f.html)
    }
}

#[derive(Template)]
#[template(path = "pages/lab.html")]
struct LabTemplate<'a> {
    head: Head<'a>,
    w: &'static Words,
    number: String,
    lab_title: &'a str,
    path: &'a str,
    parts: Parts,
    editor: &'a EditorView<'a>,
    console: &'a ConsoleView,
    /// The name under which the kubeconfig is downloaded.
    kubeconfig: String,
    said: Option<&'a Said>,
}
