//! The lab on a real kind cluster, over HTTP: what is done with its buttons, and what can go wrong with a cluster.
//!
//! Needs a running cluster (see `clusterip_tests::kind`) and one test at a time: `tests/run` does both.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

mod load;
mod manifests;
mod outages;
mod spread;
mod steps;
mod streams;
mod survive;
