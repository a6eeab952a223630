//! Pods without controllers.

mod agents;
mod hooks;

use std::time::Duration;

use serde_json::{Value, json};

use crate::controllers::objects::{condition, is_pod_ready};
use crate::kubelet::ExecError;
use crate::store::{Deletion, Resource};
use crate::testing::{Lab, NAMESPACE, pod};

fn container(extra: Value) -> Value {
    let mut container = json!({"name": "c", "image": "clusterip-lab/backend:v1"});
    if let (Value::Object(container), Value::Object(extra)) = (&mut container, extra) {
        container.extend(extra);
    }
    json!([container])
}

fn waiting(pod: &Value) -> &str {
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_pod_runs_and_says_so_as_kubernetes_does() {
    let lab = Lab::start().await;
    lab.make(Resource::Pods, pod("p", &container(json!({}))));
    let found = lab.until_pod("p", is_pod_ready).await;
    let status = &found["status"];
    assert_eq!(status["phase"], "Running");
    assert_eq!(status["podIPs"][0]["ip"], status["podIP"]);
    let kinds: Vec<_> =
        status["conditions"].as_array().unwrap().iter().map(|c| c["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
    );
    let state = &status["containerStatuses"][0];
    assert_eq!(state["image"], "docker.io/clusterip-lab/backend:v1");
    assert!(state["state"]["running"]["startedAt"].is_string() && state["ready"] == true);
    let log = lab.kubelet.log(NAMESPACE, "p", "c", false).unwrap();
    assert_eq!(log.read().0[0].text, "p v1 listens on 0.0.0.0:8080");
    let ip = status["podIP"].as_str().unwrap();
    let said = String::from_utf8(lab.curl(&format!("http://{ip}:8080")).await.stdout).unwrap();
    assert!(said.starts_with(&format!("p {ip} v1 says hello (connection 1, you are 10.244.0.")), "{said}");
}

#[tokio::test(start_paused = true)]
async fn the_spec_decides_what_the_agent_does() {
    let lab = Lab::start().await;
    let env = json!([{"name": "PORT", "value": "9000"}, {"name": "LISTEN", "value": "127.0.0.1"}]);
    lab.make(Resource::Pods, pod("p", &container(json!({"env": env}))));
    let found = lab.until_pod("p", is_pod_ready).await;
    let ip = found["status"]["podIP"].as_str().unwrap();
    assert_eq!(lab.curl(&format!("http://{ip}:9000")).await.code, 7, "it listens on its own loopback only");
    assert!(lab.network.connect_loopback(NAMESPACE, "p", 9000).await.is_ok());
    let mut once = pod("once", &container(json!({"args": ["curl", "-s", "http://127.0.0.1:1"]})));
    once["spec"]["restartPolicy"] = json!("Never");
    lab.make(Resource::Pods, once);
    let ended = lab.until_pod("once", |pod| pod["status"]["phase"] == "Failed").await;
    assert_eq!(ended["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 7);
    assert_eq!(condition(&ended, "Ready").unwrap()["reason"], "PodFailed");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there_is_pulled_in_vain() {
    let lab = Lab::start().await;
    lab.make(Resource::Pods, pod("p", &json!([{"name": "c", "image": "nginx"}])));
    lab.until_pod("p", |pod| waiting(pod) == "ErrImagePull").await;
    let found = lab.until_pod("p", |pod| waiting(pod) == "ImagePullBackOff").await;
    assert_eq!(found["status"]["phase"], "Pending");
    let message = found["status"]["containerStatuses"][0]["state"]["waiting"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Back-off pulling image \"nginx\": ErrImagePull: failed to pull"),
        "{message}"
    );
    let counted = || {
        let events = lab.events("p");
        let pulls = events.iter().find(|event| event.1 == "Pulling")?.2;
        (pulls == 3).then_some(events)
    };
    let events = lab.until("more pulls", Resource::Events, counted).await;
    let reasons: Vec<_> = events.iter().map(|event| event.1.as_str()).collect();
    assert_eq!(
        reasons,
        ["Scheduled", "Pulling", "Failed", "Failed", "BackOff", "Failed"],
        "counted, not repeated"
    );
    lab.delete(Resource::Pods, "p", &Deletion::default());
    let gone = || lab.find(Resource::Pods, "p").is_none().then_some(());
    lab.until("a pod that is gone", Resource::Pods, gone).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_ready_while_its_probe_succeeds() {
    let lab = Lab::start().await;
    let probe = |port: Value| {
        json!({"ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": port}, "periodSeconds": 1}})
    };
    lab.make(Resource::Pods, pod("good", &container(probe(json!("http")))));
    lab.make(Resource::Pods, pod("bad", &container(probe(json!(8099)))));
    let good = lab.until_pod("good", is_pod_ready).await;
    let ip = good["status"]["podIP"].as_str().unwrap().to_owned();
    let switch = |way: &str| {
        ["curl", "-X", "POST"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("http://{ip}:8080/readyz/{way}")])
            .collect::<Vec<_>>()
    };
    for (way, ready) in [("off", false), ("on", true)] {
        let ran = lab.kubelet.exec(NAMESPACE, "client", "client", &switch(way)).await.unwrap();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        lab.until_pod("good", |pod| is_pod_ready(pod) == ready).await;
    }
    let failures: Vec<_> = lab.events("good").into_iter().filter(|event| event.1 == "Unhealthy").collect();
    assert_eq!(failures[0].3, "Readiness probe failed: HTTP probe failed with statuscode: 503");
    assert!((2..=4).contains(&failures[0].2), "three in a row: {failures:?}");
    let bad = lab.find(Resource::Pods, "bad").unwrap();
    assert!(!is_pod_ready(&bad) && bad["status"]["phase"] == "Running");
    let refused = lab.events("bad").into_iter().find(|event| event.1 == "Unhealthy").unwrap().3;
    assert!(refused.starts_with("Readiness probe failed: Get \"http://10.244."), "{refused}");
    assert!(refused.ends_with(":8099: connect: connection refused"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_may_be_a_command_of_the_image() {
    let lab = Lab::start().await;
    let probe =
        |command: &[&str]| json!({"readinessProbe": {"exec": {"command": command}, "periodSeconds": 1}});
    lab.make(Resource::Pods, pod("good", &container(probe(&["curl", "-f", "http://127.0.0.1:8080/readyz"]))));
    lab.make(Resource::Pods, pod("bad", &container(probe(&["sh", "-c", "true"]))));
    lab.until_pod("good", is_pod_ready).await;
    let told = || lab.events("bad").into_iter().find(|event| event.1 == "Unhealthy");
    let event = lab.until("an event", Resource::Events, told).await;
    assert!(event.3.contains("\"sh\": executable file not found"), "{event:?}");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_crashes_is_restarted_later_and_later() {
    let lab = Lab::start().await;
    lab.make(Resource::Pods, pod("p", &container(json!({"env": [{"name": "PORT", "value": "nope"}]}))));
    let found = lab
        .until_pod("p", |pod| {
            waiting(pod) == "CrashLoopBackOff" && pod["status"]["containerStatuses"][0]["restartCount"] == 2
        })
        .await;
    let state = &found["status"]["containerStatuses"][0];
    assert_eq!(state["lastState"]["terminated"]["exitCode"], 2);
    let message = state["state"]["waiting"]["message"].as_str().unwrap();
    assert!(message.starts_with("back-off 20s restarting failed container=c pod=p_lab("), "{message}");
    assert_eq!(found["status"]["phase"], "Running");
    let log = lab.kubelet.log(NAMESPACE, "p", "c", true).unwrap();
    assert!(log.read().0[0].text.starts_with("PORT is \"nope\""));
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_ended_in_its_grace_or_by_force() {
    let lab = Lab::start().await;
    for (name, grace, expected) in [("slow", None, 5), ("short", Some(2), 2), ("forced", Some(0), 0)] {
        lab.make(Resource::Pods, pod(name, &container(json!({}))));
        lab.until_pod(name, is_pod_ready).await;
        let began = tokio::time::Instant::now();
        lab.delete(Resource::Pods, name, &Deletion { grace_seconds: grace, ..Deletion::default() });
        let gone = || lab.find(Resource::Pods, name).is_none().then_some(());
        lab.until("a pod that is gone", Resource::Pods, gone).await;
        let took = began.elapsed();
        let expected = Duration::from_secs(expected);
        assert!(took >= expected && took < expected + Duration::from_secs(1), "{name} took {took:?}");
        let told = || lab.reasons(name).contains(&"Killing".to_owned()).then_some(());
        lab.until("an event", Resource::Events, told).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_liveness_probe_restarts_its_container() {
    let lab = Lab::start().await;
    let probe =
        json!({"livenessProbe": {"tcpSocket": {"port": 8099}, "periodSeconds": 1, "failureThreshold": 2}});
    lab.make(Resource::Pods, pod("p", &container(probe)));
    lab.until_pod("p", |pod| pod["status"]["containerStatuses"][0]["restartCount"] == 1).await;
    let killing = lab.events("p").into_iter().find(|event| event.1 == "Killing").unwrap();
    assert_eq!(killing.3, "Container c failed liveness probe, will be restarted");
}

#[tokio::test(start_paused = true)]
async fn only_what_is_in_the_images_can_be_run() {
    let lab = Lab::start().await;
    lab.make(Resource::Pods, pod("p", &container(json!({"command": ["sleep", "1"]}))));
    let found = lab.until_pod("p", |pod| waiting(pod) == "CrashLoopBackOff").await;
    let last = &found["status"]["containerStatuses"][0]["lastState"]["terminated"];
    assert_eq!((&last["reason"], &last["exitCode"]), (&json!("StartError"), &json!(128)));
    let exec = async |pod: &str, argv: &[&str]| {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        lab.kubelet.exec(NAMESPACE, pod, "client", &argv).await.map(|ran| ran.code)
    };
    assert_eq!(exec("client", &["sh", "-c", "ls"]).await, Err(ExecError::NoProgram("sh".into())));
    lab.make(Resource::Pods, pod("waits", &json!([{"name": "client", "image": "nginx"}])));
    lab.until_pod("waits", |pod| waiting(pod) == "ImagePullBackOff").await;
    assert_eq!(exec("waits", &["curl"]).await, Err(ExecError::NoContainer("client".into())));
    assert_eq!(exec("nobody", &["curl"]).await, Err(ExecError::NoContainer("client".into())));
    assert_eq!(exec("client", &["curl", "http://nope"]).await, Ok(6));
}
