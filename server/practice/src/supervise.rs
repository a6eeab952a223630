//! A panic in the cluster's own tasks is told of and outlived: what panicked begins anew, from what the store has.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

/// How long what panicked rests: if it does so again and again, the rest of the cluster goes on.
const REST: Duration = Duration::from_secs(1);

/// Runs a task until it ends by itself.
///
/// Nothing is left half done by a panic: what the task knew is dropped with it, and the store and the network change in
/// one step each.
pub(crate) async fn again<F: Future<Output = ()>>(name: String, begin: impl Fn() -> F) {
    while let Err(panic) = AssertUnwindSafe(begin()).catch_unwind().await {
        tracing::error!(task = %name, panic = message(&*panic), "panicked, and begins anew: this is a bug");
        sleep(REST).await;
    }
}

/// What a panic says.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_panics_begins_anew_and_what_ends_has_ended() {
        let begun = AtomicU32::new(0);
        again("a test".into(), || async {
            let before = begun.fetch_add(1, Ordering::Relaxed);
            assert!(before > 1, "panics twice");
        })
        .await;
        assert_eq!(begun.into_inner(), 3);
    }

    #[test]
    fn both_kinds_of_messages_are_read() {
        assert_eq!(message(&"a"), "a");
        assert_eq!(message(&"b".to_owned()), "b");
        assert_eq!(message(&1), "without a message");
    }
}
