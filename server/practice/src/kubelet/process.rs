//! The agent, as a container's process.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use clusterip_agent::backend::{self, Backend, Identity};
use clusterip_agent::client::{self, CONTROL_ADDRESS, Client};
use clusterip_agent::tools::{Stream, Tool, USAGE};
use tokio::time::sleep;

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
    /// One of its small tools.
    Tool(Tool, Vec<String>),
}

impl Program {
    /// The program of a command line; `None` where the images have no such file.
    pub(super) fn find(argv: &[String]) -> Option<Self> {
        let (name, rest) = argv.split_first()?;
        let base = name.strip_prefix("/usr/bin/").unwrap_or(name);
        if let Some(tool) = Tool::named(base) {
            return Some(Self::Tool(tool, rest.to_vec()));
        }
        if base != "clusterip-agent" {
            return None;
        }
        Some(match rest.split_first().and_then(|(mode, rest)| Some((Tool::named(mode)?, rest))) {
            Some((tool, rest)) => Self::Tool(tool, rest.to_vec()),
            None => Self::Agent(rest.to_vec()),
        })
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
            Program::Tool(tool, arguments) => self.tool(tool, &arguments).await,
            Program::Agent(arguments) => {
                let mode = arguments.first().cloned().or_else(|| self.variable("ROLE"));
                match mode.as_deref() {
                    Some("backend") => self.ended(self.backend(told_to_stop).await),
                    Some("client") => self.ended(self.client(told_to_stop).await),
                    _ => self.ended(Err(USAGE.to_owned())),
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
        let mut told_to_stop = pin!(told_to_stop);
        tokio::select! {
            () = sleep(config.start) => {}
            () = &mut told_to_stop => return Ok(()),
        }
        let listener = self.sandbox.bind(config.listen, config.port).map_err(|error| words(&error))?;
        let address = listener.local_addr();
        self.log.write(&format!("{} {} listens on {address}", identity.pod, identity.version));
        let backend = Arc::new(Backend::configured(identity, &config, self.sandbox.dialer()));
        let stop = async {
            told_to_stop.await;
            self.log.write(&config.last_words());
        };
        backend::run(Arc::clone(&backend), config.ending, listener, stop).await;
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

    async fn tool(&self, tool: Tool, arguments: &[String]) -> i32 {
        let write = |_: Stream, bytes: &[u8]| self.log.write(&String::from_utf8_lossy(bytes));
        tool.run(arguments, &self.sandbox.dialer(), write).await.into()
    }
}

/// An error as the standard library words it.
fn words(error: &io::Error) -> String {
    error.to_string()
}
