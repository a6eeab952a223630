//! The volume that every pod has without asking: the token by which its programs could reach the API server.
//!
//! It is told of as on a real cluster, because `kubectl describe pod` shows it. The lab's programs read no files, so
//! nothing stands behind it.
//!
//! Source: Kubernetes' `plugin/pkg/admission/serviceaccount/admission.go`.

use serde_json::{Value, json};

use crate::store::object::map;

const PREFIX: &str = "kube-api-access-";
const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The letters of random names. Source: `k8s.io/apimachinery/pkg/util/rand`.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Gives a new pod the volume, and mounts it in each container that has nothing there.
pub(crate) fn mount(pod: &mut Value) {
    let spec = &mut pod["spec"];
    if !spec["containers"].is_array() || spec["automountServiceAccountToken"] == false {
        return;
    }
    let suffix = (0..5).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]));
    let name: String = PREFIX.chars().chain(suffix).collect();
    let mut mounted = false;
    for container in spec["containers"].as_array_mut().into_iter().flatten().filter(|c| c.is_object()) {
        let mounts = map(container).entry("volumeMounts").or_insert_with(|| json!([]));
        let Some(mounts) = mounts.as_array_mut() else { continue };
        if !mounts.iter().any(|mount| mount["mountPath"] == PATH) {
            mounts.push(json!({"name": name, "readOnly": true, "mountPath": PATH}));
            mounted = true;
        }
    }
    if mounted && let Some(volumes) = map(spec).entry("volumes").or_insert_with(|| json!([])).as_array_mut() {
        volumes.push(volume(&name));
    }
}

/// Whether a volume is that one.
pub(super) fn is_token(given: &Value) -> bool {
    let name = given["name"].as_str().filter(|name| name.starts_with(PREFIX));
    name.is_some_and(|name| *given == volume(name))
}

fn volume(name: &str) -> Value {
    let namespace =
        json!({"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}});
    json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]}})
}

/// The mounts of a container, as its status tells them.
pub(super) fn mounts(container: &Value) -> Vec<Value> {
    let mounts = container["volumeMounts"].as_array().into_iter().flatten();
    mounts
        .map(|mount| {
            let mut mount = mount.clone();
            if mount["readOnly"] == true {
                mount["recursiveReadOnly"] = json!("Disabled");
            }
            mount
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_gets_one_volume_and_each_container_its_mount_unless_it_says_no() {
        let mut pod = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        mount(&mut pod);
        let before = pod.clone();
        mount(&mut pod);
        assert_eq!(pod, before, "once is enough");
        assert!(is_token(&pod["spec"]["volumes"][0]) && pod["spec"]["volumes"][1].is_null());
        for container in pod["spec"]["containers"].as_array().unwrap() {
            assert_eq!(container["volumeMounts"][0]["name"], pod["spec"]["volumes"][0]["name"]);
            assert_eq!(mounts(container)[0]["recursiveReadOnly"], "Disabled");
        }
        let mut silent =
            json!({"spec": {"automountServiceAccountToken": false, "containers": [{"name": "a"}]}});
        mount(&mut silent);
        assert!(silent["spec"].get("volumes").is_none());
        assert!(!is_token(&json!({"name": "kube-api-access-x", "hostPath": {"path": "/"}})));
    }
}
