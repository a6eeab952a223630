//! The node's kube-proxy and the cluster's DNS: they follow Services and EndpointSlices.
//!
//! A rule is written a little after the change that asks for it, and changes that come meanwhile go with it: for
//! that long an endpoint has no rule yet, as on a real node. Names are changed at once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Names, Network, Rules};
use crate::pace::Pace;
use crate::status::Status;
use crate::store::{Resource, Selector, Store, Watch};
use crate::supervise::again;

/// How long it takes a change to become a rule.
pub const SYNC_DELAY: Duration = Duration::from_millis(100);

/// Starts both; they run for as long as `tasks` lives.
pub fn start(tasks: &mut JoinSet<()>, store: &Arc<Store>, network: &Network, pace: Pace) {
    let (store, network) = (Arc::clone(store), network.clone());
    tasks.spawn(again("the proxy".into(), move || run(Arc::clone(&store), network.clone(), pace)));
}

/// Follows the store for ever.
async fn run(store: Arc<Store>, network: Network, pace: Pace) {
    let all = Selector::default();
    loop {
        let (_, mut services) = store.list_and_watch(Resource::Services, None, &all);
        let (_, mut slices) = store.list_and_watch(Resource::EndpointSlices, None, &all);
        write(&store, &network, true);
        let mut due: Option<Instant> = None;
        loop {
            let changed = tokio::select! {
                changed = services.next() => changed,
                changed = slices.next() => changed,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    due = None;
                    write(&store, &network, true);
                    continue;
                }
            };
            // Whatever else has changed by now goes with it: in a crowd, each write is of many changes.
            let seen =
                changed.map(drop).and_then(|()| take_all(&mut services)).and_then(|()| take_all(&mut slices));
            if seen.is_err() {
                tracing::debug!("the proxy fell behind, and lists again");
                break;
            }
            write(&store, &network, false);
            due = due.or_else(|| Some(Instant::now() + pace.of(SYNC_DELAY)));
        }
    }
}

/// Takes the changes that are there already.
fn take_all(watch: &mut Watch) -> Result<(), Status> {
    while let Some(change) = watch.next().now_or_never() {
        change?;
    }
    Ok(())
}

fn write(store: &Store, network: &Network, rules: bool) {
    let all = Selector::default();
    let services = store.list(Resource::Services, None, &all).items;
    let slices = store.list(Resource::EndpointSlices, None, &all).items;
    let (services, slices) = (|| services.iter().map(|s| &**s), || slices.iter().map(|s| &**s));
    network.set_names(Names::new(services(), slices()));
    if rules {
        network.set_rules(Rules::new(services(), slices()));
    }
}
