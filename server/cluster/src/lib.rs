//! From the Kubernetes API to the domain, and from a student's act to the Kubernetes API.
//!
//! ```text
//! source ──▶ kube::Client, and the way into the nodes
//! kube API ── watch ──▶ convert ──▶ index ──▶ Snapshot
//! act ──▶ actions ──▶ kube API ──▶ the same watch
//! ```

pub mod actions;
pub mod agent_image;
pub mod convert;
pub mod doctor;
pub mod index;
pub mod inside;
pub mod manifest;
pub mod node;
pub mod source;
pub mod tenancy;
pub mod traffic;
pub mod watch;
