//! The embedded practice cluster.
