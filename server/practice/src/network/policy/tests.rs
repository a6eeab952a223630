use serde_json::{Value, json};

use super::*;
use crate::store::{Deletion, Resource};
use crate::testing::{Lab, deployment, service};

const FRONT: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 2);
const BACK: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 3);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 4);
const NOBODY: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 1);

fn pod(namespace: &str, app: &str, ip: Ipv4Addr) -> Value {
    json!({"metadata": {"name": app, "namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIP": ip.to_string()}})
}

fn namespace(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}})
}

fn policy(spec: &Value) -> Value {
    json!({"metadata": {"name": "p", "namespace": "lab"}, "spec": spec})
}

/// For `front` and `back` in `lab` and `other` in a namespace of its own.
fn compiled(specs: &[Value]) -> Policies {
    let pods = [pod("lab", "front", FRONT), pod("lab", "back", BACK), pod("elsewhere", "other", OTHER)];
    let namespaces = [namespace("lab"), namespace("elsewhere"), namespace("kube-system")];
    let policies: Vec<Value> = specs.iter().map(policy).collect();
    Policies::new(&policies, &pods, &namespaces)
}

/// Whether a connection passes, from and to: `front -> back:8080`.
fn passes(policies: &Policies, from: Ipv4Addr, to: Ipv4Addr, port: u16) -> bool {
    policies.allow(from, SocketAddrV4::new(to, port))
}

fn to_back(rules: &Value) -> Value {
    json!({"podSelector": {"matchLabels": {"app": "back"}}, "policyTypes": ["Ingress"], "ingress": rules})
}

fn from_front(rules: &Value) -> Value {
    json!({"podSelector": {"matchLabels": {"app": "front"}}, "policyTypes": ["Egress"], "egress": rules})
}

#[test]
fn an_ingress_rule_lets_in_whom_it_names() {
    let peer = |peer: Value| json!([{"from": [peer]}]);
    let elsewhere = json!({"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}});
    for (rules, front, other, nobody) in [
        (json!([]), false, false, false),
        (json!([{}]), true, true, true),
        (json!([{"from": []}]), true, true, true),
        (peer(json!({"podSelector": {}})), true, false, false),
        (peer(json!({"podSelector": {"matchLabels": {"app": "front"}}})), true, false, false),
        (peer(json!({"podSelector": {"matchLabels": {"app": "other"}}})), false, false, false),
        (peer(json!({"namespaceSelector": {}})), true, true, false),
        (peer(json!({"namespaceSelector": elsewhere})), false, true, false),
        (
            peer(json!({"namespaceSelector": elsewhere, "podSelector": {"matchLabels": {"app": "front"}}})),
            false,
            false,
            false,
        ),
        (
            json!([{"from": [{"namespaceSelector": elsewhere}, {"podSelector": {"matchLabels": {"app": "front"}}}]}]),
            true,
            true,
            false,
        ),
        (peer(json!({"ipBlock": {"cidr": "10.244.0.0/16"}})), true, true, false),
        (
            peer(json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.244.0.2/32", "10.244.0.4/31"]}})),
            false,
            false,
            true,
        ),
        (peer(json!({"ipBlock": {"cidr": "2001:db8::/32"}})), false, false, false),
    ] {
        let policies = compiled(&[to_back(&rules)]);
        let seen = [FRONT, OTHER, NOBODY].map(|from| passes(&policies, from, BACK, 8080));
        assert_eq!(seen, [front, other, nobody], "{rules}");
        assert!(passes(&policies, BACK, FRONT, 8080), "an answer's direction is not isolated: {rules}");
        assert!(passes(&policies, BACK, BACK, 8080), "a pod reaches itself: {rules}");
    }
}

#[test]
fn ports_are_numbers_names_and_ranges_of_a_protocol() {
    for (ports, open, shut) in [
        (json!([{"port": 8080}]), vec![8080], vec![8081, 80]),
        (json!([{"port": "http"}]), vec![8080], vec![8081]),
        (json!([{"port": "https"}]), vec![], vec![8080]),
        (json!([{"port": 8080, "endPort": 8082}]), vec![8080, 8082], vec![8079, 8083]),
        (json!([{"port": 8080, "protocol": "UDP"}]), vec![], vec![8080]),
        (json!([{"protocol": "TCP"}]), vec![1, 8080], vec![]),
        (json!([{"port": 1}, {"port": 2}]), vec![1, 2], vec![3]),
        (json!([]), vec![1, 8080], vec![]),
    ] {
        for spec in [to_back(&json!([{"ports": ports}])), from_front(&json!([{"ports": ports}]))] {
            let policies = compiled(&[spec]);
            for (all, expected) in [(&open, true), (&shut, false)] {
                for port in all {
                    assert_eq!(passes(&policies, FRONT, BACK, *port), expected, "{ports}: {port}");
                }
            }
        }
    }
}

#[test]
fn both_ends_must_agree_and_policies_add_up() {
    let to_front_only = json!([{"to": [{"podSelector": {"matchLabels": {"app": "other"}}}]}]);
    let back = json!([{"to": [{"podSelector": {"matchLabels": {"app": "back"}}}]}]);
    for (specs, expected) in [
        (vec![to_back(&json!([{}])), from_front(&back)], true),
        (vec![to_back(&json!([])), from_front(&back)], false),
        (vec![to_back(&json!([{}])), from_front(&to_front_only)], false),
        (vec![to_back(&json!([])), to_back(&json!([{}]))], true),
        (vec![from_front(&to_front_only), from_front(&back)], true),
        (vec![json!({"podSelector": {}, "policyTypes": ["Ingress"]})], false),
        (vec![json!({"podSelector": {}, "policyTypes": ["Egress"]})], false),
        (vec![json!({"podSelector": {"matchLabels": {"app": "nobody"}}, "policyTypes": ["Ingress"]})], true),
    ] {
        assert_eq!(passes(&compiled(&specs), FRONT, BACK, 8080), expected, "{specs:?}");
        assert!(passes(&compiled(&specs), OTHER, OTHER, 1), "another namespace's pods are not meant");
    }
}

#[test]
fn an_egress_policy_that_forgets_the_dns_takes_names_away() {
    let dns = |ports: Value| {
        json!([{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}], "ports": ports}])
    };
    for (rules, expected) in [
        (json!([]), false),
        (json!([{"to": [{"podSelector": {}}]}]), false),
        (json!([{}]), true),
        (json!([{"ports": [{"port": 53, "protocol": "UDP"}]}]), true),
        (json!([{"ports": [{"port": 53}]}]), false),
        (dns(json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}])), true),
        (dns(json!([{"port": "dns", "protocol": "UDP"}])), true),
        (dns(json!([{"port": 80}])), false),
    ] {
        let policies = compiled(&[from_front(&rules)]);
        assert_eq!(policies.allow_names(FRONT), expected, "{rules}");
        assert!(policies.allow_names(BACK), "{rules}");
    }
    assert!(Policies::default().allow_names(FRONT));
}

#[test]
fn pods_that_have_ended_are_nobody() {
    let mut ended = pod("lab", "front", FRONT);
    ended["status"]["phase"] = json!("Succeeded");
    let policies = [policy(&to_back(&json!([{"from": [{"podSelector": {}}]}])))];
    let pods = [ended, pod("lab", "back", BACK)];
    let compiled = Policies::new(&policies, &pods, &[namespace("lab")]);
    assert!(!passes(&compiled, FRONT, BACK, 8080), "its address may be another's by now");
}

#[test]
fn an_echo_has_no_port_so_only_rules_for_every_port_let_it_through() {
    for (rules, expected) in [
        (json!([]), false),
        (json!([{}]), true),
        (json!([{"ports": [{"protocol": "TCP"}]}]), false),
        (json!([{"from": [{"podSelector": {}}]}]), true),
    ] {
        assert_eq!(compiled(&[to_back(&rules)]).allow_echo(FRONT, BACK), expected, "{rules}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_closes_and_opens_the_way_to_running_pods() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(2, "clusterip-lab/backend:v1"));
    lab.make(Resource::Services, service(&json!("http")));
    lab.until_served(2).await;
    let code = async || lab.curl("http://web").await.code;
    assert_eq!(code().await, 0, "without a policy everything passes");

    let selected = json!({"matchLabels": {"app": "myapp"}});
    let closed = json!({"metadata": {"name": "closed"}, "spec": {"podSelector": selected}});
    lab.make(Resource::NetworkPolicies, closed);
    lab.until_synced().await;
    assert_eq!(code().await, 28, "what is denied is dropped, and curl gives up");
    let pod = lab.backends()[0]["status"]["podIP"].as_str().unwrap().to_owned();
    assert_eq!(lab.curl(&format!("http://{pod}:8080")).await.code, 28, "by its own address as well");
    let ready = lab.until_ready(2).await;
    assert_eq!(ready.len(), 2, "the kubelet's probes come from the node, which no policy stops");

    let open = json!({"metadata": {"name": "open"}, "spec": {"podSelector": selected,
        "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}]}});
    lab.make(Resource::NetworkPolicies, open);
    lab.until_synced().await;
    assert_eq!(code().await, 0, "the port that is meant is the pod's, not the Service's");
    lab.delete(Resource::NetworkPolicies, "open", &Deletion::default());
    lab.until_synced().await;
    assert_eq!(code().await, 28);
    lab.delete(Resource::NetworkPolicies, "closed", &Deletion::default());
    lab.until_synced().await;
    assert_eq!(code().await, 0, "and without policies everything passes again");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_may_not_ask_the_dns_finds_no_names_but_reaches_addresses() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(1, "clusterip-lab/backend:v1"));
    let made = lab.make(Resource::Services, service(&json!("http")));
    let ip = made["spec"]["clusterIP"].as_str().unwrap().to_owned();
    lab.until_served(1).await;
    let to_backends = json!({"to": [{"podSelector": {"matchLabels": {"app": "myapp"}}}]});
    let mut policy = json!({"metadata": {"name": "egress"}, "spec": {"podSelector": {},
        "policyTypes": ["Egress"], "egress": [to_backends]}});
    lab.make(Resource::NetworkPolicies, policy.clone());
    lab.until_synced().await;
    assert_eq!(
        lab.curl(&format!("http://{ip}")).await.code,
        0,
        "after the choice of an endpoint it is a backend"
    );
    let by_name = lab.curl("http://web").await;
    assert!(matches!(by_name.code, 6 | 28), "{by_name:?}");

    lab.delete(Resource::NetworkPolicies, "egress", &Deletion::default());
    policy["spec"]["egress"] = json!([to_backends, {"ports": [{"port": 53, "protocol": "UDP"}]}]);
    lab.make(Resource::NetworkPolicies, policy);
    lab.until_synced().await;
    assert_eq!(lab.curl("http://web").await.code, 0);
}
