//! What is filled in where a manifest says nothing.
//!
//! Source: Kubernetes' `pkg/apis/core/v1/defaults.go` and `pkg/apis/apps/v1/defaults.go`.

use serde_json::{Value, json};

use super::absent;
use crate::api::schema::drop_nulls;
use crate::store::{Resource, object};

/// Fills in an object's defaults, but a Service's, which depend on more.
pub(super) fn fill(resource: Resource, object: &mut Value) {
    match resource {
        Resource::Pods => pod(object),
        Resource::Deployments => deployment(object),
        Resource::ReplicaSets => {
            absent(&mut object["spec"], "replicas", 1);
            template(&mut object["spec"]["template"]);
        }
        Resource::Namespaces => namespace(object),
        Resource::Secrets => absent(object, "type", "Opaque"),
        Resource::EndpointSlices => {
            for port in items(&mut object["ports"]) {
                absent(port, "protocol", "TCP");
                absent(port, "name", "");
            }
        }
        Resource::LimitRanges => super::limits::default(object),
        Resource::RoleBindings => super::rbac::default(object),
        Resource::NetworkPolicies => super::policies::default(object),
        _ => {}
    }
    // Reaching for an absent field of a value writes a null into it.
    drop_nulls(object);
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

fn namespace(object: &mut Value) {
    let name = object::name(object).to_owned();
    absent(&mut object["spec"], "finalizers", json!(["kubernetes"]));
    absent(&mut object["status"], "phase", "Active");
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
}

fn deployment(object: &mut Value) {
    let spec = &mut object["spec"];
    absent(spec, "replicas", 1);
    absent(spec, "revisionHistoryLimit", 10);
    absent(spec, "progressDeadlineSeconds", 600);
    let strategy = &mut spec["strategy"];
    absent(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        absent(&mut strategy["rollingUpdate"], "maxSurge", "25%");
        absent(&mut strategy["rollingUpdate"], "maxUnavailable", "25%");
    }
    template(&mut spec["template"]);
}

fn template(template: &mut Value) {
    // Absent, it is refused later, in its own words.
    if template["spec"].is_object() {
        pod_spec(&mut template["spec"]);
    }
}

fn pod(object: &mut Value) {
    let spec = &mut object["spec"];
    if !spec.is_object() {
        return;
    }
    pod_spec(spec);
    items(&mut spec["containers"]).for_each(requests);
    absent(spec, "enableServiceLinks", true);
    absent(spec, "serviceAccountName", "default");
    spec["serviceAccount"] = spec["serviceAccountName"].clone();
    absent(spec, "priority", 0);
    absent(spec, "preemptionPolicy", "PreemptLowerPriority");
    absent(
        spec,
        "tolerations",
        json!([
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        ]),
    );
    absent(&mut object["status"], "phase", "Pending");
}

/// Sets the class of a new pod, once all is known that its containers ask for.
pub(super) fn classify(pod: &mut Value) {
    let class = quality(&pod["spec"]);
    absent(&mut pod["status"], "qosClass", class);
    drop_nulls(pod);
}

/// Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>.
fn quality(spec: &Value) -> &'static str {
    let containers = || spec["containers"].as_array().into_iter().flatten();
    let empty = |v: &Value| v.as_object().is_none_or(serde_json::Map::is_empty);
    if containers().all(|c| empty(&c["resources"]["limits"]) && empty(&c["resources"]["requests"])) {
        return "BestEffort";
    }
    let guaranteed = containers().all(|c| {
        let (limits, requests) = (&c["resources"]["limits"], &c["resources"]["requests"]);
        ["cpu", "memory"].iter().all(|r| !limits[*r].is_null() && limits[*r] == requests[*r])
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

fn pod_spec(spec: &mut Value) {
    absent(spec, "restartPolicy", "Always");
    absent(spec, "terminationGracePeriodSeconds", 30);
    absent(spec, "dnsPolicy", "ClusterFirst");
    absent(spec, "securityContext", json!({}));
    absent(spec, "schedulerName", "default-scheduler");
    for list in ["containers", "initContainers"] {
        if spec[list].is_array() {
            items(&mut spec[list]).for_each(container);
        }
    }
}

/// What may be used is asked for, unless something else is: in pods, and not yet in the templates they are made from.
fn requests(container: &mut Value) {
    for requested in ["cpu", "memory"] {
        let limit = container["resources"]["limits"][requested].clone();
        if !limit.is_null() {
            absent(&mut container["resources"]["requests"], requested, limit);
        }
    }
}

fn container(container: &mut Value) {
    if !container.is_object() {
        return;
    }
    absent(container, "terminationMessagePath", "/dev/termination-log");
    absent(container, "terminationMessagePolicy", "File");
    let policy = pull_policy(container["image"].as_str().unwrap_or_default());
    absent(container, "imagePullPolicy", policy);
    absent(container, "resources", json!({}));
    for port in items(&mut container["ports"]) {
        absent(port, "protocol", "TCP");
    }
    for variable in items(&mut container["env"]) {
        if variable["valueFrom"]["fieldRef"].is_object() {
            absent(&mut variable["valueFrom"]["fieldRef"], "apiVersion", "v1");
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[probe].is_object() {
            self::probe(&mut container[probe]);
        }
    }
    for hook in ["postStart", "preStop"] {
        if container["lifecycle"][hook].is_object() {
            http_get(&mut container["lifecycle"][hook]);
        }
    }
}

/// Source: <https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting>.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let tag = name.split_once(':').map(|(_, tag)| tag);
    if image.contains('@') || tag.is_some_and(|tag| tag != "latest") { "IfNotPresent" } else { "Always" }
}

fn probe(probe: &mut Value) {
    absent(probe, "timeoutSeconds", 1);
    absent(probe, "periodSeconds", 10);
    absent(probe, "successThreshold", 1);
    absent(probe, "failureThreshold", 3);
    http_get(probe);
}

fn http_get(of: &mut Value) {
    if of["httpGet"].is_object() {
        absent(&mut of["httpGet"], "path", "/");
        absent(&mut of["httpGet"], "scheme", "HTTP");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_deployment_gets_what_kubernetes_gives_it() {
        let mut object = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "c", "image": "clusterip-lab/backend:v1", "ports": [{"containerPort": 8080}],
             "readinessProbe": {"httpGet": {"port": 8080}}}]}}}});
        fill(Resource::Deployments, &mut object);
        let spec = &object["spec"];
        assert_eq!(
            spec["strategy"],
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
        );
        assert_eq!(
            (&spec["replicas"], &spec["template"]["spec"]["restartPolicy"]),
            (&json!(1), &json!("Always"))
        );
        assert_eq!(
            spec["template"]["spec"]["containers"][0],
            json!({
                "name": "c", "image": "clusterip-lab/backend:v1", "imagePullPolicy": "IfNotPresent",
                "ports": [{"containerPort": 8080, "protocol": "TCP"}], "resources": {},
                "readinessProbe": {"httpGet": {"port": 8080, "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1,
                    "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            })
        );
        let again = object.clone();
        fill(Resource::Deployments, &mut object);
        assert_eq!(object, again);
    }

    #[test]
    fn images_without_a_fixed_tag_are_always_pulled() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("localhost:5000/nginx", "Always"),
            ("nginx@sha256:abc", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
