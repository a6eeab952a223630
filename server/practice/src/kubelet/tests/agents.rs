//! The agent's tools and chains, as the pods of this cluster run them.

use std::time::Duration;

use clusterip_agent::tools::Ran;
use serde_json::{Value, json};

use super::container;
use crate::controllers::objects::is_pod_ready;
use crate::store::{Deletion, Resource};
use crate::testing::{Lab, NAMESPACE, deployment, pod, service};

async fn exec(lab: &Lab, line: &str) -> Ran {
    let argv: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    lab.kubelet.exec(NAMESPACE, "client", "client", &argv).await.unwrap()
}

fn printed(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr
}

#[tokio::test(start_paused = true)]
async fn names_are_looked_up_and_pods_answer_a_ping_that_virtual_ips_do_not() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(1, "clusterip-lab/backend:v1"));
    let made = lab.make(Resource::Services, service(&json!(8080)));
    let pods = lab.until_ready(1).await;
    lab.until_served(1).await;
    let virtual_ip = made["spec"]["clusterIP"].as_str().unwrap();
    let pod_ip = pods[0]["status"]["podIP"].as_str().unwrap();
    for (line, code, words) in [
        ("nslookup web".to_owned(), 0, format!("Name:\tweb.lab.svc.cluster.local\nAddress: {virtual_ip}\n")),
        ("nslookup web.lab.svc".to_owned(), 0, virtual_ip.to_owned()),
        ("nslookup localhost".to_owned(), 0, "Address: 127.0.0.1".to_owned()),
        ("nslookup nope".to_owned(), 1, "10.96.0.10#53\n\n** server can't find nope: NXDOMAIN".to_owned()),
        ("/usr/bin/clusterip-agent nslookup web.other".to_owned(), 1, "NXDOMAIN".to_owned()),
        (
            format!("ping -c 1 {pod_ip}"),
            0,
            "1 packets transmitted, 1 packets received, 0% packet loss".to_owned(),
        ),
        ("ping -c 1 127.0.0.1".to_owned(), 0, "64 bytes from 127.0.0.1: seq=0".to_owned()),
        (format!("ping -c 1 {virtual_ip}"), 1, "100% packet loss".to_owned()),
        ("ping web".to_owned(), 1, format!("PING web ({virtual_ip}): 56 data bytes")),
        ("ping -c 1 10.244.77.7".to_owned(), 1, "0 packets received".to_owned()),
        ("ping nope".to_owned(), 1, "ping: bad address 'nope'".to_owned()),
    ] {
        let ran = exec(&lab, &line).await;
        assert_eq!(ran.code, code, "{line}: {}", printed(&ran));
        assert!(printed(&ran).contains(&words), "{line}: {}", printed(&ran));
    }
}

/// Pods of that name behind a Service of that name, each with these variables.
fn tier(lab: &Lab, name: &str, env: &Value) {
    let labels = json!({"tier": name});
    lab.make(
        Resource::Deployments,
        json!({"metadata": {"name": name}, "spec": {"replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "containers": [{"name": "c", "image": "clusterip-lab/backend:v1", "env": env}]}}}}),
    );
    lab.make(
        Resource::Services,
        json!({"metadata": {"name": format!("{name}-service")},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}}),
    );
}

async fn until_all_ready(lab: &Lab, count: usize) {
    let ready = || {
        let pods = lab.list(Resource::Pods);
        (pods.iter().filter(|pod| is_pod_ready(pod)).count() == count).then_some(())
    };
    lab.until("ready pods", Resource::Pods, ready).await;
    lab.until_synced().await;
}

#[tokio::test(start_paused = true)]
async fn a_chain_goes_through_services_by_their_names() {
    let lab = Lab::start().await;
    tier(&lab, "frontend", &json!([{"name": "UPSTREAM", "value": "http://backend-service"}]));
    tier(&lab, "backend", &json!([{"name": "UPSTREAM", "value": "http://data-service.lab"}]));
    tier(&lab, "data", &json!([]));
    until_all_ready(&lab, 7).await;
    let ran = exec(&lab, "curl -s http://frontend-service").await;
    let said = printed(&ran);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("frontend-"), "{said}");
    assert!(lines[1].starts_with(" └▶ http://backend-service: backend-"), "{said}");
    assert!(lines[2].starts_with(" └▶ http://data-service.lab: data-"), "{said}");

    lab.delete(Resource::Services, "data-service", &Deletion::default());
    lab.until_synced().await;
    let ran = exec(&lab, "curl -s -i http://frontend-service").await;
    assert!(printed(&ran).starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{}", printed(&ran));
    assert!(
        printed(&ran).ends_with("http://data-service.lab: the name does not resolve\n"),
        "{}",
        printed(&ran)
    );
}

#[tokio::test(start_paused = true)]
async fn a_pod_may_begin_not_ready_and_be_switched_from_inside() {
    let lab = Lab::start().await;
    let probe = json!({"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1});
    let env = json!([{"name": "READY", "value": "false"}, {"name": "START_SECONDS", "value": "20"}]);
    lab.make(Resource::Pods, pod("p", &container(json!({"env": env, "readinessProbe": probe}))));
    let began = tokio::time::Instant::now();
    let says = async |path: &str| {
        let argv = ["curl", "-s", "-X", "POST", path].map(str::to_owned);
        lab.kubelet.exec(NAMESPACE, "p", "c", &argv).await
    };
    let url = "http://localhost:8080/readyz/on";
    lab.until_pod("p", |pod| pod["status"]["phase"] == "Running").await;
    assert_eq!(says(url).await.unwrap().code, 7, "it does not listen yet");
    let unready = || lab.events("p").into_iter().find(|event| event.3.ends_with("statuscode: 503"));
    lab.until("a probe that is answered", Resource::Events, unready).await;
    assert!(began.elapsed() >= Duration::from_secs(20));
    assert_eq!(says(url).await.unwrap().stdout, b"readiness is on\n");
    lab.until_pod("p", is_pod_ready).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_without_grace_ends_at_once() {
    let lab = Lab::start().await;
    let env = json!([{"name": "GRACE_SECONDS", "value": "0"}]);
    lab.make(Resource::Pods, pod("p", &container(json!({"env": env}))));
    lab.until_pod("p", is_pod_ready).await;
    let began = tokio::time::Instant::now();
    lab.delete(Resource::Pods, "p", &Deletion::default());
    let gone = || lab.find(Resource::Pods, "p").is_none().then_some(());
    lab.until("a pod that is gone", Resource::Pods, gone).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
