//! A backend's variables.
//!
//! | variable | default | what |
//! |---|---|---|
//! | `LISTEN` | 0.0.0.0 | the address to listen on; 127.0.0.1 takes no connection from other pods |
//! | `PORT` | 8080 | the port to listen on |
//! | `UPSTREAM` | none | whom to ask for each request: `http://HOST[:PORT]` |
//! | `READY` | true | whether `/readyz` begins with 200; `POST /readyz/on` and `off` switch it |
//! | `START_SECONDS` | 0 | how long it takes until it listens |
//! | `DELAY_MS` | 0 | how long an answer takes |
//! | `GRACE_SECONDS` | 5 | how long it serves on after it was told to stop; 0 ends at once |

use std::net::IpAddr;
use std::num::ParseIntError;
use std::time::Duration;

use clusterip_domain::chain::{BadUpstream, UPSTREAM_VARIABLE, UpstreamUrl};

/// What a backend does when it is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Drops what it has and ends.
    Abrupt,
    /// Serves on for so long, takes no new connections, finishes what is in flight, and ends.
    Graceful(Duration),
}

/// How a backend listens, answers and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port to listen on.
    pub port: u16,
    /// Whom it asks before it answers.
    pub upstream: Option<UpstreamUrl>,
    /// Whether it begins ready.
    pub ready: bool,
    /// How long it takes until it listens.
    pub start: Duration,
    /// How long an answer takes.
    pub delay: Duration,
    /// How it ends.
    pub ending: Ending,
}

/// A variable does not hold what it should.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `LISTEN`.
    #[error("LISTEN is {given:?}: give an IP address, such as 0.0.0.0 or 127.0.0.1")]
    Listen {
        /// What it holds.
        given: String,
        /// Why it is none.
        source: std::net::AddrParseError,
    },
    /// One of the numbers.
    #[error("{name} is {given:?}: give a whole number from 0 to 65535")]
    Number {
        /// The variable.
        name: &'static str,
        /// What it holds.
        given: String,
        /// Why it is none.
        source: ParseIntError,
    },
    /// `READY`.
    #[error("READY is {given:?}: give true or false")]
    Ready {
        /// What it holds.
        given: String,
    },
    /// `UPSTREAM`.
    #[error(transparent)]
    Upstream(#[from] BadUpstream),
}

impl Config {
    /// From the module's variables.
    ///
    /// # Errors
    /// The first variable that does not hold what it should.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let number = |name: &'static str, default: u16| match variable(name) {
            Some(given) => given.parse().map_err(|source| ConfigError::Number { name, given, source }),
            None => Ok(default),
        };
        let listen = variable("LISTEN").unwrap_or_else(|| "0.0.0.0".to_owned());
        let ready = match variable("READY").as_deref() {
            None | Some("true") => true,
            Some("false") => false,
            Some(given) => return Err(ConfigError::Ready { given: given.to_owned() }),
        };
        Ok(Self {
            listen: listen.parse().map_err(|source| ConfigError::Listen { given: listen, source })?,
            port: number("PORT", 8080)?,
            upstream: variable(UPSTREAM_VARIABLE).map(|given| given.parse()).transpose()?,
            ready,
            start: Duration::from_secs(number("START_SECONDS", 0)?.into()),
            delay: Duration::from_millis(number("DELAY_MS", 0)?.into()),
            ending: match number("GRACE_SECONDS", 5)? {
                0 => Ending::Abrupt,
                seconds => Ending::Graceful(Duration::from_secs(seconds.into())),
            },
        })
    }

    /// What it says when it is told to stop.
    pub fn last_words(&self) -> String {
        match self.ending {
            Ending::Abrupt => "told to stop: dropping what is in flight".to_owned(),
            Ending::Graceful(grace) => {
                format!("told to stop: not ready any more, serving for {} s more", grace.as_secs())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let config = read(&[]).unwrap();
        assert_eq!((config.port, config.ready, config.upstream), (8080, true, None));
        assert_eq!(config.ending, Ending::Graceful(Duration::from_secs(5)));
        let variables = [
            ("GRACE_SECONDS", "0"),
            ("READY", "false"),
            ("UPSTREAM", "http://data"),
            ("START_SECONDS", "3"),
            ("DELAY_MS", "20"),
        ];
        let config = read(&variables).unwrap();
        assert_eq!((config.ending, config.ready), (Ending::Abrupt, false));
        assert_eq!(config.upstream.unwrap().to_string(), "http://data");
        assert_eq!((config.start, config.delay), (Duration::from_secs(3), Duration::from_millis(20)));
    }

    #[test]
    fn what_holds_no_value_is_named() {
        for (name, value) in [
            ("LISTEN", "everywhere"),
            ("PORT", "http"),
            ("GRACE_SECONDS", "-1"),
            ("READY", "maybe"),
            ("UPSTREAM", "data"),
            ("DELAY_MS", "70000"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(value), "{error}");
        }
    }
}
