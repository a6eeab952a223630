//! The lab's own server code on the practice cluster, unchanged: what it does in the first lab.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::actions::{Actions, ShownKind};
use clusterip_cluster::index::Index;
use clusterip_cluster::traffic::{Report, send};
use clusterip_cluster::{manifest, tenancy, watch};
use clusterip_domain::ids::Namespace;
use clusterip_domain::rules::{RulesView, ServiceRule, Verdict};
use clusterip_domain::snapshot::{PodRole, PodState, Snapshot};
use clusterip_domain::traffic::{Connections, Line, LoadSpec};
use clusterip_practice::{NODE, Practice};
use kube::Client;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const DEPLOYMENT: &str = include_str!("../../../labs/00-the-whole-story/start/deployment.yaml");
const SERVICE: &str = include_str!("../../../labs/00-the-whole-story/start/service.yaml");
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server's parts, on a cluster of their own.
struct Lab {
    client: Client,
    index: Arc<Index>,
    namespace: Namespace,
    actions: Actions,
}

impl Lab {
    async fn apply(&self, yaml: &str) {
        let documents = manifest::read(yaml, &self.namespace).expect("the lab's own file is read");
        self.actions.apply(&self.namespace, &documents).await.expect("the cluster takes it");
    }

    async fn until(&self, what: &str, holds: impl FnMut(&Snapshot) -> bool) -> Snapshot {
        let seen = watch::until(&self.index, &self.namespace, PATIENCE, holds).await;
        seen.unwrap_or_else(|last| panic!("{what}: {last:#?}"));
        self.index.snapshot(&self.namespace)
    }

    /// Sends to the virtual IP; returns the answers by pod, and the failures.
    async fn load(&self, host: &str, requests: u64) -> (BTreeMap<String, u64>, u64) {
        let spec = LoadSpec {
            host: host.to_owned(),
            port: 80,
            connections: Connections::NewPerRequest,
            rate_per_second: 100,
            max_requests: requests,
            max_seconds: 15,
            timeout_ms: 1000,
        };
        let (reports, mut received) = mpsc::channel(16);
        let stop = CancellationToken::new();
        tokio::spawn(send(self.client.clone(), self.namespace.clone(), spec, reports, stop));
        let (mut answers, mut failures) = (BTreeMap::new(), 0);
        while let Some(report) = received.recv().await {
            match report {
                Report::Line(Line::Batch(batch)) => {
                    for backend in batch.backends {
                        *answers.entry(backend.pod).or_default() += backend.count;
                    }
                    failures += batch.errors.iter().map(|error| error.count).sum::<u64>();
                }
                Report::Interrupted(error) => panic!("{error}"),
                Report::Line(_) => {}
                Report::Over => break,
            }
        }
        (answers, failures)
    }
}

fn ready(snapshot: &Snapshot) -> usize {
    let is_ready =
        |p: &&clusterip_domain::snapshot::Pod| p.role == PodRole::Workload && p.state == PodState::Ready;
    snapshot.pods.iter().filter(is_ready).count()
}

/// Waits until kube-proxy has written the rules for so many endpoints: a moment after the EndpointSlice has them.
async fn rules(practice: &Practice, wanted: usize) {
    let written = || {
        let RulesView::Read { nodes, .. } = practice.network().rules(NODE) else { return false };
        let has = |rule: &ServiceRule| match &rule.verdict {
            Verdict::Balance { endpoints, .. } => endpoints.len() == wanted,
            _ => false,
        };
        nodes.iter().flat_map(|node| &node.services).any(has)
    };
    let poll = async {
        while !written() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, poll).await.expect("the rules are written");
}

fn endpoints(snapshot: &Snapshot) -> usize {
    snapshot.endpoint_slices.iter().flat_map(|slice| &slice.endpoints).filter(|e| e.ready).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_lab_runs_from_start_to_reset() {
    let (practice, client) = common::client().await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let index = Arc::new(Index::default());
    watch::start(&client, &index, &tasks, &stop);
    let namespace: Namespace = "lab-student".parse().expect("a name");
    tenancy::prepare(&client, &namespace).await.expect("the namespace is prepared");
    let actions = Actions::new(client.clone());
    let lab = Lab { client, index, namespace, actions };

    lab.apply(DEPLOYMENT).await;
    lab.until("three pods are ready", |s| ready(s) == 3).await;
    lab.apply(SERVICE).await;
    let snapshot =
        lab.until("three endpoints are ready", |s| endpoints(s) == 3 && s.services.len() == 1).await;
    let virtual_ip = snapshot.services[0].cluster_ip.expect("a virtual IP").to_string();
    lab.until("the client is ready", |s| {
        s.pods.iter().any(|p| p.role == PodRole::Client && p.state == PodState::Ready)
    })
    .await;

    rules(&practice, 3).await;
    let (answers, failures) = lab.load(&virtual_ip, 150).await;
    assert_eq!((answers.len(), answers.values().sum::<u64>(), failures), (3, 150, 0), "{answers:?}");

    let victim = answers.keys().next().expect("a pod").clone();
    lab.actions.delete_pod(&lab.namespace, &victim).await.expect("it is deleted");
    lab.until("another pod takes its place", |s| {
        ready(s) == 3 && endpoints(s) == 3 && s.pods.iter().all(|p| p.name != victim)
    })
    .await;
    lab.actions.scale(&lab.namespace, "backend", 5).await.expect("it is scaled");
    let scaled = lab.until("five endpoints are ready", |s| endpoints(s) == 5).await;
    assert_eq!(scaled.services[0].cluster_ip.map(|ip| ip.to_string()), Some(virtual_ip));
    let name = &scaled.services[0].name;
    let yaml = lab.actions.yaml(&lab.namespace, ShownKind::Service, name).await.expect("it is shown");
    assert!(yaml.contains("clusterIP: "), "{yaml}");

    lab.actions.clear(&lab.namespace).await.expect("it is cleared");
    lab.until("only the client is left", |s| s.pods.len() == 1 && s.services.is_empty()).await;
    stop.cancel();
    practice.shutdown().await;
}
