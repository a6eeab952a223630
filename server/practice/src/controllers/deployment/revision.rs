//! Which `ReplicaSet` is a Deployment's newest, and what it is called.

use serde_json::{Value, json};

use crate::controllers::objects::controller_reference;
use crate::store::object::{map, name, text};

/// The label by which the pods of one template are told from those of another.
pub(super) const HASH_LABEL: &str = "pod-template-hash";
/// Counts a Deployment's templates.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// `spec.replicas` of the Deployment when a set was last sized.
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// The most pods there could be then.
pub(super) const MOST: &str = "deployment.kubernetes.io/max-replicas";

/// The numbers that a set had before.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";

/// Annotations of a Deployment that are not its sets'.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MOST,
    "deprecated.deployment.rollback.to",
];

/// The template's hash, in the letters that Kubernetes draws names from: `78cc479d4c`.
///
/// Equal templates have equal hashes; they are not those that a real cluster computes.
pub(super) fn hash(template: &Value, collisions: i64) -> String {
    let mut template = template.clone();
    template.sort_all_objects();
    let mut hash: u32 = 0x811c_9dc5;
    for byte in
        template.to_string().bytes().chain(collisions.to_le_bytes().into_iter().filter(|_| collisions > 0))
    {
        // FNV-1a. Source: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}

/// Whether a set's pods are of this template.
pub(super) fn is_of(set: &Value, template: &Value) -> bool {
    let mut own = set["spec"]["template"].clone();
    if let Some(labels) = own["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH_LABEL);
    }
    own == *template
}

/// A set's number among the Deployment's; 0 when it has none.
pub(super) fn revision(object: &Value) -> i64 {
    object["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Gives the set of the Deployment's template the Deployment's annotations, and this number if its own is lower; that
/// one is remembered.
/// Source: Kubernetes' `SetNewReplicaSetAnnotations`.
pub(super) fn annotate(deployment: &Value, set: &mut Value, number: i64) {
    let before = revision(set);
    let metadata = map(&mut set["metadata"]);
    let annotations = map(metadata.entry("annotations").or_insert_with(|| json!({})));
    for (key, value) in deployment["metadata"]["annotations"].as_object().into_iter().flatten() {
        if !NOT_COPIED.contains(&key.as_str()) {
            annotations.insert(key.clone(), value.clone());
        }
    }
    if before >= number {
        return;
    }
    annotations.insert(REVISION.into(), json!(number.to_string()));
    if before > 0 {
        let history = annotations.get(HISTORY).and_then(Value::as_str).filter(|history| !history.is_empty());
        let history = history.map_or_else(|| before.to_string(), |history| format!("{history},{before}"));
        annotations.insert(HISTORY.into(), json!(history));
    }
}

/// A new set for the Deployment's template.
pub(super) fn new_set(deployment: &Value, hash: &str, replicas: i64, revision: i64) -> Value {
    let labelled = |labels: &Value| {
        let mut labels = labels.clone();
        map(&mut labels).insert(HASH_LABEL.into(), json!(hash));
        labels
    };
    let spec = &deployment["spec"];
    let mut template = spec["template"].clone();
    template["metadata"]["labels"] = labelled(&template["metadata"]["labels"]);
    let mut selector = spec["selector"].clone();
    selector["matchLabels"] = labelled(&selector["matchLabels"]);
    let mut set = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", name(deployment)),
            "namespace": deployment["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
        "status": {"replicas": 0},
    });
    annotate(deployment, &mut set, revision);
    if !text(deployment, "/spec/minReadySeconds").is_empty() {
        set["spec"]["minReadySeconds"] = spec["minReadySeconds"].clone();
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_becomes_the_newest_again_remembers_its_numbers() {
        let deployment = json!({"metadata": {"annotations": {"why": "lesson", REVISION: "9", HISTORY: "1"}}});
        let mut set = json!({"metadata": {"name": "s"}});
        for (number, history) in [(1, None), (3, Some("1")), (3, Some("1")), (2, Some("1")), (5, Some("1,3"))]
        {
            annotate(&deployment, &mut set, number);
            let annotations = &set["metadata"]["annotations"];
            assert_eq!(
                (annotations["why"].as_str(), annotations[HISTORY].as_str()),
                (Some("lesson"), history)
            );
        }
        assert_eq!(revision(&set), 5);
    }

    #[test]
    fn a_template_has_one_hash_and_its_set_is_known_again() {
        let template =
            json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"image": "v1"}]}});
        let mut other = template.clone();
        other["spec"]["containers"][0]["image"] = json!("v2");
        assert_eq!(hash(&template, 0), hash(&template.clone(), 0));
        assert_ne!(hash(&template, 0), hash(&other, 0));
        assert_ne!(hash(&template, 0), hash(&template, 1));
        assert!(hash(&template, 0).chars().all(|c| "bcdf456789".contains(c)), "decimal digits, encoded");
        let deployment = json!({"metadata": {"name": "web", "namespace": "lab"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template}});
        let set = new_set(&deployment, &hash(&template, 0), 3, 1);
        assert!(is_of(&set, &template) && !is_of(&set, &other));
        assert_eq!(revision(&set), 1);
    }
}
