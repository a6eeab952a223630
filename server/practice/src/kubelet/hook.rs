//! What a container does when its process has started, and before it is told to stop: its `postStart` and `preStop`
//! hooks.
//!
//! Source: <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>, and `pkg/kubelet/lifecycle` of
//! Kubernetes.

use std::future::pending;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::container::Container;
use super::http_get::{HttpGet, Unanswered};
use super::process::Program;
use super::random_id;
use super::status::Phase;
use crate::controllers::events::Said;

/// What a hook calls itself to an HTTP server.
const AGENT: &str = "kube-lifecycle/1.34";

/// What a hook does.
#[derive(Debug, PartialEq, Eq)]
enum Hook {
    /// Waits.
    Sleep(Duration),
    /// Runs a program of the image.
    Exec(Vec<String>),
    /// Asks an HTTP server; whatever the answer is, it is one.
    Http {
        /// As the spec has it.
        path: String,
        /// Or why it cannot be asked.
        get: Result<HttpGet, String>,
    },
    /// Is none that the kubelet runs.
    Invalid(String),
}

impl Hook {
    /// A container's; `None` where it has none of that name.
    fn read(container: &Value, name: &str) -> Option<Self> {
        let hook = container["lifecycle"].get(name).filter(|hook| hook.is_object())?;
        if let Some(command) = hook["exec"]["command"].as_array() {
            return Some(Self::Exec(command.iter().filter_map(Value::as_str).map(str::to_owned).collect()));
        }
        if let Some(action) = hook.get("httpGet").filter(|action| action.is_object()) {
            let path = action["path"].as_str().unwrap_or_default().to_owned();
            return Some(Self::Http { path, get: HttpGet::read(container, action) });
        }
        if let Some(seconds) = hook["sleep"]["seconds"].as_u64() {
            return Some(Self::Sleep(Duration::from_secs(seconds)));
        }
        Some(Self::Invalid(in_go(hook)))
    }
}

/// A hook that only connects, which was never made to work, as Go writes it.
fn in_go(hook: &Value) -> String {
    let socket = &hook["tcpSocket"];
    let port = match &socket["port"] {
        Value::String(name) => format!("{{1 0 {name}}}"),
        number => format!("{{0 {number} }}"),
    };
    let host = socket["host"].as_str().unwrap_or_default();
    format!(
        "&LifecycleHandler{{Exec:nil,HTTPGet:nil,TCPSocket:&TCPSocketAction{{Port:{port},Host:{host},}},Sleep:nil,}}"
    )
}

impl Container {
    /// The kubelet starts a pod's containers one after another, so that a hook holds up those that follow. `None` when
    /// it is told to stop meanwhile.
    pub(super) async fn wait_turn(&mut self) -> Option<()> {
        let all = self.pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let hooked: Vec<usize> =
            (0..self.index).filter(|before| Hook::read(&all[*before], "postStart").is_some()).collect();
        let mut states = self.states.subscribe();
        tokio::select! {
            _ = states.wait_for(|states| {
                hooked.iter().all(|before| !matches!(states[*before].phase, Phase::Waiting("ContainerCreating", _)))
            }) => Some(()),
            _ = self.deadline.wait_for(Option::is_some) => None,
        }
    }

    /// Runs the `postStart` hook beside the process; the error says why it failed. A pod that is to end meanwhile does
    /// not wait for it.
    pub(super) async fn after_start(&self) -> Result<(), String> {
        let Some(hook) = Hook::read(&self.spec, "postStart") else { return Ok(()) };
        self.set(|state| state.starting = true);
        let mut deadline = self.deadline.clone();
        let stopped = async {
            deadline.wait_for(Option::is_some).await.ok();
            pending().await
        };
        let ran = tokio::select! {
            ran = self.run_hook(hook) => ran,
            never = stopped => never,
        };
        if ran.is_err() {
            self.tell(Said::warning("FailedPostStartHook", "PostStartHook failed"));
        }
        ran
    }

    /// Runs the `preStop` hook. What the process does meanwhile it does as ever, and the pod's grace goes on.
    pub(super) async fn before_stop(&self) {
        let Some(hook) = Hook::read(&self.spec, "preStop") else { return };
        if self.run_hook(hook).await.is_err() {
            self.tell(Said::warning("FailedPreStopHook", "PreStopHook failed"));
        }
    }

    /// Sees a hook through; the error in the kubelet's words.
    async fn run_hook(&self, hook: Hook) -> Result<(), String> {
        let of = format!("for Container \"{}\" in Pod \"{}\" failed - error:", self.name(), self.full_name());
        match hook {
            Hook::Sleep(time) => {
                sleep(time).await;
                Ok(())
            }
            Hook::Exec(argv) => self.run_command(&argv).await.map_err(|(error, output)| {
                format!("Exec lifecycle hook ([{}]) {of} {error}, message: {output:?}", argv.join(" "))
            }),
            Hook::Http { path, get } => {
                let asked = match get {
                    Ok(get) => self.ask(&get).await,
                    Err(why) => Err(why),
                };
                asked.map_err(|why| format!("HTTP lifecycle hook ({path}) {of} {why}"))
            }
            Hook::Invalid(handler) => Err(format!("Cannot run handler: invalid handler: {handler}")),
        }
    }

    /// A command that ends well; the error, and what it said.
    async fn run_command(&self, argv: &[String]) -> Result<(), (String, String)> {
        let Some(Program::Tool(tool, arguments)) = Program::find(argv) else {
            let file = argv.first().map(String::as_str).unwrap_or_default();
            let missing = format!(
                "rpc error: code = Unknown desc = failed to exec in container: failed to start exec \"{}\": OCI runtime \
                 exec failed: exec failed: unable to start container process: exec: \"{file}\": executable file not \
                 found in $PATH: unknown",
                random_id()
            );
            return Err((missing, String::new()));
        };
        let ran = tool.collect(&arguments, &self.sandbox.dialer()).await;
        if ran.code == 0 {
            return Ok(());
        }
        let error = format!("command '{}' exited with {}: {}", argv.join(" "), ran.code, ran.stderr);
        Err((error, String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr))
    }

    /// Asks a server. One that does not speak the TLS it is to speak is asked without, as before Kubernetes heeded the
    /// scheme of hooks; no event tells of it (observed on kind).
    async fn ask(&self, get: &HttpGet) -> Result<(), String> {
        let (network, ip) = (&self.kubelet.network, self.sandbox.ip());
        let answered = match get.ask(network, ip, AGENT).await {
            Err(Unanswered::NoTls) => get.without_tls().ask(network, ip, AGENT).await,
            answered => answered,
        };
        answered.map(drop).map_err(|why| get.complain(ip, &why.to_string()))
    }
}
