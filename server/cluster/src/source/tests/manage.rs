//! `cluster down` and `cluster status`.

use super::super::cluster::{ClusterState, Down, down, status, up};
use super::super::{AgentImage, Archive, ImageTag, Progress};
use super::fakes::{ApiServer, DOCKER, KIND, Machine, Mood};

#[tokio::test]
async fn a_cluster_this_lab_made_is_deleted_with_its_kubeconfig() {
    let (machine, api) = (Machine::with(Some(DOCKER), Some(KIND)), ApiServer::start(Mood::Kind).await);
    machine.write("kubeconfig", &api.kubeconfig("kind-lab"));
    let config = machine.config();
    up(&config, None, &Progress::silent()).await.unwrap_or_else(|e| panic!("{}", e.chain()));
    assert!(config.kubeconfig().exists());
    assert_eq!(down(&config, false).await.expect("deleted"), Down::Deleted);
    assert!(!config.kubeconfig().exists());
    assert_eq!(down(&config, false).await.expect("nothing to do"), Down::Absent);
    assert_eq!(
        machine.calls_of("kind delete"),
        ["kind delete cluster --name lab --kubeconfig HERE/state/lab.kubeconfig"]
    );
}

#[tokio::test]
async fn a_cluster_that_somebody_else_made_is_deleted_only_with_force() {
    let machine = Machine::with(Some(DOCKER), Some(KIND));
    machine.write("nodes", "lab-control-plane\trunning\tcontrol-plane\timg\n");
    let config = machine.config();
    assert_eq!(down(&config, false).await.expect_err("not ours").code(), "cluster_not_ours");
    assert_eq!(machine.calls_of("kind delete"), [""; 0]);
    assert_eq!(down(&config, true).await.expect("deleted"), Down::Deleted);
}

#[tokio::test]
async fn a_status_tells_absent_stopped_and_running_and_changes_nothing() {
    let machine = Machine::with(Some(DOCKER), None);
    let config = machine.config();
    let tags = [ImageTag { reference: "clusterip-lab/backend:v1".into(), digest: "sha256:aaaa".into() }];
    let agent = Some(AgentImage { archive: Archive::Bytes(b""), tags: &tags });

    let absent = status(&config, agent).await.expect("docker answers");
    assert_eq!((absent.state, absent.created, absent.agent_image), (ClusterState::Absent, None, None));

    let node = |name: &str, state: &str| format!("{name}\t{state}\tworker\timg\n");
    machine.write("nodes", &node("a", "exited"));
    assert_eq!(status(&config, agent).await.expect("docker answers").state, ClusterState::Stopped);
    machine.write("nodes", &(node("a", "exited") + &node("b", "running")));
    assert_eq!(status(&config, agent).await.expect("docker answers").state, ClusterState::PartlyStopped);
    machine.write("nodes", &node("a", "running"));
    let running = status(&config, agent).await.expect("docker answers");
    assert_eq!(
        (running.state, running.ours, running.agent_image),
        (ClusterState::Running, false, Some(false))
    );
    assert_eq!(running.kubernetes_version.as_deref(), Some("v1.34.4"));
    assert_eq!(running.created.as_deref(), Some("2025-01-02T03:04:05.678Z"));
    assert!(!config.state_dir.exists());
}
