//! The agent over real sockets on loopback: nothing here leaves the machine, and nothing sleeps.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where something is missing")]

mod backend;
mod chain;
mod control;
mod curl;
mod load;
mod support;
mod tools;
