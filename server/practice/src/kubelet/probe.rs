//! Probes: whether a container answers.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/pods/probes/>

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::http_get::{self, HttpGet};
use super::process::Program;
use crate::network::{Network, Sandbox};

/// What a probe calls itself to an HTTP server.
const AGENT: &str = "kube-probe/1.34";

/// A probe that can be made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probe {
    action: Action,
    initial_delay: Duration,
    period: Duration,
    timeout: Duration,
    successes: u32,
    failures: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Http(HttpGet),
    Tcp { port: u16 },
    Exec { argv: Vec<String> },
}

/// What a series of probes has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As often as asked for in a row.
    Success,
    /// Not yet as often as that.
    NotYet,
    /// It failed; whether as often as asked for in a row, and why.
    Failure {
        /// As often as asked for.
        decided: bool,
        /// In the kubelet's words.
        why: String,
    },
}

/// How often the last probes went the same way.
#[derive(Debug, Default)]
pub(super) struct Streak {
    successes: u32,
    failures: u32,
}

impl Probe {
    /// The container's probe of that field, if it has one.
    pub(super) fn read(container: &Value, field: &str) -> Option<Self> {
        let probe = container.get(field)?;
        let action = if let Some(http) = probe.get("httpGet") {
            Action::Http(HttpGet::read(container, http).ok()?)
        } else if let Some(exec) = probe.get("exec") {
            let words = exec["command"].as_array().into_iter().flatten();
            Action::Exec { argv: words.filter_map(|word| word.as_str().map(str::to_owned)).collect() }
        } else {
            Action::Tcp { port: http_get::port(container, probe.get("tcpSocket")?).ok()? }
        };
        let number = |field: &str, default: u32| {
            probe[field].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
        };
        let seconds = |field, default| Duration::from_secs(number(field, default).into());
        Some(Self {
            action,
            initial_delay: seconds("initialDelaySeconds", 0),
            period: seconds("periodSeconds", 10).max(Duration::from_secs(1)),
            timeout: seconds("timeoutSeconds", 1).max(Duration::from_secs(1)),
            successes: number("successThreshold", 1).max(1),
            failures: number("failureThreshold", 3).max(1),
        })
    }

    /// Waits until the first is due.
    pub(super) async fn wait_first(&self) {
        sleep(self.initial_delay).await;
    }

    /// Waits until the next is due.
    pub(super) async fn wait_next(&self) {
        sleep(self.period).await;
    }

    /// Probes once.
    pub(super) async fn ask(&self, network: &Network, pod: &Sandbox, streak: &mut Streak) -> Outcome {
        match self.once(network, pod).await {
            Ok(()) => {
                *streak = Streak { successes: streak.successes + 1, failures: 0 };
                if streak.successes >= self.successes { Outcome::Success } else { Outcome::NotYet }
            }
            Err(why) => {
                *streak = Streak { successes: 0, failures: streak.failures + 1 };
                Outcome::Failure { decided: streak.failures >= self.failures, why }
            }
        }
    }

    /// One probe; the error in the kubelet's words.
    async fn once(&self, network: &Network, pod: &Sandbox) -> Result<(), String> {
        let ip = pod.ip();
        match &self.action {
            Action::Exec { argv } => self.run(argv, pod).await,
            Action::Tcp { port } => {
                let address = SocketAddr::from((ip, *port));
                match timeout(self.timeout, network.connect_from_node(address)).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(http_get::refused(address, &error)),
                    Err(_) => Err(format!("dial tcp {address}: i/o timeout")),
                }
            }
            Action::Http(get) => {
                let why = match timeout(self.timeout, get.ask(network, ip, AGENT)).await {
                    Ok(Ok(status)) if (200..400).contains(&status) => return Ok(()),
                    Ok(Ok(status)) => return Err(format!("HTTP probe failed with statuscode: {status}")),
                    Ok(Err(why)) => why.to_string(),
                    Err(_) => "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                        .to_owned(),
                };
                Err(get.complain(ip, &why))
            }
        }
    }

    /// A command that ends in time, and well.
    async fn run(&self, argv: &[String], pod: &Sandbox) -> Result<(), String> {
        let Some(Program::Tool(tool, arguments)) = Program::find(argv) else {
            let file = argv.first().map(String::as_str).unwrap_or_default();
            return Err(format!("exec: \"{file}\": executable file not found in $PATH: unknown"));
        };
        let ran = timeout(self.timeout, tool.collect(&arguments, &pod.dialer())).await;
        let ran = ran.map_err(|_| {
            format!("command timed out: \"{}\" timed out after {}s", argv.join(" "), self.timeout.as_secs())
        })?;
        if ran.code == 0 {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr)
    }
}
