//! A run: one student in one lab in one namespace.
//!
//! ```text
//! Index ── revision ──┐
//! client ─ report ────┼─▶ reducer (one task) ─▶ RunState ─▶ RunView ─▶ hubs ─▶ every viewer
//! act ─── command ────┘
//! ```
//!
//! Owner: [`Runs`]. Writer: the run's reducer, alone. Readers: handlers, through a `watch` of the view, and the
//! hubs, which serialise each change once a language for all viewers.

mod asking;
mod destination;
mod ground;
mod handle;
mod hub;
mod keeper;
mod reducer;
mod runs;
mod state;
mod tick;
mod view;

pub use asking::{Asking, aim};
pub use destination::{Aim, AimError, Order};
pub(crate) use ground::{GroundError, has};
pub use handle::{Command, Look, RunHandle, RunOver};
pub use hub::{Frame, Hub, LastSeen, Viewer, event};
pub use keeper::Keeper;
pub use runs::{Runs, Shared};
pub use state::RunState;
pub use view::{Noted, RunView, Trouble, Troubles};

#[cfg(test)]
mod tests;
