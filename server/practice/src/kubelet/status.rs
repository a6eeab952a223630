//! What a pod says of itself, from what its containers do.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/>

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::images::Image;
use super::node::NODE_IP;
use super::token;
use crate::controllers::objects::{condition, set_condition};
use crate::store::object::now;

/// How a container's process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// The exit code.
    pub(super) code: i32,
    /// `Completed`, `Error`, `StartError`.
    pub(super) reason: &'static str,
    /// More of it, or empty.
    pub(super) message: String,
    /// When it began.
    pub(super) since: String,
    /// When it ended.
    pub(super) at: String,
    /// Of the container that ran.
    pub(super) id: String,
    /// Why its `postStart` hook failed, of which it was ended.
    pub(super) failed_hook: Option<String>,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// It does not run yet, or again.
    Waiting(&'static str, String),
    /// It runs, since then.
    Running(String),
    /// It has ended.
    Ended(Ended),
}

/// A container, as far as a status tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) last: Option<Ended>,
    pub(super) restarts: u32,
    pub(super) ready: bool,
    pub(super) started: bool,
    /// Its process runs, but its `postStart` hook has not returned: it does not count as running yet.
    pub(super) starting: bool,
    pub(super) image: Option<Image>,
    pub(super) id: Option<String>,
}

impl State {
    /// Before anything was done.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Waiting("ContainerCreating", String::new()),
            last: None,
            restarts: 0,
            ready: false,
            started: false,
            starting: false,
            image: None,
            id: None,
        }
    }

    /// Whether its process runs.
    pub(super) fn runs(&self) -> bool {
        self.starting || matches!(self.phase, Phase::Running(_))
    }

    /// How its process ended, if it does not run and will not at once.
    fn ended(&self) -> Option<&Ended> {
        match &self.phase {
            Phase::Ended(ended) => Some(ended),
            Phase::Waiting(..) => self.last.as_ref(),
            Phase::Running(_) => None,
        }
    }

    fn value(&self, container: &Value) -> Value {
        let mut status = json!({
            "name": container["name"],
            "image": self.image.map_or_else(|| container["image"].clone(), |image| json!(image.reference)),
            "imageID": self.image.map(|image| format!("practice://{}", image.reference)).unwrap_or_default(),
            "lastState": self.last.as_ref().map_or_else(|| json!({}), |last| json!({"terminated": last.value()})),
            "ready": self.ready,
            "restartCount": self.restarts,
            "started": self.started,
            "state": self.phase.value(),
        });
        let mounts = token::mounts(container);
        if !mounts.is_empty() {
            status["volumeMounts"] = json!(mounts);
        }
        if let Some(id) = &self.id {
            status["containerID"] = json!(id);
            status["resources"] = container.get("resources").cloned().unwrap_or_else(|| json!({}));
        }
        status
    }
}

impl Phase {
    fn value(&self) -> Value {
        match self {
            Self::Waiting(reason, message) if message.is_empty() => json!({"waiting": {"reason": reason}}),
            Self::Waiting(reason, message) => json!({"waiting": {"reason": reason, "message": message}}),
            Self::Running(since) => json!({"running": {"startedAt": since}}),
            Self::Ended(ended) => json!({"terminated": ended.value()}),
        }
    }
}

impl Ended {
    fn value(&self) -> Value {
        let mut value = json!({
            "containerID": self.id, "exitCode": self.code, "reason": self.reason,
            "startedAt": self.since, "finishedAt": self.at,
        });
        if !self.message.is_empty() {
            value["message"] = json!(self.message);
        }
        value
    }
}

/// What a pod's status is made of.
pub(super) struct Facts<'a> {
    /// One for each container, in the order of the spec.
    pub(super) states: &'a [State],
    /// The sandbox's address, once it had one.
    pub(super) ip: Option<Ipv4Addr>,
    /// Whether the sandbox is there.
    pub(super) sandbox: bool,
    /// When the kubelet took the pod.
    pub(super) since: &'a str,
}

impl Facts<'_> {
    /// `status`, from what it was and what is now.
    pub(super) fn status(&self, pod: &Value) -> Value {
        let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let statuses: Vec<Value> =
            self.states.iter().zip(containers).map(|(state, container)| state.value(container)).collect();
        let phase = self.phase(pod);
        let mut status = json!({
            "phase": phase,
            "conditions": self.conditions(pod, containers, phase),
            "containerStatuses": statuses,
            "hostIP": NODE_IP.to_string(),
            "hostIPs": [{"ip": NODE_IP.to_string()}],
            "qosClass": pod["status"].get("qosClass").cloned().unwrap_or_else(|| json!("BestEffort")),
            "startTime": self.since,
            "observedGeneration": pod["metadata"]["generation"].as_i64().unwrap_or(1),
        });
        if let Some(ip) = self.ip {
            status["podIP"] = json!(ip.to_string());
            status["podIPs"] = json!([{"ip": ip.to_string()}]);
        }
        status
    }

    /// Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>
    fn phase(&self, pod: &Value) -> &'static str {
        let began = |state: &State| !matches!(state.phase, Phase::Waiting(..)) || state.last.is_some();
        if !self.states.iter().all(began) {
            return "Pending";
        }
        let ended: Option<Vec<&Ended>> = self.states.iter().map(State::ended).collect();
        let Some(ended) = ended else { return "Running" };
        let good = ended.iter().all(|ended| ended.code == 0);
        // A pod that was told to stop says how it ended, whatever its policy.
        let stopping = pod["metadata"]["deletionTimestamp"].is_string();
        match pod["spec"]["restartPolicy"].as_str() {
            Some("Never") | Some("OnFailure") if good => "Succeeded",
            Some("Never") => "Failed",
            _ if stopping && good => "Succeeded",
            _ if stopping => "Failed",
            _ => "Running",
        }
    }

    fn conditions(&self, pod: &Value, containers: &[Value], phase: &str) -> Value {
        let unready: Vec<&str> = self
            .states
            .iter()
            .zip(containers)
            .filter(|(state, _)| !state.ready)
            .map(|(_, container)| container["name"].as_str().unwrap_or_default())
            .collect();
        let ready = |kind: &str| match phase {
            "Succeeded" => json!({"type": kind, "status": "False", "reason": "PodCompleted"}),
            "Failed" => json!({"type": kind, "status": "False", "reason": "PodFailed"}),
            _ if unready.is_empty() => json!({"type": kind, "status": "True"}),
            _ => json!({"type": kind, "status": "False", "reason": "ContainersNotReady",
                "message": format!("containers with unready status: [{}]", unready.join(" "))}),
        };
        let truth = |truth: bool| if truth { "True" } else { "False" };
        let wanted = [
            json!({"type": "PodReadyToStartContainers", "status": truth(self.sandbox)}),
            json!({"type": "Initialized", "status": "True"}),
            ready("Ready"),
            ready("ContainersReady"),
            json!({"type": "PodScheduled", "status": "True"}),
        ];
        // Others' conditions, such as an eviction's, stay.
        let ours = |condition: &Value| wanted.iter().any(|wanted| wanted["type"] == condition["type"]);
        let all = pod["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let others: Vec<Value> = all.iter().filter(|condition| !ours(condition)).cloned().collect();
        let conditions = wanted.into_iter().map(|mut wanted| {
            wanted["lastProbeTime"] = Value::Null;
            wanted["observedGeneration"] = json!(pod["metadata"]["generation"].as_i64().unwrap_or(1));
            let kind = wanted["type"].as_str().unwrap_or_default().to_owned();
            let mut one: Vec<Value> = condition(pod, &kind).cloned().into_iter().collect();
            set_condition(&mut one, wanted, &now(), &[]);
            one.remove(0)
        });
        conditions.chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32) -> Phase {
        Phase::Ended(Ended {
            code,
            reason: "Error",
            message: String::new(),
            since: now(),
            at: now(),
            id: "practice://1".into(),
            failed_hook: None,
        })
    }

    fn phase(phases: &[Phase], policy: &str, deleting: bool) -> String {
        let states: Vec<State> =
            phases.iter().map(|phase| State { phase: phase.clone(), ..State::new() }).collect();
        let mut pod =
            json!({"metadata": {}, "spec": {"restartPolicy": policy, "containers": [{"name": "a"}]}});
        if deleting {
            pod["metadata"]["deletionTimestamp"] = json!(now());
        }
        let facts = Facts { states: &states, ip: None, sandbox: true, since: "" };
        facts.status(&pod)["phase"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_phase_follows_from_the_containers() {
        let (waits, runs) = (State::new().phase, Phase::Running(now()));
        for (phases, policy, deleting, expected) in [
            (vec![waits.clone()], "Always", false, "Pending"),
            (vec![runs.clone(), waits], "Always", false, "Pending"),
            (vec![runs.clone()], "Always", false, "Running"),
            (vec![runs, ended(0)], "Never", false, "Running"),
            (vec![ended(0)], "Always", false, "Running"),
            (vec![ended(0)], "Never", false, "Succeeded"),
            (vec![ended(0), ended(2)], "Never", false, "Failed"),
            (vec![ended(2)], "OnFailure", false, "Running"),
            (vec![ended(0)], "OnFailure", false, "Succeeded"),
            (vec![ended(0)], "Always", true, "Succeeded"),
            (vec![ended(137)], "Always", true, "Failed"),
        ] {
            assert_eq!(phase(&phases, policy, deleting), expected, "{phases:?} {policy} {deleting}");
        }
    }
}
