//! cluster

pub mod agent_image;
