//! `/metrics`: which watches are open, as Prometheus reads it.
//!
//! Source: <https://kubernetes.io/docs/reference/instrumentation/metrics/>, `apiserver_longrunning_requests`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::Resource;

/// What a watch follows: a resource, and the word for how much of it.
type Followed = (Resource, &'static str);

/// How many watches are open, by what they follow.
#[derive(Debug, Default)]
pub(crate) struct Watches(Mutex<BTreeMap<Followed, usize>>);

/// One open watch. It is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Open {
    watches: Arc<Watches>,
    followed: Followed,
}

impl Watches {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Followed, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more, of a namespace or of the whole cluster.
    pub(super) fn open(self: &Arc<Self>, resource: Resource, namespace: Option<&str>) -> Open {
        let followed = (resource, if namespace.is_some() { "namespace" } else { "cluster" });
        *self.lock().entry(followed).or_default() += 1;
        Open { watches: Arc::clone(self), followed }
    }

    /// In Prometheus' text format.
    pub(super) fn render(&self) -> String {
        let mut text = "# The practice cluster: simulated.\n\
            # HELP apiserver_longrunning_requests Watches that are open now, by what they follow.\n\
            # TYPE apiserver_longrunning_requests gauge\n"
            .to_owned();
        for ((resource, scope), count) in self.lock().iter() {
            let info = resource.info();
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "apiserver_longrunning_requests{{component=\"apiserver\",group=\"{}\",resource=\"{}\",\
                 scope=\"{scope}\",subresource=\"\",verb=\"WATCH\",version=\"{}\"}} {count}",
                info.group, info.plural, info.version
            );
        }
        text
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut watches = self.watches.lock();
        if let Some(count) = watches.get_mut(&self.followed) {
            *count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_counted_for_as_long_as_it_is_open() {
        let watches = Arc::new(Watches::default());
        let (one, two) =
            (watches.open(Resource::Deployments, None), watches.open(Resource::Deployments, None));
        let other = watches.open(Resource::Pods, Some("lab"));
        let line = "{component=\"apiserver\",group=\"apps\",resource=\"deployments\",scope=\"cluster\",\
                    subresource=\"\",verb=\"WATCH\",version=\"v1\"} ";
        assert!(watches.render().contains(&format!("{line}2\n")), "{}", watches.render());
        drop((one, two, other));
        assert!(watches.render().contains(&format!("{line}0\n")), "{}", watches.render());
        assert!(watches.render().contains("scope=\"namespace\""));
    }
}
