//! Requests that are taken, and what comes along with the answer.

use hyper::{Method, Request};
use kube::client::Body;
use serde_json::{Value, json};

use crate::class::{Class, NAMESPACE, ask_with, get, here, make_here, post, reader};

#[tokio::test]
async fn headers_without_end_do_no_harm() {
    let class = Class::start(&reader()).await;
    let long = "x".repeat(700 * 1024);
    let request = Request::get("/version").header("x-long", &long).body(Body::empty()).unwrap();
    match class.admin.send(request).await {
        Ok(answer) => assert_eq!(answer.status(), 431),
        // It may hang up while it is being told.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(get(&class.admin, "/version").await.code, 200, "it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evicted_pod_goes_with_the_grace_it_is_given() {
    let class =
        Class::start(&json!([{"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}]))
            .await;
    let student = class.student().await;
    let spec = json!({"spec": {"terminationGracePeriodSeconds": 30,
        "containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]}});
    make_here(&class.admin, "v1/Pod", "pods", "p", spec).await;
    let eviction = |name: &str, options: Value| json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, "deleteOptions": options});
    let path = here("pods/p/eviction");
    for (body, code, said) in [
        (eviction("q", json!({})), 400, "name in URL does not match name in Eviction object"),
        (eviction("p", json!({"preconditions": {"uid": "another"}})), 409, "Precondition failed"),
        (
            json!({"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "p"}}),
            400,
            "not a policy/v1 Eviction",
        ),
        (eviction("p", json!({"dryRun": ["All"]})), 201, ""),
    ] {
        let heard = post(&student, &path, &body).await;
        assert_eq!(heard.code, code, "{}", heard.body);
        assert!(heard.message().contains(said), "{}", heard.message());
    }
    let before = get(&class.admin, &here("pods/p")).await.body;
    assert!(before["metadata"].get("deletionTimestamp").is_none(), "nothing was for real: {before}");
    let heard = post(&student, &path, &eviction("p", json!({"gracePeriodSeconds": 0}))).await;
    assert_eq!((heard.code, &heard.body["status"]), (201, &json!("Success")));
    assert_eq!(get(&class.admin, &here("pods/p")).await.code, 404);
    assert_eq!(post(&student, &here("pods/nosuch/eviction"), &eviction("nosuch", json!({}))).await.code, 404);
    assert!(heard.headers.contains_key("x-practice-cluster"));
}

#[tokio::test]
async fn a_warning_comes_with_what_is_taken_all_the_same() {
    let class = Class::start(&reader()).await;
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/enforce": "baseline"}}});
    let merge = [("content-type", "application/merge-patch+json")];
    let namespace = format!("/api/v1/namespaces/{NAMESPACE}");
    assert_eq!(ask_with(&class.admin, Method::PATCH, &namespace, &merge, Some(&label)).await.code, 200);
    let pod = |name: &str, context: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "clusterip-lab/backend:v1", "securityContext": context}]}})
    };
    let warned = post(&class.admin, &here("pods"), &pod("p", json!({}))).await;
    let warning = warned.headers["warning"].to_str().unwrap();
    assert_eq!(warned.code, 201);
    assert!(
        warning.starts_with(
            "299 - \"would violate PodSecurity \\\"restricted:latest\\\": allowPrivilegeEscalation != false"
        ),
        "{warning}"
    );
    let refused = post(&class.admin, &here("pods"), &pod("q", json!({"privileged": true}))).await;
    assert_eq!(
        (refused.code, refused.message()),
        (
            403,
            "pods \"q\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set securityContext.privileged=true)"
        )
    );
    assert!(refused.headers.get("warning").is_none());
    let wrong = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "strict"}}});
    let refused = ask_with(&class.admin, Method::PATCH, &namespace, &merge, Some(&wrong)).await;
    assert_eq!(refused.code, 422, "{}", refused.body);
}
