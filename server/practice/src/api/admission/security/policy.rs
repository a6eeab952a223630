//! The policy that a namespace's labels ask for.
//!
//! Source: `k8s.io/pod-security-admission/api/helpers.go`.

use std::fmt;

use serde_json::{Value, json};

use super::super::Causes;
use crate::status::Cause;

const PREFIX: &str = "pod-security.kubernetes.io/";

/// How strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Level {
    #[default]
    Privileged,
    Baseline,
    Restricted,
}

/// As which release of Kubernetes meant it: `None` is the latest, else the minor version.
pub(super) type Version = Option<u32>;

/// How strict, and as which release meant it: `baseline:latest`, `restricted:v1.30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LevelVersion {
    pub(super) level: Level,
    pub(super) version: Version,
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        match self.version {
            None => write!(f, "{level}:latest"),
            Some(minor) => write!(f, "{level}:v1.{minor}"),
        }
    }
}

/// What is refused, and what is warned about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Policy {
    pub(super) enforce: LevelVersion,
    pub(super) warn: LevelVersion,
}

impl Policy {
    /// The policy of a namespace. A label that is none is the strictest where it is enforced, and nothing elsewhere.
    pub(super) fn of(namespace: &Value) -> Self {
        let labels = &namespace["metadata"]["labels"];
        let label = |name: &str| labels[format!("{PREFIX}{name}")].as_str();
        let (enforce, warn) = (label("enforce"), label("warn"));
        let version = |name: &str| label(name).and_then(|text| version(text).ok()).unwrap_or_default();
        let mut policy = Self {
            enforce: LevelVersion {
                level: enforce.map(|text| level(text).unwrap_or(Level::Restricted)).unwrap_or_default(),
                version: version("enforce-version"),
            },
            warn: LevelVersion {
                level: warn.and_then(|text| level(text).ok()).unwrap_or_default(),
                version: version("warn-version"),
            },
        };
        // What is enforced is warned about as well: workloads are only warned about.
        let is_level = enforce.is_some_and(|text| level(text).is_ok());
        if warn.is_none() && is_level && policy.enforce.level > policy.warn.level {
            policy.warn.level = policy.enforce.level;
            if label("warn-version").is_none() {
                policy.warn.version = policy.enforce.version;
            }
        }
        policy
    }
}

/// What is wrong with the labels of a namespace.
pub(in super::super) fn check_labels(namespace: &Value) -> Causes {
    let labels = &namespace["metadata"]["labels"];
    let mut causes = Causes::new();
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("{PREFIX}{mode}");
        for (key, check) in [
            (key.clone(), (|text| level(text).map(drop)) as fn(&str) -> Result<(), &'static str>),
            (format!("{key}-version"), |text| version(text).map(drop)),
        ] {
            if let Some(Err(why)) = labels[&key].as_str().map(check) {
                causes.push(Cause::invalid(format!("metadata.labels[{key}]"), &json!(labels[&key]), why));
            }
        }
    }
    causes
}

fn level(text: &str) -> Result<Level, &'static str> {
    match text {
        "privileged" => Ok(Level::Privileged),
        "baseline" => Ok(Level::Baseline),
        "restricted" => Ok(Level::Restricted),
        _ => Err("must be one of privileged, baseline, restricted"),
    }
}

fn version(text: &str) -> Result<Version, &'static str> {
    if text == "latest" {
        return Ok(None);
    }
    let minor = text.strip_prefix("v1.").filter(|minor| *minor == "0" || !minor.starts_with('0'));
    let minor = minor.filter(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()));
    minor.and_then(|minor| minor.parse().ok()).map(Some).ok_or("must be \"latest\" or \"v1.x\"")
}
