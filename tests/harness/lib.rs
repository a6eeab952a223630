//! What the tests of the whole share: a server in this process, an HTTP client, a lab on a cluster, a browser.
//!
//! ```text
//! api ──────▶ Server ─ Http, Events
//! practice ─▶ Lab { Server on the practice cluster, Http, run }
//! cluster ──▶ Lab { Server on kind, Http, run } ─ kind: the node, its kernel, its API server
//! browser ──▶ Lab ─ Browser { chromedriver, Chromium }
//! ```
//!
//! Invariants: every wait is for a condition, inside a time, and says what it saw last when the time is over. A
//! background task that panics fails the test it belongs to. What a test starts ends with it.

pub mod browser;
pub mod chi_squared;
pub mod http;
pub mod kind;
pub mod lab;
pub mod server;
pub mod steps;
pub mod wait;

pub use http::{Events, Http};
pub use lab::Lab;
pub use server::Server;

use std::path::PathBuf;

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
