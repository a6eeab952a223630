//! The agent, as a container's process.

use std::future::Future;
use std::io;
use std::sync::Arc;

use clusterip_agent::backend::{self, Backend, Identity};
use clusterip_agent::client::{self, CONTROL_ADDRESS, Client};
use clusterip_agent::curl;

use super::env::Env;
use super::images::ENTRYPOINT;
use super::log::Log;
use crate::network::Sandbox;

/// The exit code for a wrong command line or variable.
const MISUSED: i32 = 2;

/// What there is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// The agent, in a mode.
    Agent(Vec<String>),
    /// Its small curl.
    Curl(Vec<String>),
}

impl Program {
    /// The program of a command line; `None` where the images have no such file.
    pub(super) fn find(argv: &[String]) -> Option<Self> {
        let (name, rest) = argv.split_first()?;
        let base = name.strip_prefix("/usr/bin/").unwrap_or(name);
        match (base, rest.first().map(String::as_str)) {
            ("curl", _) => Some(Self::Curl(rest.to_vec())),
            ("clusterip-agent", Some("curl")) => Some(Self::Curl(rest[1..].to_vec())),
            ("clusterip-agent", _) => Some(Self::Agent(rest.to_vec())),
            _ => None,
        }
    }

    /// The command line of a container: its own, or the image's.
    /// Source: <https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/#notes>
    pub(super) fn command_line(container: &serde_json::Value, mode: &str) -> Vec<String> {
        let words = |field: &str| -> Option<Vec<String>> {
            let words = container[field].as_array().filter(|words| !words.is_empty())?;
            Some(words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect())
        };
        let (command, args) = (words("command"), words("args"));
        match (command, args) {
            (None, None) => vec![ENTRYPOINT.to_owned(), mode.to_owned()],
            (None, Some(args)) => [vec![ENTRYPOINT.to_owned()], args].concat(),
            (Some(command), args) => [command, args.unwrap_or_default()].concat(),
        }
    }
}

/// Where a process runs.
pub(super) struct Place<'a> {
    /// Its pod's network.
    pub(super) sandbox: &'a Sandbox,
    /// Its environment.
    pub(super) env: &'a Env,
    /// The pod's name.
    pub(super) host_name: &'a str,
    /// Where it writes.
    pub(super) log: &'a Log,
}

impl Place<'_> {
    /// Runs to the end; the exit code.
    pub(super) async fn run(&self, program: Program, told_to_stop: impl Future<Output = ()>) -> i32 {
        match program {
            Program::Curl(arguments) => self.curl(&arguments).await,
            Program::Agent(arguments) => {
                let mode = arguments.first().cloned().or_else(|| self.variable("ROLE"));
                match mode.as_deref() {
                    Some("backend") => self.ended(self.backend(told_to_stop).await),
                    Some("client") => self.ended(self.client(told_to_stop).await),
                    _ => self.ended(Err("usage: clusterip-agent backend | client | curl [options] \
                                         http://HOST[:PORT][/PATH]"
                        .to_owned())),
                }
            }
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn ended(&self, ended: Result<(), String>) -> i32 {
        match ended {
            Ok(()) => 0,
            Err(why) => {
                self.log.write(&why);
                MISUSED
            }
        }
    }

    /// The host name of a pod is its name.
    fn identify(&self, name: &str) -> Option<String> {
        self.variable(name).or_else(|| (name == "POD_NAME").then(|| self.host_name.to_owned()))
    }

    async fn backend(&self, told_to_stop: impl Future<Output = ()>) -> Result<(), String> {
        let identity = Identity::read(|name| self.identify(name));
        let config = backend::Config::read(|name| self.variable(name)).map_err(|error| error.to_string())?;
        let listener = self.sandbox.bind(config.listen, config.port).map_err(|error| words(&error))?;
        let address = listener.local_addr();
        self.log.write(&format!("{} {} listens on {address}", identity.pod, identity.version));
        let backend = Arc::new(Backend::new(identity));
        let stop = async {
            told_to_stop.await;
            let seconds = config.grace.as_secs();
            self.log.write(&format!("told to stop: not ready any more, serving for {seconds} s more"));
        };
        backend::run(Arc::clone(&backend), config.grace, listener, stop).await;
        self.log.write(&format!("stopped after {} answers", backend.served()));
        Ok(())
    }

    async fn client(&self, told_to_stop: impl Future<Output = ()>) -> Result<(), String> {
        let listener = self.sandbox.bind(CONTROL_ADDRESS.ip(), CONTROL_ADDRESS.port());
        let listener = listener.map_err(|error| words(&error))?;
        self.log.write(&format!("takes loads on {CONTROL_ADDRESS}"));
        let name = backend::pod_name(|name| self.identify(name));
        client::run(Arc::new(Client::new(name, self.sandbox.dialer())), listener, told_to_stop).await;
        self.log.write("stopped");
        Ok(())
    }

    async fn curl(&self, arguments: &[String]) -> i32 {
        let ran = curl::run(arguments, &self.sandbox.dialer()).await;
        self.log.write(&String::from_utf8_lossy(&ran.stdout));
        self.log.write(&ran.stderr);
        ran.code.into()
    }
}

/// An error as the standard library words it.
fn words(error: &io::Error) -> String {
    error.to_string()
}
