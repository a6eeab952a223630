//! Policies, from selectors to addresses.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;

use clusterip_domain::rules::Protocol;
use serde_json::{Value, json};

use super::{Allowed, Block, Cidr, DNS, Isolation, Number, Peers, Policies, Port};
use crate::controllers::objects::has_ended;
use crate::store::Selector;
use crate::store::object::{name, namespace, text};

/// The pods and namespaces that selectors choose from.
struct Cluster<'a> {
    pods: Vec<(Ipv4Addr, &'a Value)>,
    namespaces: HashMap<&'a str, &'a Value>,
}

impl Policies {
    /// What these policies come to, for these pods in these namespaces.
    pub(super) fn new<'a>(
        policies: impl IntoIterator<Item = &'a Value>,
        pods: impl IntoIterator<Item = &'a Value>,
        namespaces: impl IntoIterator<Item = &'a Value>,
    ) -> Self {
        let dns = dns();
        let pods: Vec<&Value> = pods.into_iter().filter(|pod| !has_ended(pod)).collect();
        let all = pods.into_iter().chain(std::iter::once(&dns));
        let cluster = Cluster {
            pods: all.filter_map(|pod| Some((text(pod, "/status/podIP").parse().ok()?, pod))).collect(),
            namespaces: namespaces.into_iter().map(|namespace| (name(namespace), namespace)).collect(),
        };
        let mut compiled = Self { pods: HashMap::new(), named: cluster.named() };
        for policy in policies {
            let (ingress, egress) = (cluster.rules(policy, "ingress"), cluster.rules(policy, "egress"));
            for ip in cluster.selected(policy) {
                let pod: &mut Isolation = compiled.pods.entry(ip).or_default();
                for (rules, of_pod) in [(&ingress, &mut pod.ingress), (&egress, &mut pod.egress)] {
                    if let Some(rules) = rules {
                        of_pod.get_or_insert_default().extend(rules.iter().cloned());
                    }
                }
            }
        }
        compiled
    }
}

/// The DNS as a pod.
fn dns() -> Value {
    json!({
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"containers": [{"ports": [
            {"name": "dns", "containerPort": DNS.port(), "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": DNS.port(), "protocol": "TCP"},
        ]}]},
        "status": {"podIP": DNS.ip().to_string()},
    })
}

impl Cluster<'_> {
    fn named(&self) -> BTreeMap<(Ipv4Addr, Protocol, String), BTreeSet<u16>> {
        let mut named = BTreeMap::<_, BTreeSet<u16>>::new();
        for (ip, pod) in &self.pods {
            let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
            for port in containers.flat_map(|c| c["ports"].as_array().into_iter().flatten()) {
                let number = port["containerPort"].as_u64().and_then(|number| u16::try_from(number).ok());
                if let (Some(name), Some(number)) = (port["name"].as_str(), number) {
                    named.entry((*ip, protocol(port), name.to_owned())).or_default().insert(number);
                }
            }
        }
        named
    }

    /// The pods that a policy is for.
    fn selected(&self, policy: &Value) -> Vec<Ipv4Addr> {
        let selector = Selector::label_selector(&policy["spec"]["podSelector"]);
        let is = |pod: &Value| namespace(pod) == namespace(policy) && selector.matches(pod);
        self.pods.iter().filter(|(_, pod)| is(pod)).map(|(ip, _)| *ip).collect()
    }

    /// The rules of one direction; `None` where the policy does not speak of it.
    fn rules(&self, policy: &Value, direction: &str) -> Option<Vec<Allowed>> {
        let spec = &policy["spec"];
        let (kind, ends) = if direction == "ingress" { ("Ingress", "from") } else { ("Egress", "to") };
        let kinds = spec["policyTypes"].as_array();
        if !kinds.is_some_and(|kinds| kinds.iter().any(|k| k == kind)) {
            return None;
        }
        let rules = spec[direction].as_array().into_iter().flatten();
        Some(
            rules
                .map(|rule| Allowed { peers: self.peers(policy, &rule[ends]), ports: ports(rule) })
                .collect(),
        )
    }

    /// No peer at all means everyone.
    fn peers(&self, policy: &Value, ends: &Value) -> Option<Peers> {
        let ends = ends.as_array().filter(|ends| !ends.is_empty())?;
        let mut peers = Peers::default();
        for end in ends {
            if end["ipBlock"].is_object() {
                peers.blocks.extend(block(&end["ipBlock"]));
                continue;
            }
            let of_pods = Selector::label_selector(&end["podSelector"]);
            let of_namespaces = end["namespaceSelector"].is_object();
            let of_namespaces = of_namespaces.then(|| Selector::label_selector(&end["namespaceSelector"]));
            let within = |pod: &Value| match &of_namespaces {
                None => namespace(pod) == namespace(policy),
                Some(selector) => self.namespaces.get(namespace(pod)).is_some_and(|n| selector.matches(n)),
            };
            let chosen = self.pods.iter().filter(|(_, pod)| within(pod) && of_pods.matches(pod));
            peers.pods.extend(chosen.map(|(ip, _)| *ip));
        }
        Some(peers)
    }
}

fn block(block: &Value) -> Option<Block> {
    let except = block["except"].as_array().into_iter().flatten();
    let except = except.filter_map(|hole| Cidr::parse(hole.as_str()?)).collect();
    Some(Block { cidr: Cidr::parse(block["cidr"].as_str()?)?, except })
}

/// No port at all means every port, of every protocol.
fn ports(rule: &Value) -> Option<Vec<Port>> {
    let ports = rule["ports"].as_array().filter(|ports| !ports.is_empty())?;
    Some(ports.iter().map(|port| Port { protocol: protocol(port), number: number(port) }).collect())
}

fn number(port: &Value) -> Option<Number> {
    match &port["port"] {
        Value::Null => None,
        Value::String(name) => Some(Number::Name(name.clone())),
        number => {
            let read = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok());
            // What is no port is nobody's.
            let first = read(number).unwrap_or(0);
            Some(Number::Range(first..=read(&port["endPort"]).unwrap_or(first)))
        }
    }
}

fn protocol(port: &Value) -> Protocol {
    match port["protocol"].as_str() {
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}
