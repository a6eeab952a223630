//! What became of every request of a load, over all its windows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use clusterip_tests::Events;
use serde_json::Value;
use tokio::task::JoinHandle;

/// Reads the ticks of a stream until it is dropped. The counts of a tick begin anew when the pods behind the Service
/// change: so the last tick of each such window is kept, and they are added up.
pub(crate) struct Watcher {
    windows: Arc<Mutex<BTreeMap<String, Value>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    pub(crate) fn of(mut events: Events) -> Self {
        let windows = Arc::new(Mutex::new(BTreeMap::new()));
        let kept = Arc::clone(&windows);
        let task = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if event.name == "tick" {
                    let since = event.data["since"].as_str().unwrap_or_default().to_owned();
                    kept.lock().unwrap().insert(since, event.data);
                }
            }
        });
        Self { windows, task }
    }

    fn total(&self, of: &str) -> u64 {
        self.windows.lock().unwrap().values().map(|tick| tick[of].as_u64().unwrap_or_default()).sum()
    }

    /// Requests that were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.total("answered")
    }

    /// Requests that failed.
    pub(crate) fn failed(&self) -> u64 {
        self.total("failed")
    }

    /// How they failed, window by window.
    pub(crate) fn errors(&self) -> Vec<Value> {
        let windows = self.windows.lock().unwrap();
        windows
            .values()
            .map(|t| t["errors"].clone())
            .filter(|e| e.as_object().is_some_and(|e| !e.is_empty()))
            .collect()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}
