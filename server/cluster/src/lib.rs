//! cluster

pub mod node;
