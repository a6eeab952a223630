//! kubectl on the cluster of this server: the program on the PATH, with a command's words and the run's namespace. No
//! shell reads them.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use clusterip_domain::ids::Namespace;
use clusterip_domain::snapshot::{Pod, PodState, Snapshot};
use tempfile::NamedTempFile;
use tokio::process::Command;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How long one that never ends by itself is watched.
const WATCHED: Duration = Duration::from_secs(4);

/// How kubectl reaches the cluster.
#[derive(Debug)]
pub(crate) struct Kubectl {
    program: PathBuf,
    kubeconfig: Option<PathBuf>,
    context: String,
    /// The file of a kubeconfig that is only in memory; it goes with this.
    _file: Option<NamedTempFile>,
}

/// Where the kubeconfig is.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// In a file; `None` is the user's own.
    File(Option<PathBuf>),
    /// In memory.
    Text(String),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KubectlError {
    /// There is none.
    #[error("kubectl is not on the PATH: install it")]
    Missing,
    /// Its kubeconfig could not be written, or the program not be started.
    #[error("kubectl could not be started")]
    Start(#[source] std::io::Error),
    /// A quote that is not closed.
    #[error("a quote is not closed in: {0}")]
    Quote(String),
    /// It took too long.
    #[error("{0}: did not end within {LIMIT:?}")]
    TooLong(String),
    /// It failed.
    #[error("{command}: {said}")]
    Failed {
        /// The command.
        command: String,
        /// What it said.
        said: String,
    },
}

impl Kubectl {
    /// The kubectl of the PATH.
    ///
    /// # Errors
    /// There is none, or its kubeconfig cannot be written.
    pub(crate) fn find(access: &Access, context: &str) -> Result<Self, KubectlError> {
        let program = which::which("kubectl").map_err(|_| KubectlError::Missing)?;
        let (kubeconfig, file) = match access {
            Access::File(path) => (path.clone(), None),
            Access::Text(text) => {
                let file =
                    NamedTempFile::with_prefix("clusterip-lab-kubeconfig-").map_err(KubectlError::Start)?;
                std::fs::write(file.path(), text).map_err(KubectlError::Start)?;
                (Some(file.path().to_owned()), Some(file))
            }
        };
        Ok(Self { program, kubeconfig, context: context.to_owned(), _file: file })
    }

    /// Runs a command, without the word `kubectl`, in a namespace. Returns what it wrote.
    ///
    /// # Errors
    /// It could not be started, failed, or did not end.
    pub(crate) async fn run(&self, namespace: &Namespace, command: &str) -> Result<String, KubectlError> {
        let words = words(command).ok_or_else(|| KubectlError::Quote(command.to_owned()))?;
        let endless = words.iter().any(|w| matches!(w.as_str(), "-w" | "--watch" | "-f" | "--follow"))
            && !words.iter().any(|w| matches!(w.as_str(), "apply" | "create" | "delete"))
            || words.first().is_some_and(|w| w == "port-forward");
        let mut kubectl = Command::new(&self.program);
        if let Some(kubeconfig) = &self.kubeconfig {
            kubectl.arg("--kubeconfig").arg(kubeconfig);
        }
        kubectl.arg("--context").arg(&self.context).arg("--namespace").arg(namespace.as_str()).args(&words);
        kubectl.stdin(Stdio::null()).kill_on_drop(true);
        let limit = if endless { WATCHED } else { LIMIT };
        match tokio::time::timeout(limit, kubectl.output()).await {
            Err(_) if endless => Ok(String::new()),
            Err(_) => Err(KubectlError::TooLong(command.to_owned())),
            Ok(Err(error)) => Err(KubectlError::Start(error)),
            Ok(Ok(output)) if output.status.success() => {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            Ok(Ok(output)) => Err(KubectlError::Failed {
                command: format!("kubectl {command}"),
                said: String::from_utf8_lossy(&output.stderr).trim().chars().take(600).collect(),
            }),
        }
    }
}

/// Splits a command into words at spaces, with single and double quotes. `None` if a quote is not closed.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for c in command.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// What stands for what in the commands of a lab.
pub(crate) struct Placeholders<'a>(&'a Snapshot);

impl<'a> Placeholders<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        Self(snapshot)
    }

    /// Fills `<pod-name>`, `<pod-ip>`, `<cluster-ip>`, `<namespace>` and `<neighbour>`; the first three may name whose:
    /// `<pod-name:web>`. What is not there is left as it stands, and kubectl says so.
    pub(crate) fn fill(&self, command: &str) -> String {
        let mut filled = String::new();
        let mut rest = command;
        while let Some((before, after)) = rest.split_once('<') {
            filled.push_str(before);
            match after.split_once('>').and_then(|(name, after)| Some((self.value(name)?, after))) {
                Some((value, after)) => {
                    filled.push_str(&value);
                    rest = after;
                }
                None => {
                    filled.push('<');
                    rest = after;
                }
            }
        }
        filled + rest
    }

    /// Whether nothing is left in a command that [`Self::fill`] would fill.
    pub(crate) fn all_filled(command: &str) -> bool {
        !["<pod-name", "<pod-ip", "<cluster-ip"].iter().any(|placeholder| command.contains(placeholder))
    }

    fn value(&self, name: &str) -> Option<String> {
        let (what, whose) = name.split_once(':').unwrap_or((name, ""));
        match what {
            "pod-name" => self.pod(whose).map(|p| p.name.clone()),
            "pod-ip" => self.pod(whose).and_then(|p| p.ip).map(|ip| ip.to_string()),
            "cluster-ip" => self.virtual_ip(whose),
            "namespace" => Some(self.0.namespace.to_string()),
            "neighbour" => Some(self.0.namespace.neighbour().to_string()),
            _ => None,
        }
    }

    /// The first Ready pod whose name begins so, else the first at all.
    fn pod(&self, prefix: &str) -> Option<&'a Pod> {
        let theirs = || self.0.workloads().filter(|p| p.name.starts_with(prefix));
        theirs().find(|p| p.state == PodState::Ready).or_else(|| theirs().next())
    }

    fn virtual_ip(&self, name: &str) -> Option<String> {
        let mut services = self.0.services.iter().filter(|s| name.is_empty() || s.name == name);
        services.find_map(|s| s.cluster_ip).map(|ip| ip.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_spaces_and_kept_together_by_quotes() {
        let split = |command| words(command).unwrap_or_default();
        assert_eq!(split("get pods  -l 'app=a b' \"x y\"z ''"), ["get", "pods", "-l", "app=a b", "x yz", ""]);
        assert_eq!(words("get 'pods"), None);
    }

    #[test]
    fn placeholders_are_filled_and_what_is_not_there_is_left() {
        let snapshot = Snapshot::empty("lab-x".parse().unwrap());
        let fill = |command| Placeholders::of(&snapshot).fill(command);
        assert_eq!(fill("-n <neighbour> exec x -- a < b"), "-n lab-x-neighbour exec x -- a < b");
        assert_eq!(fill("delete pod <pod-name:web> in <namespace>"), "delete pod <pod-name:web> in lab-x");
        assert!(!Placeholders::all_filled(&fill("delete pod <pod-name:web>")));
        assert!(Placeholders::all_filled(&fill("-n <neighbour> get pods")));
    }
}
