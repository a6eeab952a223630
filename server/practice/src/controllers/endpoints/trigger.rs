//! When what a Service's endpoints follow from last changed: what `kubectl describe` shows as
//! `endpoints.kubernetes.io/last-change-trigger-time`.
//!
//! Source: `k8s.io/endpointslice/trigger_time_tracker.go`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::controllers::objects::{Key, condition};
use crate::store::object::{map, name, text};

const ANNOTATION: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// What was seen: when the Service was made, and by name when which of its pods became ready or not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    service: String,
    /// Here a pod may become ready in the second in which it came, so the time alone does not tell.
    pods: BTreeMap<String, (String, bool)>,
}

/// What was seen of every Service.
#[derive(Debug, Default)]
pub(crate) struct Triggers {
    services: Mutex<HashMap<Key, Seen>>,
}

impl Triggers {
    /// The earliest of the times that are new since the last look; `None` when none is.
    pub(super) fn look(&self, key: &Key, service: &Value, pods: &[Arc<Value>]) -> Option<String> {
        // Times of the same form are in the order of their texts.
        let ready = |pod: &Value| {
            let ready = condition(pod, "Ready")?;
            let since = ready["lastTransitionTime"].as_str()?;
            Some((name(pod).to_owned(), (since.to_owned(), ready["status"] == "True")))
        };
        let now = Seen {
            service: text(service, "/metadata/creationTimestamp").into_owned(),
            pods: pods.iter().filter_map(|pod| ready(pod)).collect(),
        };
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        let before = services.remove(key).unwrap_or_default();
        let pods = now.pods.iter().filter(|(name, is)| before.pods.get(*name) != Some(is));
        let pods = pods.map(|(_, (time, _))| time);
        let service = Some(&now.service).filter(|time| **time > before.service);
        let earliest = pods.chain(service).min().cloned();
        services.insert(key.clone(), now);
        earliest
    }

    /// Forgets a Service that is gone.
    pub(super) fn forget(&self, key: &Key) {
        self.services.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Writes the time, or that there is none, on an object that is written for another reason.
pub(super) fn stamp(object: &mut Value, time: Option<&str>) {
    let metadata = map(&mut object["metadata"]);
    if let Some(time) = time {
        map(metadata.entry("annotations").or_insert_with(|| json!({})))
            .insert(ANNOTATION.into(), json!(time));
    } else if let Some(annotations) = metadata.get_mut("annotations") {
        map(annotations).remove(ANNOTATION);
        if map(annotations).is_empty() {
            metadata.remove("annotations");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_triggers_and_the_earliest_of_it_is_told() {
        let triggers = Triggers::default();
        let key = ("lab".to_owned(), "web".to_owned());
        let service = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:05Z"}});
        let pod = |name: &str, status: &str, at: &str| {
            Arc::new(json!({"metadata": {"name": name},
                "status": {"conditions": [{"type": "Ready", "status": status, "lastTransitionTime": at}]}}))
        };
        let early = pod("a", "False", "2026-01-01T00:00:01Z");
        let look = |pods: &[Arc<Value>]| triggers.look(&key, &service, pods);
        assert_eq!(look(&[Arc::clone(&early)]).as_deref(), Some("2026-01-01T00:00:01Z"));
        assert_eq!(look(&[Arc::clone(&early)]), None);
        let early = pod("a", "True", "2026-01-01T00:00:01Z");
        assert_eq!(
            look(&[Arc::clone(&early)]).as_deref(),
            Some("2026-01-01T00:00:01Z"),
            "in the same second"
        );
        let late = pod("b", "True", "2026-01-01T00:00:09Z");
        assert_eq!(look(&[early, Arc::clone(&late)]).as_deref(), Some("2026-01-01T00:00:09Z"));
        assert_eq!(look(&[late]), None, "a pod that goes has no time");
        triggers.forget(&key);
        assert_eq!(look(&[]).as_deref(), Some("2026-01-01T00:00:05Z"));
    }

    #[test]
    fn a_write_without_a_time_takes_the_old_one_away() {
        let mut slice = json!({"metadata": {"name": "s"}});
        stamp(&mut slice, Some("2026-01-01T00:00:01Z"));
        assert_eq!(slice["metadata"]["annotations"][ANNOTATION], "2026-01-01T00:00:01Z");
        stamp(&mut slice, None);
        assert_eq!(slice, json!({"metadata": {"name": "s"}}));
    }
}
