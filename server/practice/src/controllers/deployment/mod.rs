//! `Deployment`: a `ReplicaSet` for each template, and the way from one to the next.
//!
//! ```text
//! template ──▶ new set ◀── grows ──┐
//!              old sets ── shrink ─┴─ within maxSurge and maxUnavailable ──▶ status
//! ```
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/>

mod revision;
mod sizes;
mod status;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::events::{Recorder, Said};
use super::objects::{
    Key, controller_key, controller_of, controller_reference, is_controlled_by, key, number,
};
use super::runtime::{Controller, Done, object};
use crate::status::Status;
use crate::store::object::{is_deleting, map, name, namespace, text};
use crate::store::{Deletion, Resource, Selector, Store, WatchEvent};
use revision::{DESIRED, MOST, REVISION, hash, is_of, new_set, revision};
use sizes::{Bounds, Size, grow_new, share_out, shrink_old};

pub(crate) struct Deployments {
    pub(crate) store: Arc<Store>,
    pub(crate) events: Recorder,
}

/// A Deployment's sets: the one of its template, and the others, oldest first.
struct Sets {
    new: Option<Arc<Value>>,
    old: Vec<Arc<Value>>,
}

impl Controller for Deployments {
    type Key = Key;
    const NAME: &'static str = "deployment";

    fn watches(&self) -> Vec<Resource> {
        vec![Resource::Deployments, Resource::ReplicaSets, Resource::Pods]
    }

    fn keys(&self, resource: Resource, event: &WatchEvent) -> Vec<Key> {
        let object = object(event);
        match resource {
            Resource::Deployments => return vec![key(object)],
            Resource::Pods => return self.waiting_for(event),
            _ => {}
        }
        if let Some(owner) = controller_key(object, "Deployment") {
            return vec![owner];
        }
        let all = self.store.list(Resource::Deployments, Some(namespace(object)), &Selector::default()).items;
        all.iter().map(|deployment| key(deployment)).collect()
    }

    fn reconcile(&self, (namespace, name): &Key) -> Result<Done, Status> {
        let Some(deployment) = self.store.find(Resource::Deployments, namespace, name) else {
            return Ok(Done::Now);
        };
        let sets = self.sets(&deployment)?;
        if !is_deleting(&deployment) {
            self.advance(&deployment, sets)?;
        }
        self.write_status(namespace, name)
    }
}

impl Sets {
    fn all(&self) -> Vec<Arc<Value>> {
        self.old.iter().chain(&self.new).cloned().collect()
    }

    /// Those that have or want pods.
    fn active(&self) -> Vec<Arc<Value>> {
        self.all().into_iter().filter(|set| number(set, "/spec/replicas", 1) > 0).collect()
    }
}

impl Deployments {
    /// With `Recreate` a Deployment waits for the last of its old pods.
    fn waiting_for(&self, event: &WatchEvent) -> Vec<Key> {
        let WatchEvent::Deleted(pod) = event else { return Vec::new() };
        let set = controller_key(pod, "ReplicaSet");
        let set = set.and_then(|(namespace, name)| self.store.find(Resource::ReplicaSets, &namespace, &name));
        set.and_then(|set| controller_key(&set, "Deployment")).into_iter().collect()
    }

    fn sets(&self, deployment: &Value) -> Result<Sets, Status> {
        let selector = Selector::label_selector(&deployment["spec"]["selector"]);
        let found =
            self.store.list(Resource::ReplicaSets, Some(namespace(deployment)), &Selector::default()).items;
        let mut own = Vec::new();
        for set in found {
            let orphan = controller_of(&set).is_none() && !is_deleting(&set) && selector.matches(&set);
            if is_controlled_by(&set, deployment) {
                own.push(set);
            } else if orphan && !is_deleting(deployment) {
                own.push(self.adopt(deployment, &set)?);
            }
        }
        own.sort_by_key(|set| (text(set, "/metadata/creationTimestamp").into_owned(), revision(set)));
        let template = &deployment["spec"]["template"];
        let new = own.iter().position(|set| is_of(set, template)).map(|index| own.remove(index));
        Ok(Sets { new, old: own })
    }

    fn adopt(&self, deployment: &Value, set: &Value) -> Result<Arc<Value>, Status> {
        self.store.modify(Resource::ReplicaSets, namespace(set), name(set), |set| {
            set["metadata"]["ownerReferences"] = json!([controller_reference(deployment)]);
        })
    }

    /// One step: every change of a set wakes this again.
    fn advance(&self, deployment: &Value, mut sets: Sets) -> Result<(), Status> {
        let bounds = Bounds::of(deployment);
        if let Some(new) = sets.new.take() {
            sets.new = Some(self.renumber(deployment, new, &sets.old)?);
        }
        if deployment["spec"]["paused"] == true || was_rescaled(&sets, bounds) {
            return self.rescale(deployment, &sets, bounds);
        }
        let recreate = deployment["spec"]["strategy"]["type"] == "Recreate";
        if recreate {
            let resized = self.resize_all(deployment, &sets.old, &vec![0; sets.old.len()], bounds)?;
            if !resized.is_empty() || self.has_pods(&sets.old) {
                return Ok(());
            }
        }
        let new = match sets.new.take() {
            Some(new) => new,
            None => match self.create(deployment, &sets.old, bounds)? {
                Some(new) => new,
                None => return Ok(()),
            },
        };
        let old: Vec<Size> = sets.old.iter().map(|set| size(set)).collect();
        let grown = if recreate { bounds.wanted } else { grow_new(bounds, size(&new), &old) };
        let new = self.resize(deployment, &new, grown, bounds)?.unwrap_or(new);
        let shrunk = shrink_old(bounds, size(&new), &old);
        self.resize_all(deployment, &sets.old, &shrunk, bounds)?;
        self.clean_up(deployment, &new, &sets.old)
    }

    /// The number asked for changed, or the Deployment is paused: sizes change, templates do not.
    fn rescale(&self, deployment: &Value, sets: &Sets, bounds: Bounds) -> Result<(), Status> {
        let mut active = sets.active();
        let latest = match &active[..] {
            [] => sets.all().pop(),
            [one] => Some(Arc::clone(one)),
            _ => None,
        };
        if let Some(only) = latest {
            return self.resize(deployment, &only, bounds.wanted, bounds).map(drop);
        }
        let saturated = sets.new.as_ref().is_some_and(|new| {
            [size(new).wanted, size(new).available, annotated(new, DESIRED)]
                .iter()
                .all(|n| *n == bounds.wanted)
        });
        if saturated {
            return self.resize_all(deployment, &sets.old, &vec![0; sets.old.len()], bounds).map(drop);
        }
        // The largest takes what rounding leaves; of equals the newest when it is more, the oldest when it is less.
        let more = bounds.most() > active.iter().map(|set| size(set).wanted).sum();
        if more {
            active.reverse();
        }
        active.sort_by_key(|set| -size(set).wanted);
        let sizes: Vec<Size> = active.iter().map(|set| size(set)).collect();
        self.resize_all(deployment, &active, &share_out(bounds, &sizes), bounds).map(drop)
    }

    fn has_pods(&self, sets: &[Arc<Value>]) -> bool {
        sets.iter().any(|set| {
            let pods = self.store.list(Resource::Pods, Some(namespace(set)), &Selector::default()).items;
            pods.iter().any(|pod| is_controlled_by(pod, set) && !super::objects::has_ended(pod))
        })
    }

    /// A new set; `None` where its name was taken by another template's and is drawn anew.
    fn create(
        &self,
        deployment: &Value,
        old: &[Arc<Value>],
        bounds: Bounds,
    ) -> Result<Option<Arc<Value>>, Status> {
        let collisions = number(deployment, "/status/collisionCount", 0);
        let hash = hash(&deployment["spec"]["template"], collisions);
        let number = old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
        let sizes: Vec<Size> = old.iter().map(|set| size(set)).collect();
        let replicas = grow_new(bounds, Size::default(), &sizes);
        let mut set = new_set(deployment, &hash, replicas, number);
        annotate(&mut set, bounds);
        match self.store.create(Resource::ReplicaSets, set) {
            Ok(set) => {
                self.number(deployment, number)?;
                self.store.modify_status(
                    Resource::Deployments,
                    namespace(deployment),
                    name(deployment),
                    |deployment| {
                        deployment["status"]["conditions"] = json!(status::created(deployment, &set));
                    },
                )?;
                self.tell(deployment, &set, 0, replicas);
                Ok(Some(set))
            }
            Err(status) if status.code == 409 => {
                self.store.modify_status(
                    Resource::Deployments,
                    namespace(deployment),
                    name(deployment),
                    |deployment| deployment["status"]["collisionCount"] = json!(collisions + 1),
                )?;
                Ok(None)
            }
            Err(status) => Err(status),
        }
    }

    /// The set of the template is the newest, even if it was there before (a rollback), and is annotated as the
    /// Deployment is.
    fn renumber(
        &self,
        deployment: &Value,
        new: Arc<Value>,
        old: &[Arc<Value>],
    ) -> Result<Arc<Value>, Status> {
        let newest = old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
        let number = revision(&new).max(newest);
        self.number(deployment, number)?;
        let mut annotated = (*new).clone();
        revision::annotate(deployment, &mut annotated, number);
        if annotated == *new {
            return Ok(new);
        }
        self.store.modify(Resource::ReplicaSets, namespace(&new), name(&new), |set| {
            revision::annotate(deployment, set, number);
        })
    }

    fn number(&self, deployment: &Value, number: i64) -> Result<(), Status> {
        if revision(deployment) == number {
            return Ok(());
        }
        let numbered =
            self.store.modify(Resource::Deployments, namespace(deployment), name(deployment), |deployment| {
                let metadata = map(&mut deployment["metadata"]);
                map(metadata.entry("annotations").or_insert_with(|| json!({})))
                    .insert(REVISION.into(), json!(number.to_string()));
            });
        numbered.map(drop)
    }

    fn resize_all(
        &self,
        deployment: &Value,
        sets: &[Arc<Value>],
        sizes: &[i64],
        bounds: Bounds,
    ) -> Result<Vec<Arc<Value>>, Status> {
        let mut resized = Vec::new();
        for (set, replicas) in sets.iter().zip(sizes) {
            resized.extend(self.resize(deployment, set, *replicas, bounds)?);
        }
        Ok(resized)
    }

    /// Gives a set its size; the set as it became, if that is another than it was.
    fn resize(
        &self,
        deployment: &Value,
        set: &Value,
        replicas: i64,
        bounds: Bounds,
    ) -> Result<Option<Arc<Value>>, Status> {
        let before = size(set).wanted;
        // A set without pods does not care what the number is.
        let stale = annotated(set, DESIRED) != bounds.wanted || annotated(set, MOST) != bounds.most();
        if before == replicas && !(stale && replicas > 0) {
            return Ok(None);
        }
        let resized = self.store.modify(Resource::ReplicaSets, namespace(set), name(set), |set| {
            set["spec"]["replicas"] = json!(replicas);
            annotate(set, bounds);
        })?;
        if before != replicas {
            self.tell(deployment, set, before, replicas);
        }
        Ok((before != replicas).then_some(resized))
    }

    fn tell(&self, deployment: &Value, set: &Value, before: i64, after: i64) {
        let way = if after > before { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {} from {before} to {after}", name(set));
        self.events.tell(deployment, Said::normal("ScalingReplicaSet", message));
    }

    /// Keeps no more old sets than asked for, once the update is done.
    fn clean_up(&self, deployment: &Value, new: &Value, old: &[Arc<Value>]) -> Result<(), Status> {
        let wanted = number(deployment, "/spec/replicas", 1);
        let empty = |set: &Value| size(set).wanted == 0 && number(set, "/status/replicas", 0) == 0;
        if size(new).available < wanted || !old.iter().all(|set| empty(set)) {
            return Ok(());
        }
        let keep = usize::try_from(number(deployment, "/spec/revisionHistoryLimit", 10)).unwrap_or(10);
        let mut old: Vec<_> = old.iter().filter(|set| !is_deleting(set)).collect();
        old.sort_by_key(|set| revision(set));
        for set in &old[..old.len().saturating_sub(keep)] {
            self.store.delete(Resource::ReplicaSets, namespace(set), name(set), &Deletion::default())?;
        }
        Ok(())
    }

    fn write_status(&self, namespace: &str, name: &str) -> Result<Done, Status> {
        let Some(deployment) = self.store.find(Resource::Deployments, namespace, name) else {
            return Ok(Done::Now);
        };
        let sets = self.sets(&deployment)?;
        let (status, until) = status::status(&deployment, sets.new.as_ref(), &sets.all());
        self.store.modify_status(Resource::Deployments, namespace, name, |deployment| {
            deployment["status"] = status;
        })?;
        let after = |seconds: i64| Done::After(Duration::from_secs(seconds.max(1).unsigned_abs()));
        Ok(until.map_or(Done::Now, after))
    }
}

fn size(set: &Value) -> Size {
    Size {
        wanted: number(set, "/spec/replicas", 1),
        available: number(set, "/status/availableReplicas", 0),
        most: annotated(set, MOST),
    }
}

fn annotated(set: &Value, key: &str) -> i64 {
    set["metadata"]["annotations"][key].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn annotate(set: &mut Value, bounds: Bounds) {
    let metadata = map(&mut set["metadata"]);
    let annotations = map(metadata.entry("annotations").or_insert_with(|| json!({})));
    annotations.insert(DESIRED.into(), json!(bounds.wanted.to_string()));
    annotations.insert(MOST.into(), json!(bounds.most().to_string()));
}

/// Whether `spec.replicas` changed since the sets were sized.
fn was_rescaled(sets: &Sets, bounds: Bounds) -> bool {
    sets.active().iter().any(|set| annotated(set, DESIRED) != bounds.wanted)
}
