//! What may come next in a line: programs, verbs, kinds, names of live objects, flags, values and addresses.
//!
//! It offers, and does not judge: what is chosen is read by [`super::read`] like all else.

use std::ops::Range;

use serde::Serialize;

use super::flags::{Flag, Takes, Value};
use super::live::{KINDS, Kind, Live};
use super::verbs::canonical;
use super::{ClientTool, MAX_LINE_BYTES, PROGRAMS, Verb};

/// What may stand where the cursor is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// What a candidate takes the place of, in characters from 0: the word before the cursor, or its last part.
    pub replaces: Range<usize>,
    /// At most [`MAX_CANDIDATES`], in the order of the tables; names by the alphabet.
    pub candidates: Vec<Candidate>,
}

/// How many candidates are offered.
pub const MAX_CANDIDATES: usize = 50;

/// One word that may stand there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// What to write; it needs no quotes.
    pub text: String,
    /// What it is.
    pub kind: CandidateKind,
}

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CandidateKind {
    /// A program or one of the console's own words.
    Program,
    /// A verb, or a word of one.
    Verb,
    /// A kind of object.
    Kind,
    /// The name of a live object.
    Name,
    /// A flag.
    Flag,
    /// A flag's value.
    Value,
    /// Where a Service can be called.
    Address,
}

/// What may stand at the cursor, in characters from 0; a cursor behind the end is at the end.
#[must_use]
pub fn complete(line: &str, cursor: usize, live: &Live) -> Completion {
    let before: String = line.chars().take(cursor).collect();
    if before.len() > MAX_LINE_BYTES {
        return Completion::default();
    }
    // A word in quotes is the student's own text; what is half quoted does not split.
    let (done, word) = before.rsplit_once(' ').unwrap_or(("", &before));
    let Some(done) = shlex::split(done).filter(|_| !word.contains(['\'', '"', '\\'])) else {
        return Completion::default();
    };
    let done: Vec<&str> = done.iter().map(String::as_str).collect();
    let place = place(&done, word, live);
    let end = before.chars().count();
    let start = end - place.typed.chars().count();
    let fits = |c: &Candidate| c.text.starts_with(place.typed) && c.text != place.typed;
    let candidates = place.offers.into_iter().filter(fits).take(MAX_CANDIDATES).collect();
    Completion { replaces: start..end, candidates }
}

/// What is offered, and what of it was typed already.
struct At<'a> {
    typed: &'a str,
    offers: Vec<Candidate>,
}

fn at<T: Into<String>>(typed: &str, kind: CandidateKind, texts: impl IntoIterator<Item = T>) -> At<'_> {
    let offers = texts.into_iter().map(|text| Candidate { text: text.into(), kind }).collect();
    At { typed, offers }
}

fn nothing(typed: &str) -> At<'_> {
    At { typed, offers: Vec::new() }
}

fn place<'a>(done: &[&str], word: &'a str, live: &Live) -> At<'a> {
    match done {
        [] => at(word, CandidateKind::Program, PROGRAMS),
        ["kubectl", rest @ ..] => kubectl(rest, word, live),
        [tool, ..] => tool_named(tool).map_or_else(|| nothing(word), |tool| called(tool, word, live)),
    }
}

fn tool_named(word: &str) -> Option<ClientTool> {
    [ClientTool::Curl, ClientTool::Nslookup, ClientTool::Ping].into_iter().find(|tool| tool.name() == word)
}

fn called<'a>(tool: ClientTool, word: &'a str, live: &Live) -> At<'a> {
    let names = live.services.iter().cloned();
    match tool {
        ClientTool::Curl => {
            let hosts = names.chain(live.virtual_addresses.iter().cloned());
            at(word, CandidateKind::Address, hosts.map(|host| format!("http://{host}")))
        }
        ClientTool::Nslookup => at(word, CandidateKind::Address, names),
        ClientTool::Ping => {
            let ip = |address: &String| address.rsplit_once(':').map(|(ip, _)| ip.to_owned());
            at(word, CandidateKind::Address, names.chain(live.virtual_addresses.iter().filter_map(ip)))
        }
    }
}

fn kubectl<'a>(done: &[&str], word: &'a str, live: &Live) -> At<'a> {
    let path: Vec<&str> = done.iter().map(|word| canonical(word)).collect();
    let longest = (1..=path.len().min(3)).rev().find_map(|n| Verb::of(&path[..n]).map(|verb| (verb, n)));
    let further = Verb::after(&path);
    match longest {
        Some((verb, n)) if further.is_empty() || word.starts_with('-') => {
            arguments(verb, &done[n..], word, live)
        }
        _ => {
            let mut words = further;
            words.sort_unstable();
            at(word, CandidateKind::Verb, words)
        }
    }
}

fn arguments<'a>(verb: Verb, done: &[&str], word: &'a str, live: &Live) -> At<'a> {
    if let Some(dashes) = done.iter().position(|word| *word == "--") {
        return match (verb, &done[dashes + 1..]) {
            (Verb::Exec, []) => at(word, CandidateKind::Program, ["curl", "nslookup", "ping"]),
            (Verb::Exec, [tool, ..]) => {
                tool_named(tool).map_or_else(|| nothing(word), |tool| called(tool, word, live))
            }
            _ => nothing(word),
        };
    }
    if let Some((name, typed)) = word.split_once('=').filter(|(name, _)| name.starts_with("--")) {
        return verb.long_flag(&name[2..]).map_or_else(|| nothing(typed), |flag| values(flag, typed));
    }
    if word.starts_with('-') {
        return at(word, CandidateKind::Flag, verb.flags().map(|flag| format!("--{}", flag.long)));
    }
    match done.last().and_then(|last| waiting(verb, last)) {
        Some(flag) => values(flag, word),
        None => objects(verb, &positional(verb, done), word, live),
    }
}

/// The flag that takes the next word for its value.
fn waiting(verb: Verb, word: &str) -> Option<&'static Flag> {
    let flag = match word.strip_prefix("--") {
        Some(long) => verb.long_flag(long),
        None => word.strip_prefix('-').and_then(|letters| verb.short_flag(letters.chars().last()?)),
    };
    flag.filter(|flag| matches!(flag.takes, Takes::Value(_)))
}

fn values<'a>(flag: &Flag, typed: &'a str) -> At<'a> {
    let offered: &[&str] = match (flag.takes, flag.long) {
        (Takes::Switch, _) => &["true", "false"],
        (Takes::Attached(values) | Takes::Value(Value::Output(values)), _) => values,
        (Takes::Value(Value::Document), _) => &["-"],
        (_, "protocol") => &["TCP", "UDP", "SCTP"],
        (_, "session-affinity") => &["None", "ClientIP"],
        _ => &[],
    };
    at(typed, CandidateKind::Value, offered.iter().copied())
}

/// The words that are neither flags nor their values.
fn positional<'a>(verb: Verb, done: &[&'a str]) -> Vec<&'a str> {
    let mut value = false;
    let mut found = Vec::new();
    for word in done {
        let is_value = std::mem::replace(&mut value, waiting(verb, word).is_some());
        if !is_value && !word.starts_with('-') {
            found.push(*word);
        }
    }
    found
}

fn objects<'a>(verb: Verb, positional: &[&str], word: &'a str, live: &Live) -> At<'a> {
    let of = |kind: &'static Kind, typed| at(typed, CandidateKind::Name, kind.names(live).iter().cloned());
    if let Some((kind, typed)) = word.split_once('/') {
        return Kind::called(kind).map_or_else(|| nothing(typed), |kind| of(kind, typed));
    }
    match (verb, positional) {
        (Verb::Logs | Verb::Exec, []) => at(word, CandidateKind::Name, live.pods.iter().cloned()),
        (v, []) if takes_objects(v) => at(word, CandidateKind::Kind, KINDS.map(|kind| kind.plural)),
        (v, [kind, ..]) if takes_objects(v) && v != Verb::Explain => {
            Kind::called(kind).map_or_else(|| nothing(word), |kind| of(kind, word))
        }
        _ => nothing(word),
    }
}

/// Whether its arguments begin with a kind.
fn takes_objects(verb: Verb) -> bool {
    !verb.takes_no_arguments()
        && !verb.takes_command()
        && !matches!(
            verb,
            Verb::CreateDeployment
                | Verb::CreateClusterIp
                | Verb::CreateConfigMap
                | Verb::Logs
                | Verb::ApiResources
                | Verb::Events
                | Verb::CanI
        )
}
