//! Labs as data: what a lab asks, in two languages, and when a step is done.
//!
//! ```text
//! labs/NN-slug/{lab.yaml, en.md, it.md, start/…} ──read──▶ Lab ──▶ page
//! Evidence (snapshot, ledger, history, …) ──▶ Progress::judge ──▶ steps ticked, messages, hints, predictions
//!                                             Progress ◀──▶ RunRecord (what is kept of a run)
//! ```
//!
//! Invariants: a [`Lab`] that exists is whole. Every step has its text in both languages, every file that is named is
//! there, every expression compiles, every step can open, and some route leads through it. What is not so is refused
//! with the file, the line where one is known, and the cure.

mod act;
mod cel;
mod progress;
mod read;
mod record;
mod spec;
mod text;
mod view;

pub use act::{Act, Destination, Sharing};
pub use cel::{Expression, MAX_TURNS, NoAnswer, Scene, World};
pub use progress::{Evidence, Guess, Judged, Progress, StepProgress, StepState};
pub use read::{CLAIMS, FORMAT_VERSION, LabError, LabErrors, LabFiles};
pub use record::{RunRecord, StepRecord};
pub use spec::{
    Answer, Check, Choice, Deeper, Hint, Lab, LabKind, Link, Move, Prediction, Route, Step, Wrong,
};
pub use text::{Lang, Localized, StepText};
pub use view::{CheckView, ChoiceView, Fate, HintView, PredictionView, Score, StepView};
