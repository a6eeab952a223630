//! A machine of our own: docker and kind as shell scripts that log every call and keep their state in files, and an
//! API server that answers what start-up asks. Both fail on calls that nobody expects.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::stage::{Progress, StageEvent, StageState};
use super::super::{KindConfig, Programs};

/// How long any condition of a test may take to come about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// docker, whose engine has the containers listed in the file `nodes` and the images in the file `images`.
pub(crate) const DOCKER: &str = r#"
case "$1" in
  version) echo 28.2.2 ;;
  ps) cat "$HERE/nodes" 2>/dev/null || true ;;
  start|unpause) sed -i "s/^$2\t[a-z]*/$2\trunning/" "$HERE/nodes" ;;
  container) echo 2025-01-02T03:04:05.678Z ;;
  exec) shift; node=$1; shift
    case "$1" in
      ctr) echo "REF TYPE DIGEST SIZE PLATFORMS LABELS"; cat "$HERE/images" 2>/dev/null || true ;;
      kubelet) echo Kubernetes v1.34.4 ;;
      *) unexpected "$@" ;;
    esac ;;
  *) unexpected "$@" ;;
esac
"#;

/// kind, which makes a cluster of one node and loads the image `clusterip-lab/backend:v1`.
pub(crate) const KIND: &str = r#"
case "$1 $2" in
  "version ") echo "kind v0.33.0 go1.26.5 linux/amd64" ;;
  "create cluster")
    echo "Creating cluster ..." >&2
    printf 'lab-control-plane\trunning\tcontrol-plane\tkindest/node:v1\n' >"$HERE/nodes" ;;
  "delete cluster") rm -f "$HERE/nodes" ;;
  "get kubeconfig") cat "$HERE/kubeconfig" ;;
  "load image-archive") echo "docker.io/clusterip-lab/backend:v1 type sha256:aaaa 1MiB linux -" >"$HERE/images" ;;
  *) unexpected "$@" ;;
esac
"#;

/// A machine with fake programs. Everything in it goes away with it.
pub(crate) struct Machine {
    folder: TempDir,
}

impl Machine {
    /// With these scripts as docker and kind; `None` leaves the program out.
    pub(crate) fn with(docker: Option<&str>, kind: Option<&str>) -> Self {
        let machine = Self { folder: tempfile::tempdir().expect("a folder") };
        for (name, script) in [("docker", docker), ("kind", kind)] {
            if let Some(script) = script {
                machine.install(name, script);
            }
        }
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Writes a script through another process: as long as this one had it open for writing, a child of another
    /// test could inherit that, and running the script would fail with "text file busy".
    pub(crate) fn install(&self, name: &str, script: &str) {
        let mut whole = format!("#!/bin/sh\nHERE='{}'\n", self.folder.path().display());
        let _ = writeln!(
            whole,
            "{{ printf {name}; printf '\\t%s' \"$@\"; echo; }} >>\"$HERE/log\"\n\
             printf '%s\\n' \"$KUBECONFIG\" >>\"$HERE/{name}.kubeconfigs\"\n\
             unexpected() {{ echo \"unexpected: {name} $*\" | tee -a \"$HERE/unexpected\" >&2; exit 97; }}\n{script}"
        );
        let mut install = Command::new("install")
            .args(["-m", "755", "/dev/stdin"])
            .arg(self.path(name))
            .stdin(Stdio::piped())
            .spawn()
            .expect("install runs");
        install.stdin.take().expect("piped").write_all(whole.as_bytes()).expect("written");
        assert!(install.wait().expect("ends").success());
    }

    pub(crate) fn config(&self) -> KindConfig {
        KindConfig {
            name: "lab".parse().expect("a name"),
            node_image: None,
            kind_config: None,
            state_dir: self.path("state"),
            programs: Programs {
                docker: Some(self.path("docker")),
                kind: Some(self.path("kind")),
                kubectl: Some(self.path("kubectl")),
            },
        }
    }

    /// The calls so far, as `docker ps --all …`, with this machine's folder as `HERE`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let here = self.folder.path().display().to_string();
        self.read("log").lines().map(|l| l.replace('\t', " ").replace(&here, "HERE")).collect()
    }

    /// The calls that begin with `words`.
    pub(crate) fn calls_of(&self, words: &str) -> Vec<String> {
        self.calls().into_iter().filter(|c| c.starts_with(words)).collect()
    }

    /// Waits until a file of this machine has something in it.
    pub(crate) async fn wait_for(&self, name: &str) -> String {
        let path = self.path(name);
        wait_until(|| std::fs::read_to_string(&path).ok().filter(|t| t.ends_with('\n'))).await
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let unexpected = self.read("unexpected");
        if !std::thread::panicking() {
            assert_eq!(unexpected, "", "calls that nobody expected");
        }
    }
}

/// Asks until there is an answer; a test that waits in vain fails.
pub(crate) async fn wait_until<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            match condition() {
                Some(value) => return value,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the condition came about in time")
}

/// An API server that answers start-up's questions, over plain HTTP on loopback.
pub(crate) struct ApiServer {
    port: u16,
    task: JoinHandle<()>,
}

/// How it takes them.
#[derive(Clone, Copy)]
pub(crate) enum Mood {
    /// It grants everything.
    Kind,
    /// It answers, and allows nothing.
    Strict,
    /// It does not know the credentials.
    Deaf,
}

impl ApiServer {
    pub(crate) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, mood));
            }
        });
        Self { port, task }
    }

    /// A kubeconfig with one context.
    pub(crate) fn kubeconfig(&self, context: &str) -> String {
        kubeconfig(context, self.port)
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn kubeconfig(context: &str, port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {context}\n\
         clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
         users: [{{name: u, user: {{}}}}]\n\
         contexts: [{{name: {context}, context: {{cluster: c, user: u}}}}]\n"
    )
}

/// One request a connection: enough for a handful of questions.
async fn answer(mut stream: TcpStream, mood: Mood) {
    let mut head = Vec::new();
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        let mut some = [0; 1024];
        match stream.read(&mut some).await {
            Ok(read) if read > 0 => head.extend_from_slice(&some[..read]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head);
    let (status, body) = match (mood, head.split(' ').nth(1).unwrap_or_default()) {
        (Mood::Deaf, _) => (401, FAILURE.replace("CODE", "401")),
        (_, "/version") => (200, VERSION.to_owned()),
        (_, "/readyz" | "/api/v1/nodes/lab-control-plane/proxy/healthz") => (200, "ok".to_owned()),
        (Mood::Kind, path) if path.starts_with("/api/v1/nodes?") || path == "/api/v1/nodes" => {
            (200, NODES.to_owned())
        }
        (Mood::Strict, path) if path.starts_with("/api/v1/nodes") => (403, FAILURE.replace("CODE", "403")),
        (mood, path) if path.starts_with("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") => {
            (201, REVIEW.replace("ALLOWED", if matches!(mood, Mood::Kind) { "true" } else { "false" }))
        }
        (_, path) => (404, FAILURE.replace("CODE", "404").replace("MESSAGE", path)),
    };
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // A client that went away is not this server's business.
    let _ = stream.write_all(answer.as_bytes()).await;
}

const VERSION: &str = r#"{"major":"1","minor":"34","gitVersion":"v1.34.4","gitCommit":"c","gitTreeState":"clean",
"buildDate":"2025-01-01T00:00:00Z","goVersion":"go1.24","compiler":"gc","platform":"linux/amd64"}"#;
const NODES: &str = r#"{"kind":"NodeList","apiVersion":"v1","metadata":{},"items":[{"metadata":
{"name":"lab-control-plane"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}]}"#;
const REVIEW: &str = r#"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},
"spec":{},"status":{"allowed":ALLOWED}}"#;
const FAILURE: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"MESSAGE",
"reason":"X","code":CODE}"#;

/// A [`Progress`] and what it tells.
pub(crate) fn watched() -> (Progress, mpsc::UnboundedReceiver<StageEvent>) {
    let (to, from) = mpsc::unbounded_channel();
    (Progress::new(to), from)
}

/// The events so far as `findDocker done`, without notes.
pub(crate) fn told(events: &mut mpsc::UnboundedReceiver<StageEvent>) -> Vec<String> {
    std::iter::from_fn(|| events.try_recv().ok())
        .filter(|e| !matches!(e.state, StageState::Note { .. }))
        .map(|event| {
            let json = serde_json::to_value(&event).expect("plain data");
            format!("{} {}", json["stage"].as_str().expect("an id"), json["state"].as_str().expect("a tag"))
        })
        .collect()
}

/// The notes so far, in English.
pub(crate) fn notes(events: &mut mpsc::UnboundedReceiver<StageEvent>) -> Vec<String> {
    std::iter::from_fn(|| events.try_recv().ok())
        .filter_map(|e| match e.state {
            StageState::Note { text } => Some(text.en),
            _ => None,
        })
        .collect()
}

/// A path that is certainly not there.
pub(crate) fn nowhere() -> &'static Path {
    Path::new("/nowhere/at-all")
}
