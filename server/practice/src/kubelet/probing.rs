//! A container's probes, followed for as long as its process runs, and what comes of them.

use tokio::sync::watch;

use super::container::{Container, Deadline};
use super::probe::{Outcome, Probe, Streak};
use crate::controllers::events::Said;

impl Container {
    /// Follows the startup and then the readiness probe, for as long as the process runs.
    pub(super) async fn probe_readiness(&self) {
        if let Some(startup) = Probe::read(&self.spec, "startupProbe") {
            self.follow(&startup, "Startup", |outcome| matches!(outcome, Outcome::Success)).await;
        }
        let readiness = Probe::read(&self.spec, "readinessProbe");
        self.set(|state| (state.started, state.ready) = (true, readiness.is_none()));
        if let Some(readiness) = readiness {
            self.follow(&readiness, "Readiness", |outcome| {
                match outcome {
                    Outcome::Success => self.set_ready(true),
                    Outcome::Failure { decided: true, .. } => self.set_ready(false),
                    _ => {}
                }
                false
            })
            .await;
        }
        std::future::pending::<()>().await;
    }

    fn set_ready(&self, ready: bool) {
        self.states.send_if_modified(|states| {
            let state = &mut states[self.index];
            std::mem::replace(&mut state.ready, ready) != ready
        });
    }

    /// Follows the liveness probe; condemns the process when it fails.
    pub(super) async fn probe_liveness(&self, condemned: &watch::Sender<Deadline>) {
        if let Some(liveness) = Probe::read(&self.spec, "livenessProbe") {
            let mut states = self.states.subscribe();
            states.wait_for(|states| states[self.index].started).await.ok();
            self.follow(&liveness, "Liveness", |outcome| {
                matches!(outcome, Outcome::Failure { decided: true, .. })
            })
            .await;
            let message = format!("Container {} failed liveness probe, will be restarted", self.name());
            self.condemn(condemned, message);
        }
        std::future::pending::<()>().await;
    }

    /// Probes until `enough` says so, and tells of failures.
    async fn follow(&self, probe: &Probe, kind: &str, enough: impl Fn(&Outcome) -> bool) {
        let mut streak = Streak::default();
        probe.wait_first().await;
        loop {
            let outcome = probe.ask(&self.kubelet.network, &self.sandbox, &mut streak).await;
            if let Outcome::Failure { why, .. } = &outcome {
                self.tell(Said::warning("Unhealthy", format!("{kind} probe failed: {why}")));
            }
            if enough(&outcome) {
                return;
            }
            probe.wait_next().await;
        }
    }
}
