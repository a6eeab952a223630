//! A lab of the course from its beginning, on the real cluster or on the practice cluster: the first one, unless a test
//! turns to another.
//!
//! On the real cluster all runs of a lab share one namespace, so these tests are run one at a time, and each begins by
//! clearing up. Every practice cluster is a new one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clusterip_cluster::source::SourceConfig;
use clusterip_domain::rules::KernelRules;
use clusterip_domain::snapshot::{PodState, Snapshot};
use clusterip_practice::{Handle, Serving};
use clusterip_web::run::{RunHandle, RunView};
use clusterip_web::{Cluster, Course, Origin};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Event, Events, Http};
use crate::server::Server;
use crate::{api_server, kind, wait};

/// The lab's page in English.
pub const PAGE: &str = "/en/labs/the-whole-story";
/// The Service of the lab.
pub const SERVICE: &str = "my-clusterip-service";
/// How long pods may take to come or go on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Which cluster a lab is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The real one: see [`kind`].
    Kind,
    /// A practice cluster of its own, which ends with its server.
    Practice,
}

/// What came of a line that was typed into the console.
#[derive(Debug)]
pub struct Typed(pub Vec<Value>);

impl Typed {
    fn of<'a>(&'a self, is: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |told| told["is"] == is)
    }

    /// What it wrote to `out` or `err`.
    #[must_use]
    pub fn wrote(&self, channel: &str) -> String {
        self.of("wrote")
            .filter(|told| told["channel"] == channel)
            .filter_map(|told| told["text"].as_str())
            .collect()
    }

    /// Its exit code, if it ended by itself.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        let end = &self.of("ended").next()?["end"];
        if end["how"] == "exit" { end["with"].as_i64() } else { None }
    }

    /// Where it ran, in words.
    #[must_use]
    pub fn place(&self) -> &str {
        self.of("began").next().and_then(|told| told["where"].as_str()).unwrap_or_default()
    }

    /// What it asked of the API: method and path.
    #[must_use]
    pub fn calls(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.of("called").map(|told| (text(&told["call"]["verb"]), text(&told["call"]["path"]))).collect()
    }

    /// What it changed: `services/web`.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        let changed = self.of("ended").flat_map(|told| told["changed"].as_array().into_iter().flatten());
        changed
            .map(|c| {
                format!("{}/{}", c["resource"].as_str().unwrap_or("?"), c["name"].as_str().unwrap_or("?"))
            })
            .collect()
    }
}

/// A server on a cluster, and the lab in it.
pub struct Lab {
    /// Which cluster.
    pub on: On,
    /// The server.
    pub server: Server,
    /// Its client.
    pub http: Http,
    /// The server's own view of the cluster.
    pub cluster: Arc<Cluster>,
    /// The server's own view of the run.
    pub run: Arc<RunHandle>,
    /// Its page in English.
    pub page: String,
    state: TempDir,
}

impl Lab {
    /// Opens the lab with nothing in its namespace but the client pod.
    pub async fn open(on: On) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start_keeping(on.origin(&state), any, state.path()).await;
        let lab = Self::of(on, server, state).await;
        lab.reset().await;
        lab
    }

    /// Stops the server and starts another on the same port. On kind the namespace stays as it is; a practice cluster
    /// ends with its server, and the next one is empty.
    pub async fn restart(self) -> Self {
        let Self { on, server, state, .. } = self;
        let address = server.address;
        server.stop().await;
        let again = Server::start_keeping(on.origin(&state), address, state.path()).await;
        Self::of(on, again, state).await
    }

    async fn of(on: On, mut server: Server, state: TempDir) -> Self {
        let cluster = server.ready().await;
        let run = run_of(&cluster, "the-whole-story");
        Self { on, http: server.http(), server, cluster, run, page: PAGE.to_owned(), state }
    }

    /// Goes to another lab of the course, as it begins.
    pub async fn turn_to(mut self, id: &str) -> Self {
        self.run = run_of(&self.cluster, id);
        self.page = format!("/en/labs/{id}");
        self.reset().await;
        self
    }

    /// The practice cluster itself.
    ///
    /// # Panics
    /// The lab is on kind.
    #[must_use]
    pub fn practice(&self) -> &Handle {
        self.cluster.practice.as_ref().expect("the lab is on a practice cluster")
    }

    /// Kills the API server under everyone who talks to it; what runs in the pods goes on.
    pub async fn kill_api_server(&self) {
        match self.on {
            On::Kind => drop(kind::docker(&["exec", &kind::node(), "pkill", "-9", "kube-apiserver"]).await),
            On::Practice => self.practice().serve(Serving::Down),
        }
    }

    /// Starts an API server that was killed. On kind the kubelet does so by itself.
    pub fn start_api_server(&self) {
        if self.on == On::Practice {
            self.practice().serve(Serving::Up);
        }
    }

    /// Holds the API server where it is until the value is dropped, however the test ends: it neither answers nor closes
    /// a connection. On kind the whole node stands still.
    #[must_use]
    pub fn freeze(&self) -> Frozen<'_> {
        match self.on {
            On::Kind => kind::hold(true),
            On::Practice => self.practice().serve(Serving::Frozen),
        }
        Frozen(self)
    }

    /// What the node does with virtual IPs, asked past the server: its kernel on kind, its network on practice.
    pub async fn node_rules(&self) -> KernelRules {
        let rules = match self.on {
            On::Kind => kind::attach(self.state.path()).await.nodes.rules().await,
            On::Practice => self.practice().rules(),
        };
        kind::one_node(rules)
    }

    /// New connections to each pod by Services, as the node's kernel counted them; `None` on the practice cluster, which
    /// has no kernel that could be asked past the program itself.
    pub async fn counted_by_kernel(&self) -> Option<BTreeMap<IpAddr, u64>> {
        match self.on {
            On::Kind => Some(kind::connections_by_pod().await),
            On::Practice => None,
        }
    }

    /// How many watches of cluster-wide lists the API server has open, by its own count.
    pub async fn watches(&self) -> u64 {
        api_server::watches(&self.cluster.client).await
    }

    /// Begins anew, and waits until nothing is left but what the lab begins with, and the client is there.
    pub async fn reset(&self) {
        self.until("the client pod", |view| client_ready(&view.snapshot)).await;
        self.act("reset", &[]).await;
        self.until("the lab's beginning", |view| {
            let s = &view.snapshot;
            let empty = s.workloads().next().is_none() && s.deployments.is_empty() && s.services.is_empty();
            let begun = empty || !view.lab.setup.is_empty();
            begun && !view.waiting && s.stale_since.is_none() && client_ready(s)
        })
        .await;
    }

    /// Does what a button does.
    ///
    /// # Panics
    /// It is refused.
    pub async fn act(&self, name: &str, form: &[(&str, &str)]) -> String {
        let answer = self.http.post(&format!("{}/act/{name}", self.page), form).await;
        assert_eq!(answer.status, 200, "{name} {form:?}: {}", answer.body);
        answer.json()["said"].as_str().expect("an act says what it did").to_owned()
    }

    /// Does what a button does, and is refused: the problem document.
    pub async fn refused(&self, name: &str, form: &[(&str, &str)]) -> Value {
        let answer = self.http.post(&format!("{}/act/{name}", self.page), form).await;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{name}: {}", answer.body);
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status);
        problem
    }

    /// Types a line into the console, and waits until it is over.
    pub async fn types(&self, line: &str) -> Typed {
        self.types_with(line, "").await
    }

    /// Types a line that reads the editor's document.
    pub async fn types_with(&self, line: &str, document: &str) -> Typed {
        let form = [("line", line), ("document", document)];
        Typed(self.http.lines(&format!("{}/console", self.page), &form).await.all().await)
    }

    /// Where the records of this server are.
    #[must_use]
    pub fn records(&self) -> PathBuf {
        self.state.path().join("records.sqlite3")
    }

    /// The UID by which the records know the cluster.
    pub async fn cluster_uid(&self) -> String {
        let system = Api::<Namespace>::all(self.cluster.client.clone()).get("kube-system").await;
        system.expect("every cluster has kube-system").metadata.uid.expect("a namespace has a UID")
    }

    /// Three backends that are Ready.
    pub async fn deploy(&self) {
        self.act("apply-document", &[("file", "start/deployment.yaml")]).await;
        self.until("three Ready pods", |view| ready(&view.snapshot).len() == 3).await;
    }

    /// Three backends behind the Service, known to EndpointSlice and kernel.
    pub async fn serve(&self) {
        self.deploy().await;
        self.act("apply-document", &[("file", "start/service.yaml")]).await;
        self.until("three endpoints in the kernel", |view| in_kernel(view) == 3).await;
    }

    /// Sends to the Service's virtual IP.
    pub async fn send(&self, rate: &str, connections: &str) {
        let form = [("to", "virtual-ip"), ("service", SERVICE), ("rate", rate), ("connections", connections)];
        self.act("send", &form).await;
    }

    /// Opens the page's stream.
    pub async fn events(&self) -> Events {
        self.http.events(&format!("{}/events", self.page), None).await
    }

    /// What the page shows now.
    #[must_use]
    pub fn view(&self) -> Arc<RunView> {
        self.run.view()
    }

    /// Waits until the page shows something.
    ///
    /// # Panics
    /// It did not in [`PATIENCE`]: says what there was.
    pub async fn until(&self, what: &str, holds: impl FnMut(&RunView) -> bool) -> Arc<RunView> {
        self.within(PATIENCE, what, holds).await
    }

    /// Waits until the page shows something.
    ///
    /// # Panics
    /// It did not in time: says what there was.
    pub async fn within(
        &self,
        time: Duration,
        what: &str,
        mut holds: impl FnMut(&RunView) -> bool,
    ) -> Arc<RunView> {
        let mut views = self.run.views();
        let wait = async {
            loop {
                let view = Arc::clone(&views.borrow_and_update());
                if holds(&view) {
                    return view;
                }
                views.changed().await.expect("the run goes on");
            }
        };
        match tokio::time::timeout(time, wait).await {
            Ok(view) => view,
            Err(_) => panic!("waited {time:?} for {what}\n{}", describe(&self.view())),
        }
    }

    /// The ticks of a load until it has had so many answers; the last is returned.
    pub async fn answered(&self, events: &mut Events, count: u64) -> Value {
        let enough = |event: &Event| {
            let tick = (event.name == "tick").then_some(&event.data)?;
            (tick["answered"].as_u64()? >= count).then(|| tick.clone())
        };
        events.until(&format!("{count} answers"), PATIENCE, enough).await
    }

    /// The ready addresses in the Service's EndpointSlices, and their pods, as the API server has them now.
    pub async fn endpoints(&self) -> BTreeMap<IpAddr, String> {
        let namespace = &self.run.namespace;
        let of = format!("labelSelector=kubernetes.io/service-name%3D{SERVICE}");
        let path = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?{of}");
        let request = hyper::Request::get(path).body(Vec::new()).expect("a request");
        let slices: Value = self.cluster.client.request(request).await.expect("the API server answers");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let endpoints = list(&slices["items"]).into_iter().flat_map(|slice| list(&slice["endpoints"]));
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        endpoints
            .filter(|e| e["conditions"]["ready"] == true)
            .map(|e| (text(&e["addresses"][0]).parse().expect("an IP"), text(&e["targetRef"]["name"])))
            .collect()
    }

    /// Ends the lab: nothing left in the namespace, and nothing panicked.
    pub async fn close(self) {
        self.reset().await;
        self.server.stop().await;
    }
}

/// The run of one of the labs that are built in.
#[must_use]
pub fn run_of(cluster: &Cluster, id: &str) -> Arc<RunHandle> {
    let course = Course::built_in().expect("the labs are whole");
    let lab = course.lab(&id.parse().expect("an id")).expect("a lab of the course");
    cluster.runs.open(&lab).expect("the lab has a namespace")
}

/// An API server that is held where it is: see [`Lab::freeze`].
pub struct Frozen<'a>(&'a Lab);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        match self.0.on {
            On::Kind => kind::hold(false),
            On::Practice => self.0.practice().serve(Serving::Up),
        }
    }
}

impl On {
    fn origin(self, state: &TempDir) -> Origin {
        match self {
            Self::Kind => SourceConfig::Kind(kind::config(state.path())).into(),
            Self::Practice => Origin::Practice,
        }
    }
}

/// The answers of each pod in a tick, silent ones too, in the tick's order.
#[must_use]
pub fn counts(tick: &Value) -> Vec<u64> {
    let pods = tick["pods"].as_array().expect("a tick has pods");
    pods.iter().map(|p| p["answered"].as_u64().expect("a count")).collect()
}

/// The names of the backends that are Ready.
#[must_use]
pub fn ready(snapshot: &Snapshot) -> Vec<String> {
    snapshot.workloads().filter(|p| p.state == PodState::Ready).map(|p| p.name.clone()).collect()
}

/// Whether the lab's client can be told to send.
#[must_use]
pub fn client_ready(snapshot: &Snapshot) -> bool {
    snapshot.client().is_some_and(|c| c.state == PodState::Ready)
}

/// How many ways the page says the kernel has from the Service's virtual IP.
#[must_use]
pub fn in_kernel(view: &RunView) -> usize {
    use clusterip_domain::diagram::Rule;
    view.wide.services.iter().find(|s| s.name == SERVICE).map_or(0, |service| match service.rule {
        Rule::Balances { endpoints } => endpoints,
        Rule::Unknown | Rule::Absent | Rule::Rejects => 0,
    })
}

/// What there is, for whoever reads why a wait was in vain.
#[must_use]
pub fn describe(view: &RunView) -> String {
    let s = &view.snapshot;
    let mut text = format!("steps done: {}, {:#?}\n", view.progress.done(), view.progress.steps_progress());
    for pod in &s.pods {
        let _ = writeln!(text, "pod {} {:?} {:?} {:?}", pod.name, pod.state, pod.reason, pod.ip);
    }
    for service in &s.services {
        let endpoints: Vec<_> = s.endpoints(&service.name).map(|e| (e.address, e.ready)).collect();
        let _ = writeln!(text, "service {} {:?} {endpoints:?}", service.name, service.cluster_ip);
    }
    for d in &s.deployments {
        let _ = writeln!(text, "deployment {} {}/{}", d.name, d.ready, d.replicas);
    }
    let _ = writeln!(text, "rules {:?}", s.rules);
    let _ = writeln!(text, "window {:?}", view.window);
    let _ = write!(text, "stale since {:?}, troubles {:?}", s.stale_since, view.troubles);
    text
}

/// Waits until the server has as many viewers of the lab as said.
pub async fn viewers(lab: &Lab, count: usize) {
    let run = &lab.run;
    wait::until("viewers", PATIENCE, async || run.viewers(), |n| *n == count).await;
}
