//! The console: what was typed, what came of it, and where the next line goes.

use askama::Template;
use clusterip_domain::console::Place;
use clusterip_domain::lab::Lang;

use super::{format, html};
use crate::console::{Call, Changed, Channel, End, Entry, Kubectl};
use crate::words::{Words, fill};

/// One line and what came of it.
#[must_use]
pub(crate) fn console_entry(lang: Lang, entry: &Entry) -> String {
    html(&EntryTemplate::of(lang, entry))
}

/// Where a line ran, in words.
#[must_use]
pub(crate) fn place(lang: Lang, place: &Place) -> String {
    let w = &Words::of(lang).console;
    match place {
        Place::Pod(pod) => fill(w.place_pod, &[("pod", pod)]),
        Place::Outside => w.place_outside.to_owned(),
        Place::Page => w.place_page.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "partials/console_entry.html")]
struct EntryTemplate<'a> {
    w: &'static Words,
    entry: &'a Entry,
    place: String,
    clock: String,
    /// How it ended, and whether that is as it should be.
    end: String,
    well: bool,
    calls: Option<String>,
}

impl<'a> EntryTemplate<'a> {
    fn of(lang: Lang, entry: &'a Entry) -> Self {
        let w = Words::of(lang);
        let calls = match entry.calls.len() {
            0 => None,
            1 => Some(w.console.calls_one.to_owned()),
            n => Some(fill(w.console.calls, &[("n", &n)])),
        };
        Self {
            w,
            entry,
            place: place(lang, &entry.place),
            clock: format::clock(entry.at),
            end: end(w, entry.end.as_ref()),
            well: entry.end == Some(End::Exit(0)),
            calls,
        }
    }

    /// What it wrote, in order; and whether it complained.
    fn output(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        self.entry.output.iter().map(|(channel, text)| (text.as_str(), *channel == Channel::Err))
    }

    fn requests(&self) -> &'a [Call] {
        &self.entry.calls
    }

    fn changed(&self) -> &'a [Changed] {
        &self.entry.changed
    }
}

/// How a line ended, in words; nothing where it ended well.
fn end(w: &'static Words, end: Option<&End>) -> String {
    let c = &w.console;
    match end {
        None => c.running.to_owned(),
        Some(End::Exit(0)) => String::new(),
        Some(End::Exit(code)) => fill(c.exit, &[("code", code)]),
        Some(End::Stopped) => c.stopped.to_owned(),
        Some(End::TooLong) => c.too_long.to_owned(),
        Some(End::TooMuch) => c.too_much.to_owned(),
        Some(End::Broken(said)) => fill(c.broken, &[("said", said)]),
    }
}

/// The console as the page begins with it.
#[derive(Debug, Default)]
pub struct ConsoleView {
    /// The entries, as HTML; oldest first.
    pub entries: String,
    /// Which kubectl runs, in words; `None` where there is none.
    pub kubectl: Option<String>,
}

impl ConsoleView {
    /// Of these entries.
    pub(crate) fn of<'a>(
        lang: Lang,
        entries: impl IntoIterator<Item = &'a Entry>,
        kubectl: Option<&Kubectl>,
    ) -> Self {
        let which =
            |kubectl: &Kubectl| fill(Words::of(lang).console.version, &[("version", &kubectl.version)]);
        Self {
            entries: entries.into_iter().map(|entry| console_entry(lang, entry)).collect(),
            kubectl: kubectl.map(which),
        }
    }
}
