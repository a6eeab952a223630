//! Which Service stands behind which: frontend → backend → data.
//!
//! A pod that asks an upstream puts that upstream's Service one tier behind its own. Where nobody asks anybody there
//! is one tier, and all Services stand in it side by side.

use std::collections::BTreeMap;

use crate::snapshot::{Pod, Service, Snapshot};

/// The tiers of a namespace's Services, from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tiers(BTreeMap<String, usize>);

impl Tiers {
    /// The tiers of these Services: each as near to the client as it is called from. Services that call each other in
    /// a circle, and that nobody else calls, begin with the first by name.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let calls: Vec<(Option<&str>, &str)> = calls(snapshot).collect();
        let is_called = |name: &str| calls.iter().any(|(_, to)| *to == name);
        let mut tiers = Self::default();
        let names: Vec<&str> = snapshot.services.iter().map(|s| s.name.as_str()).collect();
        for root in names.iter().filter(|name| !is_called(name)) {
            tiers.0.insert((*root).to_owned(), 0);
        }
        tiers.follow(&calls);
        for name in names {
            if !tiers.0.contains_key(name) {
                tiers.0.insert(name.to_owned(), 0);
                tiers.follow(&calls);
            }
        }
        tiers
    }

    /// Puts what is called behind who calls it, the nearest first. Each round settles one more tier.
    fn follow(&mut self, calls: &[(Option<&str>, &str)]) {
        for tier in 0..calls.len() {
            for (from, to) in calls {
                let calling = from.map_or(Some(0), |from| self.0.get(from).copied());
                if calling == Some(tier) && !self.0.contains_key(*to) {
                    self.0.insert((*to).to_owned(), tier + 1);
                }
            }
        }
    }

    /// The tier of a Service; one that is not known stands with the first.
    pub(super) fn service(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// The tier of a pod; `None` where no Service selects it.
    pub(super) fn pod(&self, snapshot: &Snapshot, pod: &Pod) -> Option<usize> {
        selecting(snapshot, pod).map(|s| self.service(&s.name)).min()
    }
}

fn selecting<'a>(snapshot: &'a Snapshot, pod: &'a Pod) -> impl Iterator<Item = &'a Service> {
    snapshot.services.iter().filter(|s| s.selects(&pod.labels))
}

/// Who calls whom: the Service of the pods that call, if they have one, and the Service that is called.
fn calls(snapshot: &Snapshot) -> impl Iterator<Item = (Option<&str>, &str)> {
    snapshot.workloads().flat_map(move |pod| {
        let called = snapshot.upstream_of(pod).map(|s| s.name.as_str());
        let mut from: Vec<Option<&str>> = selecting(snapshot, pod).map(|s| Some(s.name.as_str())).collect();
        if from.is_empty() {
            from.push(None);
        }
        from.into_iter().filter_map(move |from| Some((from, called?)))
    })
}
