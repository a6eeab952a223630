//! Loads of the lab's client pod, sent by the lab's own code, on both sides: whom they reach, and how they fail.

use std::collections::{BTreeMap, BTreeSet};

use clusterip_cluster::traffic::{self, Report};
use clusterip_domain::traffic::{Connections, End, ErrorKind, Line, LoadSpec};
use clusterip_tests::chi_squared::by_chance;
use kube::Client;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::play::{self, Sides};
use crate::side::{Place, Side};

/// How many pods are behind the Services.
const BACKENDS: usize = 3;

/// How a load is to be spread over the backends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// By chance over all.
    Chance,
    /// One gets everything.
    One,
    /// Nobody answers.
    Nobody,
}

/// A load, where it goes, and what must come of it.
struct Load {
    what: &'static str,
    host: Host,
    port: u16,
    connections: Connections,
    /// A second.
    rate: u32,
    requests: u64,
    spread: Spread,
}

/// Where a load goes.
enum Host {
    /// A name.
    Name(&'static str),
    /// What a field of an object says.
    Field { object: &'static [&'static str], path: &'static str },
}

/// What came of a load.
#[derive(Debug, Default)]
struct Outcome {
    answered: BTreeMap<String, u64>,
    versions: BTreeSet<String>,
    failed: BTreeMap<ErrorKind, u64>,
    end: Option<End>,
    sent: u64,
}

impl Load {
    /// Sends it on one side: what must be the same on both, if it came to what it is meant to show.
    async fn judged(&self, place: &Place<'_>) -> Result<String, String> {
        let outcome = self.send(place).await?;
        let mut counts: Vec<u64> = outcome.answered.values().copied().collect();
        counts.resize(BACKENDS.max(counts.len()), 0);
        let chance = by_chance(&counts);
        let fits = match self.spread {
            Spread::Chance => chance.is_ok(),
            Spread::One => outcome.answered.len() == 1 && chance.is_err(),
            Spread::Nobody => outcome.answered.is_empty(),
        };
        if !fits {
            let (side, what, spread) = (place.side.name, self.what, self.spread);
            return Err(format!("{side}: {what}: not {spread:?}: {outcome:?} {chance:?}"));
        }
        let answered: u64 = counts.iter().sum();
        Ok(format!(
            "{}: {} sent, {answered} answered by {} pods of {:?}, failed {:?}, ended by {:?}",
            self.what,
            outcome.sent,
            outcome.answered.len(),
            outcome.versions,
            outcome.failed,
            outcome.end
        ))
    }

    async fn send(&self, place: &Place<'_>) -> Result<Outcome, String> {
        let spec = LoadSpec {
            host: self.host.resolve(place).await?,
            port: self.port,
            connections: self.connections,
            rate_per_second: self.rate,
            max_requests: self.requests,
            max_seconds: 60,
            timeout_ms: 2000,
        };
        let namespace = place.namespace().parse().expect("a namespace");
        let (to, mut reports) = mpsc::channel(16);
        let sending = traffic::send(client(place).await, namespace, spec, to, CancellationToken::new());
        let mut outcome = Outcome::default();
        let listening = async {
            while let Some(report) = reports.recv().await {
                outcome.take(report);
            }
        };
        tokio::join!(sending, listening);
        Ok(outcome)
    }
}

impl Host {
    async fn resolve(&self, place: &Place<'_>) -> Result<String, String> {
        let (object, path) = match self {
            Self::Name(name) => return Ok((*name).to_owned()),
            Self::Field { object, path } => (object, path),
        };
        let output = format!("jsonpath={path}");
        let ran = place.run(&[&["get", "-o", &output], *object].concat()).await;
        if ran.succeeded() && !ran.stdout.is_empty() { Ok(ran.stdout) } else { Err(ran.said()) }
    }
}

impl Outcome {
    fn take(&mut self, report: Report) {
        match report {
            Report::Line(Line::Batch(batch)) => {
                for backend in batch.backends {
                    *self.answered.entry(backend.pod).or_default() += backend.count;
                    self.versions.insert(backend.version);
                }
                for error in batch.errors {
                    *self.failed.entry(error.kind).or_default() += error.count;
                }
            }
            Report::Line(Line::Finished { end, sent }) => (self.end, self.sent) = (Some(end), sent),
            Report::Line(Line::Started { .. }) | Report::Over => {}
            Report::Interrupted(error) => panic!("the way to the client broke: {error}"),
        }
    }
}

/// A client as the lab has one.
async fn client(place: &Place<'_>) -> Client {
    let kubeconfig = kube::config::Kubeconfig::read_from(place.kubeconfig()).expect("a kubeconfig");
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
    Client::try_from(config).expect("a client")
}

const NEW: Connections = Connections::NewPerRequest;
const KEPT: Connections = Connections::KeepAlive { connections: 1 };
const VIRTUAL_IP: Host = Host::Field { object: &["service", "web"], path: "{.spec.clusterIP}" };
const STICKY_IP: Host = Host::Field { object: &["service", "sticky"], path: "{.spec.clusterIP}" };
const POD_IP: Host = Host::Field { object: &["pods", "-l", "app=web"], path: "{.items[0].status.podIP}" };

/// Requests a second, and requests in all.
const BRIEF: (u32, u64) = (50, 100);
const MANY: (u32, u64) = (200, 1200);

#[rustfmt::skip]
const LOADS: [Load; 7] = [
    load("new connections to the virtual IP", VIRTUAL_IP, 80, NEW, MANY, Spread::Chance),
    load("new connections to the name", Host::Name("web"), 80, NEW, MANY, Spread::Chance),
    load("one connection that is kept", VIRTUAL_IP, 80, KEPT, MANY, Spread::One),
    load("new connections to a virtual IP that sticks", STICKY_IP, 80, NEW, MANY, Spread::One),
    load("new connections to one pod", POD_IP, 8080, NEW, BRIEF, Spread::One),
    load("a port where no pod listens", POD_IP, 9999, NEW, BRIEF, Spread::Nobody),
    load("a name that nobody has", Host::Name("nosuch"), 80, NEW, BRIEF, Spread::Nobody),
];

const fn load(
    what: &'static str,
    host: Host,
    port: u16,
    connections: Connections,
    (rate, requests): (u32, u64),
    spread: Spread,
) -> Load {
    Load { what, host, port, connections, rate, requests, spread }
}

/// Makes what the loads go to: three backends, their Services, and the client.
const SETUP: [&[&str]; 6] = [
    &["create", "deployment", "web", "--image=clusterip-lab/backend:v1", "--replicas=3", "--port=8080"],
    &["expose", "deployment", "web", "--port=80", "--target-port=8080"],
    &[
        "expose",
        "deployment",
        "web",
        "--port=80",
        "--target-port=8080",
        "--name=sticky",
        "--session-affinity=ClientIP",
    ],
    &["run", "client", "--image=clusterip-lab/client:v1"],
    &["rollout", "status", "deployment/web", "--timeout=80s"],
    &["wait", "--for=condition=Ready", "pod/client", "--timeout=80s"],
];

/// Sends every load on both sides; the lines that both agree on, or where they do not.
pub(crate) async fn play(sides: Sides<'_>) -> Result<Vec<String>, String> {
    let namespace = "parity-loads";
    let [kind, practice] = sides;
    let (kind, practice) = tokio::join!(prepare(kind, namespace), prepare(practice, namespace));
    let places = [kind?, practice?];
    let mut lines = Vec::new();
    for load in &LOADS {
        let (kind, practice) = tokio::join!(load.judged(&places[0]), load.judged(&places[1]));
        let (kind, practice) = (kind?, practice?);
        if kind != practice {
            return Err(format!("kind: {kind}\npractice: {practice}"));
        }
        lines.push(kind);
    }
    play::close(&places, namespace).await;
    Ok(lines)
}

async fn prepare<'a>(side: &'a Side, namespace: &str) -> Result<Place<'a>, String> {
    let place = play::open(side, "loads", namespace).await?;
    for arguments in SETUP {
        let ran = place.run(arguments).await;
        if !ran.succeeded() {
            return Err(format!("{}: {}", side.name, ran.said()));
        }
    }
    for service in ["web", "sticky"] {
        let url = format!("http://{service}");
        let curl = ["exec", "client", "--", "curl", "-sS", "--max-time", "1", &url];
        place.until(&curl, "says hello").await?;
    }
    Ok(place)
}
