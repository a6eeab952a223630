//! The `clusterip-lab` command.

mod cli;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let command = cli::Command::parse();
    cli::log(&command);
    match cli::perform(command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("clusterip-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}
