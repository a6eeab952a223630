//! What the tests of the whole share: a server in this process, an HTTP client, a lab on a cluster, a browser.
//!
//! ```text
//! api ─────────────▶ Server ─ Http, Events
//! cluster ─┬───────▶ Lab { Server, Http, run } on kind (the node, its kernel) or on a practice cluster
//! browser ─┘ └▶ Browser { chromedriver, Chromium }
//! ```
//!
//! What holds on every cluster is written once, as a scenario: `async fn(Lab)`. [`on_both_clusters`] makes its tests.
//!
//! Invariants: every wait is for a condition, inside a time, and says what it saw last when the time is over. A
//! background task that panics fails the test it belongs to. What a test starts ends with it.

pub mod api_server;
pub mod browser;
pub mod chi_squared;
pub mod http;
pub mod kind;
pub mod lab;
pub mod server;
pub mod steps;
pub mod wait;

pub use http::{Events, Http};
pub use lab::{Lab, On};
pub use server::Server;

use std::path::PathBuf;

/// The tests of scenarios that hold on every cluster: for each `async fn name(lab: Lab)`, `on_practice::name` and
/// `on_kind::name`. `cargo test` runs those on practice; `tests/run` those on kind, and all that are `in Chromium`.
#[macro_export]
macro_rules! on_both_clusters {
    (in Chromium: $($scenario:ident),+ $(,)?) => {
        $crate::on_both_clusters! { @ on_practice Practice [ignore = "needs Chromium: run tests/run"] $($scenario)+ }
        $crate::on_both_clusters! { @ on_kind Kind [ignore = "needs kind and Chromium: run tests/run"] $($scenario)+ }
    };
    ($($scenario:ident),+ $(,)?) => {
        $crate::on_both_clusters! { @ on_practice Practice [cfg(test)] $($scenario)+ }
        $crate::on_both_clusters! { @ on_kind Kind [ignore = "needs a kind cluster: run tests/run"] $($scenario)+ }
    };
    (@ $module:ident $on:ident $when:tt $($scenario:ident)+) => {
        mod $module {
            use $crate::{Lab, On};
            $(
                #[tokio::test(flavor = "multi_thread")]
                # $when
                async fn $scenario() {
                    super::$scenario(Lab::open(On::$on).await).await;
                }
            )+
        }
    };
}

/// Tells a number worth keeping: `tests/run` repeats these lines in its summary.
pub fn fact(what: &str) {
    println!("fact: {what}");
}

/// Where cargo builds to: the folder above the test's own `debug/deps`.
#[must_use]
pub fn target_folder() -> PathBuf {
    let me = std::env::current_exe().expect("a test has an executable");
    me.ancestors().nth(3).expect("target/debug/deps/test").to_owned()
}

/// Keeps what a test saw, under `target/`, and says where.
pub fn keep(folder: &str, name: &str, bytes: &[u8]) {
    let folder = target_folder().join(folder);
    std::fs::create_dir_all(&folder).expect("target can be written");
    let file = folder.join(name);
    std::fs::write(&file, bytes).expect("target can be written");
    eprintln!("kept {}", file.display());
}
