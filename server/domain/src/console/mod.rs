//! The console: what a student types, read without running anything.
//!
//! ```text
//! line ──▶ characters ──▶ operators ──▶ words (shlex) ──▶ program ──▶ verb ──▶ flags ──▶ Command
//!             └──────────────┴──────────────┴────────────────┴──────────┴─────────┴────▶ Refusal, which teaches
//! ```
//!
//! It is a command line, not a shell: nothing is piped, expanded or redirected. An operator that stands in quotes is
//! text, and so is a `*` anywhere, since nobody would expand it.
//!
//! Invariants: a kubectl line that was read names the run's own namespace or none, no file, no other cluster and
//! nobody's credentials. Each verb has its own list of flags with how many words each takes; what is not on it is
//! refused, so that kubectl cannot see other flags than were read here. The verb comes first in what kubectl gets.

mod characters;
mod command;
mod complete;
mod flags;
mod kubectl;
mod live;
mod operators;
mod output;
mod refusal;
mod verbs;
mod words;

pub use characters::MAX_LINE_BYTES;
pub use command::{ClientLine, ClientTool, Command, KubectlLine, OwnWord, Place, Span, Stdin};
pub use complete::{Candidate, CandidateKind, Completion, MAX_CANDIDATES, complete};
pub use live::Live;
pub use output::{Plain, plain};
pub use refusal::{NotOffered, Operator, Refusal, Reserved};
pub use verbs::Verb;

use crate::ids::Namespace;
use refusal::cut;

/// What a line may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The run's own namespace, which a line may name.
    pub namespace: Namespace,
}

/// The programs there are, for completion and for the nearest one.
const PROGRAMS: [&str; 7] = ["kubectl", "curl", "nslookup", "ping", "help", "clear", "history"];

/// Reads one line as it was typed.
///
/// # Errors
///
/// [`Refusal`]: why the line is not run, with what its sentence needs.
pub fn read(line: &str, bounds: &Bounds) -> Result<Command, Refusal> {
    characters::check(line)?;
    operators::check(line)?;
    let mut words = shlex::split(line).ok_or(Refusal::UnclosedQuote)?.into_iter();
    let program = words.next().ok_or(Refusal::Empty)?;
    characters::plain_word(&program)?;
    let argv: Vec<String> = words.collect();
    match program.as_str() {
        "kubectl" => kubectl::read(argv, bounds).map(Command::Kubectl),
        "curl" => Ok(client(ClientTool::Curl, argv)),
        "nslookup" => Ok(client(ClientTool::Nslookup, argv)),
        "ping" => Ok(client(ClientTool::Ping, argv)),
        "help" => own(OwnWord::Help, &argv),
        "clear" => own(OwnWord::Clear, &argv),
        "history" => own(OwnWord::History, &argv),
        other => Err(unknown_program(other)),
    }
}

/// The pods' tools check their options themselves: they have no others than those that are safe.
fn client(tool: ClientTool, argv: Vec<String>) -> Command {
    Command::Client(ClientLine { tool, argv })
}

fn own(word: OwnWord, argv: &[String]) -> Result<Command, Refusal> {
    match argv.first() {
        None => Ok(Command::Own(word)),
        Some(extra) => Err(Refusal::UnexpectedArgument { given: cut(extra) }),
    }
}

fn unknown_program(given: &str) -> Refusal {
    let near = match given {
        "k" | "oc" | "kubecolor" => Some("kubectl"),
        "wget" | "http" => Some("curl"),
        "dig" | "host" => Some("nslookup"),
        verb if Verb::is_first_word(verb) => Some("kubectl"),
        other => nearest(other, PROGRAMS),
    };
    Refusal::UnknownProgram { given: cut(given), near: near.map(str::to_owned) }
}

/// How far a word may be from the one that was meant, in single edits.
const NEAR: usize = 2;

/// The word that was meant, if one is near enough.
fn nearest<'a>(given: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > 40 {
        return None;
    }
    among
        .into_iter()
        .map(|word| (strsim::osa_distance(given, word), word))
        .filter(|(distance, word)| *distance <= NEAR.min(word.len() / 2))
        .min()
        .map(|(_, word)| word)
}
