//! The practice cluster: a simulated one inside this program, reached like any other over its HTTPS API.
//!
//! This room knows it only by its kubeconfig and by what it tells of its network, so that nothing here depends on how
//! it is built.

use std::sync::Arc;
use std::time::Duration;

use kube::config::Kubeconfig;

use super::connect::Connection;
use super::stage::{Ended, Progress, Stage};
use super::{AgentImageState, Capabilities, Description, Source, SourceError, SourceKind};
use crate::node::{NodeReader, TellRules};

/// How long it has to answer; it runs in this very process.
const READY_LIMIT: Duration = Duration::from_secs(5);

/// A practice cluster that was started.
pub struct Simulated {
    /// Its kubeconfig, as YAML (secret).
    pub kubeconfig: String,
    /// The context in it.
    pub context: String,
    /// What its network does with each virtual IP.
    pub rules: Arc<TellRules>,
}

/// Starts the practice cluster with `start`, and connects to it.
///
/// # Errors
/// It did not start, or does not answer.
pub async fn open_practice(
    start: impl Future<Output = Result<Simulated, std::io::Error>>,
    progress: &Progress,
) -> Result<Source, SourceError> {
    let simulated = progress
        .stage(Stage::StartPractice, async {
            let started = start.await.map_err(|source| SourceError::PracticeFailed { source })?;
            Ok((started, Ended::Done(None)))
        })
        .await?;
    let connection = progress
        .stage(Stage::Connect, async {
            let kubeconfig = Kubeconfig::from_yaml(&simulated.kubeconfig)
                .map_err(|error| SourceError::unreadable(None, &error))?;
            let connection = Connection::new(kubeconfig, &simulated.context).await?;
            let url = connection.url();
            Ok((connection, Ended::done(url)))
        })
        .await?;
    let ready = progress
        .stage(Stage::WaitReady, async {
            let ready = connection.wait_ready(READY_LIMIT, false, progress).await?;
            let version = ready.version.clone();
            Ok((ready, Ended::done(version)))
        })
        .await?;
    Ok(Source {
        client: connection.client,
        config: connection.config,
        description: Description {
            kind: SourceKind::Practice,
            name: simulated.context.clone(),
            context: connection.context,
            kubeconfig: None,
            kubernetes_version: ready.version,
            nodes: ready.nodes,
        },
        capabilities: Capabilities {
            rules_unreadable: None,
            agent_image: AgentImageState::Present,
            simulated: true,
        },
        nodes: NodeReader::told(simulated.rules),
    })
}
