//! The embedded practice cluster: a small Kubernetes in one process, for a machine without one.
//!
//! ```text
//! kubectl, kube-rs ── HTTPS on loopback ──▶ api ──▶ store ◀── controllers, kubelet
//!                                            └── port-forward ──▶ network ◀── pods
//! ```
//!
//! - [`store`] has the one copy of every object, and tells who watches.
//! - `api` speaks Kubernetes over HTTP, with its defaults, checks and words.
//! - [`controllers`] bring what there is nearer to what is asked for.
//! - [`kubelet`] runs the pods of the one node: the lab's own agent, in this process.
//! - [`network`] is the pods' network with kube-proxy's semantics.
//!
//! Invariants: it is simulated and says so (`/version`, and a header of every answer); what it does not model it
//! refuses; it listens on loopback only.

mod api;
mod authn;
mod authz;
pub mod controllers;
mod kubeconfig;
pub mod kubelet;
pub mod network;
pub mod pace;
mod practice;
mod quantity;
mod quota;
mod serve;
pub mod status;
pub mod store;
mod supervise;
#[cfg(test)]
mod testing;
mod tls;

pub use authn::{KeyError, User};
pub use kubeconfig::CONTEXT;
pub use kubelet::NODE;
pub use practice::{Detached, Handle, Options, Practice, StartError};
pub use serve::Serving;
pub use tls::TlsError;
