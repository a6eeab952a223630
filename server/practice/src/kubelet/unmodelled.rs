//! What pods of a real cluster may have and those here may not: refused, rather than silently left out.

use serde_json::Value;

use super::token;

/// The first thing in a pod's spec that is not modelled, as a message names it.
pub(crate) fn unmodelled(spec: &Value) -> Option<&'static str> {
    let lists = [
        ("initContainers", "init containers"),
        ("ephemeralContainers", "ephemeral containers"),
        ("readinessGates", "readiness gates"),
        ("hostAliases", "host aliases"),
    ];
    let given = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
    let volumes = spec["volumes"].as_array().into_iter().flatten();
    if volumes.into_iter().any(|volume| !token::is_token(volume)) {
        return Some("volumes: the lab's images read no files");
    }
    let list = lists.into_iter().find(|(field, _)| given(&spec[*field])).map(|(_, what)| what);
    list.or_else(|| whole(spec)).or_else(|| {
        let containers = spec["containers"].as_array().into_iter().flatten();
        containers.into_iter().find_map(of_container)
    })
}

fn whole(spec: &Value) -> Option<&'static str> {
    if spec["hostNetwork"] == true || spec["hostPID"] == true || spec["hostIPC"] == true {
        return Some("the node's own network and processes");
    }
    if spec["dnsConfig"].is_object() || !matches!(spec["dnsPolicy"].as_str(), None | Some("ClusterFirst")) {
        return Some("DNS settings of a pod");
    }
    if spec["activeDeadlineSeconds"].is_number() {
        return Some("deadlines of pods");
    }
    if spec["affinity"].as_object().is_some_and(|affinity| !affinity.is_empty()) {
        return Some("affinity: there is one node");
    }
    None
}

fn of_container(container: &Value) -> Option<&'static str> {
    if container["lifecycle"].is_object() {
        return Some("lifecycle hooks");
    }
    let ports = container["ports"].as_array().into_iter().flatten();
    if ports.into_iter().any(|port| port["hostPort"].as_u64().unwrap_or(0) > 0) {
        return Some("ports of the node");
    }
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    probes.iter().find(|probe| container[**probe]["grpc"].is_object()).map(|_| "gRPC probes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_pod_here_cannot_have_is_named() {
        let container = |extra: Value| {
            let mut container = json!({"name": "c", "image": "clusterip-lab/backend:v1"});
            if let (Value::Object(container), Value::Object(extra)) = (&mut container, extra) {
                container.extend(extra);
            }
            json!({"containers": [container]})
        };
        for (spec, expected) in [
            (container(json!({})), None),
            (json!({"volumes": [], "dnsPolicy": "ClusterFirst", "affinity": {}}), None),
            (container(json!({"readinessProbe": {"exec": {"command": ["curl", "http://web"]}}})), None),
            (container(json!({"readinessProbe": {"grpc": {"port": 1}}})), Some("gRPC probes")),
            (
                container(json!({"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}})),
                Some("lifecycle hooks"),
            ),
            (container(json!({"ports": [{"containerPort": 1, "hostPort": 1}]})), Some("ports of the node")),
            (json!({"hostNetwork": true}), Some("the node's own network and processes")),
            (json!({"initContainers": [{}]}), Some("init containers")),
            (json!({"dnsPolicy": "None"}), Some("DNS settings of a pod")),
        ] {
            assert_eq!(unmodelled(&spec), expected, "{spec}");
        }
    }
}
