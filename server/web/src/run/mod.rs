//! A run: one student in one lab in one namespace.

mod view;

pub use view::{Noted, RunView};
