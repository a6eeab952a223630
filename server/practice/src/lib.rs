//! The embedded practice cluster.

pub mod status;
pub mod store;
