//! Forgetting what is old, so that a cluster that is used for long does not grow.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Store;

/// How long a change is remembered at least; at most it is twice as long.
/// Source: `--etcd-compaction-interval` of `kube-apiserver`.
const INTERVAL: Duration = Duration::from_secs(300);

/// Compacts for ever.
pub(crate) async fn keep_compact(store: Arc<Store>) {
    loop {
        let version = store.version();
        sleep(INTERVAL).await;
        store.compact(version);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::{AdmitAll, Resource, Selector};

    #[tokio::test(start_paused = true)]
    async fn a_change_is_remembered_for_one_interval_and_forgotten_after_two() {
        let store = Store::new(AdmitAll);
        let compacting = tokio::spawn(keep_compact(Arc::clone(&store)));
        tokio::task::yield_now().await;
        let before = store.version();
        store.create(Resource::ConfigMaps, json!({"metadata": {"name": "m", "namespace": "a"}})).unwrap();
        let watch = || store.watch_from(Resource::ConfigMaps, None, Selector::default(), before);
        sleep(INTERVAL + Duration::from_secs(1)).await;
        assert!(watch().is_ok());
        sleep(INTERVAL).await;
        assert_eq!(watch().unwrap_err().code, 410);
        compacting.abort();
    }
}
