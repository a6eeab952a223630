//! The lab's own cluster: found or made, started, connected to, and given the image of the lab's pods.

use std::time::Duration;

use kube::config::Kubeconfig;
use tokio::time::{Instant, sleep};

use super::claim::{Claim, Mark};
use super::connect::Connection;
use super::docker::{Docker, NodeContainer};
use super::files::{private_folder, write_private};
use super::kind::Kind;
use super::stage::{Ended, Progress, Stage};
use super::{
    AgentImage, AgentImageState, Archive, Capabilities, Description, KindConfig, Source, SourceError,
    SourceKind, Text,
};
use crate::node::{NodeReader, images};

/// How long another process of ours may be busy with the same cluster before we give up.
const CLAIM_LIMIT: Duration = Duration::from_secs(120);
/// How often to see whether it is still busy.
const CLAIM_AGAIN: Duration = Duration::from_millis(200);
/// How long a cluster may take to be gone, though kind said that it deleted it.
const GONE_LIMIT: Duration = Duration::from_secs(60);
/// How long to let docker be before deleting again what is still there.
const DELETE_AGAIN: Duration = Duration::from_millis(500);
/// How long a cluster has to be ready once its nodes run.
const READY_LIMIT: Duration = Duration::from_secs(180);

pub(super) async fn open(
    config: &KindConfig,
    agent: Option<AgentImage<'_>>,
    progress: &Progress,
) -> Result<Source, SourceError> {
    let docker = progress.stage(Stage::FindDocker, find_docker(config)).await?;
    let kind = progress.stage(Stage::FindKind, find_kind(config, &docker)).await?;
    let opening = Opening { config, docker, kind, progress };
    let mut claim = claim(config, progress).await?;
    let found = progress.stage(Stage::FindCluster, opening.find(&mut claim)).await?;
    opening.create(found, &mut claim).await?;
    let nodes = progress.stage(Stage::StartNodes, opening.start()).await?;
    drop(claim);
    let connection = progress.stage(Stage::Connect, opening.connect()).await?;
    let ready = progress
        .stage(Stage::WaitReady, async {
            let ready = connection.wait_ready(READY_LIMIT, true, progress).await?;
            let version = ready.version.clone();
            Ok((ready, Ended::done(version)))
        })
        .await?;
    let reader = NodeReader::of_containers(opening.docker.clone(), &nodes);
    let agent_image = progress.stage(Stage::LoadAgentImage, opening.load(&reader, agent)).await?;
    Ok(Source {
        client: connection.client,
        config: connection.config,
        description: Description {
            kind: SourceKind::Kind,
            name: config.name.to_string(),
            context: connection.context,
            kubeconfig: Some(config.kubeconfig()),
            kubernetes_version: ready.version,
            nodes: ready.nodes,
        },
        capabilities: Capabilities { rules_unreadable: None, agent_image, simulated: false },
        nodes: reader,
    })
}

async fn find_docker(config: &KindConfig) -> Result<(Docker, Ended), SourceError> {
    let docker = config.docker()?;
    let version = docker.engine_version().await?;
    Ok((docker, Ended::done(version)))
}

async fn find_kind(config: &KindConfig, docker: &Docker) -> Result<(Kind, Ended), SourceError> {
    private_folder(&config.state_dir)?;
    let kind = config.kind(Some(docker))?;
    let version = kind.version().await?;
    Ok((kind, Ended::done(version)))
}

/// Waits until no other process of ours changes the cluster.
pub(super) async fn claim(config: &KindConfig, progress: &Progress) -> Result<Claim, SourceError> {
    let began = Instant::now();
    let path = config.claim_file();
    let mut told = false;
    loop {
        if let Some(claim) = Claim::take(&path)? {
            return Ok(claim);
        }
        if began.elapsed() >= CLAIM_LIMIT {
            return Err(SourceError::ClusterBusy { name: config.name.to_string() });
        }
        if !std::mem::replace(&mut told, true) {
            progress.note(
                Stage::FindCluster,
                Text::new(
                    "another clusterip-lab is preparing this cluster: waiting for it",
                    "un altro clusterip-lab sta preparando questo cluster: attendo",
                ),
            );
        }
        sleep(CLAIM_AGAIN).await;
    }
}

/// Deletes a cluster until it is gone. A container that docker is just starting outlives its removal (seen with
/// docker 20.10), and kind does not notice.
pub(super) async fn delete(docker: &Docker, kind: &Kind, cluster: &str) -> Result<(), SourceError> {
    let began = Instant::now();
    loop {
        kind.delete().await?;
        let left = docker.nodes(cluster).await?;
        if left.is_empty() {
            return Ok(());
        }
        if began.elapsed() >= GONE_LIMIT {
            let names: Vec<_> = left.into_iter().map(|n| n.name).collect();
            let detail = format!("{} outlived it", names.join(", "));
            return Err(SourceError::KindFailed { doing: "delete the cluster", detail });
        }
        sleep(DELETE_AGAIN).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Cluster,
}

/// What the stages of one opening share.
struct Opening<'a> {
    config: &'a KindConfig,
    docker: Docker,
    kind: Kind,
    progress: &'a Progress,
}

impl Opening<'_> {
    async fn find(&self, claim: &mut Claim) -> Result<(Found, Ended), SourceError> {
        let nodes = self.docker.nodes(self.config.name.as_str()).await?;
        if nodes.is_empty() {
            let nothing = Text::new("there is none yet", "non c’è ancora");
            return Ok((Found::Nothing, Ended::Done(Some(nothing))));
        }
        if claim.mark()? == Mark::Creating {
            self.progress.note(
                Stage::FindCluster,
                Text::new(
                    "its creation was cut short last time: deleting what there is",
                    "l’ultima volta la creazione si è interrotta: elimino ciò che ne resta",
                ),
            );
            delete(&self.docker, &self.kind, self.config.name.as_str()).await?;
            return Ok((Found::Nothing, Ended::Done(None)));
        }
        Ok((Found::Cluster, Ended::done(self.config.name.as_str())))
    }

    async fn create(&self, found: Found, claim: &mut Claim) -> Result<(), SourceError> {
        if found == Found::Cluster {
            let why = Text::new("it exists already", "esiste già");
            self.progress.skip(Stage::CreateCluster, why);
            return Ok(());
        }
        let create = async {
            let cut_short = claim.mark()? == Mark::Creating;
            claim.set(Mark::Creating)?;
            match self.create_once().await {
                // kind was killed, but what it had asked of docker came about after we looked.
                Err(SourceError::ClusterExists { .. }) if cut_short => {
                    delete(&self.docker, &self.kind, self.config.name.as_str()).await?;
                    self.create_once().await?;
                }
                other => other?,
            }
            claim.set(Mark::Made)?;
            Ok(((), Ended::Done(None)))
        };
        self.progress.stage(Stage::CreateCluster, create).await
    }

    async fn create_once(&self) -> Result<(), SourceError> {
        let tell = |line: &str| {
            if !line.trim().is_empty() {
                self.progress.note(Stage::CreateCluster, Text::same(line.trim()));
            }
        };
        self.kind.create(self.config.node_image.as_deref(), self.config.kind_config.as_deref(), tell).await
    }

    async fn start(&self) -> Result<(Vec<NodeContainer>, Ended), SourceError> {
        let nodes = self.docker.nodes(self.config.name.as_str()).await?;
        let stopped = nodes.iter().filter(|n| !n.is_running()).count();
        if stopped == 0 {
            let why = Text::new("they are running", "sono già in esecuzione");
            return Ok((nodes, Ended::Skipped(why)));
        }
        self.docker.start(&nodes).await?;
        let detail = Text::new(format!("{stopped} started"), format!("avviati: {stopped}"));
        Ok((nodes, Ended::Done(Some(detail))))
    }

    async fn connect(&self) -> Result<(Connection, Ended), SourceError> {
        let text = self.kind.kubeconfig().await?;
        let path = self.config.kubeconfig();
        write_private(&path, text.as_bytes())?;
        let kubeconfig =
            Kubeconfig::from_yaml(&text).map_err(|error| SourceError::unreadable(Some(&path), &error))?;
        let connection = Connection::new(kubeconfig, &self.config.context()).await?;
        let url = connection.url();
        Ok((connection, Ended::done(url)))
    }

    async fn load(
        &self,
        reader: &NodeReader,
        agent: Option<AgentImage<'_>>,
    ) -> Result<(AgentImageState, Ended), SourceError> {
        let Some(agent) = agent else {
            let why = Text::new("a published image is used", "si usa un’immagine pubblicata");
            return Ok((AgentImageState::MustBePulled, Ended::Skipped(why)));
        };
        let lacking = images::nodes_lacking(reader, agent.tags).await?;
        if lacking.is_empty() {
            let why = Text::new("every node has it", "ogni nodo ce l’ha già");
            return Ok((AgentImageState::Present, Ended::Skipped(why)));
        }
        match agent.archive {
            Archive::File(path) => self.kind.load(path, &lacking).await?,
            Archive::Bytes(bytes) => {
                let path = self.config.state_dir.join(format!("{}.agent-image.tar", self.config.name));
                write_private(&path, bytes)?;
                let loaded = self.kind.load(&path, &lacking).await;
                // It is in the nodes now, or it is of no use: a file left behind does no harm.
                let _ = std::fs::remove_file(&path);
                loaded?;
            }
        }
        let still = images::nodes_lacking(reader, agent.tags).await?;
        if !still.is_empty() {
            let detail = format!("it was loaded, but {} still lack it", still.join(", "));
            return Err(SourceError::ImageLoadFailed { detail });
        }
        Ok((AgentImageState::Loaded, Ended::done(lacking.join(", "))))
    }
}
