//! `ResourceQuota`: how many objects of a kind a namespace may have. CPU and memory are not counted: nothing here
//! needs any.
//!
//! Source: <https://kubernetes.io/docs/concepts/policy/resource-quotas/>.

use serde_json::Value;

use crate::status::Status;
use crate::store::{Resource, View, object};

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
    for quota in view.list(Resource::ResourceQuotas, Some(namespace)) {
        let hard = quota["spec"]["hard"].as_object();
        for (key, limit) in hard.into_iter().flatten() {
            if !counts(key, resource) {
                continue;
            }
            let Some(limit) = whole(limit) else { continue };
            let used = used(view, resource, namespace);
            if used + 1 > limit {
                let why = format!(
                    "exceeded quota: {}, requested: {key}=1, used: {key}={used}, limited: {key}={limit}",
                    object::name(quota)
                );
                return Err(Status::forbidden(resource, object::name(object), &why));
            }
        }
    }
    Ok(())
}

/// How many of its kind there are; pods that have ended do not count.
pub(crate) fn used(view: &View<'_>, resource: Resource, namespace: &str) -> u64 {
    let ended = |o: &Value| matches!(&*object::text(o, "/status/phase"), "Succeeded" | "Failed");
    let counted = view.list(resource, Some(namespace)).filter(|o| resource != Resource::Pods || !ended(o));
    counted.count() as u64
}

/// Whether a quota's key counts this resource.
fn counts(key: &str, resource: Resource) -> bool {
    let info = resource.info();
    let plain = ["pods", "services", "secrets", "configmaps", "resourcequotas"];
    (plain.contains(&key) && key == info.plural) || key.strip_prefix("count/") == Some(&*resource.qualified())
}

/// A count, which may be written as a text.
fn whole(limit: &Value) -> Option<u64> {
    limit.as_u64().or_else(|| limit.as_str()?.parse().ok())
}
