//! The embedded practice cluster.

pub mod network;
pub mod status;
pub mod store;
