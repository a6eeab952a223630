//! States of a run, one after another as a student meets them, made without a cluster.

use std::net::IpAddr;
use std::sync::Arc;

use clusterip_domain::chain::HopCount;
use clusterip_domain::diagnosis::{Case, Diagnosis, Question, diagnose};
use clusterip_domain::diagram::{Diagram, Places, Shape};
use clusterip_domain::distribution::evenness;
use clusterip_domain::facts::History;
use clusterip_domain::lab::{Evidence, Lab, LabFiles, Progress};
use clusterip_domain::ledger::{Ledger, Target, TargetKind};
use clusterip_domain::probe::{Probed, Probes};
use clusterip_domain::rules::{
    EndpointShare, KernelRules, Protocol, ProxyMode, RulesView, ServiceRule, Verdict,
};
use clusterip_domain::snapshot::{
    Deployment, Endpoint, EndpointSlice, Event, Labels, Pod, PodRole, PodState, Service, ServicePort,
    ServiceType, Snapshot,
};
use clusterip_domain::traffic::{BackendCount, Batch, Connections, ErrorCount, ErrorKind, Latency, LoadSpec};
use jiff::Timestamp;

use crate::pages::{SourceKind, SourceView, StageState, StageView};
use crate::run::{Noted, RunView, Troubles};

pub(super) const SERVICE: &str = "my-clusterip-service";
const NAMES: [&str; 8] = ["x7k2p", "4nq9d", "zt8vw", "m5j6c", "b2xlr", "q9f4s", "h6wdt", "k3p8n"];

pub(super) fn lab() -> Lab {
    let files = [
        ("lab.yaml", include_str!("lab/lab.yaml")),
        ("en.md", include_str!("lab/en.md")),
        ("it.md", include_str!("lab/it.md")),
        ("start/deployment.yaml", include_str!("lab/deployment.yaml")),
        ("start/service.yaml", include_str!("lab/service.yaml")),
    ];
    let texts = files.into_iter().map(|(p, t)| (p.to_owned(), t.to_owned())).collect();
    LabFiles { texts, others: vec![] }.read().unwrap()
}

/// Progress in a lab: so many steps done, and these checks of the next one. The checks of the pages' own lab hold
/// when an address is noted that belongs to their number.
pub(super) fn progress(lab: &Lab, done: usize, holding: &[bool]) -> Progress {
    let (mut ledger, history) = (Ledger::default(), History::default());
    let now = Timestamp::UNIX_EPOCH;
    let fresh = Progress::begin(lab, &mut ledger, &history, now);
    let mut record = fresh.record(lab).unwrap();
    for step in &lab.steps[..done] {
        record.steps.entry(step.id.clone()).or_default().done_at = Some(now);
    }
    let mut progress = Progress::resume(lab, &record, &mut ledger, &history, now);
    let holds = holding.iter().enumerate().filter(|(_, holds)| **holds);
    let noted: Vec<IpAddr> = holds.map(|(i, _)| [10, 9, 9, 1 + u8::try_from(i).unwrap()].into()).collect();
    let snapshot = Snapshot::empty("lab-x".parse().unwrap());
    let mut evidence = Evidence {
        snapshot: &snapshot,
        ledger: &mut ledger,
        history: &history,
        noted: &noted,
        probes: &Probes::default(),
    };
    progress.judge(lab, &mut evidence, now);
    progress
}

pub(super) fn source() -> SourceView {
    SourceView {
        kind: SourceKind::Kind,
        name: "kind-clusterip-lab".into(),
        version: "v1.34.4".into(),
        simulated: false,
    }
}

pub(super) fn stages() -> Vec<StageView> {
    let stage = |title: &str, state, detail: Option<&str>, took: &str| StageView {
        title: title.into(),
        state,
        detail: detail.map(Into::into),
        cure: None,
        took: took.into(),
    };
    vec![
        stage("Look for docker", StageState::Done, Some("docker 28.5.1"), "0.2 s"),
        stage("Look for kind", StageState::Done, Some("kind v0.31.0"), "0.1 s"),
        stage("Create the cluster", StageState::Running, Some("Starting control-plane 🕹️"), "34 s"),
        stage("Start the cluster's nodes", StageState::Skipped, Some("They run already"), ""),
        stage("Load the image of the lab's pods", StageState::Waiting, None, ""),
    ]
}

/// A run that is put together step by step.
pub(super) struct Scene {
    pub(super) snapshot: Snapshot,
    pub(super) ledger: Ledger,
    pub(super) places: Places,
    pub(super) noted: Vec<Noted>,
    pub(super) progress: Progress,
    pub(super) probes: Vec<Probed>,
    pub(super) diagnosis: Option<Arc<Diagnosis>>,
}

pub(super) fn pod_name(n: usize) -> String {
    format!("backend-6d4f8c7b9-{}", NAMES[n])
}

pub(super) fn ip(n: usize) -> IpAddr {
    [10, 244, 0, 12 + u8::try_from(n).unwrap()].into()
}

fn labels() -> Labels {
    Labels::from([
        ("app".into(), "myapp".into()),
        ("pod-template-hash".into(), "6d4f8c7b9".into()),
        ("type".into(), "back-end".into()),
    ])
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut snapshot = Snapshot::empty("lab-ada".parse().unwrap());
        snapshot.pods.push(Pod {
            name: "client".into(),
            uid: "c0".into(),
            role: PodRole::Client,
            state: PodState::Ready,
            reason: None,
            ip: Some([10, 244, 0, 5].into()),
            node: Some("clusterip-lab-control-plane".into()),
            labels: Labels::new(),
            owner: None,
            image: "clusterip-lab/client:v1".into(),
            ports: vec![],
            upstream: None,
            restarts: 0,
            created_at: None,
        });
        Self {
            snapshot,
            ledger: Ledger::default(),
            places: Places::default(),
            noted: vec![],
            progress: progress(&lab(), 0, &[]),
            probes: vec![],
            diagnosis: None,
        }
    }

    pub(super) fn pods(mut self, n: usize) -> Self {
        for i in 0..n {
            self.snapshot.pods.push(Pod {
                name: pod_name(i),
                uid: format!("u{i}"),
                role: PodRole::Workload,
                state: PodState::Ready,
                reason: None,
                ip: Some(ip(i)),
                node: Some("clusterip-lab-control-plane".into()),
                labels: labels(),
                owner: None,
                image: "clusterip-lab/backend:v1".into(),
                ports: vec![],
                upstream: None,
                restarts: 0,
                created_at: None,
            });
        }
        self.snapshot.deployments = vec![Deployment {
            name: "backend".into(),
            uid: "d".into(),
            replicas: i32::try_from(n).unwrap(),
            ready: i32::try_from(n).unwrap(),
            updated: i32::try_from(n).unwrap(),
            selector: labels(),
            image: "clusterip-lab/backend:v1".into(),
            env: std::collections::BTreeMap::new(),
            readiness_probe: None,
            pre_stop: false,
        }];
        for (i, (reason, message)) in [
            ("Started", "Started container backend"),
            ("Pulled", "Container image \"clusterip-lab/backend:v1\" already present on machine"),
            ("Scheduled", "Successfully assigned lab-ada/backend to clusterip-lab-control-plane"),
        ]
        .into_iter()
        .enumerate()
        {
            self.snapshot.events.push(Event {
                at: Some("2026-03-02T10:15:30Z".parse().unwrap()),
                warning: false,
                reason: reason.into(),
                kind: "Pod".into(),
                name: pod_name(0),
                message: message.into(),
                count: i32::try_from(i).unwrap() + 1,
            });
        }
        self.settle()
    }

    pub(super) fn change(mut self, n: usize, change: impl FnOnce(&mut Pod)) -> Self {
        let name = pod_name(n);
        change(self.snapshot.pods.iter_mut().find(|p| p.name == name).unwrap());
        if !self.snapshot.services.is_empty() {
            self.snapshot.endpoint_slices.clear();
            self.endpoints();
        }
        self.settle()
    }

    pub(super) fn without(mut self, n: usize) -> Self {
        self.snapshot.pods.retain(|p| p.name != pod_name(n));
        self.settle()
    }

    pub(super) fn service(mut self) -> Self {
        self.snapshot.services.push(Service {
            name: SERVICE.into(),
            uid: "svc".into(),
            service_type: ServiceType::ClusterIP,
            cluster_ip: Some([10, 96, 113, 47].into()),
            headless: false,
            ports: vec![ServicePort {
                name: None,
                port: 80,
                target_port: "8080".into(),
                protocol: "TCP".into(),
            }],
            selector: Labels::from([("app".into(), "myapp".into()), ("type".into(), "back-end".into())]),
            client_ip_affinity: false,
            created_at: None,
        });
        self.endpoints();
        self
    }

    fn endpoints(&mut self) {
        let service = self.snapshot.services[0].clone();
        let endpoints: Vec<_> = self
            .snapshot
            .workloads()
            .filter(|p| p.ip.is_some() && service.selects(&p.labels))
            .map(|p| Endpoint {
                address: p.ip,
                pod: Some(p.name.clone()),
                ready: p.state == PodState::Ready,
                serving: matches!(p.state, PodState::Ready | PodState::Terminating),
                terminating: p.state == PodState::Terminating,
            })
            .collect();
        let ready: Vec<_> = endpoints.iter().filter(|e| e.ready).filter_map(|e| e.address).collect();
        let share = |ip: &IpAddr| EndpointShare { ip: *ip, port: 8080, share: 1.0 / ready.len() as f64 };
        let verdict = if ready.is_empty() {
            Verdict::Reject
        } else {
            Verdict::Balance { endpoints: ready.iter().map(share).collect(), affinity_seconds: None }
        };
        self.snapshot.rules = RulesView::Read {
            nodes: vec![KernelRules {
                node: "clusterip-lab-control-plane".into(),
                mode: ProxyMode::Iptables,
                services: vec![ServiceRule {
                    cluster_ip: [10, 96, 113, 47].into(),
                    port: 80,
                    protocol: Protocol::Tcp,
                    verdict,
                }],
            }],
            read_at: "2026-03-02T10:16:02Z".parse().unwrap(),
        };
        self.snapshot.endpoint_slices.push(EndpointSlice {
            name: format!("{SERVICE}-abcde"),
            service: Some(SERVICE.into()),
            ports: vec![8080],
            endpoints,
        });
    }

    pub(super) fn traffic(
        mut self,
        kind: TargetKind,
        connections: Connections,
        counts: &[u64],
        errors: &[(ErrorKind, u64)],
    ) -> Self {
        let (name, host, port) = match kind {
            TargetKind::PodIp => (pod_name(0), ip(0).to_string(), 8080),
            TargetKind::VirtualIp => (SERVICE.into(), "10.96.113.47".to_owned(), 80),
            TargetKind::DnsName => (SERVICE.into(), format!("{SERVICE}.lab-ada.svc.cluster.local"), 80),
        };
        let spec = LoadSpec {
            host: host.clone(),
            port,
            connections,
            rate_per_second: 20,
            max_requests: 10_000,
            max_seconds: 600,
            timeout_ms: 1000,
        };
        let pods = match kind {
            TargetKind::PodIp => vec![pod_name(0)],
            _ => self.snapshot.endpoints(SERVICE).filter(|e| e.ready).filter_map(|e| e.pod.clone()).collect(),
        };
        self.ledger.begin(Target { kind, name, host, port }, &spec, pods, Timestamp::UNIX_EPOCH);
        let backend = |(i, count): (usize, &u64)| BackendCount {
            pod: pod_name(i),
            ip: ip(i),
            version: "v1".into(),
            count: *count,
        };
        let latency = Latency { p50_us: 840, p90_us: 1900, p99_us: 3200, max_us: 12_000 };
        let backends = counts.iter().enumerate().map(backend).collect();
        self.ledger.record(&Batch { backends, latency, ..Batch::default() });
        if !errors.is_empty() {
            let errors = errors.iter().map(|(kind, count)| ErrorCount { kind: *kind, count: *count });
            self.ledger.record(&Batch { errors: errors.collect(), latency, ..Batch::default() });
        }
        self.settle()
    }

    /// The pods ask a Service `data-service` with two pods of its own.
    pub(super) fn asking(mut self) -> Self {
        let data = Labels::from([("tier".into(), "data".into())]);
        for pod in self.snapshot.pods.iter_mut().filter(|p| p.role == PodRole::Workload) {
            pod.upstream = Some("http://data-service".parse().unwrap());
        }
        let template = self.snapshot.pods.last().unwrap().clone();
        for (i, name) in NAMES.iter().enumerate().take(8).skip(6) {
            let (name, uid) = (format!("data-77b8-{name}"), format!("u{i}"));
            let (labels, upstream) = (data.clone(), None);
            self.snapshot.pods.push(Pod { name, uid, ip: Some(ip(i)), labels, upstream, ..template.clone() });
        }
        let service = self.snapshot.services[0].clone();
        let cluster_ip = Some([10, 96, 40, 8].into());
        let name = "data-service".to_owned();
        self.snapshot.services.push(Service { name: name.clone(), cluster_ip, selector: data, ..service });
        let slice = self.snapshot.endpoint_slices[0].clone();
        let ends = self.snapshot.workloads().filter(|p| p.name.starts_with("data-")).map(|p| Endpoint {
            address: p.ip,
            pod: Some(p.name.clone()),
            ..slice.endpoints[0].clone()
        });
        let endpoints = ends.collect();
        self.snapshot.endpoint_slices.push(EndpointSlice {
            name: "data-service-x".into(),
            service: Some(name),
            endpoints,
            ..slice
        });
        let answers = [6, 7].map(|i| BackendCount {
            pod: format!("data-77b8-{}", NAMES[i]),
            ip: ip(i),
            version: "v1".into(),
            count: 100 + i as u64,
        });
        let chain = vec![HopCount {
            hop: 1,
            to: "http://data-service".parse().unwrap(),
            backends: answers.into(),
            errors: vec![],
        }];
        self.ledger.record(&Batch { chain, ..Batch::default() });
        self.settle()
    }

    /// Walked with these tries, to the Service.
    pub(super) fn diagnosed(mut self, tried: Vec<Probed>) -> Self {
        let question = Question::new(SERVICE, None).unwrap();
        let (before, window) = (&[][..], self.ledger.window());
        let case = Case { snapshot: &self.snapshot, question: &question, tried: &tried, before, window };
        self.diagnosis = Some(Arc::new(diagnose(&case)));
        self.probes = tried;
        self
    }

    pub(super) fn noted(mut self, n: usize) -> Self {
        self.noted = (0..n).map(|i| Noted { ip: ip(i), pod: pod_name(i), alive: true }).collect();
        self
    }

    pub(super) fn at(mut self, done: usize, holding: &[bool]) -> Self {
        self.progress = progress(&lab(), done, holding);
        self
    }

    fn settle(mut self) -> Self {
        self.places.follow(&self.snapshot, self.ledger.window());
        self
    }

    pub(super) fn view(mut self) -> RunView {
        for noted in &mut self.noted {
            noted.alive = self.snapshot.workloads().any(|p| p.ip == Some(noted.ip));
        }
        let ips: Vec<_> = self.noted.iter().map(|n| n.ip).collect();
        let draw = |shape| Diagram::of(&self.snapshot, &self.places, self.ledger.window(), &ips, shape);
        let window = self.ledger.window().cloned();
        let by_chance = window
            .as_ref()
            .filter(|w| w.connections == Connections::NewPerRequest && w.target.kind != TargetKind::PodIp);
        let count = |w: &clusterip_domain::ledger::Window, pod: &String| {
            w.tally.backends.get(pod).map_or(0, |b| b.answered)
        };
        let evenness = by_chance.map(|w| evenness(&w.pods.iter().map(|p| count(w, p)).collect::<Vec<_>>()));
        RunView {
            lab: Arc::new(lab()),
            next: None,
            waiting: false,
            wide: draw(Shape::Wide),
            tall: draw(Shape::Tall),
            window,
            evenness,
            progress: self.progress,
            noted: self.noted,
            probes: self.probes,
            diagnosis: self.diagnosis,
            snapshot: Arc::new(self.snapshot),
            troubles: Troubles::new(),
        }
    }
}
