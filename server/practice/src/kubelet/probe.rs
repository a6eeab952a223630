//! Probes: whether a container answers.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/pods/probes/>

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::process::Program;
use crate::network::{Network, Sandbox};

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
    Http { port: u16, path: String },
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
        let port = |action: &Value| match &action["port"] {
            Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
            Value::String(name) => named_port(container, name),
            _ => None,
        };
        let action = if let Some(http) = probe.get("httpGet") {
            let path = http["path"].as_str().unwrap_or("/");
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            Action::Http { port: port(http)?, path }
        } else if let Some(exec) = probe.get("exec") {
            let words = exec["command"].as_array().into_iter().flatten();
            Action::Exec { argv: words.filter_map(|word| word.as_str().map(str::to_owned)).collect() }
        } else {
            Action::Tcp { port: port(probe.get("tcpSocket")?)? }
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
                    Ok(Err(error)) => Err(refused(address, &error)),
                    Err(_) => Err(format!("dial tcp {address}: i/o timeout")),
                }
            }
            Action::Http { port, path } => {
                let address = SocketAddr::from((ip, *port));
                let url = format!("http://{address}{path}");
                let answered = timeout(self.timeout, get(network, address, path)).await;
                let why = match answered {
                    Ok(Ok(status)) if (200..400).contains(&status) => return Ok(()),
                    Ok(Ok(status)) => return Err(format!("HTTP probe failed with statuscode: {status}")),
                    Ok(Err(why)) => why,
                    Err(_) => "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                        .to_owned(),
                };
                Err(format!("Get \"{url}\": {why}"))
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

async fn get(network: &Network, address: SocketAddr, path: &str) -> Result<u16, String> {
    let stream = network.connect_from_node(address).await.map_err(|error| refused(address, &error))?;
    let broken = |_: hyper::Error| "EOF".to_owned();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .header(header::USER_AGENT, "kube-probe/1.34")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    // Joined, not raced: in memory, the answer and the end of its connection come in the same moment.
    let answer = async move { sender.send_request(request).await.map(|answer| answer.status().as_u16()) };
    let (answer, _) = tokio::join!(answer, connection);
    answer.map_err(broken)
}

/// A failed connect, as Go words it.
fn refused(address: SocketAddr, error: &std::io::Error) -> String {
    let why = match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused",
        std::io::ErrorKind::TimedOut => "connection timed out",
        _ => "no route to host",
    };
    format!("dial tcp {address}: connect: {why}")
}

fn named_port(container: &Value, name: &str) -> Option<u16> {
    let port = container["ports"].as_array()?.iter().find(|port| port["name"] == name)?;
    port["containerPort"].as_u64().and_then(|number| u16::try_from(number).ok())
}
