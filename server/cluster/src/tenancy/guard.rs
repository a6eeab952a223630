//! What nobody may do in the lab's namespaces, and what is the lab's own in them, as admission policies of a real
//! cluster. The practice cluster has the same rules built in.
//!
//! ```text
//! bounds::Policy ──▶ ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding
//! bounds::Refusal ─▶ its messages
//! ```
//!
//! Invariant: a policy is asked in namespaces with the lab's label, and nowhere else.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>.

use clusterip_domain::bounds::{
    CLIENT_POD, LAB, MANAGED_BY, OWN_LABELS, Policy, Refusal, STUDENT, SYSTEM_PRIORITY,
};
use futures_util::future::try_join_all;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use kube::Client;
use kube::api::Api;
use serde_json::{Value, json};

use super::apply;

const GROUP: &str = "admissionregistration.k8s.io/v1";

/// A policy could not be made: without all of them, a student's own credentials are not safe to give away.
#[derive(Debug, thiserror::Error)]
#[error("making the admission policy {policy}")]
pub struct GuardError {
    /// The policy.
    pub policy: &'static str,
    /// What the API server or the connection said.
    #[source]
    pub source: kube::Error,
}

/// Makes all policies, or brings them up to date. They are in force a moment later.
///
/// # Errors
/// The first that the API server refused or did not answer for.
pub async fn apply_all(client: &Client) -> Result<(), GuardError> {
    try_join_all(Policy::ALL.map(|policy| apply_one(client, policy))).await.map(drop)
}

async fn apply_one(client: &Client, policy: Policy) -> Result<(), GuardError> {
    let name = policy.name();
    let failed = |source| GuardError { policy: name, source };
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(client.clone());
    apply(&policies, name, &object(policy)).await.map_err(failed)?;
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(client.clone());
    let binding = json!({
        "apiVersion": GROUP,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name, "labels": {MANAGED_BY: LAB}},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    apply(&bindings, name, &binding).await.map_err(failed)
}

fn object(policy: Policy) -> Value {
    json!({
        "apiVersion": GROUP,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": policy.name(), "labels": {MANAGED_BY: LAB}},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {MANAGED_BY: LAB}},
                "resourceRules": resources(policy),
            },
            "matchConditions": whose(policy),
            "validations": validations(policy),
        },
    })
}

fn resources(policy: Policy) -> Value {
    let rule = |group: &str, resources: &[&str], operations: &[&str]| {
        json!({
            "apiGroups": [group], "apiVersions": ["v1"], "resources": resources,
            "operations": operations, "scope": "Namespaced",
        })
    };
    let both = &["CREATE", "UPDATE"];
    match policy {
        Policy::Services => json!([rule("", &["services"], both)]),
        Policy::Priority => json!([rule("", &["pods"], &["CREATE"])]),
        Policy::ClientPod => json!([rule("", &["pods"], both)]),
        Policy::Labels => json!([
            rule("", &["pods", "services", "configmaps"], both),
            rule("apps", &["deployments", "replicasets"], both),
        ]),
        Policy::Templates => json!([rule("apps", &["deployments", "replicasets"], both)]),
    }
}

/// What is the lab's own, the lab itself writes.
fn whose(policy: Policy) -> Value {
    match policy {
        Policy::Services | Policy::Priority => json!([]),
        Policy::ClientPod | Policy::Labels | Policy::Templates => json!([{
            "name": "by-a-student",
            "expression": format!(
                "request.userInfo.username == \"system:serviceaccount:\" + request.namespace + \":{STUDENT}\""
            ),
        }]),
    }
}

fn validations(policy: Policy) -> Value {
    let all = match policy {
        Policy::Services => vec![
            // The sentence is one string, but for the type in its middle.
            validation(
                "!has(object.spec.type) || object.spec.type == \"ClusterIP\"",
                Refusal::ServiceType("\" + object.spec.type + \""),
            ),
            validation(
                "!has(object.spec.externalIPs) || size(object.spec.externalIPs) == 0",
                Refusal::ExternalIps,
            ),
        ],
        Policy::Priority => vec![validation(
            &format!(
                "!has(object.spec.priorityClassName) || !object.spec.priorityClassName.startsWith(\"{SYSTEM_PRIORITY}\")"
            ),
            Refusal::SystemPriority,
        )],
        Policy::ClientPod => vec![
            validation(
                &format!("request.operation != \"CREATE\" || object.metadata.name != \"{CLIENT_POD}\""),
                Refusal::ClientName,
            ),
            validation(
                &format!(
                    "request.operation != \"UPDATE\" || object.metadata.name != \"{CLIENT_POD}\" || \
                     object.spec.containers.all(c, \
                     oldObject.spec.containers.exists(o, o.name == c.name && o.image == c.image))"
                ),
                Refusal::ClientChanged,
            ),
        ],
        Policy::Labels => kept("metadata", &[]),
        Policy::Templates => kept("spec.template.metadata", &["spec.template", "spec.template.metadata"]),
    };
    Value::Array(all)
}

/// The lab's own labels are as they were: none is new, none is another, none is gone. `way` are the optional fields down
/// to the labels.
fn kept(metadata: &str, way: &[&str]) -> Vec<Value> {
    let has = |object: &str| {
        let way = way.iter().map(|field| format!("has({object}.{field}) && ")).collect::<String>();
        format!("({way}has({object}.{metadata}.labels))")
    };
    let within = |of: &str, other: &str| {
        format!(
            "{of}.{metadata}.labels.all(k, !k.startsWith(\"{OWN_LABELS}\") || ({} && \
             k in {other}.{metadata}.labels && {other}.{metadata}.labels[k] == {of}.{metadata}.labels[k]))",
            has(other)
        )
    };
    let created = format!("{metadata}.labels.all(k, !k.startsWith(\"{OWN_LABELS}\"))");
    vec![
        validation(
            &format!(
                "!{} || (oldObject == null ? object.{created} : {})",
                has("object"),
                within("object", "oldObject")
            ),
            Refusal::OwnLabels,
        ),
        validation(
            &format!("oldObject == null || !{} || {}", has("oldObject"), within("oldObject", "object")),
            Refusal::OwnLabels,
        ),
    ]
}

fn validation(expression: &str, refusal: Refusal<'_>) -> Value {
    json!({
        "expression": expression,
        "messageExpression": format!("\"{refusal}\""),
        "reason": "Forbidden",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_the_labs_own_sentence_and_is_asked_in_the_labs_namespaces_only() {
        let policy = object(Policy::Services);
        let selector = &policy["spec"]["matchConstraints"]["namespaceSelector"];
        assert_eq!(*selector, json!({"matchLabels": {"app.kubernetes.io/managed-by": "clusterip-lab"}}));
        assert_eq!(
            policy["spec"]["validations"][0]["messageExpression"],
            "\"type \" + object.spec.type + \" is a way into the cluster or out of it, and this lab is about \
             ClusterIP, the default: leave type out\""
        );
        for policy in Policy::ALL.map(object) {
            let validations = policy["spec"]["validations"].as_array().unwrap();
            assert!(validations.iter().all(|v| v["reason"] == "Forbidden"), "{policy:#}");
        }
    }

    #[test]
    fn the_labs_own_labels_may_neither_come_nor_change_nor_go() {
        let [come, go] = &kept("metadata", &[])[..] else { panic!("two rules") };
        assert_eq!(
            come["expression"],
            "!(has(object.metadata.labels)) || (oldObject == null ? \
             object.metadata.labels.all(k, !k.startsWith(\"clusterip-lab/\")) : \
             object.metadata.labels.all(k, !k.startsWith(\"clusterip-lab/\") || \
             ((has(oldObject.metadata.labels)) && \
             k in oldObject.metadata.labels && oldObject.metadata.labels[k] == object.metadata.labels[k])))"
        );
        assert!(go["expression"].as_str().unwrap().starts_with("oldObject == null || "));
    }
}
