//! What was typed and what came of it, in order: the page shows it, and a stream tells it as it happens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clusterip_domain::console::Place;
use jiff::Timestamp;
use serde::Serialize;

use super::calls::{Call, Changed};

/// The entries that are kept of a run, newest last.
const KEPT: usize = 30;

/// Something that happens while a line runs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub(crate) enum Happening {
    /// It wrote this.
    Wrote {
        /// Where to.
        channel: Channel,
        /// What.
        text: String,
    },
    /// It asked the API.
    Called {
        /// What.
        call: Call,
    },
    /// It is over.
    Ended {
        /// How.
        end: End,
        /// What it changed.
        changed: Vec<Changed>,
    },
}

/// Where a program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Channel {
    /// What it says.
    Out,
    /// What it complains of.
    Err,
}

/// How a line ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "how", content = "with")]
pub(crate) enum End {
    /// By itself, with this code; 0 is success.
    Exit(i32),
    /// It was stopped by whoever had started it.
    Stopped,
    /// It took longer than it may.
    TooLong,
    /// It wrote more than it may.
    TooMuch,
    /// It could not be started, or nobody can say how it ended; with what was said of that.
    Broken(String),
}

/// One line and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its place among the run's lines, from 1.
    pub number: u64,
    /// As it was typed.
    pub line: String,
    /// Where it ran.
    pub place: Place,
    /// When it began.
    pub at: Timestamp,
    /// What it wrote, in order.
    pub output: Vec<(Channel, String)>,
    /// What it asked of the API, in order.
    pub calls: Vec<Call>,
    /// What it changed.
    pub changed: Vec<Changed>,
    /// How it ended; `None` while it runs.
    pub end: Option<End>,
    /// How long it took.
    pub took: Duration,
}

impl Entry {
    /// Takes in what happened.
    pub(super) fn take(&mut self, happening: &Happening) {
        match happening {
            Happening::Wrote { channel, text } => match self.output.last_mut() {
                Some((last, so_far)) if last == channel => so_far.push_str(text),
                _ => self.output.push((*channel, text.clone())),
            },
            Happening::Called { call } => self.calls.push(call.clone()),
            Happening::Ended { end, changed } => {
                self.end = Some(end.clone());
                self.changed.clone_from(changed);
            }
        }
    }

    /// All that it said, without what it complained of.
    pub(super) fn said(&self) -> String {
        let said = self.output.iter().filter(|(channel, _)| *channel == Channel::Out);
        said.map(|(_, text)| text.as_str()).collect()
    }
}

/// The last lines of a run, with what came of them.
#[derive(Debug, Default)]
pub(crate) struct Transcript(Mutex<VecDeque<Arc<Entry>>>);

impl Transcript {
    /// Oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The entry of that number, if it is kept.
    pub(super) fn find(&self, number: u64) -> Option<Arc<Entry>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().find(|entry| entry.number == number).cloned()
    }

    pub(super) fn keep(&self, entry: Arc<Entry>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push_back(entry);
        let surplus = entries.len().saturating_sub(KEPT);
        entries.drain(..surplus);
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
