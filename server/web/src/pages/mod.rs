//! What a browser is sent: pure functions from what is known to HTML.
//!
//! ```text
//! Lab + RunView ──▶ fragments (one element each, a stable id) ──▶ the whole page
//!                                                            └──▶ the live stream, morphed in place
//! ```
//!
//! Invariants: the page and the stream use the same fragments, so the page without JavaScript shows what the
//! live one shows. No script, style or event handler stands in the HTML. Whatever came from a cluster or a person
//! is escaped; only the labs' own rendered prose is not.

mod console;
mod diagnosis;
mod error;
mod faults;
mod format;
mod home;
mod lab;
mod panels;
mod picture;
mod sheets;
mod show;
mod startup;
mod steps;
mod traffic;
mod trouble;

use askama::Template;
use clusterip_domain::ids::LabId;
use clusterip_domain::lab::Lang;

pub use console::ConsoleView;
pub(crate) use console::{console_entry, place};
pub use diagnosis::diagnosis;
pub use error::ErrorPage;
pub use faults::faults;
pub use home::{LabCard, home};
pub use lab::{EditorView, LabPage, Said};
pub use panels::{events, notebook, rules, table};
pub use picture::picture;
pub use sheets::sheets;
pub use startup::{StageState, StageView, StartupPage, stages};
pub use steps::{steps, tools};
pub use traffic::{status, traffic};
pub use trouble::trouble;

use clusterip_domain::lab::Lab;

use crate::run::RunView;

/// Where the cluster comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A kind cluster on this machine.
    Kind,
    /// A context of a kubeconfig.
    Kubeconfig,
    /// The embedded practice cluster.
    Practice,
}

/// The cluster as the header names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceView {
    /// Where it comes from.
    pub kind: SourceKind,
    /// Its name: the context.
    pub name: String,
    /// The API server's version, `v1.34.4`; empty while unknown.
    pub version: String,
    /// Whether no real kernel and network stand behind it: said on every page.
    pub simulated: bool,
}

/// What went wrong, as a person is told it. The JSON of the same is RFC 9457's problem document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProblemView {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// One line.
    pub title: String,
    /// The whole of it; from an API server verbatim.
    pub detail: String,
    /// What to do.
    pub cure: Option<String>,
    /// The line of the document it is about, from 1.
    pub line: Option<usize>,
}

/// A part of the lab page that is sent anew when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The id of its one element.
    pub id: &'static str,
    /// The element.
    pub html: String,
}

/// All parts of the lab page that follow the run, in the order of the page.
#[must_use]
pub fn fragments(lang: Lang, source: &SourceView, run: &RunView) -> Vec<Fragment> {
    let lab: &Lab = &run.lab;
    let part = |id, html| Fragment { id, html };
    vec![
        part("status", status(lang, source, run)),
        part("trouble", trouble(lang, run)),
        part("steps", steps(lang, lab, run)),
        part("picture", picture(lang, source, run)),
        part("traffic", traffic(lang, lab, run)),
        part("tools", tools(lang, lab, run)),
        part("diagnosis", diagnosis(lang, lab, run)),
        part("rules", rules(lang, source, run)),
        part("table", table(lang, lab, run)),
        part("events", events(lang, run)),
        part("notebook", notebook(lang, lab, run)),
        part("sheets", sheets(lang, lab, run)),
    ]
}

/// Renders. Our templates only write into a string, which cannot fail; if it ever did, the page says so.
fn html<T: Template>(template: &T) -> String {
    template.render().unwrap_or_else(|e| {
        tracing::error!(error = %e, "a template did not render");
        "<p role=\"alert\">This page could not be written.</p>".to_owned()
    })
}

/// The path of a lab's page.
fn lab_path(lang: Lang, lab: &LabId) -> String {
    format!("/{}/labs/{lab}", lang.code())
}

#[cfg(test)]
mod tests;
