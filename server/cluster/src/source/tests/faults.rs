//! Each fault has its code, ends its stage, and names its cure.

use super::super::{SourceConfig, SourceError, open};
use super::fakes::{DOCKER, KIND, Machine, told, watched};

async fn failure(machine: &Machine) -> (SourceError, Vec<String>) {
    let (progress, mut events) = watched();
    let opened = open(&SourceConfig::Kind(machine.config()), None, &progress).await;
    let Err(error) = opened else { panic!("it opened") };
    (error, told(&mut events))
}

fn says(words: &str) -> String {
    format!("cat >&2 <<'END'\n{words}\nEND\nexit 1\n")
}

#[tokio::test]
async fn a_missing_docker_is_the_first_thing_said() {
    let (error, told) = failure(&Machine::with(None, None)).await;
    assert_eq!(error.code(), "docker_not_found");
    assert_eq!(told, ["findDocker started", "findDocker failed"]);
    assert!(error.cure().en.contains("--practice") && error.cure().it.contains("--practice"));
}

#[tokio::test]
async fn an_engine_that_is_down_is_told_from_one_that_refuses() {
    for (words, code) in [
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "docker_not_running",
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: \
             dial unix /var/run/docker.sock: connect: permission denied",
            "docker_permission_denied",
        ),
        ("Error response from daemon: something new", "docker_failed"),
    ] {
        let (error, told) = failure(&Machine::with(Some(&says(words)), Some(KIND))).await;
        assert_eq!(error.code(), code, "{words}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(told, ["findDocker started", "findDocker failed"]);
    }
}

#[tokio::test]
async fn a_missing_kind_is_said_after_docker_was_found() {
    let (error, told) = failure(&Machine::with(Some(DOCKER), None)).await;
    assert_eq!(error.code(), "kind_not_found");
    assert_eq!(told, ["findDocker started", "findDocker done", "findKind started", "findKind failed"]);
}

#[tokio::test]
async fn what_keeps_kind_from_creating_is_classified_and_its_last_words_are_kept() {
    for (words, code) in [
        (
            "ERROR: failed to create cluster: failed to pull image \"kindest/node:none\": command \"docker pull\" \
             failed with error: exit status 1",
            "image_not_pullable",
        ),
        ("Bind for 127.0.0.1:6443 failed: port is already allocated.", "port_taken"),
        ("write /var/lib/docker/x: no space left on device", "no_space"),
        ("Failed to create control group inotify object: Too many open files", "inotify_limits"),
        (
            "ERROR: failed to create cluster: node(s) already exist for a cluster with the name \"lab\"",
            "cluster_exists",
        ),
        ("ERROR: failed to create cluster: failed to init node with kubeadm", "cluster_create_failed"),
    ] {
        let kind = KIND.replace("echo \"Creating cluster ...\" >&2", &says(words));
        let (error, told) = failure(&Machine::with(Some(DOCKER), Some(&kind))).await;
        assert_eq!(error.code(), code, "{words}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(told.last().map(String::as_str), Some("createCluster failed"));
    }
}

#[tokio::test]
async fn a_node_whose_port_was_taken_meanwhile_is_not_made_anew() {
    let docker = DOCKER.replace(
        "start|unpause)",
        &format!(
            "start) {} ;;\nunpause)",
            says("Error: driver failed programming external connectivity: failed to bind host port 127.0.0.1:36743/tcp: \
                  address already in use")
        ),
    );
    let machine = Machine::with(Some(&docker), Some(KIND));
    machine.write("nodes", "lab-control-plane\texited\tcontrol-plane\timg\n");
    let (error, told) = failure(&machine).await;
    assert_eq!(error.code(), "port_taken");
    assert!(error.cure().en.contains("sport = :36743"), "{}", error.cure());
    assert_eq!(
        told[4..],
        [
            "findCluster started",
            "findCluster done",
            "createCluster skipped",
            "startNodes started",
            "startNodes failed"
        ]
    );
    assert_eq!(machine.calls_of("kind create"), [""; 0]);
}

#[tokio::test]
async fn a_half_made_cluster_of_somebody_else_is_left_alone() {
    let kind = KIND.replace(
        "cat \"$HERE/kubeconfig\"",
        &says("ERROR: failed to get cluster internal kubeconfig: command \"docker exec\" failed with error: exit \
               status 1"),
    );
    let machine = Machine::with(Some(DOCKER), Some(&kind));
    machine.write("nodes", "lab-control-plane\trunning\tcontrol-plane\timg\n");
    let (error, _) = failure(&machine).await;
    assert_eq!(error.code(), "cluster_half_created");
    assert_eq!(machine.calls_of("kind delete"), [""; 0]);
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_written_is_named() {
    let machine = Machine::with(Some(DOCKER), Some(KIND));
    machine.write("state", "a file where the folder should be");
    let (error, told) = failure(&machine).await;
    assert_eq!(error.code(), "state_unwritable");
    assert_eq!(told.last().map(String::as_str), Some("findKind failed"));
}
