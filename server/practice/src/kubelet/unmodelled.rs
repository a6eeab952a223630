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
    let context = &spec["securityContext"];
    let mut sysctls = context["sysctls"].as_array().into_iter().flatten();
    // Who may send echoes: here everyone may.
    if sysctls.any(|sysctl| sysctl["name"] != "net.ipv4.ping_group_range") {
        return Some("sysctls: there is no kernel behind the pods");
    }
    as_root(context)
}

/// The lab's images run as an ordinary user, and nothing here makes them root.
fn as_root(context: &Value) -> Option<&'static str> {
    if context["runAsUser"] == 0 {
        return Some("containers that run as root");
    }
    (context["windowsOptions"]["hostProcess"] == true).then_some("processes of the node")
}

fn of_container(container: &Value) -> Option<&'static str> {
    let context = &container["securityContext"];
    if context["privileged"] == true {
        return Some("privileged containers");
    }
    if context["capabilities"]["add"].as_array().is_some_and(|list| !list.is_empty()) {
        return Some("added capabilities");
    }
    if context["procMount"].as_str().is_some_and(|mount| mount != "Default") {
        return Some("procMount");
    }
    if let Some(what) = as_root(context) {
        return Some(what);
    }
    if container["lifecycle"]["stopSignal"].is_string() {
        return Some("stop signals");
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
            (container(json!({"lifecycle": {"preStop": {"httpGet": {"port": 1}}}})), None),
            (container(json!({"lifecycle": {"postStart": {"sleep": {"seconds": 1}}}})), None),
            (container(json!({"lifecycle": {"stopSignal": "SIGTERM"}})), Some("stop signals")),
            (container(json!({"ports": [{"containerPort": 1, "hostPort": 1}]})), Some("ports of the node")),
            (container(json!({"securityContext": {"privileged": true}})), Some("privileged containers")),
            (
                container(json!({"securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}})),
                Some("added capabilities"),
            ),
            (container(json!({"securityContext": {"capabilities": {"drop": ["ALL"]}}})), None),
            (container(json!({"securityContext": {"runAsUser": 0}})), Some("containers that run as root")),
            (container(json!({"securityContext": {"runAsUser": 65532, "runAsNonRoot": true}})), None),
            (container(json!({"securityContext": {"procMount": "Unmasked"}})), Some("procMount")),
            (
                json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
                Some("volumes: the lab's images read no files"),
            ),
            (
                json!({"securityContext": {"sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 1"}]}}),
                None,
            ),
            (
                json!({"securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}}),
                Some("sysctls: there is no kernel behind the pods"),
            ),
            (json!({"hostNetwork": true}), Some("the node's own network and processes")),
            (json!({"initContainers": [{}]}), Some("init containers")),
            (json!({"dnsPolicy": "None"}), Some("DNS settings of a pod")),
        ] {
            assert_eq!(unmodelled(&spec), expected, "{spec}");
        }
    }
}
