//! The clusterip-lab server: a web lab in which students learn the ClusterIP Service by building one.
//!
//! ```text
//! opening ─▶ Cluster { actions, index, runs }         (in the background; the start page shows how it goes)
//! browser ─▶ router ─▶ handler ─▶ run / actions ─▶ kube API ─▶ watch ─▶ run ─▶ events ─▶ browser
//! ```

mod acts;
mod console;
mod course;
mod error;
mod events;
mod files;
mod http;
mod kubectl;
mod lab_page;
mod opening;
pub mod pages;
mod play;
pub mod proof;
mod router;
pub mod run;
mod security;
mod serve;
mod start_page;
mod startup;
mod state;
pub mod words;

pub use course::{Course, CourseError, Reading, files_in};
pub use opening::{Origin, tags};
pub use router::build_router;
pub use serve::{Labs, ServeConfig, ServeError, run};
pub use startup::{Cluster, Failure, Outcome, Startup};
pub use state::{AppState, own_hosts};
