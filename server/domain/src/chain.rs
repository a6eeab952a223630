//! Backends that call backends: frontend → backend → data, through Services and their names.
//!
//! ```text
//! client ──▶ frontend ── UPSTREAM ──▶ backend ── UPSTREAM ──▶ data
//!               └─ Answer { upstream: Hop { answer: Answer { upstream: Hop { answer: … } } } }
//! ```
//!
//! Invariants: a request carries how many backends it has come through ([`DEPTH_HEADER`]), and goes through no more
//! than [`MAX_DEPTH`] of them, so that two backends that call each other come to an end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::traffic::{Answer, BackendCount, ErrorCount, ErrorKind};

/// The variable of a backend that names its upstream.
pub const UPSTREAM_VARIABLE: &str = "UPSTREAM";
/// The request header that counts the backends a request has come through.
pub const DEPTH_HEADER: &str = "clusterip-lab-depth";
/// The most backends that one request goes through.
pub const MAX_DEPTH: u8 = 5;

/// `http://HOST[:PORT]`: whom a backend asks before it answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UpstreamUrl {
    host: String,
    port: u16,
}

/// A variable that names no upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{UPSTREAM_VARIABLE} is {given:?}: give http://HOST or http://HOST:PORT, such as http://backend-service"
)]
pub struct BadUpstream {
    /// What it holds.
    pub given: String,
}

impl UpstreamUrl {
    /// A DNS name or an address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port; 80 where none is given.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The Service it names, if it is one of `namespace`: by its short name, or by a longer one.
    #[must_use]
    pub fn service_in(&self, namespace: &str) -> Option<&str> {
        let (name, rest) = self.host.split_once('.').unwrap_or((&self.host, ""));
        let own = match rest.trim_end_matches('.').split_once('.') {
            None => rest.is_empty() || rest == namespace,
            Some((of, zone)) => of == namespace && matches!(zone, "svc" | "svc.cluster.local"),
        };
        own.then_some(name)
    }
}

impl FromStr for UpstreamUrl {
    type Err = BadUpstream;

    fn from_str(given: &str) -> Result<Self, BadUpstream> {
        let bad = || BadUpstream { given: given.chars().take(300).collect() };
        let rest = given.strip_prefix("http://").ok_or_else(bad)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0).ok_or_else(bad)?),
            None => (authority, 80),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || host.len() > 253 || !host.chars().all(allowed) {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl TryFrom<String> for UpstreamUrl {
    type Error = BadUpstream;
    fn try_from(given: String) -> Result<Self, BadUpstream> {
        given.parse()
    }
}

impl From<UpstreamUrl> for String {
    fn from(url: UpstreamUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.host)?;
        if self.port == 80 { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// What a backend got from its upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// Whom it asked, as its variable has it.
    pub to: UpstreamUrl,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorKind>,
    /// Who answered, if anyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Box<Answer>>,
}

impl Answer {
    /// What followed on this answer's own hop, the nearest first.
    pub fn hops(&self) -> impl Iterator<Item = &Hop> {
        std::iter::successors(self.upstream.as_ref(), |hop| hop.answer.as_ref()?.upstream.as_ref())
    }
}

/// One hop of a chain in one batch of a load. Hop 0 is the load itself, and is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HopCount {
    /// How many backends came before, from 1.
    pub hop: u8,
    /// Whom they asked.
    pub to: UpstreamUrl,
    /// Answers by pod, sorted by name.
    pub backends: Vec<BackendCount>,
    /// Failures by kind, sorted.
    pub errors: Vec<ErrorCount>,
}

/// How one sampled request went on after its first hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SampleHop {
    /// Whom the backend before asked.
    pub to: UpstreamUrl,
    /// Who answered, if anyone.
    #[serde(default)]
    pub pod: Option<String>,
    /// How it failed, if it did.
    #[serde(default)]
    pub error: Option<ErrorKind>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_plain_http_address() {
        for (given, host, port) in [
            ("http://backend-service", "backend-service", 80),
            ("http://backend-service:8080/", "backend-service", 8080),
            ("http://data.lab-x.svc.cluster.local", "data.lab-x.svc.cluster.local", 80),
            ("http://10.96.0.7:81", "10.96.0.7", 81),
        ] {
            let url: UpstreamUrl = given.parse().unwrap();
            assert_eq!((url.host(), url.port()), (host, port), "{given}");
        }
        for bad in [
            "",
            "backend",
            "https://backend",
            "http://",
            "http://a:0",
            "http://a:x",
            "http://a/b",
            "http://a b",
        ] {
            assert!(bad.parse::<UpstreamUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_belongs_to_its_own_namespace_unless_it_says_another() {
        for (host, service) in [
            ("data", Some("data")),
            ("data.lab-x", Some("data")),
            ("data.lab-x.svc", Some("data")),
            ("data.lab-x.svc.cluster.local.", Some("data")),
            ("data.lab-y", None),
            ("data.lab-y.svc", None),
            ("data.lab-x.example.org", None),
        ] {
            let url: UpstreamUrl = format!("http://{host}").parse().unwrap();
            assert_eq!(url.service_in("lab-x"), service, "{host}");
        }
    }

    #[test]
    fn hops_are_walked_from_the_nearest_on() {
        let answer = |pod: &str, upstream: Option<Hop>| Answer {
            pod: pod.into(),
            ip: [10, 244, 0, 5].into(),
            node: String::new(),
            version: "v1".into(),
            peer: "10.244.0.9:1".into(),
            connection: 1,
            request: 1,
            upstream,
        };
        let hop = |to: &str, answer: Answer| Hop {
            to: to.parse().unwrap(),
            status: Some(200),
            error: None,
            answer: Some(Box::new(answer)),
        };
        let data = answer("data", None);
        let backend = answer("backend", Some(hop("http://data", data)));
        let frontend = answer("frontend", Some(hop("http://backend:81", backend)));
        let json = serde_json::to_string(&frontend).unwrap();
        let read: Answer = serde_json::from_str(&json).unwrap();
        let hops: Vec<_> = read.hops().map(|hop| hop.to.to_string()).collect();
        assert_eq!(hops, ["http://backend:81", "http://data"]);
    }
}
