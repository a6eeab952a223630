//! What a page must be, whatever the run is.

mod fixtures;
mod gallery;
