//! One of the two clusters, as kubectl reaches it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::script::Line;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(90);
/// How long a condition may take to hold.
const PATIENCE: Duration = Duration::from_secs(90);
/// The pause between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(150);

/// What a real API server says when its own store does not answer in time: the machine is too busy.
const OVERLOADED: [&str; 2] = ["request did not complete within requested timeout", "etcdserver: "];

/// A cluster, and how kubectl reaches it.
#[derive(Debug)]
pub(crate) struct Side {
    /// `kind`, `practice`.
    pub(crate) name: &'static str,
    /// Keeps what kubectl has discovered.
    home: PathBuf,
    /// The kubeconfig, with one context.
    config: Value,
    /// What varies and is known, and its name.
    pub(crate) known: Vec<(String, &'static str)>,
}

/// What a command did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `None` when it was stopped.
    pub(crate) code: Option<i32>,
    pub(crate) took: Duration,
}

impl Ran {
    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Both streams, for whoever reads why.
    pub(crate) fn said(&self) -> String {
        format!("exit {:?}\n{}{}", self.code, self.stdout, self.stderr)
    }
}

/// kubectl's program: `KUBECTL`, else the PATH's.
pub(crate) fn kubectl() -> Command {
    Command::new(std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into()))
}

impl Side {
    /// The cluster of a kubeconfig, with a folder for what is kept of it.
    pub(crate) async fn open(name: &'static str, kubeconfig: &Path, folder: &Path) -> Self {
        let home = folder.join(name);
        std::fs::create_dir_all(&home).expect("a folder");
        let view = ["config", "view", "--raw", "--flatten", "--minify", "-o", "json"];
        let output = kubectl().args(view).env("KUBECONFIG", kubeconfig).output().await.expect("kubectl runs");
        let mut config: Value = serde_json::from_slice(&output.stdout).expect("a kubeconfig");
        // Both sides have the same names in it.
        for list in ["clusters", "users", "contexts"] {
            config[list][0]["name"] = json!("parity");
        }
        config["contexts"][0]["context"] = json!({"cluster": "parity", "user": "parity"});
        config["current-context"] = json!("parity");
        let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap_or_default().to_owned();
        let mut side = Self { name, home, config, known: Vec::new() };
        let place = side.place("look", "default");
        let node = place.run(&["get", "nodes", "-o", "json"]).await;
        let node: Value = serde_json::from_str(&node.stdout).expect("a list of nodes");
        let metadata = &node["items"][0]["metadata"]["name"];
        let address = &node["items"][0]["status"]["addresses"][0]["address"];
        let text = |value: &Value| value.as_str().expect("the node has it").to_owned();
        side.known = vec![(server, "API-SERVER"), (text(metadata), "NODE"), (text(address), "NODE-IP")];
        side
    }

    /// Where the commands of a group run: a folder of its own, and a namespace.
    pub(crate) fn place(&self, group: &str, namespace: &str) -> Place<'_> {
        let folder = self.home.join(group);
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut config = self.config.clone();
        config["contexts"][0]["context"]["namespace"] = json!(namespace);
        std::fs::write(folder.join("kubeconfig"), config.to_string()).expect("it is written");
        let (namespace, overloaded) = (namespace.to_owned(), AtomicBool::new(false));
        Place { side: self, namespace, folder, named: HashMap::new(), overloaded }
    }
}

/// A folder and a namespace on one side.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) side: &'a Side,
    namespace: String,
    folder: PathBuf,
    /// What was named with `let`.
    named: HashMap<String, String>,
    overloaded: AtomicBool,
}

impl Place<'_> {
    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.folder.join(name), content).expect("it is written");
    }

    /// Runs kubectl.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments.iter().map(|a| (*a).to_owned()).collect(), None).await
    }

    /// Runs a line of a case.
    pub(crate) async fn line(&self, line: &Line) -> Ran {
        self.run_with(self.filled(line), line.stdin.as_deref()).await
    }

    /// A line's arguments, with what was named put in.
    pub(crate) fn filled(&self, line: &Line) -> Vec<String> {
        let named = |argument: &String| {
            self.named.iter().fold(argument.clone(), |a, (name, value)| a.replace(&format!("${name}"), value))
        };
        line.arguments.iter().map(named).collect()
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether the cluster said once that it cannot keep up.
    pub(crate) fn overloaded(&self) -> bool {
        self.overloaded.load(Ordering::Relaxed)
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// Repeats a command until it prints the text.
    pub(crate) async fn until(&self, arguments: &[&str], text: &str) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ran = self.run(arguments).await;
            if ran.stdout.contains(text) || ran.stderr.contains(text) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("'{text}' did not come in {PATIENCE:?}: {}", ran.said()));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    pub(crate) fn name(&mut self, name: &str, value: &str) {
        self.named.insert(name.to_owned(), value.trim().to_owned());
    }

    async fn run_with(&self, arguments: Vec<String>, stdin: Option<&str>) -> Ran {
        let stdin = match stdin {
            Some(file) => std::fs::File::open(self.folder.join(file)).expect("the case has the file").into(),
            None => Stdio::null(),
        };
        let mut command = kubectl();
        command.args(&arguments).current_dir(&self.folder).stdin(stdin).kill_on_drop(true);
        command.env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.side.home);
        command.env("TZ", "UTC").env_remove("KUBECTL");
        let began = Instant::now();
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let took = began.elapsed();
        let Ok(output) = output else {
            return Ran { stderr: format!("stopped after {LIMIT:?}\n"), took, ..Ran::default() };
        };
        let output = output.expect("kubectl runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = Ran {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            code: output.status.code(),
            took,
        };
        if OVERLOADED.iter().any(|words| ran.stderr.contains(words)) {
            self.overloaded.store(true, Ordering::Relaxed);
        }
        ran
    }
}
