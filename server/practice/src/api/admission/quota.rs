//! `ResourceQuota`: what a namespace may use. What it does use is counted anew for each new object, under the store's
//! lock, so that no two can take the last of it.
//!
//! Source: <https://kubernetes.io/docs/concepts/policy/resource-quotas/>, and
//! `k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::Causes;
use super::resources::{check_name, check_quantity};
use crate::quota::{self, Amounts};
use crate::status::{Cause, Status};
use crate::store::{Resource, View, object};

/// What each container of a namespace with such a quota must say: kept from the time before `QoS` classes.
const REQUIRED: [&str; 6] =
    ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// The most pods of the cluster: more than its node takes, so that what waits can be seen, and no more than memory has
/// room for.
const MOST_PODS: usize = 2000;

/// Refuses a new object that a quota, or the cluster, has no room for.
pub(super) fn check(view: &View<'_>, resource: Resource, object: &Value) -> Result<(), Status> {
    if resource == Resource::Pods && view.list(resource, None).count() >= MOST_PODS {
        let what = format!("more than {MOST_PODS} pods");
        return Err(Status::not_modelled(resource, object::name(object), &what));
    }
    let namespace = object::namespace(object);
    if namespace.is_empty() {
        return Ok(());
    }
    let now = Timestamp::now();
    for quota in view.list(Resource::ResourceQuotas, Some(namespace)) {
        let mut hard = quota::hard(quota);
        hard.retain(|word, _| quota::resource_of(word) == Some(resource));
        if hard.is_empty() {
            continue;
        }
        let refuse = |why: &str| Err(Status::forbidden(resource, object::name(object), why));
        if resource == Resource::Pods
            && let Some(missing) = unsaid(object, &hard)
        {
            return refuse(&format!("failed quota: {}: must specify {missing}", object::name(quota)));
        }
        let mut requested = quota::usage(resource, object, now);
        requested.retain(|word, amount| hard.contains_key(word) && !amount.is_zero());
        let words: Vec<&str> = requested.keys().map(String::as_str).collect();
        let there = view.list(resource, Some(namespace)).map(|object| &**object);
        let used = quota::total(resource, there, &words, now);
        requested.retain(|word, amount| used[word] + *amount > hard[word]);
        if !requested.is_empty() {
            let exceeded = |amounts: &Amounts| {
                let only = amounts.iter().filter(|(word, _)| requested.contains_key(*word));
                quota::listed(&only.map(|(word, amount)| (word.clone(), *amount)).collect())
            };
            return refuse(&format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                object::name(quota),
                quota::listed(&requested),
                exceeded(&used),
                exceeded(&hard)
            ));
        }
    }
    Ok(())
}

/// What of the limited amounts some containers do not speak of: `limits.cpu for: a,b; memory for: b`.
fn unsaid(pod: &Value, hard: &Amounts) -> Option<String> {
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for container in quota::containers(pod) {
        let said = quota::compute(&[container]);
        for word in REQUIRED.into_iter().filter(|word| hard.contains_key(*word) && !said.contains_key(*word))
        {
            missing.entry(word).or_default().push(quota::name_of(container));
        }
    }
    let said = missing.into_iter().map(|(word, mut names)| {
        names.sort_unstable();
        format!("{word} for: {}", names.join(","))
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// A quota for some pods only counts others than it would here.
pub(super) fn refuse_unmodelled(quota: &Value) -> Result<(), Status> {
    let spec = &quota["spec"];
    let given = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
    if given(&spec["scopes"]) || spec["scopeSelector"].is_object() {
        let what = "scopes of quotas: a quota is for all pods of its namespace";
        return Err(Status::not_modelled(Resource::ResourceQuotas, object::name(quota), what));
    }
    Ok(())
}

/// Checks a quota.
pub(super) fn check_quota(quota: &Value) -> Causes {
    let mut causes = Causes::new();
    for (word, limit) in quota["spec"]["hard"].as_object().into_iter().flatten() {
        let field = format!("spec.hard[{word}]");
        causes.extend(check_name(word, &field));
        if !word.contains('/') && !quota::STANDARD.contains(&word.as_str()) {
            causes.push(Cause::invalid(
                &field,
                &word.as_str().into(),
                "must be a standard resource for quota",
            ));
        }
        let counted = word.contains('/') || quota::COUNTED.contains(&word.as_str());
        causes.extend(check_quantity(limit, &field, counted));
    }
    causes
}
