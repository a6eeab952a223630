//! Why a line is not run.

use super::Verb;

/// Why a line is not run. What it says to the student is in [`Refusal::says`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the line was refused: {}", self.code())]
pub enum Refusal {
    /// Nothing was typed.
    Empty,
    /// Longer than [`super::MAX_LINE_BYTES`].
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A line break inside.
    SeveralLines,
    /// A character that commands a terminal.
    ControlCharacter {
        /// Its Unicode number.
        code: u32,
        /// Where, in characters from 1.
        column: usize,
    },
    /// A character that is not seen, or turns the order of what is.
    InvisibleCharacter {
        /// Its Unicode number.
        code: u32,
        /// Where, in characters from 1.
        column: usize,
    },
    /// A character that looks like one of ASCII, where only ASCII decides.
    LookAlike {
        /// What was typed.
        given: char,
        /// What was most likely meant.
        meant: Option<char>,
    },
    /// A quote that does not end, or a backslash at the end.
    UnclosedQuote,
    /// What a shell would act on.
    Operator(Operator),
    /// `<pod-name>`, as in a text.
    Placeholder {
        /// What stands between the angle brackets.
        name: String,
    },
    /// A program that the console has not.
    UnknownProgram {
        /// What was typed.
        given: String,
        /// What was most likely meant.
        near: Option<String>,
    },
    /// A word too many for one of the console's own.
    UnexpectedArgument {
        /// The first that is too many.
        given: String,
    },
    /// `kubectl` alone.
    MissingVerb,
    /// A verb that kubectl has not.
    UnknownVerb {
        /// What was typed.
        given: String,
        /// What was most likely meant.
        near: Option<String>,
    },
    /// A verb that kubectl has and the lab does not offer.
    VerbNotOffered {
        /// What was typed.
        given: String,
        /// Why, and what to do instead.
        why: NotOffered,
    },
    /// `kubectl rollout`, `kubectl set`, … without the word after it.
    MissingSubverb {
        /// The words so far.
        after: String,
        /// What may follow.
        offered: Vec<&'static str>,
    },
    /// A word after `rollout`, `set`, … that is not offered.
    UnknownSubverb {
        /// The words so far.
        after: String,
        /// What was typed.
        given: String,
        /// What may follow.
        offered: Vec<&'static str>,
    },
    /// A flag before the verb, other than the run's own namespace.
    FlagBeforeVerb {
        /// The flag as typed.
        flag: String,
    },
    /// A flag that is not on the verb's list.
    FlagNotOffered {
        /// The verb.
        verb: Verb,
        /// The flag as typed, without its value.
        flag: String,
        /// What was most likely meant.
        near: Option<String>,
    },
    /// A flag that needs a value, at the end of the line.
    FlagNeedsValue {
        /// The flag.
        flag: String,
    },
    /// A value that the flag does not take here.
    BadValue {
        /// The flag.
        flag: String,
        /// The value.
        value: String,
        /// The values it takes.
        offered: Vec<&'static str>,
    },
    /// A flag that would leave what the console is bound to.
    Reserved {
        /// The flag as typed, without its value.
        flag: String,
        /// What it would reach.
        why: Reserved,
    },
    /// Another namespace than the run's own.
    OtherNamespace {
        /// What was typed.
        given: String,
        /// The run's own.
        own: String,
    },
    /// `-f` with a file's name.
    File {
        /// What was typed.
        given: String,
    },
    /// `-f` with an address on the network.
    Address {
        /// What was typed.
        given: String,
    },
    /// An output format that reads its template from a file.
    TemplateFile {
        /// What was typed.
        given: String,
    },
    /// A JSON path that goes down all levels, or through lists, too often.
    CostlyPath {
        /// The flag.
        flag: String,
    },
    /// `-` as an argument: standard input, which only `-f -` has.
    StdinArgument,
    /// `kubectl exec POD COMMAND` without `--`.
    MissingDashes,
    /// `--` where no command follows.
    UnexpectedDashes {
        /// The verb.
        verb: Verb,
    },
}

/// What a shell would act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `|`
    Pipe,
    /// `<`, `>`, `>>`, `<<`
    Redirection,
    /// `;`, `&&`, `||`
    Sequence,
    /// `&`
    Background,
    /// `$(…)` and backticks.
    Substitution,
    /// `$NAME`, `${…}`
    Variable,
    /// `(…)`
    Subshell,
    /// `# …`
    Comment,
}

/// What a reserved flag would reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// Another cluster, or another way to it.
    Cluster,
    /// Somebody else's name and rights.
    Identity,
    /// A connection whose other end is not checked.
    Tls,
    /// Namespaces that are not the run's.
    AllNamespaces,
    /// Files of the server.
    Files,
    /// Kustomize's folders.
    Kustomize,
    /// The API's paths, without kubectl's own reading of them.
    Raw,
    /// A terminal, or what is typed while the command runs.
    Terminal,
    /// A text editor in a terminal.
    Editor,
    /// kubectl's own logging, profiling and caching.
    Logging,
    /// A template apart from the output's format.
    Template,
    /// Changes to what `run` makes, beside its flags.
    Overrides,
}

/// Why a verb of kubectl is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOffered {
    /// `port-forward`, `proxy`: would listen on the server's machine.
    Listens,
    /// `edit`: needs an editor in a terminal.
    Editor,
    /// `attach`, `debug`: need a terminal.
    Terminal,
    /// `cp`, `kustomize`, `diff`: work with files or programs of the server.
    Files,
    /// `config`, `plugin`, `completion`, …: about kubectl itself.
    Own,
    /// `drain`, `taint`, `certificate`, …: about the whole cluster.
    Cluster,
    /// `autoscale`, …: not part of this course.
    Course,
    /// `help`: the same is `--help` after the verb.
    Help,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "line_too_long",
            Self::SeveralLines => "several_lines",
            Self::ControlCharacter { .. } => "control_character",
            Self::InvisibleCharacter { .. } => "invisible_character",
            Self::LookAlike { .. } => "look_alike",
            Self::UnclosedQuote => "unclosed_quote",
            Self::Operator(operator) => operator.code(),
            Self::Placeholder { .. } => "placeholder",
            Self::UnknownProgram { .. } => "unknown_program",
            Self::UnexpectedArgument { .. } => "unexpected_argument",
            Self::MissingVerb => "missing_verb",
            Self::UnknownVerb { .. } => "unknown_verb",
            Self::VerbNotOffered { .. } => "verb_not_offered",
            Self::MissingSubverb { .. } => "missing_subverb",
            Self::UnknownSubverb { .. } => "unknown_subverb",
            Self::FlagBeforeVerb { .. } => "flag_before_verb",
            Self::FlagNotOffered { .. } => "flag_not_offered",
            Self::FlagNeedsValue { .. } => "flag_needs_value",
            Self::BadValue { .. } => "bad_value",
            Self::Reserved { why, .. } => why.code(),
            Self::OtherNamespace { .. } => "other_namespace",
            Self::File { .. } => "file",
            Self::Address { .. } => "address",
            Self::TemplateFile { .. } => "template_file",
            Self::CostlyPath { .. } => "costly_path",
            Self::StdinArgument => "stdin_argument",
            Self::MissingDashes => "missing_dashes",
            Self::UnexpectedDashes { .. } => "unexpected_dashes",
        }
    }
}

impl Operator {
    fn code(self) -> &'static str {
        match self {
            Self::Pipe => "pipe",
            Self::Redirection => "redirection",
            Self::Sequence => "sequence",
            Self::Background => "background",
            Self::Substitution => "substitution",
            Self::Variable => "variable",
            Self::Subshell => "subshell",
            Self::Comment => "comment",
        }
    }
}

impl Reserved {
    fn code(self) -> &'static str {
        match self {
            Self::Cluster => "other_cluster",
            Self::Identity => "other_identity",
            Self::Tls => "unchecked_tls",
            Self::AllNamespaces => "all_namespaces",
            Self::Files => "file_flag",
            Self::Kustomize => "kustomize",
            Self::Raw => "raw",
            Self::Terminal => "terminal",
            Self::Editor => "editor",
            Self::Logging => "logging",
            Self::Template => "template_flag",
            Self::Overrides => "overrides",
        }
    }
}

/// The most of what was typed that is said again, in characters.
const MAX_GIVEN: usize = 60;

/// As much of what was typed as is said again.
pub(super) fn cut(given: &str) -> String {
    match given.char_indices().nth(MAX_GIVEN) {
        None => given.to_owned(),
        Some((end, _)) => format!("{}…", &given[..end]),
    }
}
