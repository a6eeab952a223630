//! Start-up: what is being done, what was, and what to do about what could not be.

use askama::Template;
use clusterip_domain::lab::Lang;

use super::{html, lab::Head};
use crate::words::Words;

/// Where a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageState {
    /// Not begun.
    Waiting,
    /// In progress.
    Running,
    /// Done.
    Done,
    /// Was not needed.
    Skipped,
    /// Could not be done.
    Failed,
}

/// One stage, worded by whoever does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageView {
    /// What it is.
    pub title: String,
    /// Where it is.
    pub state: StageState,
    /// The last thing worth saying: a line that was printed, what was found, why it failed.
    pub detail: Option<String>,
    /// What to do, if it failed.
    pub cure: Option<String>,
    /// How long it took or takes, `12 s`; empty if unknown.
    pub took: String,
}

/// The page while the cluster is made ready.
#[derive(Debug)]
pub struct StartupPage<'a> {
    /// Language.
    pub lang: Lang,
    /// The stages in order.
    pub stages: &'a [StageView],
    /// Whether the cluster is simulated.
    pub simulated: bool,
}

impl StartupPage<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn render(&self) -> String {
        let w = Words::of(self.lang);
        html(&StartupTemplate {
            head: Head {
                w,
                lang: self.lang.code(),
                title: &format!("{} · clusterip-lab", w.chrome.starting),
                page: "startup",
                simulated: self.simulated,
                home: format!("/{}", self.lang.code()),
                other_path: format!("/{}", self.lang.other().code()),
            },
            w,
            failed: self.stages.iter().any(|s| s.state == StageState::Failed),
            stages: stages(self.lang, self.stages),
        })
    }
}

#[derive(Template)]
#[template(path = "pages/startup.html")]
struct StartupTemplate<'a> {
    head: Head<'a>,
    w: &'static Words,
    failed: bool,
    stages: String,
}

/// The list of stages, the fragment `stages`.
#[must_use]
pub fn stages(lang: Lang, stages: &[StageView]) -> String {
    let w = Words::of(lang);
    let words = |s: &StageView| match s.state {
        StageState::Waiting => ("waiting", w.chrome.stage_waiting),
        StageState::Running => ("running", w.chrome.stage_running),
        StageState::Done => ("done", w.chrome.stage_done),
        StageState::Skipped => ("skipped", w.chrome.stage_skipped),
        StageState::Failed => ("failed", w.chrome.stage_failed),
    };
    let row = |s| {
        let (class, state) = words(s);
        StageRow { s, class, state }
    };
    html(&StagesTemplate { w, stages: stages.iter().map(row).collect() })
}

#[derive(Template)]
#[template(path = "partials/stages.html")]
struct StagesTemplate<'a> {
    w: &'static Words,
    stages: Vec<StageRow<'a>>,
}

struct StageRow<'a> {
    s: &'a StageView,
    class: &'static str,
    state: &'static str,
}
