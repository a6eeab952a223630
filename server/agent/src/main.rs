//! `clusterip-agent backend | client | curl … | nslookup … | ping …`: the one executable of the lab's pods.
//!
//! The mode is the first argument, or `ROLE`; called by the name of a tool, it is that tool.

use std::io::Write as _;
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use clusterip_agent::backend::{self, Backend, Identity};
use clusterip_agent::client::{self, Client};
use clusterip_agent::network::PodNetwork;
use clusterip_agent::tools::{Stream, Tool, USAGE};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

type Failed = Box<dyn std::error::Error>;

/// The exit code for a wrong command line or variable.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap_or_default();
    let called = Path::new(&name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mode = match Tool::named(called) {
        Some(tool) => Some(tool.name().to_owned()),
        None => arguments.next().or_else(|| env("ROLE")),
    };
    let rest: Vec<String> = arguments.collect();
    // One thread: a pod of the lab has a few hundredths of a CPU.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Failed::from).and_then(|runtime| match mode.as_deref() {
        Some("backend") => runtime.block_on(run_backend()),
        Some("client") => runtime.block_on(run_client()),
        Some(mode) => match Tool::named(mode) {
            Some(tool) => runtime.block_on(run_tool(tool, &rest)),
            None => Err(USAGE.into()),
        },
        None => Err(USAGE.into()),
    });
    ended.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(MISUSED)
    })
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

async fn run_backend() -> Result<ExitCode, Failed> {
    let identity = Identity::read(env);
    let config = backend::Config::read(env)?;
    let told_to_stop = told_to_stop()?;
    let mut told_to_stop = pin!(told_to_stop);
    tokio::select! {
        () = sleep(config.start) => {}
        () = &mut told_to_stop => return Ok(ExitCode::SUCCESS),
    }
    let listener = TcpListener::bind((config.listen, config.port)).await?;
    println!("{} {} listens on {}", identity.pod, identity.version, listener.local_addr()?);
    let backend = Arc::new(Backend::configured(identity, &config, PodNetwork::default()));
    let stop = async {
        told_to_stop.await;
        println!("{}", config.last_words());
    };
    backend::run(Arc::clone(&backend), config.ending, listener, stop).await;
    println!("stopped after {} answers", backend.served());
    Ok(ExitCode::SUCCESS)
}

async fn run_client() -> Result<ExitCode, Failed> {
    let told_to_stop = told_to_stop()?;
    let listener = TcpListener::bind(client::CONTROL_ADDRESS).await?;
    println!("takes loads on {}", client::CONTROL_ADDRESS);
    let client = Arc::new(Client::new(backend::pod_name(env), PodNetwork::default()));
    client::run(client, listener, told_to_stop).await;
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn run_tool(tool: Tool, arguments: &[String]) -> Result<ExitCode, Failed> {
    let mut failed = None;
    let write = |stream, bytes: &[u8]| {
        let written = match stream {
            Stream::Out => std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush()),
            Stream::Err => std::io::stderr().write_all(bytes),
        };
        failed = written.err().or(failed.take());
    };
    let code = tool.run(arguments, &PodNetwork::default(), write).await;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::from(code)),
    }
}

/// SIGTERM, which is how the kubelet ends a pod, or SIGINT from a terminal. Process 1 has no default for either.
fn told_to_stop() -> Result<impl Future<Output = ()>, Failed> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
