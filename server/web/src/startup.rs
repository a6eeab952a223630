//! From nothing to a cluster that answers, seen while it happens: in the terminal and on the page.
//!
//! ```text
//! source::open ─ StageEvent ─▶ Startup (a watch) ─▶ terminal, page
//!                   └─ fails ─▶ Outcome::Failed with its cure ─ "try again" ─▶ source::open
//! ```

use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::actions::Actions;
use clusterip_cluster::index::Index;
use clusterip_cluster::source::{ApiAddress, Stage, StageEvent, StageState as Happening, Text};
use clusterip_cluster::tenancy::guard::GuardError;
use clusterip_domain::lab::Lang;
use kube::Client;

use crate::console::Kubectl;
use crate::kubectl::Access;
use crate::pages::{SourceView, StageState, StageView};
use crate::run::Runs;

/// A cluster that answers, and all that runs on it.
pub struct Cluster {
    /// The acts.
    pub actions: Actions,
    /// A client for all else.
    pub client: Client,
    /// The picture.
    pub index: Arc<Index>,
    /// What the pages call it.
    pub source: SourceView,
    /// The runs.
    pub runs: Runs,
    /// The practice cluster past its API, where this is one.
    pub practice: Option<clusterip_practice::Handle>,
    /// Where students' own credentials are good; or why there can be none: nothing would guard what is not theirs.
    pub students: Result<ApiAddress, GuardError>,
    /// How kubectl reaches it.
    pub(crate) access: Access,
    /// The kubectl of this machine, if there is one.
    pub(crate) kubectl: Option<Kubectl>,
}

/// How far start-up is.
#[derive(Clone)]
pub struct Startup {
    stages: Vec<StageRecord>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of start-up.
#[derive(Clone)]
pub enum Outcome {
    /// It goes on.
    Opening,
    /// The cluster answers.
    Ready(Arc<Cluster>),
    /// It cannot go on.
    Failed(Failure),
}

/// Why start-up ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: &'static str,
    /// What happened.
    pub detail: String,
    /// What to do.
    pub cure: Text,
}

#[derive(Debug, Clone)]
struct StageRecord {
    stage: Stage,
    state: StageState,
    began_ms: u64,
    last_ms: u64,
    detail: Option<Text>,
    cure: Option<Text>,
}

impl Startup {
    /// Before anything happened.
    #[must_use]
    pub fn new(stages: &[Stage]) -> Self {
        let record = |stage: &Stage| StageRecord {
            stage: *stage,
            state: StageState::Waiting,
            began_ms: 0,
            last_ms: 0,
            detail: None,
            cure: None,
        };
        Self { stages: stages.iter().map(record).collect(), outcome: Outcome::Opening }
    }

    /// Takes in what happened.
    pub fn take(&mut self, event: StageEvent) {
        let Some(record) = self.stages.iter_mut().find(|r| r.stage == event.stage) else { return };
        record.last_ms = event.elapsed_ms;
        match event.state {
            Happening::Started => {
                record.state = StageState::Running;
                record.began_ms = event.elapsed_ms;
            }
            Happening::Note { text } => record.detail = Some(text),
            Happening::Done { detail } => {
                record.state = StageState::Done;
                record.detail = detail;
            }
            Happening::Skipped { why } => {
                record.state = StageState::Skipped;
                record.detail = Some(why);
            }
            Happening::Failed { cure, .. } => {
                record.state = StageState::Failed;
                record.cure = Some(cure);
            }
        }
    }

    /// It failed: the stage that failed says why.
    pub fn fail(&mut self, failure: Failure) {
        if let Some(record) = self.stages.iter_mut().find(|r| r.state == StageState::Failed) {
            record.detail = Some(Text::same(failure.detail.clone()));
        }
        self.outcome = Outcome::Failed(failure);
    }

    /// The stages as a page shows them.
    #[must_use]
    pub fn views(&self, lang: Lang) -> Vec<StageView> {
        let word = |text: &Text| match lang {
            Lang::En => text.en.clone(),
            Lang::It => text.it.clone(),
        };
        let view = |r: &StageRecord| StageView {
            title: word(&r.stage.title()),
            state: r.state,
            detail: r.detail.as_ref().map(word),
            cure: r.cure.as_ref().map(word),
            took: took(r),
        };
        self.stages.iter().map(view).collect()
    }
}

fn took(record: &StageRecord) -> String {
    match record.state {
        StageState::Waiting | StageState::Skipped => String::new(),
        StageState::Running | StageState::Done | StageState::Failed => {
            let took = Duration::from_millis(record.last_ms.saturating_sub(record.began_ms));
            format!("{:.1} s", took.as_secs_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clusterip_cluster::source::stage::KIND_STAGES;

    #[test]
    fn a_stage_tells_how_it_went_and_how_long_it_took() {
        let mut startup = Startup::new(KIND_STAGES);
        let event = |state, elapsed_ms| StageEvent { stage: Stage::FindDocker, state, elapsed_ms };
        startup.take(event(Happening::Started, 100));
        startup
            .take(event(Happening::Done { detail: Some(Text::new("engine 20.10", "motore 20.10")) }, 1600));
        let view = &startup.views(Lang::It)[0];
        assert_eq!((view.state, view.took.as_str()), (StageState::Done, "1.5 s"));
        assert_eq!(view.detail.as_deref(), Some("motore 20.10"));
    }

    #[test]
    fn a_failure_says_what_happened_at_its_stage_and_what_to_do() {
        let mut startup = Startup::new(KIND_STAGES);
        let cure = Text::new("Start docker.", "Avvia docker.");
        let state = Happening::Failed { code: "docker_not_running", cure: cure.clone() };
        startup.take(StageEvent { stage: Stage::FindDocker, state, elapsed_ms: 5 });
        startup.fail(Failure { code: "docker_not_running", detail: "no engine".into(), cure });
        let view = &startup.views(Lang::En)[0];
        assert_eq!(
            (view.detail.as_deref(), view.cure.as_deref()),
            (Some("no engine"), Some("Start docker."))
        );
    }
}
