//! Keeps the network's policies those of the store.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Policies;
use crate::network::Network;
use crate::network::proxy::SYNC_DELAY;
use crate::pace::Pace;
use crate::store::{Resource, Selector, Store};
use crate::supervise::again;

/// Starts it; it runs for as long as `tasks` lives.
pub(crate) fn start(tasks: &mut JoinSet<()>, store: &Arc<Store>, network: &Network, pace: Pace) {
    let (store, network) = (Arc::clone(store), network.clone());
    tasks.spawn(again("network policies".into(), move || run(Arc::clone(&store), network.clone(), pace)));
}

/// Follows the store for ever. While there is no policy it looks at nothing else, and the network at nothing at all.
async fn run(store: Arc<Store>, network: Network, pace: Pace) {
    let all = Selector::default();
    loop {
        let (listed, mut policies) = store.list_and_watch(Resource::NetworkPolicies, None, &all);
        if listed.items.is_empty() {
            network.set_policies(Policies::default());
            // Whether it was told or fell behind: it looks again.
            policies.next().await.ok();
            continue;
        }
        let (of_pods, mut pods) = store.list_and_watch(Resource::Pods, None, &all);
        let (of_namespaces, mut namespaces) = store.list_and_watch(Resource::Namespaces, None, &all);
        network.set_policies(Policies::new(
            listed.items.iter().map(|policy| &**policy),
            of_pods.items.iter().map(|pod| &**pod),
            of_namespaces.items.iter().map(|namespace| &**namespace),
        ));
        tokio::select! {
            _ = policies.next() => {}
            _ = pods.next() => {}
            _ = namespaces.next() => {}
        }
        // What changes meanwhile goes with it.
        sleep(pace.of(SYNC_DELAY)).await;
    }
}
