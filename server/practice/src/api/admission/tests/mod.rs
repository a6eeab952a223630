mod budgets;
mod guard;

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

#[test]
fn wrong_roles_and_bindings_are_refused_field_by_field() {
    let role = |rule: Value| (Resource::Roles, json!({"rules": [rule]}));
    let binding = |reference: Value, subject: Value| {
        (Resource::RoleBindings, json!({"roleRef": reference, "subjects": [subject]}))
    };
    let reader = || json!({"kind": "Role", "name": "reader"});
    let user = || json!({"kind": "User", "name": "anna"});
    for ((resource, mut object), said) in [
        (
            role(json!({"apiGroups": [""], "resources": ["pods"]})),
            "rules[0].verbs: Required value: verbs must contain at least one value",
        ),
        (
            role(json!({"verbs": ["get"], "resources": ["pods"]})),
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        ),
        (
            role(json!({"verbs": ["get"], "apiGroups": [""]})),
            "rules[0].resources: Required value: resource rules must supply at least one resource",
        ),
        (
            role(json!({"verbs": ["get"], "nonResourceURLs": ["/x"]})),
            r#"rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs"#,
        ),
        (
            binding(json!({"kind": "Rolle", "name": "reader"}), user()),
            r#"roleRef.kind: Unsupported value: "Rolle": supported values: "Role", "ClusterRole""#,
        ),
        (
            binding(json!({"kind": "Role", "name": "reader", "apiGroup": "apps"}), user()),
            r#"roleRef.apiGroup: Unsupported value: "apps": supported values: "rbac.authorization.k8s.io""#,
        ),
        (binding(json!({"kind": "Role"}), user()), "roleRef.name: Required value"),
        (
            binding(reader(), json!({"kind": "Robot", "name": "r"})),
            r#"subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group""#,
        ),
        (binding(reader(), json!({"kind": "User"})), "subjects[0].name: Required value"),
        (
            binding(json!({"kind": "ClusterRole", "name": "system:node"}), user()),
            "the practice cluster does not model ClusterRoles but admin, cluster-admin, edit, view",
        ),
    ] {
        object["metadata"] = json!({"name": "r", "namespace": "a"});
        let refused = store().create(resource, object).unwrap_err();
        assert!(refused.message.contains(said), "{refused}\n{said}");
    }
}

#[test]
fn a_bindings_role_stays() {
    let store = store();
    let binding = |name: &str| {
        json!({"metadata": {"name": "b", "namespace": "a"}, "roleRef": {"kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "User", "name": "anna"}, {"kind": "ServiceAccount", "name": "anna"}]})
    };
    let made = store.create(Resource::RoleBindings, binding("view")).unwrap();
    assert_eq!(made["roleRef"]["apiGroup"], "rbac.authorization.k8s.io");
    assert_eq!(made["subjects"][0]["apiGroup"], "rbac.authorization.k8s.io");
    assert!(made["subjects"][1].get("apiGroup").is_none());
    let refused = store.update(Resource::RoleBindings, binding("edit")).unwrap_err();
    assert_eq!(
        refused.message,
        r#"RoleBinding.rbac.authorization.k8s.io "b" is invalid: roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"edit"}: cannot change roleRef"#
    );
}

#[test]
fn a_network_policy_gets_its_directions_and_is_checked() {
    let store = store();
    let policy =
        |name: &str, spec: Value| json!({"metadata": {"name": name, "namespace": "a"}, "spec": spec});
    for (name, mut spec, kinds) in [
        ("in", json!({"ingress": [{"ports": [{"port": 80}]}]}), json!(["Ingress"])),
        ("out", json!({"egress": [{}]}), json!(["Ingress", "Egress"])),
        ("none", json!({}), json!(["Ingress"])),
        ("said", json!({"policyTypes": ["Egress"]}), json!(["Egress"])),
    ] {
        spec["podSelector"] = json!({});
        let made = store.create(Resource::NetworkPolicies, policy(name, spec)).unwrap();
        assert_eq!(made["spec"]["policyTypes"], kinds, "{name}");
    }
    let made = store.get(Resource::NetworkPolicies, "a", "in").unwrap();
    assert_eq!(made["spec"]["ingress"][0]["ports"][0]["protocol"], "TCP");

    let rule = |rule: Value| json!({"podSelector": {}, "ingress": [rule]});
    for (spec, said) in [
        (rule(json!({"from": [{}]})), "spec.ingress[0].from[0]: Required value: must specify a peer"),
        (
            rule(json!({"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]})),
            "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer",
        ),
        (
            rule(json!({"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]})),
            r#"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value"#,
        ),
        (
            rule(json!({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]})),
            r#"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`"#,
        ),
        (
            rule(json!({"ports": [{"port": 99999}]})),
            "spec.ingress[0].ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive",
        ),
        (
            rule(json!({"ports": [{"port": 90, "endPort": 80}]})),
            "spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`",
        ),
        (
            rule(json!({"ports": [{"protocol": "ICMP"}]})),
            r#"spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP""#,
        ),
        (
            json!({"podSelector": {}, "policyTypes": ["Both"]}),
            r#"spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress""#,
        ),
    ] {
        let refused = store.create(Resource::NetworkPolicies, policy("x", spec)).unwrap_err();
        assert!(refused.message.contains(said), "{refused}\n{said}");
    }
}
