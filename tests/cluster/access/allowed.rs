//! What a student needs is allowed: every verb of the kinds that the labs have, and a look at what belongs to them.

use std::time::Duration;

use clusterip_tests::lab::PATIENCE;
use clusterip_tests::{Lab, on_both_clusters, wait};
use hyper::Method;
use serde_json::{Value, json};

use super::{Student, ask, in_namespace};

on_both_clusters! {
    what_the_labs_are_made_of_can_be_written_by_a_student,
    what_hangs_off_a_pod_or_a_deployment_is_open_to_a_student,
    what_belongs_to_it_can_be_looked_at,
    what_the_neighbour_shows_can_be_looked_at_and_nothing_else,
}

fn pod_spec() -> Value {
    json!({"containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]})
}

/// An object of each kind a student writes, without its name.
fn kinds() -> [(&'static str, Value); 5] {
    let labels = json!({"app": "mine"});
    let workload = json!({
        "replicas": 0, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod_spec()},
    });
    let object = |fields: Value| {
        let mut object = json!({"metadata": {"labels": labels}});
        object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        object
    };
    let apps = |kind: &str| object(json!({"apiVersion": "apps/v1", "kind": kind, "spec": workload}));
    let core = |kind: &str| object(json!({"apiVersion": "v1", "kind": kind}));
    let mut service = core("Service");
    service["spec"] = json!({"selector": labels, "ports": [{"port": 80}]});
    let mut pod = core("Pod");
    pod["spec"] = pod_spec();
    pod["spec"]["terminationGracePeriodSeconds"] = json!(0);
    [
        ("v1/configmaps", core("ConfigMap")),
        ("v1/services", service),
        ("v1/pods", pod),
        ("apps/v1/deployments", apps("Deployment")),
        ("apps/v1/replicasets", apps("ReplicaSet")),
    ]
}

async fn what_the_labs_are_made_of_can_be_written_by_a_student(lab: Lab) {
    let student = Student::of(&lab).await;
    for (list, mut object) in kinds() {
        let path = student.path(list);
        for name in ["first", "second"] {
            object["metadata"]["name"] = json!(name);
            let made = student.ask(Method::POST, &path, Some(object.clone())).await;
            assert_eq!(made.status, 201, "create {list}: {made:#?}");
        }
        let first = format!("{path}/first");
        for path in [&first, &path, &format!("{path}?watch=true&timeoutSeconds=1")] {
            let seen = student.ask(Method::GET, path, None).await;
            assert_eq!(seen.status, 200, "look at {path}: {seen:#?}");
        }
        let note = json!({"metadata": {"annotations": {"note": "1"}}});
        let patched = student.ask(Method::PATCH, &first, Some(note)).await;
        assert_eq!(patched.status, 200, "patch {list}: {patched:#?}");
        // Controllers write, too: an update is of the object as it is.
        let update = async || {
            let mut object = student.ask(Method::GET, &first, None).await.body;
            object["metadata"]["annotations"]["note"] = json!("2");
            student.ask(Method::PUT, &first, Some(object)).await
        };
        wait::until("an update", PATIENCE, update, |answer| answer.status == 200).await;
        let deleted = student.ask(Method::DELETE, &first, None).await;
        assert!(matches!(deleted.status, 200 | 202), "delete {list}: {deleted:#?}");
        let all = format!("{path}?labelSelector=app%3Dmine");
        let cleared = student.ask(Method::DELETE, &all, None).await;
        assert_eq!(cleared.status, 200, "delete all of {list}: {cleared:#?}");
        let left = async || student.ask(Method::GET, &all, None).await.body["items"].clone();
        wait::until("nothing", PATIENCE, left, |items| *items == json!([])).await;
    }
    lab.close().await;
}

async fn what_hangs_off_a_pod_or_a_deployment_is_open_to_a_student(lab: Lab) {
    lab.deploy().await;
    let student = Student::of(&lab).await;
    let pod = student.path("v1/pods/client");
    let log = student.ask(Method::GET, &format!("{pod}/log"), None).await;
    assert_eq!(log.status, 200, "{log:#?}");
    // Without a change of protocols nothing comes of it, but it is not forbidden.
    for way in ["exec?command=true&stdout=true", "attach?stdout=true", "portforward?ports=1"] {
        for method in [Method::GET, Method::POST] {
            let answer = student.ask(method.clone(), &format!("{pod}/{way}"), None).await;
            assert!(!matches!(answer.status, 401 | 403 | 404), "{method} {way}: {answer:#?}");
        }
    }
    let sets = student.ask(Method::GET, &student.path("apps/v1/replicasets"), None).await.body;
    let set = sets["items"][0]["metadata"]["name"].as_str().expect("a ReplicaSet").to_owned();
    for object in ["deployments/backend".to_owned(), format!("replicasets/{set}")] {
        let scale = student.path(&format!("apps/v1/{object}/scale"));
        let replicas = json!({"spec": {"replicas": 3}});
        for (method, body) in [(Method::GET, None), (Method::PATCH, Some(replicas))] {
            let answer = student.ask(method.clone(), &scale, body).await;
            assert_eq!(answer.status, 200, "{method} {scale}: {answer:#?}");
        }
        let update = async || {
            let now = student.ask(Method::GET, &scale, None).await.body;
            student.ask(Method::PUT, &scale, Some(now)).await
        };
        wait::until("an update of the scale", PATIENCE, update, |answer| answer.status == 200).await;
    }
    let victim = clusterip_tests::lab::ready(&lab.view().snapshot).remove(0);
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": victim}});
    let evicted =
        student.ask(Method::POST, &student.path(&format!("v1/pods/{victim}/eviction")), Some(eviction)).await;
    assert_eq!(evicted.status, 201, "{evicted:#?}");
    lab.until("the evicted pod to go", |view| view.snapshot.pods.iter().all(|p| p.name != victim)).await;
    let client = student.ask(Method::DELETE, &pod, None).await;
    assert_eq!(client.status, 200, "the client pod, too, may be lost: {client:#?}");
    lab.act("send", &[("to", "pod-ip"), ("rate", "20")]).await;
    lab.until("traffic from another client", |view| {
        view.window.as_ref().is_some_and(|w| w.tally.answered > 0)
    })
    .await;
    lab.act("stop", &[]).await;
    lab.close().await;
}

async fn what_belongs_to_it_can_be_looked_at(lab: Lab) {
    let student = Student::of(&lab).await;
    for list in [
        "v1/endpoints",
        "v1/events",
        "v1/resourcequotas",
        "v1/limitranges",
        "v1/serviceaccounts",
        "discovery.k8s.io/v1/endpointslices",
        "networking.k8s.io/v1/networkpolicies",
    ] {
        let seen = student.ask(Method::GET, &student.path(list), None).await;
        assert_eq!(seen.status, 200, "{list}: {seen:#?}");
    }
    // Not every cluster serves these; what kubectl finds to list is not forbidden.
    for (group, resource) in [
        ("", "replicationcontrollers"),
        ("apps", "daemonsets"),
        ("apps", "statefulsets"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
        ("autoscaling", "horizontalpodautoscalers"),
        ("events.k8s.io", "events"),
    ] {
        for verb in ["get", "list", "watch"] {
            let review = json!({
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {
                    "namespace": student.namespace, "group": group, "resource": resource, "verb": verb,
                }},
            });
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
            let answer = student.ask(Method::POST, path, Some(review)).await;
            assert_eq!(answer.body["status"]["allowed"], true, "{verb} {resource}: {answer:#?}");
        }
    }
    lab.close().await;
}

async fn what_the_neighbour_shows_can_be_looked_at_and_nothing_else(lab: Lab) {
    let lab = lab.turn_to("short-name-of-another-namespace").await;
    let student = Student::of(&lab).await;
    let neighbour = lab.run.namespace.neighbour();
    for list in ["v1/services", "v1/pods", "v1/endpoints", "discovery.k8s.io/v1/endpointslices"] {
        let path = in_namespace(neighbour.as_str(), list);
        let seen = wait::until(
            "the neighbour's things",
            Duration::from_secs(10),
            async || ask(&student.client, Method::GET, &path, None).await,
            |answer| answer.status == 200,
        )
        .await;
        assert_ne!(seen.body["items"], json!([]), "{list}: {seen:#?}");
    }
    for (method, list) in [
        (Method::POST, "v1/services?dryRun=All"),
        (Method::DELETE, "v1/pods?dryRun=All"),
        (Method::GET, "v1/configmaps"),
        (Method::GET, "v1/secrets"),
        (Method::GET, "apps/v1/deployments"),
    ] {
        let path = in_namespace(neighbour.as_str(), list);
        let refused = student.ask(method.clone(), &path, Some(json!({}))).await;
        assert_eq!(refused.status, 403, "{method} {list}: {refused:#?}");
    }
    lab.close().await;
}
