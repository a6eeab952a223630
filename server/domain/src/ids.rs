//! Names that were checked once, at the edge, and are trusted from then on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} {given:?} is not a name: use 1 to {max} of a-z, 0-9 and '-', beginning and ending with a letter or digit"
)]
pub struct InvalidName {
    /// Which kind of name it should have been.
    pub what: &'static str,
    /// What was given, cut to 80 characters.
    pub given: String,
    /// The longest name allowed, in characters.
    pub max: usize,
}

/// The longest DNS label, in characters. Source: RFC 1123 §2.1 and
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.
const DNS_LABEL_MAX: usize = 63;

fn is_dns_label(name: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    bytes.len() <= DNS_LABEL_MAX
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// Whether this can be the name of a Service: an RFC 1035 label, which begins with a letter.
/// Source: <https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service>.
#[must_use]
pub fn is_service_name(name: &str) -> bool {
    is_dns_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(name: &str) -> Result<Self, InvalidName> {
                if is_dns_label(name) {
                    Ok(Self(name.to_owned()))
                } else {
                    let given = name.chars().take(80).collect();
                    Err(InvalidName { what: $what, given, max: DNS_LABEL_MAX })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(name: String) -> Result<Self, InvalidName> {
                name.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a Kubernetes namespace, an RFC 1123 label.
    Namespace,
    "namespace"
);
name!(
    /// A lab of the course: its folder's name without the leading number, `one-stable-front`.
    LabId,
    "lab"
);
name!(
    /// A step of a lab, unique within it, and the anchor of its text.
    StepId,
    "step"
);
name!(
    /// A check, unique in its lab and stable: reports use it.
    CheckId,
    "check"
);
name!(
    /// One of the answers to a step's prediction.
    ChoiceId,
    "option"
);
name!(
    /// The name of the cluster that kind makes for the lab.
    ClusterName,
    "cluster name"
);

/// What the name of a run's second namespace ends with.
const NEIGHBOUR: &str = "-neighbour";

impl Namespace {
    /// The second namespace of a run, for what is reached by a full DNS name only. A name that has no room left is
    /// cut before the ending.
    #[must_use]
    pub fn neighbour(&self) -> Self {
        let room = DNS_LABEL_MAX - NEIGHBOUR.len();
        let own = self.0.get(..room).unwrap_or(&self.0).trim_end_matches('-');
        Self(format!("{own}{NEIGHBOUR}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_labels_are_names_and_nothing_else_is() {
        for good in ["a", "lab-01", "my-clusterip-service", &"x".repeat(63)] {
            assert_eq!(good.parse::<Namespace>().map(|n| n.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a/b", "../etc", "à", &"x".repeat(64)] {
            assert!(bad.parse::<Namespace>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_service_s_name_begins_with_a_letter_and_has_no_dot() {
        for (name, is) in [
            ("web", true),
            ("web-2", true),
            ("2-web", false),
            ("10", false),
            ("example.com", false),
            ("", false),
        ] {
            assert_eq!(is_service_name(name), is, "{name}");
        }
    }

    #[test]
    fn a_neighbour_has_a_name_too() {
        for (name, neighbour) in
            [("lab-x", "lab-x-neighbour".to_owned()), (&"y".repeat(63), "y".repeat(53) + NEIGHBOUR)]
        {
            let found = name.parse::<Namespace>().unwrap().neighbour();
            assert_eq!(found.as_str(), neighbour);
            assert!(is_dns_label(found.as_str()));
        }
    }

    #[test]
    fn deserialising_checks_the_name_too() {
        assert!(serde_json::from_str::<StepId>(r#""create-service""#).is_ok());
        assert!(serde_json::from_str::<StepId>(r#""../x""#).is_err());
    }
}
