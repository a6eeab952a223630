//! `clusterip-lab labs check` and `labs new`: for authors.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use clusterip_cluster::source::SourceConfig;
use clusterip_domain::ids::LabId;
use clusterip_domain::lab::Lab;
use clusterip_web::proof::{self, Plays, Scope};
use clusterip_web::{Course, CourseError, Origin};
use include_dir::{Dir, include_dir};
use tokio::sync::mpsc;

use super::verdict;

/// What a new lab is made of: whole and playable, so that its author changes something that works.
static TEMPLATE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/new_lab");

#[derive(Subcommand)]
pub(super) enum LabsWhat {
    /// Prove labs: whole, parallel, solvable by every way, and not by accident
    Check(CheckArgs),
    /// Make a lab that is whole and playable, to be changed
    New {
        /// What it is called: a-z, 0-9 and -
        slug: LabId,
        /// The folder of the labs
        #[arg(long, value_name = "FOLDER", default_value = "labs")]
        labs: PathBuf,
    },
}

#[derive(Args)]
pub(super) struct CheckArgs {
    /// Only these, by id; without any, all
    lab: Vec<LabId>,
    /// The folder of the labs; without it, those that are built in
    #[arg(long, value_name = "FOLDER")]
    labs: Option<PathBuf>,
    /// Read and lint only: play nothing
    #[arg(long = "static")]
    only_static: bool,
    /// Which plays: all, or only untouched and each route once
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = WhichPlays::All)]
    plays: WhichPlays,
    /// Play so many at a time; without it, as many as such a cluster takes
    #[arg(long, value_name = "N")]
    at_once: Option<NonZeroUsize>,
    /// Play what failed once more at the end, alone, and count only that
    #[arg(long)]
    again: bool,
    /// Play on this context of a kubeconfig instead of a practice cluster
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig for --context; without it, what kubectl would read
    #[arg(long, value_name = "FILE", requires = "context")]
    kubeconfig: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum WhichPlays {
    All,
    Routes,
}

impl From<WhichPlays> for Plays {
    fn from(which: WhichPlays) -> Self {
        match which {
            WhichPlays::All => Self::All,
            WhichPlays::Routes => Self::Routes,
        }
    }
}

pub(super) async fn labs(what: LabsWhat) -> anyhow::Result<ExitCode> {
    match what {
        LabsWhat::Check(args) => check(args).await,
        LabsWhat::New { slug, labs } => new(&slug, &labs),
    }
}

async fn check(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let read = args.labs.as_deref().map_or_else(Course::built_in, Course::in_folder);
    let course = match read {
        Ok(course) => course,
        Err(CourseError::Faults(errors)) => {
            eprintln!("{errors}");
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    };
    let labs = chosen(&course, &args.lab)?;
    let lacking = verdict::lint(&labs);
    if args.only_static {
        println!("{} labs read, {} of them lack something", labs.len(), lacking.len());
        return Ok(if lacking.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let origin = match args.context {
        Some(context) => Origin::Real(SourceConfig::Kubeconfig { path: args.kubeconfig, context }),
        None => Origin::Practice,
    };
    let (events, told) = mpsc::unbounded_channel();
    let scope = Scope { plays: args.plays.into(), at_once: args.at_once, again: args.again };
    let prove = async { proof::prove(&course, &labs, scope, origin, &{ events }).await };
    let (proved, outcomes) = tokio::join!(prove, verdict::show(told));
    proved?;
    let failed = verdict::report(&labs, &lacking, &outcomes);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(course: &Course, ids: &[LabId]) -> anyhow::Result<Vec<Arc<Lab>>> {
    if ids.is_empty() {
        return Ok(course.labs());
    }
    ids.iter().map(|id| course.lab(id).with_context(|| format!("there is no lab {id}"))).collect()
}

/// Writes the template under the next free number.
fn new(slug: &LabId, root: &Path) -> anyhow::Result<ExitCode> {
    let number = next_number(root)?;
    let folder = root.join(format!("{number:02}-{slug}"));
    if folder.exists() {
        bail!("{} is there already", folder.display());
    }
    for (path, text) in template_files(&TEMPLATE) {
        let to = folder.join(&path);
        std::fs::create_dir_all(to.parent().unwrap_or(&folder)).context("the folder cannot be made")?;
        let text =
            text.replace("NEW-LAB", slug.as_str()).replace("number: 1\n", &format!("number: {number}\n"));
        std::fs::write(&to, text).with_context(|| format!("{} cannot be written", to.display()))?;
    }
    println!("{} is whole and playable. Now make it yours:", folder.display());
    println!("  clusterip-lab serve --practice --labs {} --watch", root.display());
    println!("  clusterip-lab labs check {slug} --labs {}", root.display());
    Ok(ExitCode::SUCCESS)
}

/// One more than the highest number of a folder's labs.
fn next_number(root: &Path) -> anyhow::Result<u8> {
    let entries =
        std::fs::read_dir(root).with_context(|| format!("the folder {} cannot be read", root.display()))?;
    let number = |name: &str| name.split('-').next().and_then(|n| n.parse::<u8>().ok());
    let names = entries.filter_map(Result::ok).map(|e| e.file_name().to_string_lossy().into_owned());
    let highest = names.filter_map(|name| number(&name)).max().unwrap_or(0);
    highest.checked_add(1).context("there is no number left")
}

fn template_files(dir: &'static Dir<'static>) -> Vec<(PathBuf, &'static str)> {
    let own = dir.files().filter_map(|f| Some((f.path().to_owned(), f.contents_utf8()?)));
    own.chain(dir.dirs().flat_map(template_files)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_lab_is_whole_and_lacks_nothing() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("07-there-already")).unwrap();
        new(&"my-lab".parse().unwrap(), root.path()).unwrap();
        assert!(new(&"my-lab".parse().unwrap(), root.path()).is_ok(), "the next one has another number");
        std::fs::remove_dir_all(root.path().join("09-my-lab")).unwrap();
        let course = Course::in_folder(root.path()).unwrap_or_else(|e| panic!("{e}"));
        let lab = course.lab(&"my-lab".parse().unwrap()).unwrap();
        assert_eq!(lab.number, 8);
        assert_eq!(proof::lint(&lab), []);
    }
}
