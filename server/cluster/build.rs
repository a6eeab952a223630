//! Builds the pods' executable, so that one `cargo build` makes all there is.
//!
//! ```text
//! cargo build ──▶ this ──▶ cargo build -p clusterip-agent --profile agent ──▶ $OUT_DIR/clusterip-agent ──▶ image
//! ```
//!
//! A nested cargo and not a dependency, because the executable has its own profile and is linked statically: the
//! pods' image holds nothing else. Its target folder is one beside the outer build's profiles, so that debug,
//! release and clippy share it, and it is not the outer one, whose lock the outer cargo holds.
//!
//! Invariants: what runs the outer build (clippy, coverage, flags, wrappers) changes not a byte of the executable;
//! nor does the place of the sources.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NAME: &str = "clusterip-agent";
const PROFILE: &str = "agent";

type Failed = Box<dyn std::error::Error>;

fn main() {
    if let Err(failed) = build() {
        for line in failed.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

fn build() -> Result<(), Failed> {
    let (os, target) = (variable("CARGO_CFG_TARGET_OS")?, variable("TARGET")?);
    if os != "linux" {
        return Err(format!(
            "clusterip-lab's pods run Linux, and their executable is made with the server's own target, which is \
             {target}.\nBuild it on Linux, or with --target x86_64-unknown-linux-gnu or aarch64-unknown-linux-gnu."
        )
        .into());
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let folder = target_folder(&out);
    let status = nested(&root, &folder, &target)?.status()?;
    if !status.success() {
        return Err(format!(
            "the pods' executable ({NAME}) did not build: its errors are below, under «stderr».\nIt is linked \
             statically. Where the linker misses -lc, install the static C library: libc6-dev (Debian, Ubuntu), \
             glibc-static (Fedora)."
        )
        .into());
    }
    let made = folder.join(&target).join(PROFILE);
    std::fs::copy(made.join(NAME), out.join(NAME))?;
    watch(&root, &made.join(NAME).with_extension("d"))
}

fn variable(name: &str) -> Result<String, Failed> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}

/// Cargo marks a target folder with `CACHEDIR.TAG`; where there is none above, the build's own folder will do.
fn target_folder(out: &Path) -> PathBuf {
    let outer = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    outer.unwrap_or(out).join("pods")
}

fn nested(root: &Path, folder: &Path, target: &str) -> Result<Command, Failed> {
    let mut cargo = Command::new(variable("CARGO")?);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_the_outer_builds) {
            cargo.env_remove(name);
        }
    }
    cargo
        .current_dir(root)
        .args([
            "build",
            "--locked",
            "--package",
            NAME,
            "--bin",
            NAME,
            "--profile",
            PROFILE,
            "--target",
            target,
        ])
        .arg("--target-dir")
        .arg(folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root, folder).join("\x1f"))
        // Its standard output would be read as orders to the outer cargo.
        .stdout(Stdio::null());
    Ok(cargo)
}

/// What the outer cargo says about its own build. What it was told about the network, the registries, the linkers
/// and the shared job slots holds for the nested one too.
fn is_the_outer_builds(name: &str) -> bool {
    let shared = ["CARGO_HOME", "CARGO_MAKEFLAGS"].contains(&name)
        || ["CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"]
            .iter()
            .any(|start| name.starts_with(start))
        || (name.starts_with("CARGO_TARGET_") && name.ends_with("_LINKER"));
    let other =
        ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "OUT_DIR", "TARGET", "HOST", "PROFILE"];
    (name.starts_with("CARGO") && !shared) || other.contains(&name)
}

fn flags(root: &Path, folder: &Path) -> Vec<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let places = [(Some(root), "/clusterip-lab"), (Some(folder), "/target"), (home.as_deref(), "/cargo")];
    let remapped = places.into_iter().filter_map(|(place, name)| Some((place?, name)));
    // The last match wins: the target folder is mostly inside the workspace.
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    flags.extend(remapped.map(|(place, name)| format!("--remap-path-prefix={}={name}", place.display())));
    flags
}

/// Builds again when a source of the executable changes: cargo lists them in `<executable>.d`.
fn watch(root: &Path, listed: &Path) -> Result<(), Failed> {
    let list = std::fs::read_to_string(listed)?;
    let (_, sources) = list.split_once(": ").ok_or_else(|| format!("{} lists nothing", listed.display()))?;
    // A space in a path is written `\ `.
    let sources = sources.trim_end().replace("\\ ", "\0");
    for source in sources.split(' ') {
        println!("cargo::rerun-if-changed={}", source.replace('\0', " "));
    }
    for file in ["Cargo.toml", "Cargo.lock", "server/agent/Cargo.toml", "server/domain/Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
    }
    Ok(())
}
