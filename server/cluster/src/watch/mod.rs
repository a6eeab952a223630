//! One watch a resource, whatever the number of students: from the API server into the [`Index`].
//!
//! ```text
//! list ─▶ watch ─▶ watch ─▶ … ─ error, 410 Gone, API server restart ─▶ back-off ─▶ list again
//! ```
//!
//! Each watch recovers by itself: whatever broke it, it lists again; the back-off is capped short, because a class is
//! waiting. While one is behind, the index says since when. Malformed objects are skipped and logged. The tasks end
//! with the token.

mod rules;

use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::ids::Namespace;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use jiff::Timestamp;
use k8s_openapi::api::{apps::v1 as apps, core::v1 as core, discovery::v1 as discovery};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, Resource, ResourceExt};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::convert::Convert;
use crate::index::{Change, Feed, Index, Kind, Object};

pub use rules::follow as follow_rules;

/// The longest wait before a watch tries again.
const BACKOFF_CAP: Duration = Duration::from_secs(3);
/// How often the API server is asked whether it is well.
const HEALTH_EVERY: Duration = Duration::from_secs(3);
/// How long it may take to answer that.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Starts every watch, and the health check. They run until the token is cancelled.
pub fn start(client: &Client, index: &Arc<Index>, tasks: &TaskTracker, stop: &CancellationToken) {
    let feed = Feeder { client: client.clone(), index: Arc::clone(index), stop: stop.clone() };
    tasks.spawn(feed.clone().watch(Kind::Pod, |o: &core::Pod| o.convert().map(Object::Pod)));
    tasks.spawn(feed.clone().watch(Kind::Service, |o: &core::Service| o.convert().map(Object::Service)));
    tasks.spawn(
        feed.clone().watch(Kind::Deployment, |o: &apps::Deployment| o.convert().map(Object::Deployment)),
    );
    tasks.spawn(
        feed.clone().watch(Kind::ReplicaSet, |o: &apps::ReplicaSet| o.convert().map(Object::ReplicaSet)),
    );
    tasks.spawn(
        feed.clone().watch(Kind::EndpointSlice, |o: &discovery::EndpointSlice| {
            o.convert().map(Object::EndpointSlice)
        }),
    );
    tasks.spawn(
        feed.clone().watch(Kind::Event, |o: &core::Event| {
            o.convert().map(|event| Object::Event(o.name_any(), event))
        }),
    );
    tasks.spawn(feed.health());
}

#[derive(Clone)]
struct Feeder {
    client: Client,
    index: Arc<Index>,
    stop: CancellationToken,
}

impl Feeder {
    async fn watch<K>(self, kind: Kind, convert: fn(&K) -> Option<Object>)
    where
        K: Resource<DynamicType = ()>
            + Clone
            + serde::de::DeserializeOwned
            + std::fmt::Debug
            + Send
            + 'static,
    {
        let mut waits = backoff();
        let mut listing = Vec::new();
        // kube-runtime's watcher takes a broken watch up where it was, and says nothing until something changes. A new
        // one lists again, so that a quiet resource is known to be up to date as soon as it is.
        loop {
            let stream = watcher::watcher(Api::<K>::all(self.client.clone()), watcher::Config::default())
                .take_until(self.stop.cancelled());
            pin_mut!(stream);
            let error = loop {
                match stream.try_next().await {
                    Ok(Some(event)) => {
                        // `Init` only says that it tries: a list that came through is what counts.
                        if matches!(event, Event::InitDone) {
                            waits = backoff();
                        }
                        self.take(kind, convert, event, &mut listing);
                    }
                    Ok(None) => return,
                    Err(error) => break error,
                }
            };
            tracing::warn!(?kind, %error, "watch is behind; it will try again");
            self.index.behind(Feed::Watch(kind), Timestamp::now());
            let wait = waits.next().unwrap_or(BACKOFF_CAP);
            self.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }

    fn take<K: Resource>(
        &self,
        kind: Kind,
        convert: fn(&K) -> Option<Object>,
        event: Event<K>,
        listing: &mut Vec<(String, Object)>,
    ) {
        match event {
            Event::Init => listing.clear(),
            Event::InitApply(object) => {
                listing.extend(object.namespace().zip(convert(&object)));
            }
            Event::InitDone => {
                let objects = std::mem::take(listing);
                self.index.apply(Change::Relisted { kind, objects });
            }
            Event::Apply(object) => match object.namespace().zip(convert(&object)) {
                Some((namespace, object)) => {
                    self.index.apply(Change::Put { namespace, object: Box::new(object) });
                }
                None => tracing::warn!(?kind, "skipped an object without a name or namespace"),
            },
            Event::Delete(object) => {
                let namespace = object.namespace().unwrap_or_default();
                self.index.apply(Change::Gone { namespace, kind, name: object.name_any() });
            }
        }
    }

    async fn health(self) {
        let mut every = tokio::time::interval(HEALTH_EVERY);
        while self.stop.run_until_cancelled(every.tick()).await.is_some() {
            match tokio::time::timeout(HEALTH_TIMEOUT, self.client.apiserver_version()).await {
                Ok(Ok(_)) => self.index.caught_up(Feed::Health),
                _ => self.index.behind(Feed::Health, Timestamp::now()),
            }
        }
    }
}

/// kube-runtime's own back-off, but never longer than [`BACKOFF_CAP`].
fn backoff() -> impl Iterator<Item = Duration> {
    watcher::DefaultBackoff::default().map(|wait| wait.min(BACKOFF_CAP))
}

/// Waits until the index satisfies a condition on one namespace, or the time is over.
///
/// # Errors
/// The last snapshot, when the time is over.
pub async fn until(
    index: &Index,
    namespace: &Namespace,
    within: Duration,
    mut holds: impl FnMut(&clusterip_domain::snapshot::Snapshot) -> bool,
) -> Result<(), Box<clusterip_domain::snapshot::Snapshot>> {
    let mut revisions = index.revisions();
    let wait = async {
        while !holds(&index.snapshot(namespace)) {
            if revisions.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(within, wait).await.map_err(|_| Box::new(index.snapshot(namespace)))
}

#[cfg(test)]
mod tests;
