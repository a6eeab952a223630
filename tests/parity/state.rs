//! What can be seen of a namespace, without what differs from one cluster to the next: names, IPs and uids are
//! replaced by what they lead to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::side::Place;

/// What is looked at.
const KINDS: &str = "deployments,replicasets,pods,services,endpoints,endpointslices";

/// A namespace at one moment.
#[derive(Debug)]
pub(crate) struct State {
    items: Vec<Value>,
}

impl State {
    pub(crate) async fn of(place: &Place<'_>) -> Result<Self, String> {
        let ran = place.run(&["get", KINDS, "-o", "json"]).await;
        let list: Value = serde_json::from_str(&ran.stdout).map_err(|e| format!("{e}: {}", ran.said()))?;
        Ok(Self { items: list["items"].as_array().cloned().unwrap_or_default() })
    }

    fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.items.iter().filter(move |item| item["kind"] == kind)
    }

    fn pod(&self, name: &Value) -> Option<&Value> {
        self.all("Pod").find(|pod| pod["metadata"]["name"] == *name)
    }

    /// Whether nothing is on its way any more: `None`, or what still is.
    pub(crate) fn unsettled(&self) -> Option<String> {
        let deployment = self.all("Deployment").find(|d| !has_arrived(d)).map(|d| ("deployment", d));
        let set = || self.all("ReplicaSet").find(|s| !is_whole(s)).map(|s| ("replica set", s));
        let pod = || self.all("Pod").find(|p| !is_ready(p) || is_ending(p)).map(|p| ("pod", p));
        let owned = ["ReplicaSet", "Pod", "EndpointSlice"];
        let orphan = || {
            owned.iter().flat_map(|kind| self.all(kind)).find(|o| !self.has_owner(o)).map(|o| ("orphan", o))
        };
        let service = || self.all("Service").find(|s| !self.is_served(s)).map(|s| ("service", s));
        let stray = || self.all("Endpoints").find(|e| !self.has_service(e)).map(|e| ("endpoints", e));
        let found = deployment.or_else(set).or_else(pod).or_else(orphan).or_else(service).or_else(stray);
        found.map(|(what, object)| format!("{what} {}", object["metadata"]["name"]))
    }

    fn has_owner(&self, object: &Value) -> bool {
        let owner = &object["metadata"]["ownerReferences"][0]["uid"];
        self.items.iter().any(|other| other["metadata"]["uid"] == *owner)
    }

    fn has_service(&self, endpoints: &Value) -> bool {
        self.all("Service").any(|service| service["metadata"]["name"] == endpoints["metadata"]["name"])
    }

    /// Whether the Service's slices have just the pods that it selects, and its Endpoints the same.
    fn is_served(&self, service: &Value) -> bool {
        let mut selected: Vec<&str> = self
            .all("Pod")
            .filter(|pod| selects(service, pod))
            .map(|p| text(&p["status"]["podIP"]))
            .collect();
        let slices: Vec<&Value> = self.slices(service).collect();
        let mut sliced: Vec<&str> = slices.iter().flat_map(|s| addresses(s)).collect();
        selected.sort_unstable();
        sliced.sort_unstable();
        let ported = slices.iter().filter(|slice| slice["ports"].is_array());
        let mut expected: Vec<&str> = ported.flat_map(|slice| addresses(slice)).collect();
        let mut mirrored: Vec<&str> = self.mirror(service).flat_map(subset_addresses).collect();
        expected.sort_unstable();
        mirrored.sort_unstable();
        !slices.is_empty()
            && self.mirror(service).next().is_some()
            && selected == sliced
            && expected == mirrored
    }

    fn slices<'a>(&'a self, service: &'a Value) -> impl Iterator<Item = &'a Value> {
        let name = &service["metadata"]["name"];
        self.all("EndpointSlice")
            .filter(move |slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == *name)
    }

    fn mirror<'a>(&'a self, service: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.all("Endpoints").filter(move |e| e["metadata"]["name"] == service["metadata"]["name"])
    }

    /// What is the same on every cluster.
    pub(crate) fn normal(&self) -> String {
        let of = |kind: &str, tell: &dyn Fn(&Value) -> Value| {
            let mut all: Vec<String> = self.all(kind).map(|object| format!("{:#}", tell(object))).collect();
            all.sort();
            all.join("\n")
        };
        let parts: BTreeMap<&str, String> = BTreeMap::from([
            ("1 deployments", of("Deployment", &deployment)),
            ("2 replica sets", of("ReplicaSet", &replica_set)),
            ("3 pods", of("Pod", &pod)),
            ("4 services", of("Service", &service)),
            ("5 slices", of("EndpointSlice", &|slice| self.slice(slice))),
            ("6 endpoints", of("Endpoints", &|endpoints| self.endpoints(endpoints))),
        ]);
        parts.iter().map(|(name, objects)| format!("{name}:\n{objects}\n")).collect()
    }

    fn slice(&self, slice: &Value) -> Value {
        let endpoints = slice["endpoints"].as_array().into_iter().flatten();
        let mut to: Vec<String> = endpoints
            .map(|e| format!("{} {}", e["conditions"], self.target(&e["targetRef"], &e["addresses"][0])))
            .collect();
        to.sort();
        json!({"labels": slice["metadata"]["labels"], "ports": slice["ports"], "to": to})
    }

    fn endpoints(&self, endpoints: &Value) -> Value {
        let addresses = |subset: &Value, field: &str| {
            let all = subset[field].as_array().into_iter().flatten();
            let mut to: Vec<String> = all.map(|a| self.target(&a["targetRef"], &a["ip"])).collect();
            to.sort();
            to
        };
        let subsets = endpoints["subsets"].as_array().into_iter().flatten();
        let subset = |s: &Value| {
            json!({"ports": s["ports"], "ready": addresses(s, "addresses"),
                "not ready": addresses(s, "notReadyAddresses")})
        };
        json!({"name": endpoints["metadata"]["name"], "labels": endpoints["metadata"]["labels"],
            "subsets": subsets.map(subset).collect::<Vec<_>>()})
    }

    /// The pod that an address leads to, and whether the address is that pod's.
    fn target(&self, reference: &Value, address: &Value) -> String {
        let Some(pod) = self.pod(&reference["name"]) else { return "no pod".to_owned() };
        let same = pod["status"]["podIP"] == *address && pod["metadata"]["uid"] == reference["uid"];
        format!("{} {}", pod["metadata"]["labels"]["app"], if same { "itself" } else { "another's" })
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn addresses(slice: &Value) -> impl Iterator<Item = &str> {
    slice["endpoints"].as_array().into_iter().flatten().map(|endpoint| text(&endpoint["addresses"][0]))
}

fn subset_addresses(endpoints: &Value) -> impl Iterator<Item = &str> {
    let subsets = endpoints["subsets"].as_array().into_iter().flatten();
    subsets.flat_map(|s| s["addresses"].as_array().into_iter().flatten()).map(|address| text(&address["ip"]))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn has_arrived(deployment: &Value) -> bool {
    let (wanted, status) = (number(&deployment["spec"]["replicas"]), &deployment["status"]);
    let seen = status["observedGeneration"] == deployment["metadata"]["generation"];
    let counts = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
    let progressing = status["conditions"].as_array().into_iter().flatten();
    let complete =
        progressing.filter(|c| c["type"] == "Progressing").all(|c| c["reason"] == "NewReplicaSetAvailable");
    seen && complete && counts.iter().all(|count| number(&status[count]) == wanted)
}

fn is_whole(set: &Value) -> bool {
    let (wanted, status) = (number(&set["spec"]["replicas"]), &set["status"]);
    let seen = status["observedGeneration"] == set["metadata"]["generation"];
    seen && ["replicas", "readyReplicas"].iter().all(|count| number(&status[count]) == wanted)
}

fn is_ending(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_string()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

fn selects(service: &Value, pod: &Value) -> bool {
    let selector = service["spec"]["selector"].as_object();
    selector.is_some_and(|wanted| {
        !wanted.is_empty() && wanted.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value)
    })
}

fn without_hash(labels: &Value) -> Value {
    let mut labels = labels.clone();
    if let Some(labels) = labels.as_object_mut() {
        labels.remove("pod-template-hash");
    }
    labels
}

fn deployment(object: &Value) -> Value {
    let status = &object["status"];
    json!({
        "name": object["metadata"]["name"],
        "labels": object["metadata"]["labels"],
        "annotations": object["metadata"]["annotations"],
        "generation": object["metadata"]["generation"],
        "replicas": object["spec"]["replicas"],
        "containers": object["spec"]["template"]["spec"]["containers"],
        "status": [status["replicas"], status["updatedReplicas"], status["readyReplicas"],
            status["availableReplicas"], status["unavailableReplicas"]],
    })
}

fn replica_set(object: &Value) -> Value {
    json!({
        "labels": without_hash(&object["metadata"]["labels"]),
        "annotations": object["metadata"]["annotations"],
        "owner": object["metadata"]["ownerReferences"][0]["name"],
        "image": object["spec"]["template"]["spec"]["containers"][0]["image"],
        "replicas": [object["spec"]["replicas"], object["status"]["replicas"], object["status"]["readyReplicas"]],
    })
}

fn pod(object: &Value) -> Value {
    let status = &object["status"]["containerStatuses"][0];
    json!({
        "labels": without_hash(&object["metadata"]["labels"]),
        "owner": object["metadata"]["ownerReferences"][0]["kind"],
        "image": [object["spec"]["containers"][0]["image"], status["image"]],
        "phase": object["status"]["phase"],
        "ready": [status["ready"], status["restartCount"]],
    })
}

fn service(object: &Value) -> Value {
    let spec = &object["spec"];
    let virtual_ip = text(&spec["clusterIP"]).starts_with("10.96.");
    json!({
        "name": object["metadata"]["name"],
        "labels": object["metadata"]["labels"],
        "selector": spec["selector"], "ports": spec["ports"], "type": spec["type"],
        "affinity": [spec["sessionAffinity"], spec["sessionAffinityConfig"]],
        "virtual IP": virtual_ip && spec["clusterIPs"][0] == spec["clusterIP"],
    })
}
