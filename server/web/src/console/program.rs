//! What a line runs: kubectl on this machine, with nothing of the server's environment; or a tool in the client pod.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::inside::{Inside, InsideError, Left};
use clusterip_domain::console::{ClientLine, KubectlLine, Span, Stdin};
use clusterip_domain::ids::Namespace;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kube::Client;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::calls::VERBOSITY;
use super::transcript::End;

/// How long a command that answers may take: a deletion waits for the pods' grace.
const ONCE: Duration = Duration::from_secs(90);
/// How long one that watches goes on if nobody stops it.
const WATCHED: Duration = Duration::from_secs(15 * 60);

/// Where a program writes.
pub(super) type Pipe = Box<dyn AsyncRead + Send + Unpin>;

/// A program that runs. It ends when this is dropped.
pub(super) struct Program {
    pub(super) out: Pipe,
    pub(super) err: Pipe,
    /// Its end, once both pipes are closed.
    pub(super) end: BoxFuture<'static, End>,
    /// How long it may take.
    pub(super) limit: Duration,
    /// The home that it reads, which must not go before it.
    pub(super) home: Option<Arc<TempDir>>,
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// There is no kubectl.
    #[error("kubectl is not on the server's PATH")]
    NoKubectl,
    /// The system did not start it.
    #[error("kubectl could not be started")]
    Start(#[source] std::io::Error),
    /// There is no way into the client pod.
    #[error(transparent)]
    Inside(#[from] InsideError),
}

/// The kubectl of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kubectl {
    /// The program.
    pub path: PathBuf,
    /// `v1.34.4`; empty if it does not say.
    pub version: String,
}

impl Kubectl {
    /// The one on the PATH, if there is one.
    pub(crate) async fn find() -> Option<Self> {
        let path = which::which("kubectl").ok()?;
        let version = version(&path).await.unwrap_or_default();
        Some(Self { path, version })
    }
}

impl Program {
    /// One that has said all it had to say.
    pub(super) fn saying(text: String) -> Self {
        Self {
            out: Box::new(std::io::Cursor::new(text)),
            err: pipe(None::<tokio::io::Empty>),
            end: std::future::ready(End::Exit(0)).boxed(),
            limit: ONCE,
            home: None,
        }
    }
}

/// Starts kubectl for a student: with that home, kubeconfig and namespace, and nothing else. It tells of its requests.
pub(super) fn kubectl(
    program: &Path,
    home: Arc<TempDir>,
    line: &KubectlLine,
    document: &str,
) -> Result<Program, StartError> {
    let mut command = Command::new(program);
    command
        .arg(VERBOSITY)
        .args(&line.argv)
        .env_clear()
        .env("HOME", home.path())
        .env("KUBECONFIG", kubeconfig(home.path()))
        // No aliases and defaults of anybody's.
        .env("KUBERC", "off")
        .current_dir(home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let input = match line.stdin {
        Stdin::None => None,
        Stdin::Editor => Some(document.to_owned()),
    };
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().map_err(StartError::Start)?;
    if let (Some(document), Some(mut stdin)) = (input, child.stdin.take()) {
        // kubectl may end before it has read all: what it says then is what counts.
        tokio::spawn(async move { drop(stdin.write_all(document.as_bytes()).await) });
    }
    let limit = match line.span {
        Span::Once => ONCE,
        Span::Watch => WATCHED,
    };
    let (out, err) = (pipe(child.stdout.take()), pipe(child.stderr.take()));
    Ok(Program { out, err, end: end_of(child), limit, home: Some(home) })
}

/// Where a student's kubeconfig stands in the home.
pub(super) fn kubeconfig(home: &Path) -> PathBuf {
    home.join("kubeconfig")
}

/// Starts a tool in the client pod.
pub(super) async fn inside(
    client: &Client,
    namespace: &Namespace,
    line: &ClientLine,
) -> Result<Program, StartError> {
    let argv: Vec<String> = std::iter::once(line.tool.name().to_owned()).chain(line.argv.clone()).collect();
    let mut inside = Inside::start(client, namespace, &argv).await?;
    let (out, err) = inside.output();
    let end = async {
        match inside.left().await {
            Left::Code(code) => End::Exit(code),
            Left::Unknown(said) => End::Broken(said.unwrap_or_default()),
        }
    };
    Ok(Program { out: pipe(out), err: pipe(err), end: end.boxed(), limit: ONCE, home: None })
}

fn pipe(from: Option<impl AsyncRead + Send + Unpin + 'static>) -> Pipe {
    match from {
        Some(from) => Box::new(from),
        None => Box::new(tokio::io::empty()),
    }
}

fn end_of(mut child: Child) -> BoxFuture<'static, End> {
    async move {
        match child.wait().await {
            Ok(status) => ended(status),
            Err(error) => End::Broken(error.to_string()),
        }
    }
    .boxed()
}

fn ended(status: ExitStatus) -> End {
    status.code().map_or_else(|| End::Broken(status.to_string()), End::Exit)
}

async fn version(program: &Path) -> Option<String> {
    const TIME: Duration = Duration::from_secs(10);
    let mut command = Command::new(program);
    command
        .args(["version", "--client", "--output=json"])
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(TIME, command.output()).await.ok()?.ok()?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    said["clientVersion"]["gitVersion"].as_str().map(str::to_owned)
}
