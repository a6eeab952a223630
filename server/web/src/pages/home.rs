//! The course: all labs in their groups, how far the student is, and where to go on.

use askama::Template;
use clusterip_domain::lab::{Lab, LabErrors, LabKind, Lang};

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

/// The page of the course.
#[must_use]
pub fn home(
    lang: Lang,
    source: &SourceView,
    labs: &[LabCard<'_>],
    faults: &std::collections::BTreeMap<String, LabErrors>,
) -> String {
    let w = Words::of(lang);
    let cards: Vec<CardRow<'_>> = labs.iter().map(|card| row(w, lang, *card)).collect();
    let finished = cards.iter().filter(|c| c.class == "finished").count();
    // Where to go on: a lab that was begun, else the first that was not.
    let begun = cards.iter().position(|c| c.class == "begun");
    let next = begun.or_else(|| cards.iter().position(|c| c.class == "fresh"));
    html(&HomeTemplate {
        head: Head {
            w,
            lang: lang.code(),
            title: "clusterip-lab",
            page: "home",
            home: format!("/{}", lang.code()),
            other_path: format!("/{}", lang.other().code()),
            simulated: source.simulated,
        },
        w,
        status: traffic::status_of_source(lang, source),
        overall: fill(w.course.overall, &[("done", &finished), ("all", &cards.len())]),
        shares: cards.iter().map(|c| if c.class == "finished" { "done" } else { c.class }).collect(),
        go: next.and_then(|at| labs.get(at)).map(|card| row(w, lang, *card)),
        faults: faults.keys().map(|folder| fault(w, lang, folder)).collect(),
        groups: groups(w, labs, cards),
    })
}

fn fault(w: &'static Words, lang: Lang, folder: &str) -> FaultRow {
    let slug = folder.split_once('-').map_or(folder, |(_, slug)| slug);
    FaultRow {
        path: format!("/{}/labs/{slug}", lang.code()),
        said: fill(w.chrome.faults, &[("folder", &folder)]),
    }
}

fn groups<'a>(w: &'static Words, labs: &[LabCard<'_>], cards: Vec<CardRow<'a>>) -> Vec<Group<'a>> {
    let c = &w.course;
    let mut groups = [
        (LabKind::Lesson, "lessons", c.lessons, c.lessons_lead),
        (LabKind::Exam, "exams", c.exams, c.exams_lead),
        (LabKind::Trouble, "troubles", c.troubles, c.troubles_lead),
    ]
    .map(|(kind, class, title, lead)| (kind, Group { class, title, lead, cards: vec![] }));
    for (card, row) in labs.iter().zip(cards) {
        if let Some((_, group)) = groups.iter_mut().find(|(kind, _)| *kind == card.lab.kind) {
            group.cards.push(row);
        }
    }
    groups.into_iter().map(|(_, group)| group).filter(|g| !g.cards.is_empty()).collect()
}

fn row<'a>(w: &'static Words, lang: Lang, card: LabCard<'a>) -> CardRow<'a> {
    let all = card.lab.steps.len();
    let done = card.done.min(all);
    let (class, action) = match done {
        0 => ("fresh", w.chrome.lab_start),
        n if n == all => ("finished", w.chrome.lab_look),
        _ => ("begun", w.chrome.lab_continue),
    };
    CardRow {
        number: format!("{:02}", card.lab.number),
        title: card.lab.title(lang),
        path: lab_path(lang, &card.lab.id),
        claims: card.lab.claims.iter().filter_map(|n| w.course.claim(*n)).collect(),
        minutes: fill(w.chrome.minutes, &[("n", &card.lab.minutes)]),
        progress: fill(w.chrome.steps_done, &[("done", &done), ("all", &all)]),
        action,
        rail: (0..all).map(|i| i < done).collect(),
        class,
    }
}

#[derive(Template)]
#[template(path = "pages/home.html")]
struct HomeTemplate<'a> {
    head: Head<'a>,
    w: &'static Words,
    status: String,
    overall: String,
    /// How far each lab is, as a class.
    shares: Vec<&'static str>,
    go: Option<CardRow<'a>>,
    faults: Vec<FaultRow>,
    groups: Vec<Group<'a>>,
}

struct FaultRow {
    path: String,
    said: String,
}

struct Group<'a> {
    class: &'static str,
    title: &'static str,
    lead: &'static str,
    cards: Vec<CardRow<'a>>,
}

struct CardRow<'a> {
    number: String,
    title: &'a str,
    path: String,
    claims: Vec<&'static str>,
    minutes: String,
    progress: String,
    action: &'static str,
    rail: Vec<bool>,
    /// `fresh`, `begun` or `finished`.
    class: &'static str,
}
