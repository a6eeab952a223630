//! One stream of frames for all viewers of a run in one language.
//!
//! ```text
//! reducer ── publish ──▶ Hub ── the same Bytes ──▶ viewer, viewer, …
//!                         └─ the last frames, for those who come back with Last-Event-ID
//! ```
//!
//! Invariants: a frame is serialised once. A viewer that is slow loses frames, not the stream: it is sent the whole
//! picture instead. Publishing never waits for a viewer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use tokio::sync::broadcast;

use crate::pages::Fragment;

/// Frames a viewer may lag behind before it is sent the whole picture.
const BACKLOG: usize = 64;
/// Frames kept for viewers who come back.
const KEPT: usize = 128;

/// One server-sent event, as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Frame {
    number: u64,
    bytes: Bytes,
}

/// The last event a returning viewer saw, from its `Last-Event-ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    boot: u64,
    number: u64,
}

impl std::str::FromStr for LastSeen {
    type Err = ();
    fn from_str(id: &str) -> Result<Self, ()> {
        let (boot, number) = id.split_once('-').ok_or(())?;
        Ok(Self { boot: boot.parse().map_err(drop)?, number: number.parse().map_err(drop)? })
    }
}

/// See the module.
#[derive(Debug)]
pub struct Hub {
    inner: Mutex<Inner>,
    frames: broadcast::Sender<Frame>,
}

#[derive(Debug)]
struct Inner {
    /// Tells the ids of this server from those of the one before it.
    boot: u64,
    number: u64,
    kept: VecDeque<Frame>,
    /// The fragments as they were last sent.
    shown: BTreeMap<&'static str, String>,
}

/// One viewer's end.
#[derive(Debug)]
pub struct Viewer {
    /// What it is sent first.
    pub first: Bytes,
    /// What follows.
    pub frames: broadcast::Receiver<Frame>,
}

impl Frame {
    /// The bytes of the event.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl Hub {
    /// A hub whose event ids begin with `boot`, a number that differs from server to server.
    #[must_use]
    pub fn new(boot: u64) -> Self {
        let inner = Inner { boot, number: 0, kept: VecDeque::new(), shown: BTreeMap::new() };
        Self { inner: Mutex::new(inner), frames: broadcast::Sender::new(BACKLOG) }
    }

    /// Whether anybody looks: without viewers nothing needs to be rendered.
    #[must_use]
    pub fn watched(&self) -> bool {
        self.frames.receiver_count() > 0
    }

    /// How many look.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.frames.receiver_count()
    }

    /// Sends those fragments that are not what was last sent.
    pub fn show(&self, fragments: Vec<Fragment>) {
        let mut inner = self.lock();
        for fragment in fragments {
            if inner.shown.get(fragment.id) != Some(&fragment.html) {
                let frame = inner.frame("fragment", &Shown { id: fragment.id, html: &fragment.html });
                inner.shown.insert(fragment.id, fragment.html);
                self.send(&mut inner, frame);
            }
        }
    }

    /// Sends a tick.
    pub fn tick(&self, tick: &impl Serialize) {
        let mut inner = self.lock();
        let frame = inner.frame("tick", tick);
        self.send(&mut inner, frame);
    }

    /// A viewer comes, or comes back. If what it missed is still kept, it is sent that; else the whole picture,
    /// which `render` draws if nobody looked until now.
    pub fn join(&self, last: Option<LastSeen>, render: impl FnOnce() -> Vec<Fragment>) -> Viewer {
        let mut inner = self.lock();
        let alone = !self.watched();
        let frames = self.frames.subscribe();
        if alone {
            // Nobody was sent what happened since: an id from before must not be taken for up to date.
            inner.kept.clear();
            inner.number += 1;
            inner.shown = render().into_iter().map(|f| (f.id, f.html)).collect();
        }
        let first = last.and_then(|last| inner.since(last)).unwrap_or_else(|| inner.whole());
        Viewer { first, frames }
    }

    /// The whole picture, for a viewer that lost frames.
    #[must_use]
    pub fn whole(&self) -> Bytes {
        self.lock().whole()
    }

    fn send(&self, inner: &mut Inner, frame: Frame) {
        inner.kept.push_back(frame.clone());
        if inner.kept.len() > KEPT {
            inner.kept.pop_front();
        }
        // Nobody looking is no error.
        let _ = self.frames.send(frame);
    }

    /// A poisoned lock means that rendering panicked; what is kept is still a list of whole frames.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    html: &'a str,
}

impl Inner {
    fn frame(&mut self, event: &str, data: &impl Serialize) -> Frame {
        self.number += 1;
        Frame { number: self.number, bytes: encode(Some((self.boot, self.number)), event, data) }
    }

    fn since(&self, last: LastSeen) -> Option<Bytes> {
        let known = last.boot == self.boot && last.number <= self.number;
        let whole_gap = self.kept.front().map_or(last.number == self.number, |f| f.number <= last.number + 1);
        (known && whole_gap).then(|| {
            let missed = self.kept.iter().filter(|f| f.number > last.number);
            missed
                .fold(BytesMut::new(), |mut all, f| {
                    all.put_slice(&f.bytes);
                    all
                })
                .freeze()
        })
    }

    fn whole(&self) -> Bytes {
        let id = (self.boot, self.number);
        let mut all = BytesMut::new();
        for (id_of_fragment, html) in &self.shown {
            all.put_slice(&encode(Some(id), "fragment", &Shown { id: id_of_fragment, html }));
        }
        all.freeze()
    }
}

/// An event that belongs to no run, and that nobody resumes from.
#[must_use]
pub fn event(name: &str, data: &impl Serialize) -> Bytes {
    encode(None, name, data)
}

/// An event in the `text/event-stream` format. JSON has no raw line breaks, so one `data` line holds it.
/// Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>.
fn encode(id: Option<(u64, u64)>, event: &str, data: &impl Serialize) -> Bytes {
    let mut out = BytesMut::new();
    if let Some((boot, number)) = id {
        out.put_slice(format!("id: {boot}-{number}\n").as_bytes());
    }
    out.put_slice(format!("event: {event}\ndata: ").as_bytes());
    // Structs of strings and numbers always serialise.
    out.put_slice(&serde_json::to_vec(data).unwrap_or_default());
    out.put_slice(b"\n\n");
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(html: &str) -> Vec<Fragment> {
        vec![Fragment { id: "picture", html: html.into() }]
    }

    fn text(bytes: &Bytes) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn the_first_viewer_gets_the_whole_picture_and_then_only_changes() {
        let hub = Hub::new(7);
        let mut viewer = hub.join(None, || fragment("<p>1</p>"));
        assert_eq!(
            text(&viewer.first),
            "id: 7-1\nevent: fragment\ndata: {\"id\":\"picture\",\"html\":\"<p>1</p>\"}\n\n"
        );
        hub.show(fragment("<p>1</p>"));
        assert!(viewer.frames.try_recv().is_err(), "nothing changed");
        hub.show(fragment("<p>2</p>"));
        assert!(text(&viewer.frames.try_recv().unwrap().into_bytes()).starts_with("id: 7-2\n"));
    }

    #[test]
    fn one_who_comes_back_gets_what_was_missed_if_it_is_kept() {
        let hub = Hub::new(7);
        let _stays = hub.join(None, || fragment("0"));
        for n in 1..=3 {
            hub.show(fragment(&n.to_string()));
        }
        let missed = hub.join("7-3".parse().ok(), Vec::new).first;
        assert!(text(&missed).contains("id: 7-4") && !text(&missed).contains("id: 7-3\n"));
        assert!(hub.join("7-4".parse().ok(), Vec::new).first.is_empty());
        for stale in ["6-2", "7-99"] {
            assert!(
                text(&hub.join(stale.parse().ok(), Vec::new).first).contains("\"html\":\"3\""),
                "{stale}"
            );
        }
        for n in 0..KEPT {
            hub.show(fragment(&format!("x{n}")));
        }
        assert!(text(&hub.join("7-2".parse().ok(), Vec::new).first).contains("fragment"));
    }

    #[test]
    fn one_who_comes_back_when_nobody_looked_gets_the_whole_picture() {
        let hub = Hub::new(7);
        drop(hub.join(None, || fragment("old")));
        let first = hub.join("7-1".parse().ok(), || fragment("new")).first;
        assert!(text(&first).contains("new"));
    }

    #[test]
    fn a_viewer_that_lags_loses_frames_and_nobody_waits_for_it() {
        let hub = Hub::new(7);
        let mut slow = hub.join(None, || fragment("0"));
        for n in 0..BACKLOG * 2 {
            hub.show(fragment(&n.to_string()));
        }
        assert!(matches!(slow.frames.try_recv(), Err(broadcast::error::TryRecvError::Lagged(_))));
        assert!(text(&hub.whole()).contains(&format!("\"html\":\"{}\"", BACKLOG * 2 - 1)));
    }

    #[test]
    fn ids_that_are_none_are_refused() {
        for bad in ["", "7", "a-b", "7-", "-7", "7-8-9"] {
            assert!(bad.parse::<LastSeen>().is_err(), "{bad:?}");
        }
    }
}
