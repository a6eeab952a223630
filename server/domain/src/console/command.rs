//! What a line that was read asks for.

use serde::Serialize;

use super::Verb;

/// A line that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `kubectl …`, by the real kubectl, outside the cluster.
    Kubectl(KubectlLine),
    /// `curl …`, `nslookup …` or `ping …`, in the client pod.
    Client(ClientLine),
    /// A word of the console itself.
    Own(OwnWord),
}

/// A line for kubectl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubectlLine {
    /// What it does.
    pub verb: Verb,
    /// The arguments for kubectl, without the program's name; the verb's words come first.
    pub argv: Vec<String>,
    /// What it reads.
    pub stdin: Stdin,
    /// Whether it ends by itself.
    pub span: Span,
    /// The pod, or what stands for one (`deployment/web`), in which `kubectl exec` runs its command.
    pub inside: Option<String>,
}

/// A line for one of the client pod's tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLine {
    /// Which tool.
    pub tool: ClientTool,
    /// Its arguments, without the tool's name.
    pub argv: Vec<String>,
}

/// A tool of the client pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientTool {
    /// Sends a request.
    Curl,
    /// Asks the cluster's DNS.
    Nslookup,
    /// Sends ICMP echoes.
    Ping,
}

impl ClientTool {
    /// The program's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Nslookup => "nslookup",
            Self::Ping => "ping",
        }
    }
}

/// A word of the console itself, which runs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OwnWord {
    /// Says what can be typed.
    Help,
    /// Empties the screen.
    Clear,
    /// Lists what was typed.
    History,
}

/// What a command reads from its standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stdin {
    /// Nothing.
    None,
    /// The editor's document: `-f -`.
    Editor,
}

/// How long a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    /// Until it has answered.
    Once,
    /// Until what it watches is so, or until it is stopped: it is shown as it comes.
    Watch,
}

/// Where a command runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "place", content = "pod", rename_all = "lowercase")]
pub enum Place {
    /// In a pod, by its name as typed: `client`, or what `kubectl exec` names.
    Pod(String),
    /// Outside the cluster, as an administrator's own computer would be.
    Outside,
    /// Nowhere: the page itself answers.
    Page,
}

/// The name of the lab's own pod.
const CLIENT: &str = "client";

impl Command {
    /// Where it runs.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Kubectl(line) => line.inside.clone().map_or(Place::Outside, Place::Pod),
            Self::Client(_) => Place::Pod(CLIENT.to_owned()),
            Self::Own(_) => Place::Page,
        }
    }

    /// How long it runs.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Kubectl(line) => line.span,
            Self::Client(_) | Self::Own(_) => Span::Once,
        }
    }
}
