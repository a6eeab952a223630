//! The clusterip-lab server.

pub mod pages;
pub mod run;
pub mod words;
