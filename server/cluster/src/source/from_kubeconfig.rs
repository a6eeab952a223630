//! A cluster that somebody else keeps: nothing is made, nothing is written.

use std::path::Path;
use std::time::Duration;

use clusterip_domain::rules::Unreadable;
use kube::config::Kubeconfig;

use super::connect::Connection;
use super::stage::{Ended, Progress, Stage};
use super::{AgentImageState, Capabilities, Description, Source, SourceError, SourceKind, Text};
use crate::node::NodeReader;

/// How long a cluster that should be running has to answer.
const READY_LIMIT: Duration = Duration::from_secs(15);

pub(super) async fn open(
    path: Option<&Path>,
    context: &str,
    progress: &Progress,
) -> Result<Source, SourceError> {
    let kubeconfig = progress.stage(Stage::ReadKubeconfig, async { read(path) }).await?;
    let connection = progress
        .stage(Stage::Connect, async {
            let connection = Connection::new(kubeconfig, context).await?;
            let url = connection.url();
            Ok((connection, Ended::done(url)))
        })
        .await?;
    let ready = progress
        .stage(Stage::WaitReady, async {
            let ready = connection.wait_ready(READY_LIMIT, false, progress).await?;
            connection.may_create_namespaces().await?;
            let version = ready.version.clone();
            Ok((ready, Ended::done(version)))
        })
        .await?;
    progress.skip(
        Stage::LoadAgentImage,
        Text::new(
            "The nodes of this cluster cannot be entered from here: they must have the lab's images already.",
            "Nei nodi di questo cluster non si entra da qui: devono già avere le immagini del laboratorio.",
        ),
    );
    Ok(Source {
        client: connection.client,
        config: connection.config,
        description: Description {
            kind: SourceKind::Kubeconfig,
            name: context.to_owned(),
            context: connection.context,
            kubeconfig: path.map(Path::to_owned),
            kubernetes_version: ready.version,
            nodes: ready.nodes,
        },
        capabilities: Capabilities {
            rules_unreadable: Some(Unreadable::NoWayIn),
            agent_image: AgentImageState::MustBePulled,
            simulated: false,
        },
        nodes: NodeReader::no_way_in(),
    })
}

fn read(path: Option<&Path>) -> Result<(Kubeconfig, Ended), SourceError> {
    let read = path.map_or_else(Kubeconfig::read, Kubeconfig::read_from);
    let kubeconfig = read.map_err(|error| SourceError::unreadable(path, &error))?;
    let detail = path.map(|p| Text::same(p.display().to_string()));
    Ok((kubeconfig, Ended::Done(detail)))
}
