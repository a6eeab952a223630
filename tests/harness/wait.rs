//! Waiting: for a condition, inside a time.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::Instant;

/// How often a condition is looked at that does not announce itself.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Asks until the answer is yes, and returns it.
///
/// # Panics
/// The time is over: says what was waited for and the last answer.
pub async fn until<T: Debug>(
    what: &str,
    within: Duration,
    ask: impl AsyncFnMut() -> T,
    yes: impl FnMut(&T) -> bool,
) -> T {
    let answer = answered(within, ask, yes).await;
    answer.unwrap_or_else(|last| panic!("waited {within:?} for {what}; the last answer was {last:#?}"))
}

/// As [`until`], for who has something to do before it gives up.
///
/// # Errors
/// The last answer, when the time is over.
pub async fn answered<T>(
    within: Duration,
    mut ask: impl AsyncFnMut() -> T,
    mut yes: impl FnMut(&T) -> bool,
) -> Result<T, T> {
    let deadline = Instant::now() + within;
    loop {
        let answer = ask().await;
        if yes(&answer) {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            return Err(answer);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Waits for a future.
///
/// # Panics
/// The time is over.
pub async fn within<T>(what: &str, time: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(time, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {time:?} for {what}"),
    }
}
