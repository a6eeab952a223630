//! What differs from one cluster to the next is named by its kind and the order in which it is met.
//!
//! Invariants: equal things get equal names and different things different ones, as long as a [`Names`] lives (one
//! case), so that *relations* are compared too: the IP that an `EndpointSlice` has is the one that the pod has. What a
//! case spells out itself stays as it is.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::ages;

/// The letters of random suffixes and hashes. Source: `k8s.io/apimachinery/pkg/util/rand`.
const SAFE: &str = "[bcdfghjklmnpqrstvwxz2456789]";

/// What varies. The group's name is the kind of thing; what stands before it in the pattern is kept.
static VARIES: LazyLock<Regex> = LazyLock::new(|| {
    let hash = format!("{SAFE}{{6,10}}");
    let suffix = format!("{SAFE}{{5}}");
    let patterns = [
        r"\b(?P<uid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b".to_owned(),
        r"\b(?P<container>[a-z]+://[0-9a-f]{64})\b".to_owned(),
        // What a node calls an image follows from how the image came to it.
        r"\b(?P<image>docker\.io/library/import-[-0-9]+@sha256:[0-9a-f]{64})\b".to_owned(),
        r"\b(?P<built_in>practice://docker\.io/clusterip-lab/\w+:v\d)\b".to_owned(),
        r#"start exec "(?P<exec>[0-9a-f]{64})""#.to_owned(),
        r"(?P<digest>sha256:[0-9a-f]{64})\b".to_owned(),
        r"\b(?P<token>eyJ[-\w]+\.[-\w]+\.[-\w]+)".to_owned(),
        r"\b(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)".to_owned(),
        r"(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [-+]\d{4})\b".to_owned(),
        // kubectl's own log lines have the time and its process id.
        r"(?m:^)[EWI](?P<logged>\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+) ".to_owned(),
        r"/(?:LIVE|MERGED)-(?P<folder>\d+)/".to_owned(),
        r"\b(?P<date>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d)\b".to_owned(),
        r#"resourceVersion"?: "?(?P<version>\d+)\b"#.to_owned(),
        r"\.(?P<event>[0-9a-f]{16})\b".to_owned(),
        r"\b(?P<ip>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>[3-6]\d{4}))?\b".to_owned(),
        // Whom it is from, and how often it was asked before.
        r"\(connection (?P<connection>\d+), you".to_owned(),
        r"\bcontent-length: (?P<length>\d+)".to_owned(),
        r"\bafter (?P<ms>\d+) (?:ms|milliseconds)\b".to_owned(),
        r"\((?P<ago>(?:\d+[ydhms]){1,2}) ago\)".to_owned(),
        format!("-(?P<hash>{hash})-(?P<suffix>{suffix})\\b"),
        format!("pod-template-hash\"?[=:] ?\"?(?P<label>{hash})\\b"),
        format!("-(?P<replicas>{SAFE}{{7,10}})\\b"),
        format!("-(?P<end>{suffix})\\b"),
    ];
    Regex::new(&patterns.join("|")).expect("the patterns are patterns")
});

/// Which names one case has met on one side.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    /// What is known of the side: its node's name, its address.
    known: &'a [(String, &'static str)],
    /// What the case spells out itself.
    spelled: &'a HashSet<String>,
    met: HashMap<&'static str, Vec<String>>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(known: &'a [(String, &'static str)], spelled: &'a HashSet<String>) -> Self {
        Self { known, spelled, met: HashMap::new() }
    }

    /// What a command printed.
    pub(crate) fn output(&mut self, text: &str) -> String {
        let text = in_order(text).unwrap_or_else(|| ages::hide(text));
        let text = self.replace(&text);
        text.split_inclusive('\n').map(squeeze).collect()
    }

    /// What it complained of. Nothing is aligned there, so every space counts.
    pub(crate) fn errors(&mut self, text: &str) -> String {
        self.replace(text)
    }

    fn replace(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in self.known {
            text = text.replace(from, to);
        }
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for found in VARIES.captures_iter(&text) {
            for (kind, part) in parts(&found) {
                out.push_str(&text[end..part.start()]);
                let more = text[part.end()..].starts_with(|c: char| c == '-' || c.is_ascii_alphanumeric());
                out.push_str(&self.name(kind, part.as_str(), more));
                end = part.end();
            }
        }
        out.push_str(&text[end..]);
        out
    }

    fn name(&mut self, kind: &str, value: &str, more: bool) -> String {
        // Moments and counts are met by chance: that two are equal means nothing.
        const BY_CHANCE: [&str; 8] = ["time", "moment", "date", "logged", "folder", "ms", "ago", "length"];
        if BY_CHANCE.contains(&kind) {
            return kind.to_uppercase();
        }
        if self.spelled.contains(value) && kind != "connection" {
            return value.to_owned();
        }
        let kind = match kind {
            "uid" => "UID",
            "container" => "CONTAINER",
            "image" | "built_in" => "IMAGE",
            "exec" => "EXEC",
            "port" => "PORT",
            "connection" => "CONNECTION",
            "digest" => "DIGEST",
            "token" => "TOKEN",
            "version" => "VERSION",
            "event" => "EVENT",
            "hash" | "label" | "replicas" => "HASH",
            "suffix" => "SUFFIX",
            // Only the last part of a name is random.
            "end" if !more => "SUFFIX",
            "ip" if value.starts_with("10.244.") => "POD-IP",
            "ip" if value.starts_with("10.96.") && !matches!(value, "10.96.0.1" | "10.96.0.10") => "VIP",
            _ => return value.to_owned(),
        };
        let met = self.met.entry(kind).or_default();
        let place = met.iter().position(|known| known == value).unwrap_or_else(|| {
            met.push(value.to_owned());
            met.len() - 1
        });
        format!("{kind}-{}", place + 1)
    }
}

/// The named parts of a match, in their order.
fn parts<'t>(found: &Captures<'t>) -> Vec<(&'static str, regex::Match<'t>)> {
    let names = VARIES.capture_names().flatten();
    names.filter_map(|name| Some((name, found.name(name)?))).collect()
}

/// A JSON object on one line, as the API server sends it, with its fields in order: the order means nothing.
fn in_order(text: &str) -> Option<String> {
    let one_line = text.strip_suffix('\n').unwrap_or(text);
    let object = one_line.starts_with('{') && !one_line.contains('\n');
    let value: serde_json::Value = object.then(|| serde_json::from_str(one_line).ok())??;
    Some(format!("{value}{}", &text[one_line.len()..]))
}

/// Columns are as wide as their widest cell, which may be a random name: so two spaces or more are two.
fn squeeze(line: &str) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut out = line[..indent].to_owned();
    let mut spaces = 0;
    for c in line[indent..].chars() {
        if c == ' ' {
            spaces += 1;
            continue;
        }
        let _ = write!(out, "{}{c}", if spaces > 1 { "  " } else { &" "[..spaces] });
        spaces = 0;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        let spelled = HashSet::from(["10.96.0.77".to_owned(), "https".to_owned()]);
        Names::new(&[("kind-node".into(), "NODE")], &spelled).output(text)
    }

    #[test]
    fn what_varies_is_named_and_relations_stay() {
        for (text, named) in [
            ("web-5d9c7b8f6-x7k2p web-5d9c7b8f6-zzzzz", "web-HASH-1-SUFFIX-1 web-HASH-1-SUFFIX-2"),
            ("ReplicaSet/web-5d9c7b8f6, front-x7k2p", "ReplicaSet/web-HASH-1, front-SUFFIX-1"),
            ("app=web,pod-template-hash=5d9c7b8f6", "app=web,pod-template-hash=HASH-1"),
            ("10.244.0.5 10.244.0.9 10.244.0.5", "POD-IP-1 POD-IP-2 POD-IP-1"),
            ("10.96.3.4:80 10.96.0.77 10.96.0.1", "VIP-1:80 10.96.0.77 10.96.0.1"),
            ("uid: 8d0ae1e3-3b0e-4a6c-9a5b-0d1f3c2b1a00", "uid: UID-1"),
            ("at 2026-11-24T11:20:00Z", "at TIMEZ"),
            ("\"resourceVersion\": \"123\"", "\"resourceVersion\": \"VERSION-1\""),
            ("web.18a5f0c2b3d4e5f6", "web.EVENT-1"),
            ("1 (5m3s ago)", "1 (AGO ago)"),
            ("after 12 ms: Connection refused", "after MS ms: Connection refused"),
            ("on kind-node", "on NODE"),
            ("you are 10.244.0.5:41234)", "you are POD-IP-1:PORT-1)"),
            ("10.244.0.5:8080", "POD-IP-1:8080"),
            (r#"{"b":1,"a":"10.244.0.5"}"#, r#"{"a":"POD-IP-1","b":1}"#),
            ("W1124 11:58:52.079465    6146 helpers.go:731] --dry-run", "WLOGGED helpers.go:731] --dry-run"),
        ] {
            assert_eq!(normal(text), named);
        }
    }

    #[test]
    fn what_does_not_vary_stays() {
        for text in [
            "timeout=1s period=10s #success=1",
            "my-https web-front my-clusterip-service",
            "8080/TCP generation: 2",
            "1.2.3.4",
            "  indented: 80/TCP",
        ] {
            assert_eq!(normal(text), text);
        }
        assert_eq!(normal("NAME      READY\n"), "NAME  READY\n");
    }
}
