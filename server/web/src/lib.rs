//! The clusterip-lab server.

pub mod run;
