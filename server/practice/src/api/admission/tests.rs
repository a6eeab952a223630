use super::*;
use crate::store::{Deletion, Mode, Store};
use std::sync::Arc;

fn store() -> Arc<Store> {
    let store = Store::new(Rules);
    store.create(Resource::Namespaces, json!({"metadata": {"name": "a"}})).unwrap();
    store
}

fn service(spec: &Value) -> Value {
    json!({"metadata": {"name": "s", "namespace": "a"}, "spec": spec})
}

fn deployment() -> Value {
    json!({"metadata": {"name": "d", "namespace": "a"}, "spec": {
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]}}}})
}

#[test]
fn a_service_gets_a_virtual_ip_once_and_keeps_it() {
    let store = store();
    let made = store.create(Resource::Services, service(&json!({"ports": [{"port": 80}]}))).unwrap();
    let ip = made["spec"]["clusterIP"].as_str().unwrap().to_owned();
    assert!(ip.starts_with("10.96."), "{ip}");
    assert_eq!(made["spec"]["ports"][0], json!({"port": 80, "protocol": "TCP", "targetPort": 80}));
    assert_eq!((&made["spec"]["type"], &made["spec"]["clusterIPs"]), (&json!("ClusterIP"), &json!([ip])));
    let same = store.update(Resource::Services, service(&json!({"ports": [{"port": 81}]}))).unwrap();
    assert_eq!(same["spec"]["clusterIP"], json!(ip));
    let other = service(&json!({"clusterIP": "10.96.1.1", "ports": [{"port": 80}]}));
    let refused = store.update(Resource::Services, other).unwrap_err();
    assert_eq!(
        refused.message,
        r#"Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.1.1"]: may not change once set"#
    );
}

#[test]
fn a_virtual_ip_may_be_asked_for_if_it_is_free() {
    let store = store();
    let with = |name: &str, ip: &str| json!({"metadata": {"name": name, "namespace": "a"}, "spec": {"clusterIP": ip, "ports": [{"port": 80}]}});
    store.create(Resource::Services, with("s", "10.96.7.7")).unwrap();
    let taken = store.create(Resource::Services, with("t", "10.96.7.7")).unwrap_err();
    assert!(
        taken.message.ends_with("failed to allocate IP 10.96.7.7: provided IP is already allocated"),
        "{taken}"
    );
    assert_eq!(store.create(Resource::Services, with("t", "10.1.1.1")).unwrap_err().code, 422);
    let headless = store.create(Resource::Services, with("h", "None")).unwrap();
    assert_eq!(headless["spec"]["clusterIPs"], json!(["None"]));
    store.delete(Resource::Services, "a", "s", &Deletion::default()).unwrap();
    store.create(Resource::Services, with("t", "10.96.7.7")).unwrap();
}

#[test]
fn wrong_services_are_refused_field_by_field() {
    for (spec, said) in [
        (json!({}), "spec.ports: Required value"),
        (
            json!({"ports": [{"port": 99999}]}),
            "spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive",
        ),
        (json!({"ports": [{"port": 80, "name": "a"}, {"port": 81}]}), "spec.ports[1].name: Required value"),
        (
            json!({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}),
            r#"spec.ports[1].name: Duplicate value: "a""#,
        ),
        (
            json!({"ports": [{"port": 80, "protocol": "HTTP"}]}),
            r#"spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP""#,
        ),
        (
            json!({"ports": [{"port": 80, "targetPort": "8080"}]}),
            r#"spec.ports[0].targetPort: Invalid value: "8080": must contain at least one letter (a-z)"#,
        ),
        (
            json!({"sessionAffinity": "Sticky", "ports": [{"port": 80}]}),
            r#"spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None""#,
        ),
    ] {
        let refused = store().create(Resource::Services, service(&spec)).unwrap_err();
        assert!(refused.message.contains(said), "{refused}\n{said}");
    }
}

#[test]
fn what_is_not_modelled_is_refused_and_says_so() {
    for spec in
        [json!({"type": "NodePort"}), json!({"type": "ExternalName"}), json!({"externalIPs": ["1.2.3.4"]})]
    {
        let refused = store().create(Resource::Services, service(&spec)).unwrap_err();
        assert_eq!(refused.reason, "Forbidden");
        assert!(refused.message.contains("does not model"), "{refused}");
    }
}

#[test]
fn a_deployments_selector_must_match_and_stays() {
    let store = store();
    let mut wrong = deployment();
    wrong["spec"]["selector"]["matchLabels"]["app"] = json!("y");
    let refused = store.create(Resource::Deployments, wrong.clone()).unwrap_err();
    assert_eq!(
        refused.message,
        r#"Deployment.apps "d" is invalid: spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`"#
    );
    store.create(Resource::Deployments, deployment()).unwrap();
    wrong["spec"]["template"]["metadata"]["labels"]["app"] = json!("y");
    let refused = store.update(Resource::Deployments, wrong).unwrap_err();
    assert!(refused.message.ends_with(r#"{"matchLabels":{"app":"y"}}: field is immutable"#), "{refused}");
    let mut scaled = deployment();
    scaled["spec"]["replicas"] = json!(-1);
    assert_eq!(store.update(Resource::Deployments, scaled).unwrap_err().code, 422);
}

#[test]
fn a_pod_can_be_bound_once_and_get_another_image_but_no_other_port() {
    let store = store();
    let pod = json!({"metadata": {"name": "p", "namespace": "a"},
        "spec": {"containers": [{"name": "c", "image": "x:1"}]}});
    store.create(Resource::Pods, pod).unwrap();
    let edit = |edit: fn(&mut Value)| store.modify(Resource::Pods, "a", "p", edit).map(drop);
    edit(|o| o["spec"]["nodeName"] = json!("n")).unwrap();
    edit(|o| o["spec"]["containers"][0]["image"] = json!("x:2")).unwrap();
    assert_eq!(edit(|o| o["spec"]["nodeName"] = json!("m")).unwrap_err().code, 422);
    let port = |o: &mut Value| o["spec"]["containers"][0]["ports"] = json!([{"containerPort": 1}]);
    assert!(edit(port).unwrap_err().message.contains("pod updates may not change fields"));
}

#[test]
fn quotas_count_and_namespaces_must_be_there() {
    let store = store();
    let quota = json!({"metadata": {"name": "lab", "namespace": "a"}, "spec": {"hard": {"services": "1", "services.nodeports": "0"}}});
    store.create(Resource::ResourceQuotas, quota).unwrap();
    let one = service(&json!({"ports": [{"port": 80}]}));
    store.create(Resource::Services, one.clone()).unwrap();
    let mut two = one.clone();
    two["metadata"]["name"] = json!("t");
    let refused = store.create_as(Resource::Services, two, Mode::DryRun).unwrap_err();
    assert_eq!(
        refused.message,
        r#"services "t" is forbidden: exceeded quota: lab, requested: services=1, used: services=1, limited: services=1"#
    );
    let mut nowhere = one;
    nowhere["metadata"]["namespace"] = json!("b");
    assert_eq!(store.create(Resource::Services, nowhere).unwrap_err().message, r#"namespaces "b" not found"#);
}

#[test]
fn a_namespace_that_is_going_takes_nothing_new() {
    let store = store();
    store.delete(Resource::Namespaces, "", "a", &Deletion::default()).unwrap();
    let refused = store.create(Resource::Services, service(&json!({"ports": [{"port": 80}]}))).unwrap_err();
    assert!(refused.message.ends_with("because it is being terminated"), "{refused}");
}
