//! node
pub mod rules;
