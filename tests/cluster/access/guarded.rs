//! What is a student's to write, but not so: each rule refuses with its own sentence, when something is made and when it
//! is changed.

use clusterip_domain::bounds::{Policy, Refusal};
use clusterip_tests::{Lab, on_both_clusters, wait};
use hyper::Method;
use serde_json::{Value, json};

use super::{IN_FORCE, Student};

on_both_clusters! {
    each_rule_refuses_with_its_sentence_what_is_made_and_what_is_changed,
    pods_that_reach_for_the_node_are_refused_by_pod_security,
}

/// A write that is refused.
struct Attempt {
    method: Method,
    /// After the namespace: `v1/services/front`.
    at: &'static str,
    body: Value,
    /// As in "services "front" is forbidden".
    named: &'static str,
    policy: Policy,
    refusal: Refusal<'static>,
}

fn attempt(
    (method, at): (Method, &'static str),
    named: &'static str,
    (policy, refusal): (Policy, Refusal<'static>),
    body: Value,
) -> Attempt {
    Attempt { method, at, body, named, policy, refusal }
}

fn service(spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["ports"] = json!([{"port": 80}]);
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "made"}, "spec": spec})
}

fn pod(name: &str, metadata: &Value, spec: &Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    pod["metadata"]["name"] = json!(name);
    pod["spec"]["containers"] = json!([{"name": "c", "image": "clusterip-lab/backend:v1"}]);
    pod
}

fn services() -> Vec<Attempt> {
    let specs = [
        (Refusal::ServiceType("NodePort"), json!({"type": "NodePort"})),
        (Refusal::ServiceType("LoadBalancer"), json!({"type": "LoadBalancer"})),
        (Refusal::ServiceType("ExternalName"), json!({"type": "ExternalName", "externalName": "a.example"})),
        (Refusal::ExternalIps, json!({"externalIPs": ["1.2.3.4"]})),
    ];
    let both = |(refusal, spec): (Refusal<'static>, Value)| {
        let of = (Policy::Services, refusal);
        let patch = json!({"spec": spec});
        [
            attempt((Method::POST, "v1/services"), "services \"made\"", of, service(&spec)),
            attempt((Method::PATCH, "v1/services/front"), "services \"front\"", of, patch),
        ]
    };
    specs.into_iter().flat_map(both).collect()
}

fn labs_own() -> Vec<Attempt> {
    let own = json!({"labels": {"clusterip-lab/role": "client"}});
    let mut config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": own});
    config["metadata"]["name"] = json!("made");
    let labels = (Policy::Labels, Refusal::OwnLabels);
    let template = (Policy::Templates, Refusal::OwnLabels);
    let client = |refusal| (Policy::ClientPod, refusal);
    let image = json!({"containers": [{"name": "client", "image": "clusterip-lab/backend:v1"}]});
    let gone = json!({"metadata": {"labels": {"clusterip-lab/role": null}}});
    let stowaway = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "made"},
        "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {
            "metadata": {"labels": {"app": "x", "clusterip-lab/role": "client"}},
            "spec": {"containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]},
        }},
    });
    let patch = json!({"spec": {"template": {"metadata": own}}});
    let named_client = pod("client", &json!({}), &json!({}));
    let important = pod("made", &json!({}), &json!({"priorityClassName": "system-node-critical"}));
    let priority = (Policy::Priority, Refusal::SystemPriority);
    let (pods, at_client) = ((Method::POST, "v1/pods"), (Method::PATCH, "v1/pods/client"));
    let deployments = "apps/v1/deployments";
    let backend = (Method::PATCH, "apps/v1/deployments/backend");
    vec![
        attempt(pods.clone(), "pods \"client\"", client(Refusal::ClientName), named_client),
        attempt(at_client.clone(), "pods \"client\"", client(Refusal::ClientChanged), json!({"spec": image})),
        attempt(pods.clone(), "pods \"made\"", priority, important),
        attempt(pods, "pods \"made\"", labels, pod("made", &own, &json!({}))),
        attempt(at_client, "pods \"client\"", labels, gone),
        attempt((Method::POST, "v1/configmaps"), "configmaps \"made\"", labels, config),
        attempt((Method::PATCH, "v1/services/front"), "services \"front\"", labels, json!({"metadata": own})),
        attempt((Method::POST, deployments), "deployments.apps \"made\"", template, stowaway),
        attempt(backend.clone(), "deployments.apps \"backend\"", template, patch),
        attempt(backend, "deployments.apps \"backend\"", labels, json!({"metadata": own})),
    ]
}

async fn each_rule_refuses_with_its_sentence_what_is_made_and_what_is_changed(lab: Lab) {
    lab.deploy().await;
    let student = Student::of(&lab).await;
    let mut front = service(&json!({}));
    front["metadata"]["name"] = json!("front");
    let made = student.ask(Method::POST, &student.path("v1/services"), Some(front)).await;
    assert_eq!(made.status, 201, "a Service with no type is what the lab is about: {made:#?}");
    for attempt in services().into_iter().chain(labs_own()) {
        let path = format!("{}?dryRun=All", student.path(attempt.at));
        let ask = async || student.ask(attempt.method.clone(), &path, Some(attempt.body.clone())).await;
        // A policy that was just made is in force a moment later.
        let refused = wait::until(&path, IN_FORCE, ask, |answer| answer.status >= 400).await;
        let denies = attempt.policy.denies(&attempt.refusal);
        assert_eq!(refused.body["message"], format!("{} is forbidden: {denies}", attempt.named));
        assert_eq!(
            (&refused.body["code"], &refused.body["reason"], &refused.body["details"]["causes"]),
            (&json!(403), &json!("Forbidden"), &json!([{"message": denies}])),
            "{refused:#?}"
        );
    }
    for (at, body) in [
        ("v1/pods/client", json!({"metadata": {"labels": {"mine": "1"}}})),
        ("v1/services/front", json!({"spec": {"type": "ClusterIP", "sessionAffinity": "ClientIP"}})),
        (
            "apps/v1/deployments/backend",
            json!({"spec": {"template": {"metadata": {"labels": {"mine": "1"}}}}}),
        ),
    ] {
        let taken = student.ask(Method::PATCH, &student.path(at), Some(body)).await;
        assert_eq!(taken.status, 200, "what is the student's own stays so: {taken:#?}");
    }
    lab.close().await;
}

async fn pods_that_reach_for_the_node_are_refused_by_pod_security(lab: Lab) {
    let student = Student::of(&lab).await;
    let volume = json!({"volumes": [{"name": "node", "hostPath": {"path": "/"}}]});
    let mut privileged = pod("made", &json!({}), &json!({}));
    privileged["spec"]["containers"][0]["securityContext"] = json!({"privileged": true});
    let mut port = pod("made", &json!({}), &json!({}));
    port["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
    for body in [
        pod("made", &json!({}), &json!({"hostNetwork": true})),
        pod("made", &json!({}), &json!({"hostPID": true})),
        pod("made", &json!({}), &volume),
        privileged,
        port,
    ] {
        let path = format!("{}?dryRun=All", student.path("v1/pods"));
        let refused = student.ask(Method::POST, &path, Some(body)).await;
        let said = refused.body["message"].as_str().unwrap_or_default();
        assert!(said.contains("violates PodSecurity \"baseline:latest\""), "{refused:#?}");
    }
    lab.close().await;
}
