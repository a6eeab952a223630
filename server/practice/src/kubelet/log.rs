//! What a container's process writes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

/// The most lines of one container that are kept; the oldest go first.
const KEPT: usize = 500;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// Without its end.
    pub text: String,
}

/// The log of one run of a container: written by its process, read by `kubectl logs`.
#[derive(Debug, Default)]
pub struct Log {
    lines: Mutex<VecDeque<LogLine>>,
    written: watch::Sender<u64>,
}

impl Log {
    /// Appends what a process wrote.
    pub(super) fn write(&self, text: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for text in text.lines() {
            if lines.len() == KEPT {
                lines.pop_front();
            }
            lines.push_back(LogLine { at: Timestamp::now(), text: text.to_owned() });
            self.written.send_modify(|written| *written += 1);
        }
    }

    /// The lines that are kept, and how many were written in all: what came since is the difference.
    #[must_use]
    pub fn read(&self) -> (Vec<LogLine>, u64) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        (lines.iter().cloned().collect(), *self.written.borrow())
    }

    /// Counts the lines written: it changes with each.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }
}
