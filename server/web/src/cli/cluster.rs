//! `clusterip-lab cluster up|down|status`.

use std::process::ExitCode;

use clusterip_cluster::agent_image::AgentImage as Packed;
use clusterip_cluster::source::cluster::{self, ClusterState, Down};
use clusterip_cluster::source::{AgentImage, Archive, KindConfig, Progress, SourceError};
use clusterip_web::tags;
use tokio::sync::mpsc;

use super::progress;

pub(super) async fn up(config: &KindConfig) -> anyhow::Result<ExitCode> {
    let packed = Packed::pack()?;
    let tags = tags(&packed);
    let agent = AgentImage { archive: Archive::Bytes(packed.archive()), tags: &tags };
    let (to, events) = mpsc::unbounded_channel();
    let shown = tokio::spawn(progress::show(events));
    let opened = {
        let progress = Progress::new(to);
        cluster::up(config, Some(agent), &progress).await
    };
    // The lines are complete before what follows them is printed.
    let _ = shown.await;
    match opened {
        Ok(source) => {
            println!(
                "{} is ready: Kubernetes {}",
                source.description.context, source.description.kubernetes_version
            );
            println!("kubectl --kubeconfig {} get nodes", config.kubeconfig().display());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(explain(&error)),
    }
}

pub(super) async fn down(config: &KindConfig, force: bool) -> anyhow::Result<ExitCode> {
    match cluster::down(config, force).await {
        Ok(Down::Deleted) => println!("Deleted cluster {}.", config.name),
        Ok(Down::Absent) => println!("There is no cluster {}.", config.name),
        Err(error) => return Ok(explain(&error)),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn status(config: &KindConfig) -> anyhow::Result<ExitCode> {
    let packed = Packed::pack()?;
    let tags = tags(&packed);
    let agent = AgentImage { archive: Archive::Bytes(packed.archive()), tags: &tags };
    let status = match cluster::status(config, Some(agent)).await {
        Ok(status) => status,
        Err(error) => return Ok(explain(&error)),
    };
    let state = match status.state {
        ClusterState::Absent => "absent: `clusterip-lab cluster up` makes it",
        ClusterState::HalfCreated => "half made: `clusterip-lab cluster up` makes it anew",
        ClusterState::Stopped => "stopped: `clusterip-lab cluster up` starts it",
        ClusterState::PartlyStopped => "partly stopped: `clusterip-lab cluster up` starts the rest",
        ClusterState::Running => "running",
    };
    println!("cluster     {} ({state})", status.name);
    for node in &status.nodes {
        println!("node        {}", node.name);
    }
    let row = |what: &str, value: Option<String>| value.iter().for_each(|v| println!("{what:<11} {v}"));
    row("kubernetes", status.kubernetes_version);
    row("created", status.created);
    row(
        "agent image",
        status.agent_image.map(|there| if there { "loaded" } else { "not loaded" }.to_owned()),
    );
    row("kubeconfig", Some(status.kubeconfig.display().to_string()));
    Ok(if status.state == ClusterState::Running { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn explain(error: &SourceError) -> ExitCode {
    eprintln!("{} [{}]\n→ {}", error.chain(), error.code(), error.cure());
    ExitCode::FAILURE
}
