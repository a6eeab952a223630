//! Start-up as a visible sequence: what is being done, since when, and how it ended.
//!
//! ```text
//! Started ──▶ Note* ──▶ Done | Skipped | Failed
//! ```
//!
//! Invariants: the stages of a source come in the order of its list ([`KIND_STAGES`], [`KUBECONFIG_STAGES`]); each
//! that begins with `Started` ends once; nothing follows `Failed`. A receiver that went away stops nothing.

use std::time::Instant;

use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

use super::error::SourceError;
use super::text::Text;

/// A step of start-up. Serialised, it is a stable id (`findDocker`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Is docker installed, does its engine answer, and may we speak to it?
    FindDocker,
    /// Is kind installed?
    FindKind,
    /// Does the cluster exist already?
    FindCluster,
    /// Make it.
    CreateCluster,
    /// Start its nodes, which stop with the machine or the engine.
    StartNodes,
    /// Start the simulated cluster inside this program.
    StartPractice,
    /// Find the context in a kubeconfig.
    ReadKubeconfig,
    /// Write our own kubeconfig if the cluster is ours, and make a client.
    Connect,
    /// Wait until the API server and the nodes are ready.
    WaitReady,
    /// Bring the image of the lab's pods to the nodes that lack it.
    LoadAgentImage,
}

/// The stages of a kind cluster, in order.
pub const KIND_STAGES: &[Stage] = &[
    Stage::FindDocker,
    Stage::FindKind,
    Stage::FindCluster,
    Stage::CreateCluster,
    Stage::StartNodes,
    Stage::Connect,
    Stage::WaitReady,
    Stage::LoadAgentImage,
];

/// The stages of a cluster from a kubeconfig, in order.
pub const KUBECONFIG_STAGES: &[Stage] =
    &[Stage::ReadKubeconfig, Stage::Connect, Stage::WaitReady, Stage::LoadAgentImage];

/// The stages of the practice cluster, in order.
pub const PRACTICE_STAGES: &[Stage] = &[Stage::StartPractice, Stage::Connect, Stage::WaitReady];

impl Stage {
    /// What a person reads while it is going on.
    #[must_use]
    pub fn title(self) -> Text {
        match self {
            Self::FindDocker => Text::new("Look for docker", "Cerca docker"),
            Self::FindKind => Text::new("Look for kind", "Cerca kind"),
            Self::FindCluster => Text::new("Look for the lab's cluster", "Cerca il cluster del laboratorio"),
            Self::CreateCluster => Text::new("Create the cluster", "Crea il cluster"),
            Self::StartNodes => Text::new("Start the cluster's nodes", "Avvia i nodi del cluster"),
            Self::StartPractice => {
                Text::new("Start the practice cluster", "Avvia il cluster di esercitazione")
            }
            Self::ReadKubeconfig => Text::new("Read the kubeconfig", "Legge il kubeconfig"),
            Self::Connect => Text::new("Connect to the API server", "Si collega all’API server"),
            Self::WaitReady => {
                Text::new("Wait until the cluster is ready", "Attende che il cluster sia pronto")
            }
            Self::LoadAgentImage => {
                Text::new("Load the image of the lab's pods", "Carica l’immagine dei pod del laboratorio")
            }
        }
    }
}

/// What became of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum StageState {
    /// It began.
    Started,
    /// Something worth showing happened: a line that kind printed, or why it takes long.
    Note {
        /// One line. What a program printed is the same in both languages.
        text: Text,
    },
    /// It was done.
    Done {
        /// What was found or made: a version, a name.
        detail: Option<Text>,
    },
    /// It was not needed.
    Skipped {
        /// Why.
        why: Text,
    },
    /// It could not be done, and start-up ended; the error itself is what `open` returns.
    Failed {
        /// [`SourceError::code`].
        code: &'static str,
        /// What to do about it.
        cure: Text,
    },
}

/// One change of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageEvent {
    /// Which stage.
    pub stage: Stage,
    /// What became of it.
    #[serde(flatten)]
    pub state: StageState,
    /// When: milliseconds since the whole sequence began. A stage's own time is the difference to its `Started`.
    pub elapsed_ms: u64,
}

/// How a stage that did not fail ended.
pub(crate) enum Ended {
    Done(Option<Text>),
    Skipped(Text),
}

impl Ended {
    pub(crate) fn done(detail: impl Into<String>) -> Self {
        Self::Done(Some(Text::same(detail)))
    }
}

/// Where the events go, and since when time runs.
#[derive(Debug, Clone)]
pub struct Progress {
    began: Instant,
    to: Option<UnboundedSender<StageEvent>>,
}

impl Progress {
    /// Time runs from now; events go to `to`, which is unbounded because there are a few dozen of them.
    #[must_use]
    pub fn new(to: UnboundedSender<StageEvent>) -> Self {
        Self { began: Instant::now(), to: Some(to) }
    }

    /// Nobody is watching.
    #[must_use]
    pub fn silent() -> Self {
        Self { began: Instant::now(), to: None }
    }

    fn send(&self, stage: Stage, state: StageState) {
        let elapsed_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(to) = &self.to {
            // Nobody listening any more is no reason to stop.
            let _ = to.send(StageEvent { stage, state, elapsed_ms });
        }
    }

    pub(crate) fn note(&self, stage: Stage, text: Text) {
        self.send(stage, StageState::Note { text });
    }

    pub(crate) fn skip(&self, stage: Stage, why: Text) {
        self.send(stage, StageState::Skipped { why });
    }

    /// Does the work of a stage, and tells how it began and ended.
    pub(crate) async fn stage<T>(
        &self,
        stage: Stage,
        work: impl Future<Output = Result<(T, Ended), SourceError>>,
    ) -> Result<T, SourceError> {
        self.send(stage, StageState::Started);
        match work.await {
            Ok((value, ended)) => {
                self.send(
                    stage,
                    match ended {
                        Ended::Done(detail) => StageState::Done { detail },
                        Ended::Skipped(why) => StageState::Skipped { why },
                    },
                );
                Ok(value)
            }
            Err(error) => {
                self.send(stage, StageState::Failed { code: error.code(), cure: error.cure() });
                Err(error)
            }
        }
    }
}
