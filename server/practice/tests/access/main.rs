//! Who may do what, through the API alone: a student's credential from nothing, and what it opens and does not.

mod class;
#[path = "../common/mod.rs"]
mod common;
mod requests;
mod reviews;
mod rights;
mod tokens;
