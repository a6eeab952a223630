//! The command line: what it takes, and which piece of work each command is.

mod cluster;
mod doctor;
mod labs;
mod progress;
mod serve;
mod verdict;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use clusterip_cluster::source::{self, KindConfig, Programs, SourceConfig};
use clusterip_domain::ids::ClusterName;
use clusterip_web::Origin;
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use tracing_subscriber::EnvFilter;

/// The name of the lab's own kind cluster.
const DEFAULT_CLUSTER: &str = "clusterip-lab";

/// A web lab for the Kubernetes ClusterIP Service, on a real cluster.
#[derive(Parser)]
#[command(
    version,
    about = "A web lab for the Kubernetes ClusterIP Service, on a real cluster",
    max_term_width = 100
)]
pub(crate) struct Command {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Open the lab in a browser: finds or makes a cluster and serves the pages (the default)
    Serve(ServeArgs),
    /// The lab's own kind cluster
    Cluster {
        #[command(subcommand)]
        what: ClusterWhat,
    },
    /// For authors of labs: prove them, make new ones
    Labs {
        #[command(subcommand)]
        what: labs::LabsWhat,
    },
    /// What is there, what is missing, and what to do
    Doctor(KindArgs),
}

#[derive(Args)]
struct ServeArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "IP:PORT")]
    listen: SocketAddr,
    /// Use the simulated cluster inside this program, even if docker and kind work
    #[arg(long, conflicts_with_all = ["context", "cluster_name", "node_image"])]
    practice: bool,
    /// Use this context of a kubeconfig instead of a kind cluster of our own
    // Not in conflict with --node-image: it may be in the environment for other days.
    #[arg(long, value_name = "NAME", conflicts_with = "cluster_name")]
    context: Option<String>,
    /// The kubeconfig for --context; without it, what kubectl would read
    #[arg(long, value_name = "FILE", requires = "context")]
    kubeconfig: Option<PathBuf>,
    /// Answer to this Host header too, as NAME or NAME:PORT; may be given more than once
    #[arg(long = "allow-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Serve the labs of this folder instead of those that are built in
    #[arg(long, value_name = "FOLDER")]
    labs: Option<PathBuf>,
    /// Read the labs again whenever a file of --labs changes; what is wrong is shown in place of the lab
    #[arg(long, requires = "labs")]
    watch: bool,
    #[command(flatten)]
    kind: KindArgs,
}

impl Default for ServeArgs {
    /// What `clusterip-lab` without a command does: the values of `clusterip-lab serve`.
    fn default() -> Self {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            args: ServeArgs,
        }
        Alone::parse_from(["clusterip-lab"]).args
    }
}

#[derive(Args, Clone)]
struct KindArgs {
    /// Name of the lab's own kind cluster
    #[arg(long, default_value = DEFAULT_CLUSTER, value_name = "NAME")]
    cluster_name: ClusterName,
    /// Node image for a cluster that has to be made; without it, kind's own default
    #[arg(long, value_name = "IMAGE", env = "CLUSTERIP_LAB_NODE_IMAGE")]
    node_image: Option<String>,
    /// The kind program; without it, the one on the PATH
    #[arg(long, value_name = "FILE", env = "CLUSTERIP_LAB_KIND")]
    kind: Option<PathBuf>,
    /// Where the lab keeps its kubeconfig, and how far you are
    #[arg(long, value_name = "FOLDER", env = "CLUSTERIP_LAB_STATE")]
    state_dir: Option<PathBuf>,
}

#[derive(Subcommand)]
enum ClusterWhat {
    /// Make the cluster, or attach to it
    Up(KindArgs),
    /// Delete the cluster
    Down {
        /// Delete it even if this lab did not make it
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        kind: KindArgs,
    },
    /// Say how the cluster is
    Status(KindArgs),
}

/// Sends logs to standard error: warnings, or what `RUST_LOG` asks for.
pub(crate) fn log(_: &Command) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Does what was asked for.
pub(crate) async fn perform(command: Command) -> anyhow::Result<ExitCode> {
    match command.what.unwrap_or_else(|| What::Serve(ServeArgs::default())) {
        What::Serve(args) => serve::serve(args).await,
        What::Cluster { what } => match what {
            ClusterWhat::Up(kind) => cluster::up(&kind.config()?).await,
            ClusterWhat::Down { force, kind } => cluster::down(&kind.config()?, force).await,
            ClusterWhat::Status(kind) => cluster::status(&kind.config()?).await,
        },
        What::Labs { what } => labs::labs(what).await,
        What::Doctor(kind) => doctor::doctor(&kind.config()?).await,
    }
}

impl ServeArgs {
    /// What was asked for; else a kind cluster where docker and kind work, and practice where they do not.
    async fn origin(&self) -> anyhow::Result<Origin> {
        if let Some(context) = &self.context {
            let source = SourceConfig::Kubeconfig { path: self.kubeconfig.clone(), context: context.clone() };
            return Ok(Origin::Real(source));
        }
        if self.practice {
            return Ok(Origin::Practice);
        }
        let kind = self.kind.config()?;
        match source::kind_works(&kind).await {
            Err(why) if !self.kind.names_a_cluster() => {
                println!("No kind cluster here: {}. Practising on a simulated one.", why.chain());
                println!("`clusterip-lab doctor` says how to get a real one.");
                Ok(Origin::Practice)
            }
            // Whoever named a cluster wants that one: start-up says what is in the way.
            _ => Ok(Origin::Real(SourceConfig::Kind(kind))),
        }
    }
}

impl KindArgs {
    /// Whether a kind cluster was asked for by anything but the defaults.
    fn names_a_cluster(&self) -> bool {
        self.cluster_name.as_str() != DEFAULT_CLUSTER || self.node_image.is_some() || self.kind.is_some()
    }

    /// The lab's own folder.
    fn state_dir(&self) -> anyhow::Result<PathBuf> {
        self.state_dir.clone().map_or_else(state_dir, Ok)
    }

    fn config(&self) -> anyhow::Result<KindConfig> {
        Ok(KindConfig {
            name: self.cluster_name.clone(),
            node_image: self.node_image.clone(),
            kind_config: None,
            state_dir: self.state_dir()?,
            programs: Programs { kind: self.kind.clone(), ..Programs::default() },
        })
    }
}

/// Our own folder: `~/.local/state/clusterip-lab` on Linux.
fn state_dir() -> anyhow::Result<PathBuf> {
    let strategy = choose_app_strategy(AppStrategyArgs {
        top_level_domain: "io".into(),
        author: "clusterip-lab".into(),
        app_name: "clusterip-lab".into(),
    })
    .context("no home folder: set HOME")?;
    Ok(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        for bad in [
            &["clusterip-lab", "serve", "--context", "x", "--cluster-name", "y"][..],
            &["clusterip-lab", "serve", "--kubeconfig", "f"],
            &["clusterip-lab", "serve", "--cluster-name", "Not A Name"],
            &["clusterip-lab", "serve", "--listen", "localhost"],
            &["clusterip-lab", "serve", "--watch"],
            &["clusterip-lab", "labs", "check", "--kubeconfig", "f"],
            &["clusterip-lab", "labs", "new", "Not A Slug"],
            &["clusterip-lab", "fly"],
        ] {
            assert!(Command::try_parse_from(bad).is_err(), "{bad:?}");
        }
    }
}
