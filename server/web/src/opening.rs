//! Opening the cluster in the background, again whenever it is asked for after a failure, and starting all that
//! runs on it.

use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::actions::Actions;
use clusterip_cluster::agent_image::{AgentImage as Packed, PackError};
use clusterip_cluster::index::Index;
use clusterip_cluster::source::stage::PRACTICE_STAGES;
use clusterip_cluster::source::{
    self, AgentImage, ApiAddress, Archive, Description, ImageTag, Progress, Simulated, Source, SourceConfig,
    SourceError, SourceKind, Stage, StageEvent,
};
use clusterip_cluster::tenancy::guard::{self, GuardError};
use clusterip_cluster::watch as feeds;
use clusterip_practice::{Handle, Options, Practice};
use clusterip_records::Records;
use jiff::Timestamp;
use kube::Client;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::console::Kubectl;
use crate::course::Course;
use crate::kubectl::Access;
use crate::pages::{self, SourceView};
use crate::run::{Keeper, Runs, Shared};
use crate::startup::{Cluster, Failure, Outcome, Startup};

/// How long the first lists may take: six small requests.
const FIRST_LISTS: Duration = Duration::from_secs(60);

/// Where the cluster comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// kind, or a kubeconfig.
    Real(SourceConfig),
    /// The simulated cluster inside this program.
    Practice,
}

impl From<SourceConfig> for Origin {
    fn from(config: SourceConfig) -> Self {
        Self::Real(config)
    }
}

impl Origin {
    /// The stages that opening goes through, in order.
    #[must_use]
    pub fn stages(&self) -> &'static [Stage] {
        match self {
            Self::Real(config) => config.stages(),
            Self::Practice => PRACTICE_STAGES,
        }
    }

    /// The image of the pods, where they need one: the practice cluster's run inside this program.
    ///
    /// # Errors
    /// It cannot be packed.
    pub(crate) fn image(&self) -> Result<Option<Packed>, PackError> {
        match self {
            Self::Real(_) => Packed::pack().map(Some),
            Self::Practice => Ok(None),
        }
    }
}

/// What opening works with.
pub(crate) struct Opening {
    /// Which cluster.
    pub origin: Origin,
    /// Where progress is kept, if it is.
    pub records: Option<Arc<Records>>,
    /// The image of the pods, where they need one.
    pub image: Option<Packed>,
    /// Where the page reads how far it is.
    pub startup: watch::Sender<Startup>,
    /// Asks for another try.
    pub retry: Arc<Notify>,
    /// Another listener to the stages: the terminal.
    pub also: mpsc::UnboundedSender<StageEvent>,
    /// The labs.
    pub course: Course,
    /// Ends everything.
    pub stop: CancellationToken,
    /// Waits for it.
    pub tasks: TaskTracker,
}

impl Opening {
    /// Opens, and tries again when asked, until the cluster answers or the server stops.
    pub(crate) async fn run(self) {
        let stop = self.stop.clone();
        let work = async {
            loop {
                self.startup.send_replace(Startup::new(self.origin.stages()));
                match self.attempt().await {
                    Ok(cluster) => {
                        self.startup.send_modify(|s| s.outcome = Outcome::Ready(Arc::new(cluster)));
                        return;
                    }
                    Err(failure) => {
                        tracing::error!(code = failure.code, detail = %failure.detail, "start-up failed");
                        self.startup.send_modify(|s| s.fail(failure));
                    }
                }
                self.retry.notified().await;
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn attempt(&self) -> Result<Cluster, Failure> {
        let (to, mut events) = mpsc::unbounded_channel::<StageEvent>();
        let listen = async {
            while let Some(event) = events.recv().await {
                self.startup.send_modify(|s| s.take(event.clone()));
                // The terminal may have stopped listening: the page has not.
                let _ = self.also.send(event);
            }
        };
        let mut practice = None;
        let open = async {
            // Dropped with the future, so that the listener ends too.
            let progress = Progress::new(to);
            match &self.origin {
                Origin::Real(config) => {
                    let tags = self.image.as_ref().map(tags).unwrap_or_default();
                    let archive = self.image.as_ref().map(|image| Archive::Bytes(image.archive()));
                    let agent = archive.map(|archive| AgentImage { archive, tags: &tags });
                    source::open(config, agent, &progress).await
                }
                Origin::Practice => {
                    let start = async {
                        let (simulated, handle) = self.practise().await?;
                        practice = Some((handle, simulated.kubeconfig.clone()));
                        Ok(simulated)
                    };
                    source::open_practice(start, &progress).await
                }
            }
        };
        let (opened, ()) = tokio::join!(open, listen);
        let source = opened.map_err(|e| failure(&e))?;
        Ok(self.start(source, practice).await)
    }

    /// Starts the practice cluster; it ends with the server.
    async fn practise(&self) -> Result<(Simulated, Handle), std::io::Error> {
        let practice = Practice::start(Options::default()).await.map_err(std::io::Error::other)?;
        let network = practice.network().clone();
        let simulated = Simulated {
            kubeconfig: practice.kubeconfig().to_owned(),
            context: clusterip_practice::CONTEXT.to_owned(),
            rules: Arc::new(move || network.rules(clusterip_practice::NODE)),
        };
        let (handle, stop) = (practice.handle().clone(), self.stop.clone());
        self.tasks.spawn(async move {
            stop.cancelled().await;
            practice.shutdown().await;
        });
        Ok((simulated, handle))
    }

    /// Keeps runs on this cluster, where anything is to be kept. A cluster that does not say who it is has nothing kept.
    async fn keeper(&self, client: &Client) -> Option<Keeper> {
        let records = self.records.clone()?;
        let keeper = Keeper::of(records, client).await;
        keeper.inspect_err(|error| tracing::error!(%error, "progress is not kept: which cluster is it?")).ok()
    }

    /// Starts the watches and waits until each has listed its resource once: before that, absence means nothing.
    async fn start(&self, source: Source, practice: Option<(Handle, String)>) -> Cluster {
        let (practice, access) = match practice {
            Some((handle, kubeconfig)) => (Some(handle), Access::Text(kubeconfig)),
            None => (None, Access::File(source.description.kubeconfig.clone())),
        };
        let index = Arc::new(Index::default());
        feeds::start(&source.client, &index, &self.tasks, &self.stop);
        self.tasks.spawn(feeds::follow_rules(source.nodes.clone(), Arc::clone(&index), self.stop.clone()));
        let mut revisions = index.revisions();
        let synced = async { while !index.synced() && revisions.changed().await.is_ok() {} };
        let (listed, students, kubectl) =
            tokio::join!(tokio::time::timeout(FIRST_LISTS, synced), guarded(&source), Kubectl::find());
        if listed.is_err() {
            tracing::warn!("the first lists are not complete; the page will say that it is behind");
        }
        let view = view(&source.description, source.capabilities.simulated);
        let shared = Shared {
            client: source.client.clone(),
            index: Arc::clone(&index),
            source: view.clone(),
            boot: u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default(),
            stop: self.stop.clone(),
            tasks: self.tasks.clone(),
            course: self.course.clone(),
            keeper: self.keeper(&source.client).await,
        };
        Cluster {
            actions: Actions::new(source.client.clone()),
            client: source.client,
            index,
            source: view,
            runs: Runs::new(shared),
            practice,
            students,
            access,
            kubectl,
        }
    }
}

/// Guards what is not the students' own, where the cluster does not do so by itself.
async fn guarded(source: &Source) -> Result<ApiAddress, GuardError> {
    if !source.capabilities.simulated {
        let applied = guard::apply_all(&source.client).await;
        applied.inspect_err(|error| {
            let cause = std::error::Error::source(error);
            tracing::warn!(%error, source = ?cause, "students get no credentials of their own");
        })?;
    }
    Ok(source.address())
}

/// The image's tags as a source wants them.
#[must_use]
pub fn tags(packed: &Packed) -> Vec<ImageTag> {
    let tag =
        |(reference, digest): (&str, &str)| ImageTag { reference: reference.into(), digest: digest.into() };
    packed.references().map(tag).collect()
}

fn failure(error: &SourceError) -> Failure {
    Failure { code: error.code(), detail: error.chain(), cure: error.cure() }
}

fn view(description: &Description, simulated: bool) -> SourceView {
    SourceView {
        kind: match description.kind {
            SourceKind::Kind => pages::SourceKind::Kind,
            SourceKind::Kubeconfig => pages::SourceKind::Kubeconfig,
            SourceKind::Practice => pages::SourceKind::Practice,
        },
        name: description.context.clone(),
        version: description.kubernetes_version.clone(),
        simulated,
    }
}
