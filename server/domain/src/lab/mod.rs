//! Labs as data: what a lab asks, in two languages, and when a step is done.
//!
//! ```text
//! labs/NN-slug/{lab.yaml, en.md, it.md, start/…} ──read──▶ Lab ──▶ page
//!                                  Facts ──▶ Lab::judge ──▶ Verdicts ──▶ Progress
//! ```
//!
//! Invariants: a [`Lab`] that exists is whole. Every step has its text in both languages, every file an act names
//! is there, every expression compiles. What is not so is refused with the file, and the line where one is known.

mod check;
mod progress;
mod read;
mod spec;
mod text;

pub use check::{Check, Expression};
pub use progress::{CheckView, Progress, StepState, StepView};
pub use read::{LabError, LabFiles};
pub use spec::{Act, Destination, Lab, Step};
pub use text::{Lang, Localized, StepText};
