//! One look each. Those that run a program are bounded by its own limit.

use std::path::Path;
use std::time::Duration;

use kube::config::Kubeconfig;
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use super::{Finding, Health, What};
use crate::source::cluster::{ClusterState, status};
use crate::source::{KindConfig, SourceError, Text, run};

/// How long kubectl has to tell its version, and a file system to give a file.
const LIMIT: Duration = Duration::from_secs(10);
/// What kind asks for. Source: <https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files>.
const INOTIFY: [(&str, u64); 2] = [("max_user_instances", 512), ("max_user_watches", 524_288)];

pub(super) async fn docker(config: &KindConfig) -> Finding {
    let seen = async { config.docker()?.engine_version().await }.await;
    match seen {
        Ok(version) => {
            Finding::ok(What::Docker, Some(version), Text::new("its engine answers", "il motore risponde"))
        }
        Err(error) => failed(What::Docker, &error),
    }
}

pub(super) async fn kind(config: &KindConfig) -> Finding {
    let seen = async {
        // kind tells its version without docker, so that each is judged by itself.
        let docker = config.docker().ok();
        config.kind(docker.as_ref())?.version().await
    };
    match seen.await {
        Ok(version) => Finding::ok(What::Kind, Some(version), Text::new("found", "trovato")),
        Err(error) => failed(What::Kind, &error),
    }
}

fn failed(what: What, error: &SourceError) -> Finding {
    let health = match error {
        SourceError::DockerNotFound | SourceError::KindNotFound => Health::Missing,
        _ => Health::Broken,
    };
    Finding::not_ok(what, health, Text::same(error.chain()), error.cure())
}

/// The inotify limits; `None` where there are none to read.
pub(super) async fn limits() -> Option<Finding> {
    let mut low = Vec::new();
    for (name, wanted) in INOTIFY {
        let path = format!("/proc/sys/fs/inotify/{name}");
        let is: u64 =
            timeout(LIMIT, tokio::fs::read_to_string(path)).await.ok()?.ok()?.trim().parse().ok()?;
        if is < wanted {
            low.push(format!("fs.inotify.{name} = {is} < {wanted}"));
        }
    }
    if low.is_empty() {
        return Some(Finding::ok(What::Limits, None, Text::new("high enough", "sufficienti")));
    }
    let detail = Text::new(
        format!("one node will do, several may not: {}", low.join(", ")),
        format!("per un nodo bastano, per più nodi forse no: {}", low.join(", ")),
    );
    let cure = SourceError::InotifyLimits { detail: String::new() }.cure();
    Some(Finding::not_ok(What::Limits, Health::Optional, detail, cure))
}

/// The lab's own cluster; `None` if docker cannot be asked, which has a finding of its own.
pub(super) async fn cluster(config: &KindConfig) -> Option<Finding> {
    let status = status(config, None).await.ok()?;
    let name = &status.name;
    let start = || {
        Text::new(
            "clusterip-lab serve, or clusterip-lab cluster up, does it.",
            "Ci pensa clusterip-lab serve, o clusterip-lab cluster up.",
        )
    };
    let not_yet = |en: &str, it: &str| {
        let detail = Text::new(format!("{name} {en}"), format!("{name} {it}"));
        Finding::not_ok(What::Cluster, Health::Optional, detail, start())
    };
    Some(match status.state {
        ClusterState::Running => {
            let nodes = status.nodes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(", ");
            let detail =
                Text::new(format!("{name} runs: {nodes}"), format!("{name} è in esecuzione: {nodes}"));
            Finding::ok(What::Cluster, status.kubernetes_version, detail)
        }
        ClusterState::Absent => not_yet("has not been made yet", "non è ancora stato creato"),
        ClusterState::Stopped => not_yet("is stopped", "è fermo"),
        ClusterState::PartlyStopped => not_yet("is stopped in part", "è fermo in parte"),
        ClusterState::HalfCreated => {
            not_yet("was not finished and will be made anew", "non è stato completato e sarà ricreato")
        }
    })
}

/// What `kubectl version --client --output=json` says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KubectlVersion {
    client_version: ClientVersion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientVersion {
    git_version: String,
}

pub(super) async fn kubectl(config: &KindConfig) -> Finding {
    let given = config.programs.kubectl.as_deref().unwrap_or(Path::new("kubectl"));
    let Ok(program) = which::which(given) else {
        let detail = Text::new(
            "not found; the lab's own console needs none",
            "non trovato; la console del laboratorio ne fa a meno",
        );
        let cure = Text::new(
            "To use your own terminal too, install it: https://kubernetes.io/docs/tasks/tools/.",
            "Per usare anche il tuo terminale, installalo: https://kubernetes.io/docs/tasks/tools/.",
        );
        return Finding::not_ok(What::Kubectl, Health::Optional, detail, cure);
    };
    let mut command = Command::new(program);
    command.args(["version", "--client", "--output=json"]);
    let version = run(command, LIMIT)
        .await
        .ok()
        .and_then(|out| serde_json::from_str::<KubectlVersion>(&out.stdout).ok())
        .map(|v| v.client_version.git_version);
    Finding::ok(What::Kubectl, version, Text::new("found", "trovato"))
}

/// The contexts that `--context` could name; `None` if the user has no kubeconfig.
pub(super) async fn contexts() -> Option<Finding> {
    let read = timeout(LIMIT, tokio::task::spawn_blocking(Kubeconfig::read)).await.ok()?.ok()?;
    let names: Vec<_> = read.ok()?.contexts.into_iter().map(|c| c.name).collect();
    if names.is_empty() {
        return None;
    }
    let names = names.join(", ");
    Some(Finding::ok(
        What::Contexts,
        None,
        Text::new(format!("for --context: {names}"), format!("per --context: {names}")),
    ))
}
