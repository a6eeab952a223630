//! Who may do what, through the API alone: a student's credential from nothing, and what it opens and does not.

#[path = "access/class.rs"]
mod class;
mod common;
#[path = "access/requests.rs"]
mod requests;
#[path = "access/reviews.rs"]
mod reviews;
#[path = "access/rights.rs"]
mod rights;
#[path = "access/tokens.rs"]
mod tokens;
