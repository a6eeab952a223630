use serde_json::json;

use crate::controllers::objects::{condition, number};
use crate::store::Resource;
use crate::testing::{Lab, deployment, names, service};

#[tokio::test(start_paused = true)]
async fn a_deployment_becomes_ready_pods_with_kubernetes_names() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(3, "clusterip-lab/backend:v1"));
    let pods = lab.until_ready(3).await;
    let sets = lab.list(Resource::ReplicaSets);
    assert_eq!(sets.len(), 1);
    let hash = sets[0]["metadata"]["labels"]["pod-template-hash"].as_str().unwrap();
    assert_eq!(sets[0]["metadata"]["name"], json!(format!("backend-{hash}")));
    for pod in &pods {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let suffix = name.strip_prefix(&format!("backend-{hash}-")).unwrap();
        assert!(
            suffix.len() == 5 && suffix.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)),
            "{name}"
        );
        assert_eq!(pod["metadata"]["ownerReferences"][0]["name"], sets[0]["metadata"]["name"]);
        assert_eq!(lab.reasons(name), ["Scheduled", "Pulled", "Created", "Started"]);
    }
    let done = || {
        let found = lab.find(Resource::Deployments, "backend").unwrap();
        (number(&found, "/status/availableReplicas", 0) == 3).then_some(found)
    };
    let found = lab.until("an available Deployment", Resource::Deployments, done).await;
    assert_eq!(found["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    assert_eq!(condition(&found, "Available").unwrap()["reason"], "MinimumReplicasAvailable");
    assert_eq!(condition(&found, "Progressing").unwrap()["reason"], "NewReplicaSetAvailable");
    assert_eq!(found["status"]["updatedReplicas"], 3);
    assert!(found["status"].get("unavailableReplicas").is_none());
    let scaled = format!("Scaled up replica set backend-{hash} from 0 to 3");
    assert_eq!(lab.events("backend"), [("Normal".into(), "ScalingReplicaSet".into(), 1, scaled)]);
}

#[tokio::test(start_paused = true)]
async fn scaling_adds_and_takes_pods() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(3, "clusterip-lab/backend:v1"));
    let before = names(&lab.until_ready(3).await);
    lab.edit(Resource::Deployments, "backend", |d| d["spec"]["replicas"] = json!(5));
    let after = names(&lab.until_ready(5).await);
    assert!(before.iter().all(|name| after.contains(name)), "those that were there stay");
    lab.edit(Resource::Deployments, "backend", |d| d["spec"]["replicas"] = json!(0));
    lab.until_ready(0).await;
    let gone = || (lab.list(Resource::Pods).len() == 1).then_some(());
    lab.until("pods that are gone", Resource::Pods, gone).await;
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_keeps_answering_and_a_rollback_takes_the_old_set() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(3, "clusterip-lab/backend:v1"));
    lab.make(Resource::Services, service(&json!("http")));
    lab.until_ready(3).await;
    lab.until_served(3).await;
    let image = |image: &'static str| {
        move |d: &mut serde_json::Value| {
            d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        }
    };
    let answers = async |version: &'static str| {
        let mut failed = 0;
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            let ran = lab.curl("http://web").await;
            failed += u32::from(ran.code != 0);
            let is = |pod: &std::sync::Arc<serde_json::Value>| {
                pod["spec"]["containers"][0]["image"] == json!(format!("clusterip-lab/backend:{version}"))
            };
            let pods = lab.backends();
            if pods.len() == 3
                && pods.iter().all(is)
                && String::from_utf8_lossy(&ran.stdout).contains(version)
            {
                return failed;
            }
        }
    };
    assert_eq!(answers("v1").await, 0);
    lab.edit(Resource::Deployments, "backend", image("clusterip-lab/backend:v2"));
    assert_eq!(answers("v2").await, 0, "no request fails while pods are replaced");
    lab.until_ready(3).await;
    let sets = lab.list(Resource::ReplicaSets);
    assert_eq!(sets.len(), 2, "the old set stays, for a rollback");
    lab.edit(Resource::Deployments, "backend", image("clusterip-lab/backend:v1"));
    assert_eq!(answers("v1").await, 0);
    assert_eq!(lab.list(Resource::ReplicaSets).len(), 2);
    let found = lab.find(Resource::Deployments, "backend").unwrap();
    assert_eq!(found["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
}

#[tokio::test(start_paused = true)]
async fn an_update_to_an_image_that_is_not_there_stops_within_its_bounds() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(3, "clusterip-lab/backend:v1"));
    lab.until_ready(3).await;
    lab.edit(Resource::Deployments, "backend", |d| {
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("clusterip-lab/backend:v9");
    });
    let stuck = || {
        let pods = lab.backends();
        let waits = |pod: &&std::sync::Arc<serde_json::Value>| {
            pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"
        };
        pods.iter().find(waits).cloned()
    };
    lab.until("a pod without image", Resource::Pods, stuck).await;
    assert_eq!(lab.backends().len(), 4, "one more than asked for, none fewer");
}

#[tokio::test(start_paused = true)]
async fn recreate_ends_all_before_it_begins_any() {
    let lab = Lab::start().await;
    let mut recreated = deployment(2, "clusterip-lab/backend:v1");
    recreated["spec"]["strategy"] = json!({"type": "Recreate"});
    lab.make(Resource::Deployments, recreated);
    let before = names(&lab.until_ready(2).await);
    lab.edit(Resource::Deployments, "backend", |d| {
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("clusterip-lab/backend:v2");
    });
    let overlap = || {
        let all = names(&lab.list(Resource::Pods));
        let old = all.iter().filter(|name| before.contains(name)).count();
        let new = all.len() - old - 1;
        assert!(old == 0 || new == 0, "{all:?}");
        (new == 2).then_some(())
    };
    lab.until("new pods", Resource::Pods, overlap).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_loses_its_label_is_let_go_and_replaced_and_taken_back() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(2, "clusterip-lab/backend:v1"));
    let first = names(&lab.until_ready(2).await)[0].clone();
    lab.edit(Resource::Pods, &first, |pod| pod["metadata"]["labels"]["app"] = json!("debug"));
    lab.until_ready(2).await;
    let released = lab.find(Resource::Pods, &first).unwrap();
    assert!(released["metadata"].get("ownerReferences").is_none());
    lab.edit(Resource::Pods, &first, |pod| pod["metadata"]["labels"]["app"] = json!("myapp"));
    let adopted = || (lab.backends().len() == 2).then_some(());
    lab.until("one pod fewer", Resource::Pods, adopted).await;
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_kept_and_told_of() {
    let lab = Lab::start().await;
    lab.make(Resource::ResourceQuotas, json!({"metadata": {"name": "lab"}, "spec": {"hard": {"pods": "3"}}}));
    lab.make(Resource::Deployments, deployment(4, "clusterip-lab/backend:v1"));
    lab.until_ready(2).await;
    let used =
        || lab.find(Resource::ResourceQuotas, "lab").filter(|quota| quota["status"]["used"]["pods"] == "3");
    lab.until("a full quota", Resource::ResourceQuotas, used).await;
    let set = names(&lab.list(Resource::ReplicaSets)).remove(0);
    let events = lab.events(&set);
    assert!(
        events.iter().any(|(_, reason, _, why)| reason == "FailedCreate" && why.contains("exceeded quota"))
    );
    let told = || {
        let found = lab.find(Resource::Deployments, "backend").unwrap();
        condition(&found, "ReplicaFailure").cloned()
    };
    lab.until("a condition", Resource::Deployments, told).await;
}
