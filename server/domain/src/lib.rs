//! The pure heart of clusterip-lab.
//!
//! ```text
//! Snapshot + Ledger ──▶ Facts ──▶ checks
//!          └──────────▶ Diagram
//! ```
//!
//! Invariants: nothing here does IO, reads a clock or knows kube. Time comes in as an argument, so every
//! function can be tested with a table. The page, the stream and the headless API call the same functions.

pub mod chain;
pub mod ids;
pub mod probe;
pub mod traffic;

#[cfg(feature = "course")]
pub mod bounds;
#[cfg(feature = "course")]
pub mod console;
#[cfg(feature = "course")]
pub mod diagnosis;
#[cfg(feature = "course")]
pub mod diagram;
#[cfg(feature = "course")]
pub mod distribution;
#[cfg(feature = "course")]
pub mod facts;
#[cfg(feature = "course")]
pub mod lab;
#[cfg(feature = "course")]
pub mod ledger;
#[cfg(feature = "course")]
pub mod rules;
#[cfg(feature = "course")]
pub mod snapshot;
