use clusterip_domain::snapshot::{PodRole, PodState, ServiceType};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::{Value, json};

use super::Convert;

fn pod(metadata: &Value, status: &Value) -> clusterip_domain::snapshot::Pod {
    let mut meta = json!({"name": "p", "uid": "u"});
    meta.as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
    let spec = json!({"containers": [{"name": "c", "image": "i:v1", "ports": [{"containerPort": 8080}]}]});
    let pod = json!({"metadata": meta, "spec": spec, "status": status});
    serde_json::from_value::<Pod>(pod).unwrap().convert().unwrap()
}

#[test]
fn a_pods_state_is_read_from_phase_conditions_and_deletion() {
    let ready = json!([{"type": "Ready", "status": "True"}]);
    let waiting = |reason: &str| {
        json!({"phase": "Pending", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false,
              "restartCount": 2, "state": {"waiting": {"reason": reason}}}]})
    };
    let none = json!({});
    let cases = [
        (none.clone(), json!({}), PodState::Pending, None),
        (none.clone(), json!({"phase": "Running"}), PodState::NotReady, None),
        (none.clone(), json!({"phase": "Running", "conditions": ready}), PodState::Ready, None),
        (
            json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}),
            json!({"phase": "Running", "conditions": ready}),
            PodState::Terminating,
            None,
        ),
        (none.clone(), waiting("ContainerCreating"), PodState::Pending, None),
        (none.clone(), waiting("ImagePullBackOff"), PodState::Waiting, Some("ImagePullBackOff")),
        (
            none.clone(),
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable"}]}),
            PodState::Waiting,
            Some("Unschedulable"),
        ),
        (none, json!({"phase": "Failed", "reason": "Evicted"}), PodState::Failed, Some("Evicted")),
    ];
    for (metadata, status, state, reason) in cases {
        let pod = pod(&metadata, &status);
        assert_eq!((pod.state, pod.reason.as_deref()), (state, reason), "{status}");
    }
}

#[test]
fn the_labs_client_is_told_from_the_students_pods() {
    assert_eq!(pod(&json!({"labels": {"clusterip-lab/role": "client"}}), &json!({})).role, PodRole::Client);
    assert_eq!(pod(&json!({"labels": {"app": "client"}}), &json!({})).role, PodRole::Workload);
}

#[test]
fn what_a_service_leaves_out_is_what_the_api_server_defaults() {
    let service = |spec: Value| {
        serde_json::from_value::<Service>(json!({"metadata": {"name": "s"}, "spec": spec}))
            .unwrap()
            .convert()
            .unwrap()
    };
    let plain = service(json!({"clusterIP": "10.96.0.9", "ports": [{"port": 80}]}));
    assert_eq!(plain.service_type, ServiceType::ClusterIP);
    assert_eq!((plain.ports[0].port, plain.ports[0].target_port.as_str()), (80, "80"));
    let named = service(json!({"clusterIP": "None", "ports": [{"port": 80, "targetPort": "http"}]}));
    assert!(named.headless && named.cluster_ip.is_none());
    assert_eq!(named.ports[0].target_port, "http");
}

#[test]
fn absent_conditions_of_an_endpoint_mean_ready() {
    let slice = json!({"metadata": {"name": "s", "labels": {"kubernetes.io/service-name": "svc"}}, "addressType": "IPv4",
        "ports": [{"port": 8080}], "endpoints": [
            {"addresses": ["10.244.0.5"], "targetRef": {"kind": "Pod", "name": "p"}},
            {"addresses": ["10.244.0.6"], "conditions": {"ready": false, "serving": true, "terminating": true}}]});
    let slice = serde_json::from_value::<EndpointSlice>(slice).unwrap().convert().unwrap();
    assert_eq!(slice.service.as_deref(), Some("svc"));
    let conditions: Vec<_> = slice.endpoints.iter().map(|e| (e.ready, e.serving, e.terminating)).collect();
    assert_eq!(conditions, [(true, true, false), (false, true, true)]);
    assert_eq!(slice.endpoints[0].pod.as_deref(), Some("p"));
}

#[test]
fn an_object_that_says_almost_nothing_is_still_converted() {
    let d = json!({"metadata": {"name": "d"}});
    let d = serde_json::from_value::<Deployment>(d).unwrap().convert().unwrap();
    assert_eq!((d.replicas, d.ready), (1, 0));
    assert!(serde_json::from_value::<Pod>(json!({"metadata": {}})).unwrap().convert().is_none());
}

#[test]
fn a_pods_upstream_is_read_from_its_first_container() {
    let upstream = |env: Value| {
        let spec = json!({"containers": [{"name": "c", "image": "i:v1", "env": env}]});
        let pod = json!({"metadata": {"name": "p"}, "spec": spec});
        let pod = serde_json::from_value::<Pod>(pod).unwrap().convert().unwrap();
        pod.upstream.map(|url| url.to_string())
    };
    for (env, expected) in [
        (json!([]), None),
        (json!([{"name": "UPSTREAM", "value": "http://data:8080"}]), Some("http://data:8080")),
        (json!([{"name": "UPSTREAM", "value": "data"}]), None),
        (json!([{"name": "UPSTREAM", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]), None),
    ] {
        assert_eq!(upstream(env.clone()).as_deref(), expected, "{env}");
    }
}

#[test]
fn a_deployments_variables_and_probe_are_read_from_its_first_container() {
    let deployment = |container: Value| {
        let mut whole = json!({"name": "c", "image": "i:v1"});
        whole.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
        let template = json!({"spec": {"containers": [whole, {"name": "other", "image": "i:v1"}]}});
        let spec = json!({"selector": {}, "template": template});
        let d = json!({"metadata": {"name": "d"}, "spec": spec});
        serde_json::from_value::<Deployment>(d).unwrap().convert().unwrap()
    };
    for (probe, asks) in [
        (json!({"exec": {"command": ["ping", "-c", "1", "web"]}}), "exec [ping -c 1 web]"),
        (json!({"httpGet": {"path": "/readyz", "port": 8080}}), "http-get http://:8080/readyz"),
        (json!({"httpGet": {"port": "web", "scheme": "HTTPS", "host": "h"}}), "http-get https://h:web/"),
        (json!({"tcpSocket": {"port": 8080}}), "tcp-socket :8080"),
    ] {
        assert_eq!(deployment(json!({"readinessProbe": probe})).readiness_probe.as_deref(), Some(asks));
    }
    let d = deployment(json!({
        "env": [{"name": "LISTEN", "value": "127.0.0.1"}, {"name": "EMPTY"}],
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }));
    assert_eq!((d.readiness_probe, d.pre_stop), (None, true));
    assert_eq!(
        d.env.into_iter().collect::<Vec<_>>(),
        [("EMPTY".to_owned(), String::new()), ("LISTEN".to_owned(), "127.0.0.1".to_owned())]
    );
    assert!(!deployment(json!({})).pre_stop);
}
