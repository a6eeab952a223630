//! One question asked of the network, and what came of it.
//!
//! ```text
//! Probe ── aimed ──▶ ProbeSpec ── POST PROBE_PATH ──▶ client pod ──▶ ProbeReport ──▶ Probed ──▶ checks, diagnosis
//!                        ├── the server's own socket (from outside) ──▶ ─┘
//!                        └── port-forward (the pod itself) ──▶ ──────────┘
//! ```
//!
//! A probe is one try, where a load is many: it tells *how* an address fails. What it did not try it does not claim
//! ([`ProbeReport::tried`]).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::traffic::ErrorKind;

#[cfg(feature = "course")]
pub use course::{MAX_PROBES, Probe, Probed, Probes};

/// The path of the client's control port that takes a [`ProbeSpec`] and answers with a [`ProbeReport`].
pub const PROBE_PATH: &str = "/v1/probe";
/// The longest a probe takes, in milliseconds.
pub const MAX_PROBE_MS: u32 = 3000;
/// How long one takes where nothing is said, in milliseconds.
pub const PROBE_MS: u32 = 2000;

/// What asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// A request, read to the end of its answer.
    Http,
    /// A connection, closed again.
    Tcp,
    /// A name, resolved.
    Dns,
    /// An ICMP echo. A virtual IP is a rule for TCP, UDP and SCTP ports: nothing there answers one.
    Ping,
}

/// Where it is asked from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// The lab's client pod.
    #[default]
    Client,
    /// The server's own process, outside the cluster.
    Outside,
    /// The pod itself, on its own loopback, by the API server's port-forward.
    Itself,
}

/// A probe with its address, as the client pod is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeSpec {
    /// What asks.
    pub tool: Tool,
    /// An address or a DNS name, at most 253 characters.
    pub host: String,
    /// TCP port; 0 where the tool has none.
    pub port: u16,
    /// Give up after this many milliseconds: 1 to [`MAX_PROBE_MS`].
    pub timeout_ms: u32,
}

/// What does not hold of a [`ProbeSpec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadProbe {
    /// No host, or one too long for a name.
    #[error("host must have 1 to 253 characters")]
    Host,
    /// A connection without a port.
    #[error("port must be from 1 to 65535")]
    Port,
    /// Too long, or no time at all.
    #[error("timeoutMs must be from 1 to {MAX_PROBE_MS}")]
    Timeout,
}

impl ProbeSpec {
    /// Checks every bound.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn validate(&self) -> Result<(), BadProbe> {
        let connects = matches!(self.tool, Tool::Http | Tool::Tcp);
        match self {
            _ if !(1..=253).contains(&self.host.len()) => Err(BadProbe::Host),
            _ if connects && self.port == 0 => Err(BadProbe::Port),
            _ if !(1..=MAX_PROBE_MS).contains(&self.timeout_ms) => Err(BadProbe::Timeout),
            _ => Ok(()),
        }
    }
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeReport {
    /// It was answered.
    pub ok: bool,
    /// Whether anything was sent. `false` where there is no way to try: the practice cluster's network is inside
    /// one process and has no outside.
    pub tried: bool,
    /// How it failed.
    pub error: Option<ErrorKind>,
    /// The pod that answered, as it says itself (HTTP to a backend of the lab).
    pub pod: Option<String>,
    /// The addresses that the name has, or the address itself.
    pub addresses: Vec<IpAddr>,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

impl ProbeReport {
    /// It failed before anything was answered.
    #[must_use]
    pub fn failed(error: ErrorKind) -> Self {
        Self { ok: false, tried: true, error: Some(error), pod: None, addresses: Vec::new(), took_us: 0 }
    }
}

#[cfg(feature = "course")]
mod course {
    use serde::{Deserialize, Serialize};

    use super::{ProbeReport, Tool, Vantage};
    use crate::facts::Moment;
    use crate::lab::Destination;
    use crate::ledger::Target;

    /// The most probes that are remembered; the oldest are forgotten first.
    pub const MAX_PROBES: usize = 32;

    /// A probe as a lab or a button says it: the server finds the address.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    pub struct Probe {
        /// Where it is asked from.
        #[serde(default)]
        pub from: Vantage,
        /// What asks.
        pub tool: Tool,
        /// Where to.
        pub to: Destination,
        /// Another port than the destination's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub port: Option<u16>,
    }

    /// A probe and what came of it, as check expressions see it.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Probed {
        /// Where it was asked from.
        pub from: Vantage,
        /// What asked.
        pub tool: Tool,
        /// Where to; its port is 0 where the tool has none.
        pub target: Target,
        /// What came of it.
        #[serde(flatten)]
        pub report: ProbeReport,
    }

    /// Probes and when they were made, oldest first, at most [`MAX_PROBES`].
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Probes(Vec<(Moment, Probed)>);

    impl Probes {
        /// Remembers one that was made now.
        pub fn record(&mut self, now: Moment, probed: Probed) {
            if self.0.len() >= MAX_PROBES {
                self.0.remove(0);
            }
            self.0.push((now, probed));
        }

        /// All that are remembered, oldest first.
        pub fn all(&self) -> impl Iterator<Item = &Probed> {
            self.0.iter().map(|(_, probed)| probed)
        }

        /// Those that were made after a moment: the one that opened a step does not count in it.
        #[must_use]
        pub fn since(&self, moment: Moment) -> Vec<&Probed> {
            self.0.iter().filter(|(at, _)| *at > moment).map(|(_, probed)| probed).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{History, Moment};
    use crate::ledger::{Target, TargetKind};
    use serde_json::json;

    fn probed(port: u16) -> Probed {
        let target =
            Target { kind: TargetKind::VirtualIp, name: "web".into(), host: "10.96.0.9".into(), port };
        let report = ProbeReport::failed(ErrorKind::Refused);
        Probed { from: Vantage::Client, tool: Tool::Http, target, report }
    }

    #[test]
    fn every_bound_is_checked() {
        let spec = ProbeSpec { tool: Tool::Http, host: "web".into(), port: 80, timeout_ms: PROBE_MS };
        assert_eq!(spec.validate(), Ok(()));
        let bad = [
            (BadProbe::Host, ProbeSpec { host: String::new(), ..spec.clone() }),
            (BadProbe::Host, ProbeSpec { host: "x".repeat(254), ..spec.clone() }),
            (BadProbe::Port, ProbeSpec { port: 0, ..spec.clone() }),
            (BadProbe::Timeout, ProbeSpec { timeout_ms: 0, ..spec.clone() }),
            (BadProbe::Timeout, ProbeSpec { timeout_ms: MAX_PROBE_MS + 1, ..spec.clone() }),
        ];
        for (expected, spec) in bad {
            assert_eq!(spec.validate(), Err(expected));
        }
        assert_eq!(ProbeSpec { tool: Tool::Ping, port: 0, ..spec }.validate(), Ok(()));
    }

    #[test]
    fn checks_see_a_probe_flat() {
        assert_eq!(
            serde_json::to_value(probed(80)).unwrap(),
            json!({
                "from": "client", "tool": "http",
                "target": {"kind": "virtualIp", "name": "web", "host": "10.96.0.9", "port": 80},
                "ok": false, "tried": true, "error": "refused", "pod": null, "addresses": [], "tookUs": 0,
            })
        );
    }

    #[test]
    fn a_lab_says_where_from_only_when_it_is_not_the_client() {
        let probe: Probe =
            serde_json::from_value(json!({"tool": "ping", "to": {"kind": "virtual-ip", "service": "web"}}))
                .unwrap();
        assert_eq!((probe.from, probe.tool, probe.port), (Vantage::Client, Tool::Ping, None));
        let wrong = json!({"tool": "ping", "to": {"kind": "pod-ip"}, "of": 1});
        assert!(serde_json::from_value::<Probe>(wrong).is_err());
    }

    #[test]
    fn the_oldest_probe_is_forgotten_first() {
        let mut probes = Probes::default();
        let now = History::default().later();
        (1..=MAX_PROBES + 3).for_each(|port| probes.record(now, probed(u16::try_from(port).unwrap())));
        let kept = probes.since(Moment::default());
        assert_eq!((kept.len(), kept[0].target.port), (MAX_PROBES, 4));
    }

    #[test]
    fn a_probe_counts_for_the_step_that_was_open_and_not_for_the_one_it_opened() {
        let (mut probes, mut history) = (Probes::default(), History::default());
        probes.record(history.later(), probed(80));
        let opened = history.now();
        assert_eq!(probes.since(opened).len(), 0);
        probes.record(history.later(), probed(81));
        assert_eq!(probes.since(opened).len(), 1);
    }
}
