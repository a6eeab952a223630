//! What containers do when they have started, and before they stop.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{container, waiting};
use crate::controllers::objects::is_pod_ready;
use crate::store::{Deletion, Resource};
use crate::testing::{Lab, NAMESPACE, pod};

fn hooked(lifecycle: &Value) -> Value {
    container(json!({"lifecycle": lifecycle, "ports": [{"name": "http", "containerPort": 8080}]}))
}

fn after_start(hook: &Value) -> Value {
    hooked(&json!({"postStart": hook}))
}

async fn until_gone(lab: &Lab, name: &str) {
    let gone = || lab.find(Resource::Pods, name).is_none().then_some(());
    lab.until("a pod that is gone", Resource::Pods, gone).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_answers_until_its_hook_is_done() {
    let lab = Lab::start().await;
    let hook = |hook: Value| container(json!({"lifecycle": {"preStop": hook}}));
    lab.make(Resource::Pods, pod("waits", &hook(json!({"sleep": {"seconds": 4}}))));
    lab.make(Resource::Pods, pod("runs", &hook(json!({"exec": {"command": ["sh", "-c", "sleep 4"]}}))));
    let found = lab.until_pod("waits", is_pod_ready).await;
    lab.until_pod("runs", is_pod_ready).await;
    let url = format!("http://{}:8080", found["status"]["podIP"].as_str().unwrap());
    let began = Instant::now();
    for name in ["waits", "runs"] {
        lab.delete(Resource::Pods, name, &Deletion::default());
    }
    sleep(Duration::from_secs(3)).await;
    assert_eq!(lab.curl(&url).await.code, 0, "the hook is not done");
    for (name, expected) in [("runs", 5), ("waits", 4 + 5)] {
        until_gone(&lab, name).await;
        let (took, expected) = (began.elapsed(), Duration::from_secs(expected));
        assert!(took >= expected && took < expected + Duration::from_secs(1), "{name} took {took:?}");
    }
    let failed = |name| lab.reasons(name).contains(&"FailedPreStopHook".to_owned());
    assert_eq!((failed("waits"), failed("runs")), (false, true));
}

#[tokio::test(start_paused = true)]
async fn a_hook_has_no_more_time_than_the_pod() {
    let lab = Lab::start().await;
    let hook = json!({"lifecycle": {"preStop": {"sleep": {"seconds": 20}}}});
    lab.make(Resource::Pods, pod("p", &container(hook)));
    lab.until_pod("p", is_pod_ready).await;
    let began = Instant::now();
    lab.delete(Resource::Pods, "p", &Deletion { grace_seconds: Some(2), ..Deletion::default() });
    until_gone(&lab, "p").await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_container_counts_as_running_when_its_first_hook_is_done() {
    let lab = Lab::start().await;
    let mut containers = after_start(&json!({"sleep": {"seconds": 4}}));
    containers.as_array_mut().unwrap().push(json!({"name": "next", "image": "clusterip-lab/client:v1"}));
    let began = Instant::now();
    lab.make(Resource::Pods, pod("p", &containers));
    let begun = || lab.reasons("p").contains(&"Started".to_owned()).then_some(());
    lab.until("a start", Resource::Events, begun).await;
    sleep(Duration::from_secs(2)).await;
    let found = lab.find(Resource::Pods, "p").unwrap();
    for state in found["status"]["containerStatuses"].as_array().unwrap() {
        assert_eq!(state["state"]["waiting"]["reason"], "ContainerCreating", "{state}");
        assert_eq!((&state["started"], &state["containerID"]), (&json!(false), &Value::Null));
    }
    assert!(lab.kubelet.log(NAMESPACE, "p", "c", false).is_none());
    let argv = ["curl", "http://127.0.0.1:8080"].map(str::to_owned);
    let ran = lab.kubelet.exec(NAMESPACE, "p", "c", &argv).await.unwrap();
    assert_eq!(ran.code, 0, "its process runs: {}", ran.stderr);
    lab.until_pod("p", is_pod_ready).await;
    assert!((4..6).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn every_hook_but_a_bare_connection_is_run() {
    let lab = Lab::start().await;
    let http = |port: Value| json!({"httpGet": {"port": port, "path": "/nosuch"}});
    for (name, hook) in [
        ("number", http(json!(8080))),
        ("named", http(json!("http"))),
        ("secure", json!({"httpGet": {"port": 8080, "scheme": "HTTPS"}})),
        ("command", json!({"exec": {"command": ["curl", "-sS", "http://127.0.0.1:8080"]}})),
    ] {
        lab.make(Resource::Pods, pod(name, &after_start(&hook)));
        lab.until_pod(name, is_pod_ready).await;
        assert!(!lab.reasons(name).contains(&"FailedPostStartHook".to_owned()), "{name}");
    }
    let error = |error: &str| format!("for Container \"c\" in Pod \"POD\" failed - error: {error}");
    for (name, hook, expected) in [
        (
            "refused",
            http(json!(8099)),
            "HTTP lifecycle hook (/nosuch) ".to_owned()
                + &error("Get \"http://IP:8099/nosuch\": dial tcp IP:8099: connect: connection refused"),
        ),
        (
            "unnamed",
            http(json!("nosuch")),
            "HTTP lifecycle hook (/nosuch) ".to_owned()
                + &error("strconv.Atoi: parsing \"nosuch\": invalid syntax"),
        ),
        (
            "elsewhere",
            json!({"httpGet": {"port": 80, "path": "/", "host": "web"}}),
            "HTTP lifecycle hook (/) ".to_owned()
                + &error("Get \"http://web:80/\": dial tcp: lookup web: no such host"),
        ),
        (
            "fails",
            json!({"exec": {"command": ["curl", "-s", "http://127.0.0.1:1"]}}),
            "Exec lifecycle hook ([curl -s http://127.0.0.1:1]) ".to_owned()
                + &error("command 'curl -s http://127.0.0.1:1' exited with 7: , message: \"\""),
        ),
        (
            "bare",
            json!({"tcpSocket": {"port": 8080}}),
            "Cannot run handler: invalid handler: &LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:\
             &TCPSocketAction{Port:{0 8080 },Host:,},Sleep:nil,}"
                .to_owned(),
        ),
    ] {
        lab.make(Resource::Pods, pod(name, &after_start(&hook)));
        let found = lab.until_pod(name, |pod| waiting(pod) == "PostStartHookError").await;
        let full = format!("{name}_{NAMESPACE}({})", found["metadata"]["uid"].as_str().unwrap());
        let ip = found["status"]["podIP"].as_str().unwrap();
        let message =
            found["status"]["containerStatuses"][0]["state"]["waiting"]["message"].as_str().unwrap();
        assert_eq!(message.replace(&full, "POD").replace(ip, "IP"), expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_first_hook_ends_its_container_as_its_pod_would_be_ended() {
    let lab = Lab::start().await;
    let hooks = json!({
        "postStart": {"exec": {"command": ["sh"]}},
        "preStop": {"exec": {"command": ["sh"]}},
    });
    lab.make(Resource::Pods, pod("p", &hooked(&hooks)));
    lab.until_pod("p", |pod| waiting(pod) == "PostStartHookError").await;
    let found = lab.until_pod("p", |pod| waiting(pod) == "CrashLoopBackOff").await;
    let state = &found["status"]["containerStatuses"][0];
    assert_eq!(
        (&state["restartCount"], &state["lastState"]["terminated"]["exitCode"]),
        (&json!(1), &json!(0))
    );
    let killing = lab.events("p").into_iter().find(|event| event.1 == "Killing").unwrap();
    assert_eq!((killing.2, killing.3.as_str()), (2, "FailedPostStartHook"));
    for reason in ["FailedPostStartHook", "FailedPreStopHook"] {
        assert!(lab.reasons("p").contains(&reason.to_owned()), "{reason}");
    }
    let mut once = pod("once", &hooked(&hooks));
    once["spec"]["restartPolicy"] = json!("Never");
    lab.make(Resource::Pods, once);
    let ended = lab.until_pod("once", |pod| pod["status"]["phase"] == "Succeeded").await;
    assert_eq!(ended["status"]["containerStatuses"][0]["state"]["terminated"]["reason"], "Completed");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_to_end_does_not_wait_for_its_first_hook() {
    let lab = Lab::start().await;
    lab.make(Resource::Pods, pod("p", &after_start(&json!({"sleep": {"seconds": 25}}))));
    let begun = || lab.reasons("p").contains(&"Started".to_owned()).then_some(());
    lab.until("a start", Resource::Events, begun).await;
    let began = Instant::now();
    lab.delete(Resource::Pods, "p", &Deletion::default());
    until_gone(&lab, "p").await;
    assert!((5..6).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    let killing = lab.events("p").into_iter().find(|event| event.1 == "Killing").unwrap();
    assert_eq!(killing.3, "Stopping container c");
}

#[tokio::test(start_paused = true)]
async fn a_server_is_asked_before_its_container_stops() {
    let lab = Lab::start().await;
    let asks = |port: u16| {
        let headers = json!([{"name": "Host", "value": "web"}, {"name": "X-A", "value": "1"}]);
        hooked(&json!({"preStop": {"httpGet": {"port": port, "path": "/", "httpHeaders": headers}}}))
    };
    for (name, port, failed, answers) in [("asked", 8080, false, 1), ("refused", 8099, true, 0)] {
        lab.make(Resource::Pods, pod(name, &asks(port)));
        lab.until_pod(name, is_pod_ready).await;
        let log = lab.kubelet.log(NAMESPACE, name, "c", false).unwrap();
        lab.delete(Resource::Pods, name, &Deletion::default());
        until_gone(&lab, name).await;
        assert_eq!(lab.reasons(name).contains(&"FailedPreStopHook".to_owned()), failed, "{name}");
        let said = log.read().0.last().unwrap().text.clone();
        assert_eq!(said, format!("stopped after {answers} answers"), "{name}");
    }
}
