//! The lab on a cluster, over HTTP: what is done with its buttons, and what can go wrong with a cluster.
//!
//! Each scenario is written once and played on a practice cluster, by `cargo test`, and on a real kind cluster, by
//! `tests/run`: that needs a running one (see `clusterip_tests::kind`) and one test at a time. Only what speaks of
//! kind's own node is played there alone.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

mod access;
mod diagnosis;
mod load;
mod manifests;
mod outages;
mod simulated;
mod spread;
mod steps;
mod streams;
mod survive;
