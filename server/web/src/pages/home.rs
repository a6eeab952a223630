//! The list of labs.

use askama::Template;
use clusterip_domain::lab::{Lab, Lang};

use super::{SourceView, html, lab::Head, lab_path, traffic};
use crate::words::{Words, fill};

/// A lab, and how far the student is.
#[derive(Debug, Clone, Copy)]
pub struct LabCard<'a> {
    /// The lab.
    pub lab: &'a Lab,
    /// Steps done.
    pub done: usize,
}

/// The page that lists the labs.
#[must_use]
pub fn home(lang: Lang, source: &SourceView, labs: &[LabCard<'_>]) -> String {
    let w = Words::of(lang);
    html(&HomeTemplate {
        head: Head {
            w,
            lang: lang.code(),
            title: "clusterip-lab",
            page: "home",
            simulated: source.simulated,
            home: format!("/{}", lang.code()),
            other_path: format!("/{}", lang.other().code()),
        },
        w,
        status: traffic::status_of_source(lang, source),
        cards: labs.iter().map(|card| row(w, lang, *card)).collect(),
    })
}

fn row<'a>(w: &'static Words, lang: Lang, card: LabCard<'a>) -> CardRow<'a> {
    let all = card.lab.steps.len();
    let done = card.done.min(all);
    CardRow {
        number: format!("{:02}", card.lab.number),
        title: card.lab.title(lang),
        intro: card.lab.intro.get(lang),
        path: lab_path(lang, &card.lab.id),
        minutes: fill(w.chrome.minutes, &[("n", &card.lab.minutes)]),
        progress: fill(w.chrome.steps_done, &[("done", &done), ("all", &all)]),
        action: match done {
            0 => w.chrome.lab_start,
            n if n == all => w.chrome.lab_look,
            _ => w.chrome.lab_continue,
        },
        rail: (0..all).map(|i| i < done).collect(),
        finished: done == all,
    }
}

#[derive(Template)]
#[template(path = "pages/home.html")]
struct HomeTemplate<'a> {
    head: Head<'a>,
    w: &'static Words,
    status: String,
    cards: Vec<CardRow<'a>>,
}

struct CardRow<'a> {
    number: String,
    title: &'a str,
    intro: &'a str,
    path: String,
    minutes: String,
    progress: String,
    action: &'static str,
    rail: Vec<bool>,
    finished: bool,
}
