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

/// How far a log has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The lines written in all; the oldest are not kept.
    pub written: u64,
    /// Whether its process has ended.
    pub over: bool,
}

/// The log of one run of a container: written by its process, read by `kubectl logs`.
#[derive(Debug, Default)]
pub struct Log {
    lines: Mutex<VecDeque<LogLine>>,
    progress: watch::Sender<Progress>,
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
            self.progress.send_modify(|progress| progress.written += 1);
        }
    }

    /// The process has ended: nothing more will be written.
    pub(super) fn close(&self) {
        self.progress.send_modify(|progress| progress.over = true);
    }

    /// The lines that are kept, and how far they go.
    #[must_use]
    pub fn read(&self) -> (Vec<LogLine>, Progress) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        (lines.iter().cloned().collect(), *self.progress.borrow())
    }

    /// Tells of every change.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }
}
