//! One container: its image, its process, its restarts.
//!
//! ```text
//! pull ──▶ create, start ──▶ postStart hook ──▶ probes ──▶ ended ──▶ restart policy ──▶ back off ──▶ pull …
//!  └─ ErrImagePull ⇄ ImagePullBackOff                                   └─▶ done
//!                   └─────────── process ────────────────┘
//! ```

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::env::{Env, environment};
use super::images::{self, Image, Missing};
use super::log::Log;
use super::probe::Probe;
use super::process::{Place, Program};
use super::status::{Ended, Phase, State};
use super::{Kubelet, random_id};
use crate::controllers::events::Said;
use crate::network::Sandbox;
use crate::store::object::{name, namespace, now, uid};

/// How long it takes to create and start a container.
const START: Duration = Duration::from_millis(150);
/// How long it takes a registry not to answer.
const PULL: Duration = Duration::from_millis(500);
/// How long a failed pull, or an ended process, is seen before what follows.
const GLIMPSE: Duration = Duration::from_secs(1);
/// The first pause before a failed pull or a crashed container is tried again; it doubles from there.
/// Source: <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>
const FIRST_BACKOFF: Duration = Duration::from_secs(10);
/// The longest.
const LAST_BACKOFF: Duration = Duration::from_secs(300);
/// A process that ran for so long starts again with the first pause.
const RAN_WELL: Duration = Duration::from_secs(600);
/// The exit code of a process that was killed.
const KILLED: i32 = 137;

/// When a container must have ended: `None` while it may run on.
pub(super) type Deadline = Option<Instant>;

/// A container of a pod.
pub(super) struct Container {
    pub(super) kubelet: Arc<Kubelet>,
    pub(super) pod: Arc<Value>,
    pub(super) spec: Value,
    pub(super) index: usize,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) states: Arc<watch::Sender<Vec<State>>>,
    pub(super) deadline: watch::Receiver<Deadline>,
    /// The newest run's, and the one before.
    pub(super) logs: Arc<Mutex<[Option<Arc<Log>>; 2]>>,
}

impl Container {
    /// Runs until it is told to stop, or is not to be restarted.
    pub(super) async fn run(mut self) {
        let mut backoff = FIRST_BACKOFF;
        if self.wait_turn().await.is_none() {
            return;
        }
        loop {
            let Some((image, env)) = self.prepare().await else { return };
            let began = Instant::now();
            let ended = self.run_once(image, env).await;
            let (code, failed_hook) = (ended.code, ended.failed_hook.clone());
            self.set(|state| {
                (state.ready, state.started, state.starting) = (false, false, false);
                state.phase = Phase::Ended(ended);
            });
            if self.deadline.borrow().is_some() || !self.restarts(code) {
                return;
            }
            if let Some(why) = failed_hook {
                self.wait_after_end("PostStartHookError", why);
            }
            if began.elapsed() >= RAN_WELL {
                backoff = FIRST_BACKOFF;
            }
            let first = self.states.borrow()[self.index].restarts == 0;
            if self.pause(self.kubelet.pace.of(GLIMPSE)).await.is_none() {
                return;
            }
            if !first {
                self.back_off(backoff);
                if self.pause(self.kubelet.pace.of(backoff)).await.is_none() {
                    return;
                }
                backoff = (backoff * 2).min(LAST_BACKOFF);
            }
        }
    }

    fn restarts(&self, code: i32) -> bool {
        match self.pod["spec"]["restartPolicy"].as_str() {
            Some("Never") => false,
            Some("OnFailure") => code != 0,
            _ => true,
        }
    }

    fn back_off(&self, backoff: Duration) {
        let (container, pod) = (self.name(), self.full_name());
        let seconds = go_duration(backoff);
        self.tell(Said::warning(
            "BackOff",
            format!("Back-off restarting failed container {container} in pod {pod}"),
        ));
        let message = format!("back-off {seconds} restarting failed container={container} pod={pod}");
        self.wait_after_end("CrashLoopBackOff", message);
    }

    /// The run before stays told of.
    fn wait_after_end(&self, reason: &'static str, message: String) {
        self.set(|state| {
            if let Phase::Ended(ended) = &state.phase {
                state.last = Some(ended.clone());
            }
            state.phase = Phase::Waiting(reason, message);
        });
    }

    /// The pod, as the kubelet names it.
    pub(super) fn full_name(&self) -> String {
        format!("{}_{}({})", name(&self.pod), namespace(&self.pod), uid(&self.pod))
    }

    pub(super) fn name(&self) -> &str {
        self.spec["name"].as_str().unwrap_or_default()
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut State)) {
        self.states.send_modify(|states| change(&mut states[self.index]));
    }

    fn wait_for(&self, reason: &'static str, message: &str) {
        self.set(|state| state.phase = Phase::Waiting(reason, message.to_owned()));
    }

    pub(super) fn tell(&self, said: Said<'_>) {
        self.kubelet.events.tell(&self.pod, said.of_container(self.name()));
    }

    /// Waits; `None` when it is told to stop meanwhile.
    async fn pause(&mut self, time: Duration) -> Option<()> {
        tokio::select! {
            () = sleep(time) => Some(()),
            _ = self.deadline.wait_for(Option::is_some) => None,
        }
    }

    /// The image and the environment, as soon as both are there.
    async fn prepare(&mut self) -> Option<(Image, Env)> {
        let mut backoff = FIRST_BACKOFF;
        let pace = self.kubelet.pace;
        let image = self.spec["image"].as_str().unwrap_or_default().to_owned();
        let policy = self.spec["imagePullPolicy"].as_str().unwrap_or_default().to_owned();
        loop {
            let missing = match images::find(&image, &policy) {
                Ok(found) => match self.environment(found) {
                    Ok(env) => {
                        let message = format!("Container image \"{image}\" already present on machine");
                        self.tell(Said::normal("Pulled", message));
                        return Some((found, env));
                    }
                    Err(why) => {
                        self.tell(Said::warning("Failed", format!("Error: {why}")));
                        self.wait_for("CreateContainerConfigError", &why);
                        self.pause(pace.of(FIRST_BACKOFF)).await?;
                        continue;
                    }
                },
                Err(missing) => missing,
            };
            match missing {
                Missing::InvalidName(why) => {
                    self.tell(Said::warning("InspectFailed", why.clone()));
                    self.tell(Said::warning("Failed", "Error: InvalidImageName"));
                    self.wait_for("InvalidImageName", &why);
                }
                Missing::NeverPulled(why) => {
                    self.tell(Said::warning("ErrImageNeverPull", why.clone()));
                    self.tell(Said::warning("Failed", "Error: ErrImageNeverPull"));
                    self.wait_for("ErrImageNeverPull", &why);
                }
                Missing::NotPulled(why) => self.fail_to_pull(&image, &why).await?,
            }
            self.pause(pace.of(backoff)).await?;
            backoff = (backoff * 2).min(LAST_BACKOFF);
        }
    }

    async fn fail_to_pull(&mut self, image: &str, why: &str) -> Option<()> {
        let pace = self.kubelet.pace;
        self.tell(Said::normal("Pulling", format!("Pulling image \"{image}\"")));
        self.pause(pace.of(PULL)).await?;
        self.tell(Said::warning("Failed", format!("Failed to pull image \"{image}\": {why}")));
        self.tell(Said::warning("Failed", "Error: ErrImagePull"));
        self.wait_for("ErrImagePull", why);
        self.pause(pace.of(GLIMPSE)).await?;
        let message = format!("Back-off pulling image \"{image}\"");
        self.tell(Said::normal("BackOff", message.clone()));
        self.tell(Said::warning("Failed", "Error: ImagePullBackOff"));
        self.wait_for("ImagePullBackOff", &format!("{message}: ErrImagePull: {why}"));
        Some(())
    }

    fn environment(&self, image: Image) -> Result<Env, String> {
        let own = [("PATH", "/usr/bin"), ("VERSION", image.version)];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut pod = (*self.pod).clone();
        let ip = self.sandbox.ip().to_string();
        pod["status"]["podIP"] = Value::from(ip.clone());
        pod["status"]["podIPs"] = Value::from(ip);
        pod["status"]["hostIP"] = Value::from(super::node::NODE_IP.to_string());
        environment(&self.kubelet.store, &pod, &self.spec, own)
    }

    /// One run of the process, from its start to its end.
    async fn run_once(&mut self, image: Image, env: Env) -> Ended {
        sleep(self.kubelet.pace.of(START)).await;
        let (id, since) = (format!("practice://{}", random_id()), now());
        let log = Arc::new(Log::default());
        if let Ok(mut logs) = self.logs.lock() {
            *logs = [Some(Arc::clone(&log)), logs[0].take()];
        }
        self.tell(Said::normal("Created", format!("Created container: {}", self.name())));
        let end = |code, reason, message| {
            let (id, since) = (id.clone(), since.clone());
            Ended { code, reason, message, since, at: now(), id, failed_hook: None }
        };
        let argv = Program::command_line(&self.spec, image.mode);
        let Some(program) = Program::find(&argv) else {
            let file = argv.first().map(String::as_str).unwrap_or_default();
            let missing = if file.contains('/') {
                format!("stat {file}: no such file or directory")
            } else {
                "executable file not found in $PATH".to_owned()
            };
            let why = format!(
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create \
                 failed: unable to start container process: exec: \"{file}\": {missing}: unknown"
            );
            self.tell(Said::warning("Failed", format!("Error: {why}")));
            self.begin(image, &id);
            log.close();
            // It never began, which containerd says like this.
            return Ended { since: "1970-01-01T00:00:00Z".to_owned(), ..end(128, "StartError", why) };
        };
        self.tell(Said::normal("Started", format!("Started container {}", self.name())));
        let place = Place { sandbox: &self.sandbox, env: &env, host_name: name(&self.pod), log: &log };
        let begun = || {
            self.begin(image, &id);
            self.set_running(since.clone());
        };
        let (code, failed_hook) = self.process(&place, program, begun).await;
        log.close();
        // It may have ended before its hook did.
        self.begin(image, &id);
        let ended = end(code, if code == 0 { "Completed" } else { "Error" }, String::new());
        Ended { failed_hook, ..ended }
    }

    fn set_running(&self, since: String) {
        let gated = Probe::read(&self.spec, "startupProbe").is_some();
        let probed = Probe::read(&self.spec, "readinessProbe").is_some();
        self.set(|state| {
            state.phase = Phase::Running(since);
            (state.started, state.ready, state.starting) = (!gated, !gated && !probed, false);
        });
    }

    /// A new container takes the place of the one before, if there was one. More than once is as good as once.
    fn begin(&self, image: Image, id: &str) {
        self.set(|state| {
            if state.id.as_deref() == Some(id) {
                return;
            }
            state.restarts += u32::from(state.id.is_some());
            if let Phase::Ended(ended) = &state.phase {
                state.last = Some(ended.clone());
            }
            (state.image, state.id) = (Some(image), Some(id.to_owned()));
        });
    }

    /// The exit code, and why the `postStart` hook failed, if it did. The process is told to stop by the pod's end, a
    /// failed hook or a failed liveness probe, and killed when its grace is over. `begun` is called when it counts as
    /// running.
    async fn process(&self, place: &Place<'_>, program: Program, begun: impl Fn()) -> (i32, Option<String>) {
        let (condemned, mut sentence) = watch::channel(None);
        let mut pod_ends = self.deadline.clone();
        let mut life_ends = sentence.clone();
        let told_to_stop = async {
            tokio::select! {
                _ = pod_ends.wait_for(Option::is_some) => {}
                _ = life_ends.wait_for(Option::is_some) => {}
            }
            self.before_stop().await;
        };
        let mut deadline = self.deadline.clone();
        let killed = async {
            tokio::select! {
                () = passed(&mut deadline) => {}
                () = passed(&mut sentence) => {}
            }
        };
        let failed_hook = OnceLock::new();
        let watched = async {
            if let Err(why) = self.after_start().await {
                failed_hook.set(why).ok();
                self.condemn(&condemned, "FailedPostStartHook".to_owned());
                std::future::pending::<()>().await;
            }
            begun();
            tokio::join!(self.probe_readiness(), self.probe_liveness(&condemned));
        };
        let code = tokio::select! {
            // The process first: it listens before it is probed.
            biased;
            code = place.run(program, told_to_stop) => code,
            () = killed => KILLED,
            () = watched => KILLED,
        };
        (code, failed_hook.into_inner())
    }

    /// Has the process end within the pod's grace.
    pub(super) fn condemn(&self, condemned: &watch::Sender<Deadline>, message: String) {
        self.tell(Said::normal("Killing", message));
        let grace = self.pod["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
        // Longer than any cluster lives, a number of seconds need not fit into a moment.
        let grace = u32::try_from(grace).unwrap_or(u32::MAX);
        condemned.send_replace(Some(Instant::now() + Duration::from_secs(grace.into())));
    }
}

/// Waits until a deadline is set and has passed; it may be moved.
async fn passed(deadline: &mut watch::Receiver<Deadline>) {
    loop {
        let at = *deadline.borrow_and_update();
        let changed = deadline.changed();
        match at {
            Some(at) => tokio::select! {
                () = sleep_until(at) => return,
                _ = changed => {}
            },
            None => drop(changed.await),
        }
    }
}

/// As Go writes it: `10s`, `1m20s`, `5m0s`.
fn go_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}
