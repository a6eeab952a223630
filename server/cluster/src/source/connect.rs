//! From a kubeconfig to a client that answers.

use std::time::Duration;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::{Instant, sleep, timeout};

use super::error::{SourceError, chain};
use super::stage::{Progress, Stage};
use super::text::Text;

/// How long one question to the API server may take.
const QUESTION_LIMIT: Duration = Duration::from_secs(10);
/// How long to let a cluster be before asking again whether it is ready.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// A client, and what it was made from.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) config: Config,
    pub(crate) context: String,
}

impl Connection {
    /// A client for one context of a kubeconfig that was read already.
    pub(crate) async fn new(kubeconfig: Kubeconfig, context: &str) -> Result<Self, SourceError> {
        let there: Vec<_> = kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
        if !there.iter().any(|name| name == context) {
            return Err(SourceError::ContextNotFound { context: context.to_owned(), there });
        }
        let options = KubeConfigOptions { context: Some(context.to_owned()), ..Default::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|error| SourceError::unreadable(None, &error))?;
        let client = Client::try_from(config.clone())
            .map_err(|error| api_error(&config.cluster_url.to_string(), "connect", error))?;
        Ok(Self { client, config, context: context.to_owned() })
    }

    pub(crate) fn url(&self) -> String {
        self.config.cluster_url.to_string()
    }

    /// Waits until the API server answers and its nodes are ready.
    ///
    /// After a restart the conditions in the API server's store date from before: with `own_nodes` each kubelet is
    /// asked itself, through the API server.
    pub(crate) async fn wait_ready(
        &self,
        limit: Duration,
        own_nodes: bool,
        progress: &Progress,
    ) -> Result<Ready, SourceError> {
        let began = Instant::now();
        let mut last = String::new();
        loop {
            let now = timeout(QUESTION_LIMIT, self.ready(own_nodes)).await;
            let not_yet = match now {
                Ok(Ok(ready)) => return Ok(ready),
                Ok(Err(NotReady::Never(error))) => return Err(error),
                Ok(Err(NotReady::Unreachable(error))) if began.elapsed() >= limit => return Err(error),
                Ok(Err(NotReady::Unreachable(error))) => Text::new(error.to_string(), error.to_string()),
                Ok(Err(NotReady::Yet(why))) => why,
                Err(_elapsed) => Text::new("the API server gives no answer", "l’API server non risponde"),
            };
            if began.elapsed() >= limit {
                let waiting_for = "the cluster to be ready";
                return Err(SourceError::Timeout { waiting_for, waited: limit, last: not_yet.en });
            }
            if not_yet.en != last {
                last.clone_from(&not_yet.en);
                progress.note(Stage::WaitReady, not_yet);
            }
            sleep(ASK_AGAIN).await;
        }
    }

    async fn ready(&self, own_nodes: bool) -> Result<Ready, NotReady> {
        let version =
            self.client.apiserver_version().await.map_err(|e| self.not_ready("ask its version", e))?;
        self.get("/readyz").await.map_err(|e| self.not_ready("ask whether it is ready", e))?;
        let nodes = match self.nodes().await {
            Ok(nodes) => nodes,
            // A namespaced user may work without ever seeing a node.
            Err(kube::Error::Api(status)) if status.code == 403 && !own_nodes => {
                return Ok(Ready { version: version.git_version, nodes: Vec::new() });
            }
            Err(error) => return Err(self.not_ready("list nodes", error)),
        };
        let ready = nodes.iter().filter(|n| is_ready(n)).count();
        if ready == 0 || own_nodes && ready < nodes.len() {
            return Err(NotReady::Yet(Text::new(
                format!("{ready} of {} nodes are ready", nodes.len()),
                format!("{ready} nodi pronti su {}", nodes.len()),
            )));
        }
        let nodes: Vec<_> = nodes.into_iter().filter_map(|n| n.metadata.name).collect();
        if own_nodes {
            for node in &nodes {
                self.get(&format!("/api/v1/nodes/{node}/proxy/healthz")).await.map_err(|_| {
                    NotReady::Yet(Text::new(
                        format!("the kubelet of {node} does not answer"),
                        format!("il kubelet di {node} non risponde"),
                    ))
                })?;
            }
        }
        Ok(Ready { version: version.git_version, nodes })
    }

    /// What every lab needs of its instructor.
    pub(crate) async fn may_create_namespaces(&self) -> Result<(), SourceError> {
        let what = "create namespaces";
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    resource: Some("namespaces".into()),
                    verb: Some("create".into()),
                    ..Default::default()
                }),
                ..Default::default()
            },
            ..Default::default()
        };
        let reviews = Api::<SelfSubjectAccessReview>::all(self.client.clone());
        let review = reviews
            .create(&PostParams::default(), &review)
            .await
            .map_err(|error| api_error(&self.url(), what, error))?;
        if review.status.is_some_and(|s| s.allowed) {
            Ok(())
        } else {
            Err(SourceError::ApiForbidden { url: self.url(), what })
        }
    }

    async fn nodes(&self) -> kube::Result<Vec<Node>> {
        let nodes = Api::<Node>::all(self.client.clone()).list(&ListParams::default()).await?;
        let mut nodes = nodes.items;
        nodes.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        Ok(nodes)
    }

    async fn get(&self, path: &str) -> kube::Result<String> {
        let request = hyper::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        self.client.request_text(request).await
    }

    fn not_ready(&self, what: &'static str, error: kube::Error) -> NotReady {
        match &error {
            kube::Error::Api(status) if status.code == 401 => {
                NotReady::Never(api_error(&self.url(), what, error))
            }
            // A control plane that is starting answers 403 before it has read its roles, and 5xx after.
            kube::Error::Api(status) => NotReady::Yet(Text::same(one_line(&status.message))),
            kube::Error::Service(_) | kube::Error::HyperError(_) => {
                NotReady::Unreachable(api_error(&self.url(), what, error))
            }
            _ => NotReady::Never(api_error(&self.url(), what, error)),
        }
    }
}

/// A cluster that is ready.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    /// `v1.34.4`.
    pub(crate) version: String,
    /// The names of its nodes; empty if we may not list them.
    pub(crate) nodes: Vec<String>,
}

enum NotReady {
    Yet(Text),
    Unreachable(SourceError),
    Never(SourceError),
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

fn one_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// The error of a question that was answered with a refusal, or not at all.
pub(crate) fn api_error(url: &str, what: &'static str, error: kube::Error) -> SourceError {
    let url = url.to_owned();
    match &error {
        kube::Error::Api(status) if status.code == 401 => SourceError::ApiUnauthorized { url },
        kube::Error::Api(status) if status.code == 403 => SourceError::ApiForbidden { url, what },
        _ => {
            let detail = innermost(&error);
            SourceError::ApiUnreachable { url, detail, source: Box::new(error) }
        }
    }
}

/// The last cause says what happened ("connection refused"); those around it only who noticed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    one_line(&chain(error))
}
