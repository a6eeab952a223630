//! The labs of the course beside pictures of a cluster, from an empty one to one where much is going on.
//!
//! Whatever a student has in front of them, every check that does not hold can say why, and every question an
//! expression asks has an answer: a misspelled field or a number of the wrong type would be silent otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clusterip_domain::chain::UpstreamUrl;
use clusterip_domain::facts::{Facts, History, HopTotal};
use clusterip_domain::lab::{Expression, Lab, LabFiles, NoAnswer, Scene, World};
use clusterip_domain::ledger::{Backend, HopTally, Tally, Target, TargetKind, TargetTotal};
use clusterip_domain::probe::{ProbeReport, Probed, Tool, Vantage};
use clusterip_domain::snapshot::{
    ContainerPort, Deployment, Endpoint, EndpointSlice, Labels, Owner, Pod, PodRole, PodState, Service,
    ServicePort, ServiceType, Snapshot,
};
use clusterip_domain::traffic::ErrorKind;
use jiff::Timestamp;

fn course() -> Vec<Lab> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).expect("the labs").map(|entry| entry.expect("a folder").path()).collect();
    folders.sort();
    folders.iter().map(|folder| read(folder)).collect()
}

fn read(folder: &Path) -> Lab {
    let mut files = LabFiles::default();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(path).expect("a folder").map(|e| e.expect("a file").path()));
            continue;
        }
        let name = path.strip_prefix(folder).expect("below it").to_string_lossy().into_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => drop(files.texts.insert(name, text)),
            Err(_) => files.others.push(name),
        }
    }
    files.read().unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn address(last: u8) -> IpAddr {
    [10, 244, 0, last].into()
}

fn pod(name: &str, last: u8, state: PodState, pairs: &[(&str, &str)]) -> Pod {
    let pending = state == PodState::Pending;
    Pod {
        name: name.into(),
        uid: format!("uid-{last}"),
        role: PodRole::Workload,
        state,
        reason: pending.then(|| "ErrImagePull".to_owned()),
        ip: (!pending).then(|| address(last)),
        node: None,
        labels: labels(pairs),
        owner: pending.then(|| Owner { kind: "ReplicaSet".into(), name: "backend-5d9".into() }),
        image: "clusterip-lab/backend:v2".into(),
        ports: vec![
            ContainerPort { name: None, port: 8080 },
            ContainerPort { name: Some("web".into()), port: 81 },
        ],
        upstream: (!pending).then(|| upstream("http://data-service")),
        restarts: 0,
        created_at: (!pending).then_some(Timestamp::UNIX_EPOCH),
    }
}

fn upstream(url: &str) -> UpstreamUrl {
    url.parse().expect("an upstream")
}

fn deployment(name: &str, replicas: i32) -> Deployment {
    Deployment {
        name: name.into(),
        uid: name.into(),
        replicas,
        ready: 0,
        updated: 1,
        selector: Labels::new(),
        image: "clusterip-lab/backend:v2".into(),
        env: BTreeMap::new(),
        readiness_probe: None,
        pre_stop: false,
    }
}

fn service(name: &str, cluster_ip: Option<IpAddr>, target: &str, selector: &[(&str, &str)]) -> Service {
    let port = ServicePort { name: None, port: 80, target_port: target.into(), protocol: "TCP".into() };
    Service {
        name: name.into(),
        uid: name.into(),
        service_type: ServiceType::ClusterIP,
        cluster_ip,
        headless: cluster_ip.is_none(),
        ports: vec![port],
        selector: labels(selector),
        client_ip_affinity: false,
        created_at: Some(Timestamp::UNIX_EPOCH),
    }
}

fn slice(service: &str, ports: &[u16], pods: &[&Pod]) -> EndpointSlice {
    let endpoint = |pod: &&Pod| Endpoint {
        address: pod.ip,
        pod: Some(pod.name.clone()),
        ready: pod.state == PodState::Ready,
        serving: true,
        terminating: false,
    };
    EndpointSlice {
        name: format!("{service}-x"),
        service: Some(service.into()),
        ports: ports.to_vec(),
        endpoints: pods.iter().map(endpoint).collect(),
    }
}

/// What a step may know, owned.
struct Picture {
    what: &'static str,
    snapshot: Snapshot,
    traffic: Vec<TargetTotal>,
    chain: Vec<HopTotal>,
    probes: Vec<Probed>,
    noted: Vec<IpAddr>,
}

impl Picture {
    fn empty(what: &'static str) -> Self {
        let snapshot = Snapshot::empty("lab-x".parse().expect("a name"));
        Self { what, snapshot, traffic: vec![], chain: vec![], probes: vec![], noted: vec![] }
    }

    /// Deployments whose pods are not there yet, and Services of all kinds.
    fn beginning() -> Self {
        let mut picture = Self::empty("as it begins");
        let names = ["backend", "frontend", "data", "orders", "cart", "solo", "shop"];
        picture.snapshot.deployments = names.map(|name| deployment(name, 3)).into();
        picture.snapshot.pods = vec![
            pod("backend-a", 5, PodState::Pending, &[("app", "myapp")]),
            pod("solo", 6, PodState::Pending, &[]),
        ];
        let names = ["my-clusterip-service", "data-service", "frontend-service", "orders-service", "other"];
        picture.snapshot.services = names.map(|name| service(name, None, "web", &[])).into();
        picture.snapshot.endpoint_slices = names.map(|name| slice(name, &[], &[])).into();
        picture
    }

    /// Pods in every state, answers and failures everywhere.
    fn in_full_swing() -> Self {
        let mut picture = Self { what: "in full swing", noted: vec![address(7)], ..Self::beginning() };
        let both = [("app", "myapp"), ("type", "back-end"), ("version", "v1"), ("pod-template-hash", "5d9")];
        let ready = pod("backend-b", 7, PodState::Ready, &both);
        let not_ready = pod("solo", 8, PodState::NotReady, &[("tier", "gold")]);
        let names = ["my-clusterip-service", "data-service", "frontend-service", "orders-service", "shop"];
        let selector = [("app", "myapp"), ("pod-template-hash", "5d9"), ("tier", "gold")];
        picture.snapshot.services =
            names.map(|name| service(name, Some([10, 96, 0, 9].into()), "8080", &selector[..1])).into();
        picture.snapshot.services[0].selector = labels(&selector);
        picture.snapshot.endpoint_slices =
            names.map(|name| slice(name, &[8080], &[&ready, &not_ready])).into();
        picture.snapshot.pods.extend([ready, not_ready]);
        picture.traffic = traffic(&names);
        picture.chain = ["http://backend", "http://data-service"].map(hop).into();
        picture.probes = probes();
        picture
    }

    fn facts<'a>(&'a self, history: &'a History) -> Facts<'a> {
        Facts {
            snapshot: &self.snapshot,
            traffic: self.traffic.iter().collect(),
            chain: self.chain.clone(),
            seen: history.since(history.now()),
            noted: &self.noted,
            probes: self.probes.iter().collect(),
        }
    }
}

fn backend() -> BTreeMap<String, Backend> {
    let backend = Backend { pod: "backend-b".into(), ip: address(7), version: "v1".into(), answered: 40 };
    [("backend-b".to_owned(), backend)].into()
}

fn target(kind: TargetKind, name: &str) -> Target {
    Target { kind, name: name.into(), host: "10.96.0.8".into(), port: 80 }
}

fn traffic(services: &[&str]) -> Vec<TargetTotal> {
    let mut all = Vec::new();
    for kind in [TargetKind::VirtualIp, TargetKind::DnsName, TargetKind::PodIp] {
        for name in services.iter().chain(&["backend-b"]) {
            for new_connections in [true, false] {
                let errors = [(ErrorKind::Timeout, 30)].into();
                let backends = backend();
                let tally = Tally {
                    answered: 40,
                    failed: 30,
                    failed_in_a_row: 6,
                    errors,
                    backends,
                    ..Tally::default()
                };
                all.push(TargetTotal { target: target(kind, name), new_connections, tally });
            }
        }
    }
    all
}

fn hop(to: &str) -> HopTotal {
    let tally =
        HopTally { answered: 5, failed: 9, errors: [(ErrorKind::Dns, 9)].into(), backends: backend() };
    HopTotal { hop: 1, to: upstream(to), tally }
}

fn probes() -> Vec<Probed> {
    let mut all = Vec::new();
    for from in [Vantage::Client, Vantage::Outside, Vantage::Itself] {
        for tool in [Tool::Http, Tool::Tcp, Tool::Dns, Tool::Ping] {
            let target = target(TargetKind::VirtualIp, "my-clusterip-service");
            all.push(Probed { from, tool, target, report: ProbeReport::failed(ErrorKind::Timeout) });
        }
    }
    all
}

/// An expression, and what it is.
type Named<'a> = (String, &'a Expression);

/// All expressions of a lab that are asked, and all that make text, each with what it is.
fn expressions(lab: &Lab) -> (Vec<Named<'_>>, Vec<Named<'_>>) {
    let (mut asked, mut text) = (Vec::new(), Vec::new());
    for step in &lab.steps {
        let name = |what: &dyn std::fmt::Display| format!("{} · {} · {what}", lab.id, step.id);
        for check in &step.checks {
            asked.push((name(&check.id), &check.expression));
            if let Some(message) = &check.message {
                text.push((name(&format!("message of {}", check.id)), &message.en));
                text.push((name(&format!("messaggio di {}", check.id)), &message.it));
            }
        }
        asked.extend(step.hints.iter().filter_map(|h| Some((name(&"hint"), h.when.as_ref()?))));
        let choices = step.prediction.iter().flat_map(|p| &p.choices);
        asked.extend(choices.map(|c| (name(&c.id), &c.happened)));
    }
    (asked, text)
}

#[test]
fn every_expression_has_an_answer_whatever_is_in_the_picture() {
    let course = course();
    assert!(course.len() > 1);
    let mut silent = String::new();
    for picture in [Picture::empty("empty"), Picture::beginning(), Picture::in_full_swing()] {
        let mut history = History::default();
        history.observe(&Picture::in_full_swing().snapshot);
        history.observe(&picture.snapshot);
        let facts = picture.facts(&history);
        let world = World::new(&facts);
        let scene: Scene<'_> = world.scene(&facts);
        for lab in &course {
            let (asked, text) = expressions(lab);
            let mut tell = |name: &str, why: NoAnswer| {
                let _ = writeln!(silent, "{}: {name}: {why}", picture.what);
            };
            for (name, expression) in asked {
                let _ = expression.judge(&scene).map_err(|why| tell(&name, why));
            }
            for (name, expression) in text {
                let _ = expression.says(&scene).map_err(|why| tell(&name, why));
            }
        }
    }
    assert!(silent.is_empty(), "{silent}");
}
