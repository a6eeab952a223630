//! What opening the lab's own cluster does, and what it leaves alone.

use std::os::unix::fs::PermissionsExt;

use super::super::stage::KIND_STAGES;
use super::super::{AgentImage, AgentImageState, Archive, ImageTag, Source, SourceConfig, open};
use super::fakes::{ApiServer, DOCKER, KIND, Machine, Mood, notes, told, wait_until, watched};

const STOPPED: &str = "lab-control-plane\texited\tcontrol-plane\timg\n";
const RUNNING: &str = "lab-control-plane\trunning\tcontrol-plane\timg\n";

async fn machine() -> (Machine, ApiServer) {
    let (machine, api) = (Machine::with(Some(DOCKER), Some(KIND)), ApiServer::start(Mood::Kind).await);
    machine.write("kubeconfig", &api.kubeconfig("kind-lab"));
    (machine, api)
}

fn tags() -> Vec<ImageTag> {
    vec![ImageTag { reference: "clusterip-lab/backend:v1".into(), digest: "sha256:aaaa".into() }]
}

async fn opened(machine: &Machine) -> (Source, Vec<String>) {
    let (progress, mut events) = watched();
    let tags = tags();
    let agent = AgentImage { archive: Archive::Bytes(b"tar"), tags: &tags };
    let config = SourceConfig::Kind(machine.config());
    let source = open(&config, Some(agent), &progress).await.unwrap_or_else(|e| panic!("{}", e.chain()));
    (source, told(&mut events))
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_made_and_only_ours_is_touched() {
    let (machine, _api) = machine().await;
    let (source, told) = opened(&machine).await;
    assert_eq!(source.description.kubernetes_version, "v1.34.4");
    assert_eq!(source.description.nodes, ["lab-control-plane"]);
    assert_eq!(source.capabilities.agent_image, AgentImageState::Loaded);
    assert_eq!(told.iter().filter(|t| t.ends_with("done")).count(), KIND_STAGES.len() - 1, "{told:?}");
    assert!(told.contains(&"startNodes skipped".to_owned()), "{told:?}");
    assert_eq!(
        machine.calls_of("kind"),
        [
            "kind version",
            "kind create cluster --name lab --wait 60s --kubeconfig HERE/state/lab.kubeconfig",
            "kind get kubeconfig --name lab",
            "kind load image-archive HERE/state/lab.agent-image.tar --name lab --nodes lab-control-plane",
        ]
    );
    let own = machine.path("state/lab.kubeconfig");
    for kubeconfig in machine.read("kind.kubeconfigs").lines() {
        assert_eq!(kubeconfig, own.to_string_lossy(), "kind could have found the user's own kubeconfig");
    }
    for call in machine.calls_of("docker ps") {
        assert!(call.contains("label=io.x-k8s.kind.cluster=lab "), "{call}");
    }
    let mode = std::fs::metadata(&own).expect("written").permissions().mode() & 0o777;
    assert_eq!((mode, machine.read("state/lab.kubeconfig")), (0o600, machine.read("kubeconfig")));
    assert!(!machine.path("state/lab.agent-image.tar").exists());
}

#[tokio::test]
async fn the_node_image_and_the_kind_configuration_are_handed_on() {
    let (machine, _api) = machine().await;
    let mut config = machine.config();
    config.node_image = Some("kindest/node:v1.34.0".into());
    config.kind_config = Some("two nodes.yaml".into());
    let (progress, _events) = watched();
    open(&SourceConfig::Kind(config), None, &progress).await.unwrap_or_else(|e| panic!("{}", e.chain()));
    let create = machine.calls_of("kind create");
    assert!(create[0].ends_with("--image kindest/node:v1.34.0 --config two nodes.yaml"), "{create:?}");
}

#[tokio::test]
async fn a_running_cluster_is_attached_to_and_an_image_it_has_is_not_loaded_again() {
    let (machine, _api) = machine().await;
    machine.write("nodes", RUNNING);
    let first = opened(&machine).await.0;
    let (second, told) = opened(&machine).await;
    assert_eq!(first.capabilities.agent_image, AgentImageState::Loaded);
    assert_eq!(second.capabilities.agent_image, AgentImageState::Present);
    assert!(told.contains(&"loadAgentImage skipped".to_owned()), "{told:?}");
    assert_eq!(machine.calls_of("kind load").len(), 1);
    assert_eq!(machine.calls_of("kind create"), [""; 0]);
    assert_eq!(machine.calls_of("docker start"), [""; 0]);
}

#[tokio::test]
async fn a_stopped_cluster_is_started_not_made_anew() {
    let (machine, _api) = machine().await;
    machine.write("nodes", STOPPED);
    let (_, told) = opened(&machine).await;
    assert!(told.contains(&"createCluster skipped".to_owned()), "{told:?}");
    assert!(told.contains(&"startNodes done".to_owned()), "{told:?}");
    assert_eq!(machine.calls_of("docker start"), ["docker start lab-control-plane"]);
}

#[tokio::test]
async fn a_paused_cluster_goes_on() {
    let (machine, _api) = machine().await;
    machine.write("nodes", &STOPPED.replace("exited", "paused"));
    opened(&machine).await;
    assert_eq!(machine.calls_of("docker unpause"), ["docker unpause lab-control-plane"]);
}

#[tokio::test]
async fn a_creation_that_was_cut_short_is_killed_and_made_anew_next_time() {
    let (machine, _api) = machine().await;
    let hangs = KIND.replace("echo \"Creating cluster ...\" >&2", "echo $$ >\"$HERE/pid\"; exec sleep 600");
    machine.install("kind", &hangs);
    machine.write("nodes.half", RUNNING);
    let config = SourceConfig::Kind(machine.config());
    let opening = tokio::spawn(async move {
        let (progress, _events) = watched();
        open(&config, None, &progress).await.map(drop)
    });
    let pid = machine.wait_for("pid").await;
    std::fs::rename(machine.path("nodes.half"), machine.path("nodes")).expect("the container is there");
    opening.abort();
    assert!(opening.await.is_err_and(|e| e.is_cancelled()));
    // Gone, or dead and not yet collected by the runtime.
    let stat = format!("/proc/{}/stat", pid.trim());
    wait_until(|| match std::fs::read_to_string(&stat) {
        Ok(stat) if !stat.contains(") Z ") => None,
        _ => Some(()),
    })
    .await;

    machine.install("kind", KIND);
    let (progress, mut events) = watched();
    let config = SourceConfig::Kind(machine.config());
    open(&config, None, &progress).await.unwrap_or_else(|e| panic!("{}", e.chain()));
    let notes = notes(&mut events);
    assert!(notes.iter().any(|n| n.contains("cut short")), "{notes:?}");
    assert_eq!(
        machine.calls_of("kind delete"),
        ["kind delete cluster --name lab --kubeconfig HERE/state/lab.kubeconfig"]
    );
    assert_eq!(machine.calls_of("kind create").len(), 2);
}

#[tokio::test]
async fn a_container_that_outlives_its_deletion_is_deleted_again() {
    let (machine, _api) = machine().await;
    let stubborn = "if [ -e \"$HERE/asked\" ]; then rm -f \"$HERE/nodes\"; else touch \"$HERE/asked\"; fi";
    machine.install("kind", &KIND.replace("rm -f \"$HERE/nodes\"", stubborn));
    std::fs::create_dir(machine.path("state")).expect("made");
    machine.write("state/lab.state", "creating");
    machine.write("nodes", RUNNING);
    opened(&machine).await;
    assert_eq!((machine.calls_of("kind delete").len(), machine.calls_of("kind create").len()), (2, 1));
}

#[tokio::test]
async fn a_container_that_appears_after_a_creation_was_cut_short_is_deleted_too() {
    let (machine, _api) = machine().await;
    let late = "if [ ! -e \"$HERE/late\" ]; then touch \"$HERE/late\" \"$HERE/nodes\"; \
                echo 'ERROR: failed to create cluster: node(s) already exist for a cluster with the name \"lab\"' >&2; \
                exit 1; fi";
    machine.install("kind", &KIND.replace("echo \"Creating cluster ...\" >&2", late));
    std::fs::create_dir(machine.path("state")).expect("made");
    machine.write("state/lab.state", "creating");
    opened(&machine).await;
    assert_eq!((machine.calls_of("kind delete").len(), machine.calls_of("kind create").len()), (1, 2));
}

#[tokio::test]
async fn two_who_open_at_once_make_one_cluster() {
    let (machine, _api) = machine().await;
    let ((first, _), (second, _)) = tokio::join!(opened(&machine), opened(&machine));
    assert_eq!(first.description, second.description);
    assert_eq!(machine.calls_of("kind create").len(), 1);
}

#[tokio::test]
async fn an_image_that_is_still_lacking_after_it_was_loaded_is_an_error() {
    let (machine, _api) = machine().await;
    machine.install("kind", &KIND.replace("sha256:aaaa", "sha256:bbbb"));
    let (progress, _events) = watched();
    let tags = tags();
    let agent = AgentImage { archive: Archive::Bytes(b"tar"), tags: &tags };
    let Err(error) = open(&SourceConfig::Kind(machine.config()), Some(agent), &progress).await else {
        panic!("it opened")
    };
    assert_eq!(error.code(), "image_load_failed");
}
