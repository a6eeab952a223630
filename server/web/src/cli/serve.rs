//! `clusterip-lab serve`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clusterip_web::{Labs, Outcome, ServeConfig, Startup};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{ServeArgs, progress};

/// Serves until Ctrl-C or SIGTERM.
pub(super) async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let origin = args.origin().await?;
    let labs = match (args.labs, args.watch) {
        (None, _) => Labs::BuiltIn,
        (Some(root), false) => Labs::Folder(root),
        (Some(root), true) => Labs::Watched(root),
    };
    let listener = TcpListener::bind(args.listen).await.map_err(|e| explain(args.listen, &e))?;
    let address = listener.local_addr().context("the listener has no address")?;
    println!("clusterip-lab is at http://{address} (Ctrl-C stops it)");
    let shutdown = CancellationToken::new();
    tokio::spawn(stop_on_signal(shutdown.clone()));
    let (startup, startup_seen) = watch::channel(Startup::new(origin.stages()));
    let (stages, events) = mpsc::unbounded_channel();
    tokio::spawn(progress::show(events));
    tokio::spawn(tell_outcome(startup_seen, address));
    let config = ServeConfig { origin, allowed_hosts: args.allowed_hosts, labs, stages, startup };
    clusterip_web::run(config, listener, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

fn explain(address: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    let cure = match error.kind() {
        ErrorKind::AddrInUse => "another program listens there: stop it, or choose another with --listen",
        ErrorKind::PermissionDenied => "ports below 1024 need rights: choose a higher one with --listen",
        ErrorKind::AddrNotAvailable => "this machine does not have that address: choose one of its own",
        _ => "choose another with --listen",
    };
    anyhow!("cannot listen on {address}: {error}. {cure}")
}

/// The page shows the same; whoever looks at the terminal sees it here.
async fn tell_outcome(mut startup: watch::Receiver<Startup>, address: SocketAddr) {
    while startup.changed().await.is_ok() {
        match &startup.borrow_and_update().outcome {
            Outcome::Opening => {}
            Outcome::Ready(cluster) => {
                let source = &cluster.source;
                let simulated = if source.simulated { ", simulated" } else { "" };
                println!("Ready: {} ({}{simulated}). Open http://{address}", source.name, source.version);
                return;
            }
            Outcome::Failed(failure) => {
                eprintln!("\n{} [{}]\n→ {}", failure.detail, failure.code, failure.cure);
                eprintln!(
                    "`clusterip-lab doctor` says what is there and what is missing. Try again on the page."
                );
            }
        }
    }
}

async fn stop_on_signal(shutdown: CancellationToken) {
    let ctrl_c = tokio::signal::ctrl_c();
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = ctrl_c => {}
        () = terminate => {}
    }
    shutdown.cancel();
}
