//! What runs in the lab's pods.
//!
//! ```text
//! server ── port-forward ──▶ client ── Network ──▶ Service ──▶ backend
//!    ▲                         │                                 │
//!    └──── NDJSON of Line ─────┘◀───────────── Answer ───────────┘
//! ```
//!
//! - [`backend`] answers who it is and where the request came from.
//! - [`client`] sends a bounded load and reports what its own sockets saw.
//! - [`tools`] are enough of curl, nslookup and ping for `kubectl exec`.
//! - [`network`] and [`http::Listener`] are the seam: sockets in a pod, anything that carries bytes elsewhere.
//! - [`http`] serves both, bounded.
//!
//! Invariants: everything is bounded in count, size and time; nothing is counted that no socket saw; the
//! executable is static, so names are resolved here and never by libc.

pub mod backend;
pub mod client;
mod exchange;
pub mod http;
pub mod network;
pub mod tools;
mod upstream;
