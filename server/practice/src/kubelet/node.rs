//! The one node.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::store::object::now;

/// Its name.
pub const NODE: &str = "practice-node";
/// Its address, on which nothing listens.
pub(super) const NODE_IP: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 2);

/// The node, as it registers itself.
pub(super) fn node() -> Value {
    let resources = json!({"cpu": "2", "memory": "4Gi", "ephemeral-storage": "10Gi", "pods": "1100"});
    let condition = |kind: &str, truth: bool, reason: &str, message: &str| {
        let time = now();
        json!({"type": kind, "status": if truth { "True" } else { "False" }, "reason": reason, "message": message,
            "lastHeartbeatTime": time, "lastTransitionTime": time})
    };
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "labels": {
                "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture,
                "clusterip-lab/simulated": "true",
            },
        },
        "spec": {"podCIDR": "10.244.0.0/16", "podCIDRs": ["10.244.0.0/16"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": NODE_IP.to_string()}, {"type": "Hostname", "address": NODE},
            ],
            "capacity": resources,
            "allocatable": resources,
            "conditions": [
                condition("MemoryPressure", false, "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available"),
                condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", false, "KubeletHasSufficientPID",
                    "kubelet has sufficient PID available"),
                condition("Ready", true, "KubeletReady", "the practice cluster's kubelet is ready (simulated)"),
            ],
            "nodeInfo": {
                "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "simulated",
                "osImage": "clusterip-lab practice node (simulated)", "containerRuntimeVersion": "practice://0.1.0",
                "kubeletVersion": "v1.34.4+practice", "kubeProxyVersion": "", "operatingSystem": "linux",
                "architecture": architecture,
            },
        },
    })
}
