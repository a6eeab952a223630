//! `clusterip-agent backend | client | curl …`: the one executable of the lab's pods.
//!
//! The mode is the first argument, or `ROLE`; called by the name `curl`, it is curl.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clusterip_agent::backend::{self, Backend, Identity};
use clusterip_agent::client::{self, Client};
use clusterip_agent::curl;
use clusterip_agent::network::PodNetwork;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

type Failed = Box<dyn std::error::Error>;

const USAGE: &str = "usage: clusterip-agent backend | client | curl [options] http://HOST[:PORT][/PATH]";
/// The exit code for a wrong command line or variable.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap_or_default();
    let called = Path::new(&name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mode =
        if called == "curl" { Some("curl".to_owned()) } else { arguments.next().or_else(|| env("ROLE")) };
    let rest: Vec<String> = arguments.collect();
    // One thread: a pod of the lab has a few hundredths of a CPU.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Failed::from).and_then(|runtime| match mode.as_deref() {
        Some("backend") => runtime.block_on(run_backend()),
        Some("client") => runtime.block_on(run_client()),
        Some("curl") => runtime.block_on(run_curl(&rest)),
        _ => Err(USAGE.into()),
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
    let listener = TcpListener::bind((config.listen, config.port)).await?;
    println!("{} {} listens on {}", identity.pod, identity.version, listener.local_addr()?);
    let backend = Arc::new(Backend::new(identity));
    let stop = async {
        told_to_stop.await;
        println!("told to stop: not ready any more, serving for {} s more", config.grace.as_secs());
    };
    backend::run(Arc::clone(&backend), config.grace, listener, stop).await;
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

async fn run_curl(arguments: &[String]) -> Result<ExitCode, Failed> {
    let ran = curl::run(arguments, &PodNetwork::default()).await;
    std::io::stdout().write_all(&ran.stdout)?;
    std::io::stderr().write_all(ran.stderr.as_bytes())?;
    Ok(ExitCode::from(ran.code))
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
