//! What a student may not do in a lab's namespace though Kubernetes could, and the sentence that says why.
//!
//! ```text
//! a sentence ──▶ what the lab answers to a manifest
//!            ├─▶ a ValidatingAdmissionPolicy of a real cluster
//!            └─▶ the practice cluster's admission, which answers as that policy would
//! ```
//!
//! What no rule of [RBAC] gives a student is not here: that is refused before anything is read.
//!
//! Invariant: no sentence has a double quote, a backslash or a line break: it stands in an expression of a policy as it
//! is.
//!
//! [RBAC]: https://kubernetes.io/docs/reference/access-authn-authz/rbac/

use std::fmt;

/// The label by which a namespace of the lab is known, whoever looks at it.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Its value.
pub const LAB: &str = "clusterip-lab";
/// The name of the lab's client pod in every namespace.
pub const CLIENT_POD: &str = "client";
/// What the labels begin with by which the lab knows its own.
pub const OWN_LABELS: &str = "clusterip-lab/";
/// What the priority classes begin with that belong to a cluster's own parts.
pub const SYSTEM_PRIORITY: &str = "system-";
/// The `ServiceAccount` that a student is in the student's namespace.
pub const STUDENT: &str = "student";

/// The user that a student is to the API server of a cluster.
#[must_use]
pub fn student_of(namespace: &str) -> String {
    format!("system:serviceaccount:{namespace}:{STUDENT}")
}

/// What belongs together: one admission policy of a real cluster, whose binding has the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Services are inside the cluster only.
    Services,
    /// Pods push no other pod out.
    Priority,
    /// The client pod is the lab's own.
    ClientPod,
    /// Labels that are the lab's own.
    Labels,
    /// The same labels, of pods to come.
    Templates,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Services, Self::Priority, Self::ClientPod, Self::Labels, Self::Templates];

    /// Its name, and its binding's: no other of the cluster has such a one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Services => "clusterip-lab-services",
            Self::Priority => "clusterip-lab-priority",
            Self::ClientPod => "clusterip-lab-client-pod",
            Self::Labels => "clusterip-lab-labels",
            Self::Templates => "clusterip-lab-pod-templates",
        }
    }

    /// What an API server says of an object that this policy does not let pass, after whose name it is. Source:
    /// Kubernetes' `k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go`.
    #[must_use]
    pub fn denies(self, refusal: &Refusal<'_>) -> String {
        let name = self.name();
        format!("ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request: {refusal}")
    }
}

/// Why something is refused, and what to do. Its text is the sentence, in English, as a cluster words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// A Service of another type than ClusterIP.
    ServiceType(&'a str),
    /// A Service that asks for addresses outside.
    ExternalIps,
    /// A pod of a class that belongs to the cluster's own parts.
    SystemPriority,
    /// A pod by the client pod's name.
    ClientName,
    /// A client pod that runs something else.
    ClientChanged,
    /// Labels that are the lab's own.
    OwnLabels,
}

impl Refusal<'_> {
    /// The policy that it belongs to; labels have two.
    #[must_use]
    pub fn policy(&self) -> Policy {
        match self {
            Self::ServiceType(_) | Self::ExternalIps => Policy::Services,
            Self::SystemPriority => Policy::Priority,
            Self::ClientName | Self::ClientChanged => Policy::ClientPod,
            Self::OwnLabels => Policy::Labels,
        }
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceType(given) => write!(
                f,
                "type {given} is a way into the cluster or out of it, and this lab is about ClusterIP, the default: \
                 leave type out"
            ),
            Self::ExternalIps => f.write_str(
                "externalIPs would take over addresses outside the cluster (CVE-2020-8554): leave them out",
            ),
            Self::SystemPriority => write!(
                f,
                "a priority class that begins with {SYSTEM_PRIORITY} would push the pods of others out: leave \
                 priorityClassName out"
            ),
            Self::ClientName => {
                write!(f, "the pod {CLIENT_POD} is the lab's own: give yours another name")
            }
            Self::ClientChanged => write!(
                f,
                "the pod {CLIENT_POD} is the lab's own, and its image stays: run yours in a pod by another name"
            ),
            Self::OwnLabels => {
                write!(f, "labels that begin with {OWN_LABELS} are the lab's own: leave them as they are")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_can_stand_in_an_expression_and_says_what_to_do() {
        for refusal in [
            Refusal::ServiceType("NodePort"),
            Refusal::ExternalIps,
            Refusal::SystemPriority,
            Refusal::ClientName,
            Refusal::ClientChanged,
            Refusal::OwnLabels,
        ] {
            let sentence = refusal.to_string();
            assert!(!sentence.contains(['"', '\\', '\n', '\r']), "{sentence}");
            let (_, cure) = sentence.rsplit_once(": ").expect("a cure");
            assert!(cure.len() > 10 && !cure.ends_with('.'), "{sentence}");
        }
    }

    #[test]
    fn every_policy_has_a_name_of_its_own_and_is_the_labs() {
        let names: std::collections::BTreeSet<_> = Policy::ALL.iter().map(|p| p.name()).collect();
        assert_eq!(names.len(), Policy::ALL.len());
        assert!(names.iter().all(|name| name.starts_with("clusterip-lab-")));
    }
}
