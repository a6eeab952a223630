//! The first lab, played on a small model of a cluster.
//!
//! ```text
//! acts on a World ──▶ Snapshot, Ledger, History ──▶ Evidence ──▶ Progress::judge
//! ```
//!
//! Every step fails before its acts and passes after them, waiting does no step, and the mistakes that students
//! make do not pass: for each, the table says exactly which checks hold.

use std::net::IpAddr;
use std::path::Path;
use std::sync::LazyLock;

use clusterip_domain::facts::History;
use clusterip_domain::lab::{Evidence, Lab, LabFiles, Lang, Progress};
use clusterip_domain::ledger::{Ledger, Target, TargetKind};
use clusterip_domain::probe::Probes;
use clusterip_domain::rules::{
    EndpointShare, KernelRules, Protocol, ProxyMode, RulesView, ServiceRule, Unreadable, Verdict,
};
use clusterip_domain::snapshot::{
    ContainerPort, Deployment, Endpoint, EndpointSlice, Labels, Pod, PodRole, PodState, Service, ServicePort,
    ServiceType, Snapshot,
};
use clusterip_domain::traffic::{BackendCount, Batch, Connections, ErrorCount, ErrorKind, LoadSpec};
use jiff::{SignedDuration, Timestamp};

const SERVICE: &str = "my-clusterip-service";
const KEEP_ALIVE: Connections = Connections::KeepAlive { connections: 1 };
const NEW: Connections = Connections::NewPerRequest;

/// Read once: compiling its expressions takes a while in a debug build.
static LAB: LazyLock<Lab> = LazyLock::new(lab);

fn lab() -> Lab {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs/00-the-whole-story");
    let paths = ["lab.yaml", "en.md", "it.md", "start/deployment.yaml", "start/service.yaml"];
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let texts = paths.into_iter().map(|p| (p.to_owned(), read(p))).collect();
    LabFiles { texts, others: vec![] }.read().expect("a whole lab")
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// A namespace that does what Kubernetes does, as far as the first lab goes; one call of an act is one second.
struct World {
    snapshot: Snapshot,
    ledger: Ledger,
    seen: History,
    noted: Vec<IpAddr>,
    progress: Progress,
    target: Option<(TargetKind, String)>,
    made: u8,
    clock: i64,
    readable: bool,
    connections: Connections,
}

impl World {
    fn new() -> Self {
        let mut snapshot = Snapshot::empty("student-1".parse().expect("a name"));
        let labels = labels(&[("clusterip-lab/role", "client")]);
        snapshot.pods.push(pod("client", 2, PodRole::Client, labels, Timestamp::UNIX_EPOCH));
        let (mut ledger, seen) = (Ledger::default(), History::default());
        let progress = Progress::begin(&LAB, &mut ledger, &seen, Timestamp::UNIX_EPOCH);
        Self {
            snapshot,
            ledger,
            seen,
            noted: vec![],
            progress,
            target: None,
            made: 0,
            clock: 1,
            readable: true,
            connections: NEW,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(self.clock)
    }

    /// The id of the current step, `done` at the end.
    fn current(&self) -> &'static str {
        self.progress.current().map_or("done", |at| LAB.steps[at].id.as_str())
    }

    /// Which checks of the current step hold.
    fn holding(&self) -> &[bool] {
        self.progress.current().map_or(&[], |at| &self.progress.steps_progress()[at].holding)
    }

    /// What the controllers and kube-proxy would do, and then the judgement, a second later.
    fn settle(&mut self) {
        self.clock += 1;
        let (pods, services) = (&self.snapshot.pods, &self.snapshot.services);
        self.snapshot.endpoint_slices = services.iter().map(|s| slice(s, pods)).collect();
        self.snapshot.rules = if self.readable {
            let rules = services.iter().zip(&self.snapshot.endpoint_slices).filter_map(rule).collect();
            let node = KernelRules { node: "node".into(), mode: ProxyMode::Nftables, services: rules };
            RulesView::Read { nodes: vec![node], read_at: self.now() }
        } else {
            RulesView::Unreadable { why: Unreadable::NoWayIn }
        };
        for d in &mut self.snapshot.deployments {
            let ready = pods.iter().filter(|p| p.owner.is_none() && is_ready(p)).count();
            d.ready = i32::try_from(ready).expect("few");
        }
        self.seen.observe(&self.snapshot);
        self.judge();
    }

    fn judge(&mut self) {
        // Nothing else happens until the step has held long enough.
        for seconds in [0, 1] {
            let mut evidence = Evidence {
                snapshot: &self.snapshot,
                ledger: &mut self.ledger,
                history: &self.seen,
                noted: &self.noted,
                probes: &Probes::default(),
            };
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(self.clock + seconds);
            self.progress.judge(&LAB, &mut evidence, now);
        }
    }

    fn add_pod(&mut self, state: PodState) {
        self.made += 1;
        let labels = labels(&[("app", "myapp"), ("type", "back-end"), ("pod-template-hash", "5d9")]);
        let name = format!("backend-5d9-{}", self.made);
        let made = pod(&name, self.made + 4, PodRole::Workload, labels, self.now());
        self.snapshot.pods.push(Pod { state, ..made });
    }

    fn deploy(&mut self, replicas: i32) {
        self.snapshot.deployments = vec![Deployment {
            name: "backend".into(),
            uid: "d".into(),
            replicas,
            ready: 0,
            updated: replicas,
            selector: labels(&[("app", "myapp"), ("type", "back-end")]),
            image: "clusterip-lab/backend:v1".into(),
            env: std::collections::BTreeMap::new(),
            readiness_probe: None,
            pre_stop: false,
        }];
        while self.snapshot.workloads().count() < usize::try_from(replicas).expect("positive") {
            self.add_pod(PodState::Ready);
        }
        self.settle();
    }

    fn scale(&mut self, replicas: i32) {
        let excess = self.snapshot.workloads().count().saturating_sub(usize::try_from(replicas).unwrap_or(0));
        for _ in 0..excess {
            let last = self.snapshot.pods.iter().rposition(|p| p.role == PodRole::Workload);
            self.snapshot.pods.remove(last.expect("a pod"));
        }
        self.deploy(replicas);
    }

    fn note_ips(&mut self) {
        self.noted = self.snapshot.workloads().filter(|p| is_ready(p)).filter_map(|p| p.ip).collect();
        self.judge();
    }

    /// The pod that the traffic goes to, or the oldest, is told to stop, and goes; another comes.
    fn kill(&mut self) {
        let named = self.target.as_ref().map(|t| t.1.clone());
        let oldest = self.snapshot.workloads().next().map(|p| p.name.clone());
        let named = named.filter(|n| self.snapshot.pods.iter().any(|p| p.name == *n)).or(oldest);
        self.delete_pod(&named.expect("a pod"));
    }

    fn delete_pod(&mut self, name: &str) {
        let found = self.snapshot.pods.iter().position(|p| p.name == name).expect("that pod");
        self.snapshot.pods[found].state = PodState::Terminating;
        self.settle();
        self.snapshot.pods.remove(found);
        self.add_pod(PodState::Ready);
        self.settle();
    }

    fn serve(&mut self, service: Service) {
        let created_at = Some(self.now());
        let uid = self.clock.to_string();
        let cluster_ip =
            service.cluster_ip.map(|_| [10, 96, 0, u8::try_from(self.clock).unwrap_or(9)].into());
        self.snapshot.services = vec![Service { created_at, uid, cluster_ip, ..service }];
        self.settle();
    }

    fn delete_service(&mut self) {
        self.snapshot.services.clear();
        self.settle();
    }

    /// Begins a load.
    fn send(&mut self, kind: TargetKind, connections: Connections) {
        let first = self.snapshot.workloads().find(|p| is_ready(p));
        let service = self.snapshot.service(SERVICE);
        let (name, host, port) = match kind {
            TargetKind::PodIp => {
                let pod = first.expect("a pod");
                (pod.name.clone(), pod.ip.expect("an IP").to_string(), 8080)
            }
            TargetKind::VirtualIp => {
                let ip = service.expect("a Service").cluster_ip.expect("an IP");
                (SERVICE.to_owned(), ip.to_string(), 80)
            }
            TargetKind::DnsName => (SERVICE.to_owned(), SERVICE.to_owned(), 80),
        };
        let (rate_per_second, max_requests, max_seconds, timeout_ms) = (100, 9000, 90, 1000);
        let spec = LoadSpec {
            host: host.clone(),
            port,
            connections,
            rate_per_second,
            max_requests,
            max_seconds,
            timeout_ms,
        };
        let target = Target { kind, name: name.clone(), host: host.clone(), port };
        self.ledger.begin(target, &spec, vec![], self.now());
        self.connections = connections;
        self.target = Some((kind, if kind == TargetKind::PodIp { name } else { host }));
    }

    /// Which pods a request of the load may reach, and how it fails if there is none.
    fn reached(&self) -> (Vec<&Pod>, ErrorKind) {
        let Some((kind, to)) = &self.target else { return (vec![], ErrorKind::Refused) };
        let mut ready = self.snapshot.pods.iter().filter(|p| is_ready(p));
        let at_ip = |s: &&Service| s.cluster_ip.is_some_and(|ip| ip.to_string() == *to);
        let (service, absent) = match kind {
            TargetKind::PodIp => {
                return (ready.find(|p| p.name == *to).into_iter().collect(), ErrorKind::NoRoute);
            }
            TargetKind::VirtualIp => (self.snapshot.services.iter().find(at_ip), ErrorKind::Timeout),
            TargetKind::DnsName => (self.snapshot.service(to), ErrorKind::Dns),
        };
        let Some(service) = service else { return (vec![], absent) };
        let listens = service.ports[0].target_port == "8080";
        (ready.filter(|p| listens && service.selects(&p.labels)).collect(), ErrorKind::Refused)
    }

    /// So many requests of the load come to their end, if one runs.
    fn flow(&mut self, requests: u64) {
        if self.target.is_none() {
            return;
        }
        let (mut pods, error) = self.reached();
        if self.connections == KEEP_ALIVE {
            pods.truncate(1);
        }
        let count = requests / pods.len().max(1) as u64;
        let backend = |p: &&Pod| BackendCount {
            pod: p.name.clone(),
            ip: p.ip.expect("an IP"),
            version: "v1".into(),
            count,
        };
        let backends: Vec<_> = pods.iter().map(backend).collect();
        let errors =
            if backends.is_empty() { vec![ErrorCount { kind: error, count: requests }] } else { vec![] };
        self.ledger.record(&Batch { backends, errors, ..Batch::default() });
        self.judge();
    }
}

fn is_ready(pod: &Pod) -> bool {
    pod.state == PodState::Ready && pod.role == PodRole::Workload
}

fn pod(name: &str, last: u8, role: PodRole, labels: Labels, created: Timestamp) -> Pod {
    Pod {
        name: name.into(),
        uid: format!("uid-{name}"),
        role,
        state: PodState::Ready,
        reason: None,
        ip: Some([10, 244, 0, last].into()),
        node: Some("node".into()),
        labels,
        owner: None,
        image: "clusterip-lab/backend:v1".into(),
        ports: vec![ContainerPort { name: None, port: 8080 }],
        upstream: None,
        restarts: 0,
        created_at: Some(created),
    }
}

fn slice(service: &Service, pods: &[Pod]) -> EndpointSlice {
    let endpoint = |p: &Pod| Endpoint {
        address: p.ip,
        pod: Some(p.name.clone()),
        ready: is_ready(p),
        serving: true,
        terminating: p.state == PodState::Terminating,
    };
    let endpoints: Vec<_> = pods.iter().filter(|p| service.selects(&p.labels)).map(endpoint).collect();
    let number =
        |p: &ServicePort| if p.target_port == "web" { Some(8080) } else { p.target_port.parse().ok() };
    let ports = if endpoints.is_empty() { vec![] } else { service.ports.iter().filter_map(number).collect() };
    EndpointSlice { name: "slice".into(), service: Some(service.name.clone()), ports, endpoints }
}

fn rule((service, slice): (&Service, &EndpointSlice)) -> Option<ServiceRule> {
    let ready: Vec<_> = slice.endpoints.iter().filter(|e| e.ready).collect();
    let share = 1.0 / ready.len().max(1) as f64;
    let endpoints: Vec<_> = ready
        .iter()
        .filter_map(|e| Some(EndpointShare { ip: e.address?, port: *slice.ports.first()?, share }))
        .collect();
    let verdict = if endpoints.is_empty() {
        Verdict::Reject
    } else {
        Verdict::Balance { endpoints, affinity_seconds: None }
    };
    let port = service.ports[0].port;
    Some(ServiceRule { cluster_ip: service.cluster_ip?, port, protocol: Protocol::Tcp, verdict })
}

/// The Service of the lab.
fn good() -> Service {
    Service {
        name: SERVICE.into(),
        uid: String::new(),
        service_type: ServiceType::ClusterIP,
        cluster_ip: Some([10, 96, 0, 9].into()),
        headless: false,
        ports: vec![ServicePort { name: None, port: 80, target_port: "8080".into(), protocol: "TCP".into() }],
        selector: labels(&[("app", "myapp"), ("type", "back-end")]),
        client_ip_affinity: false,
        created_at: None,
    }
}

fn with_port(port: u16, target: &str) -> Service {
    let target_port = target.into();
    Service { ports: vec![ServicePort { port, target_port, ..good().ports[0].clone() }], ..good() }
}

fn selecting(pairs: &[(&str, &str)]) -> Service {
    Service { selector: labels(pairs), ..good() }
}

type Act = fn(&mut World);

/// What the text tells the student to do, step by step.
const PATH: [(&str, Act); 9] = [
    ("deploy", |w| w.deploy(3)),
    ("note-ips", World::note_ips),
    ("call-a-pod", |w| {
        w.send(TargetKind::PodIp, NEW);
        w.flow(60);
    }),
    ("kill-it", |w| {
        w.kill();
        w.flow(20);
    }),
    ("create-service", |w| w.serve(good())),
    ("look-inside", |w| {
        w.send(TargetKind::VirtualIp, NEW);
        w.flow(10);
    }),
    ("spread", |w| {
        w.flow(400);
        w.send(TargetKind::DnsName, NEW);
        w.flow(60);
    }),
    ("survive", |w| {
        w.send(TargetKind::VirtualIp, NEW);
        w.flow(90);
        w.kill();
        w.flow(90);
        w.scale(5);
        w.flow(90);
    }),
    ("delete-service", |w| {
        w.flow(20);
        w.delete_service();
        w.flow(20);
    }),
];

/// A world in which that step is the current one.
fn at(step: &str) -> World {
    let mut world = World::new();
    for (id, act) in PATH {
        if id == step {
            break;
        }
        act(&mut world);
    }
    assert_eq!(world.current(), step, "the way there: {:?}", world.progress);
    world
}

#[test]
fn the_path_of_the_text_does_one_step_at_a_time() {
    for readable in [true, false] {
        let mut world = World { readable, ..World::new() };
        for (number, (id, act)) in PATH.into_iter().enumerate() {
            world.settle();
            world.flow(1000);
            world.settle();
            assert_eq!(world.current(), id, "waiting does no step");
            assert!(!world.holding().iter().all(|h| *h), "{id}: nothing is left to do");
            act(&mut world);
            assert_eq!(world.progress.done(), number + 1, "{id}: {:?}", world.holding());
        }
        assert!(world.progress.finished());
    }
}

fn pass(cases: &[(&str, &str, Act)]) {
    for (step, what, act) in cases {
        let mut world = at(step);
        act(&mut world);
        assert_ne!(world.current(), *step, "{step}, {what}: {:?}", world.holding());
    }
}

#[test]
fn other_ways_to_the_same_state_pass() {
    pass(&[
        ("deploy", "a pod of the student's own, without labels, beside", |w| {
            w.add_pod(PodState::Ready);
            w.snapshot.pods[1].labels.clear();
            (0..3).for_each(|_| w.add_pod(PodState::Ready));
            w.deploy(3);
        }),
        ("note-ips", "noted twice", |w| {
            w.noted = vec![[10, 244, 0, 99].into(); 2];
            let old = w.noted.clone();
            w.note_ips();
            w.noted.extend(old);
        }),
        ("kill-it", "the load ran out, and goes to another pod", |w| {
            w.kill();
            w.send(TargetKind::PodIp, NEW);
            w.flow(30);
            w.kill();
            w.flow(30);
        }),
        ("create-service", "kubectl expose pod: every label of the pod", |w| {
            w.serve(selecting(&[("app", "myapp"), ("type", "back-end"), ("pod-template-hash", "5d9")]));
        }),
        ("create-service", "one label is enough", |w| w.serve(selecting(&[("app", "myapp")]))),
        ("create-service", "a port by its name", |w| w.serve(with_port(80, "web"))),
        ("create-service", "wrong first, then right", |w| {
            w.serve(selecting(&[("app", "my-app")]));
            w.serve(good());
        }),
    ]);
}

#[test]
fn other_ways_with_traffic_pass() {
    pass(&[
        ("survive", "by name, scaled down", |w| {
            w.send(TargetKind::DnsName, NEW);
            w.flow(90);
            w.kill();
            w.flow(90);
            w.scale(2);
            w.scale(4);
            w.flow(90);
        }),
        ("survive", "the Service made again, and then the same once more", |w| {
            w.delete_service();
            w.flow(50);
            w.serve(good());
            w.send(TargetKind::VirtualIp, NEW);
            w.flow(90);
            w.kill();
            w.scale(5);
            w.flow(190);
        }),
        ("delete-service", "deleted with no load, made again", |w| {
            w.target = None;
            w.delete_service();
            w.serve(good());
            w.send(TargetKind::VirtualIp, NEW);
            w.flow(10);
            w.delete_service();
            w.flow(10);
        }),
    ]);
}

/// A step, a mistake, which checks hold after it, and how it is made.
type Mistake = (&'static str, &'static str, &'static [u8], Act);

fn holds_only(cases: &[Mistake]) {
    for (step, what, holding, act) in cases {
        let mut world = at(step);
        act(&mut world);
        assert_eq!(world.current(), *step, "{step}, {what}");
        let holds: Vec<u8> = world.holding().iter().map(|h| u8::from(*h)).collect();
        assert_eq!(holds, *holding, "{step}, {what}");
    }
}

#[test]
fn mistakes_with_pods_do_not_pass() {
    holds_only(&[
        ("deploy", "nothing done", &[0, 0, 0], World::settle),
        ("deploy", "two replicas", &[0, 0, 0], |w| w.deploy(2)),
        ("deploy", "pods without labels", &[1, 0, 1], |w| {
            w.add_pod(PodState::Ready);
            w.snapshot.pods.iter_mut().for_each(|p| p.labels = labels(&[("app", "backend")]));
            w.deploy(3);
        }),
        ("deploy", "one label with a typo", &[1, 0, 1], |w| {
            (0..3).for_each(|_| w.add_pod(PodState::Ready));
            w.snapshot.pods[1].labels.insert("type".into(), "backend".into());
            w.snapshot.pods[2].labels.insert("app".into(), "my-app".into());
            w.deploy(3);
        }),
        ("deploy", "not ready yet", &[1, 1, 0], |w| {
            (0..3).for_each(|_| w.add_pod(PodState::NotReady));
            w.deploy(3);
        }),
        ("note-ips", "noted IPs of pods that went", &[1, 0], |w| {
            w.noted = (0..3).map(|i| [10, 244, 9, i].into()).collect();
            w.judge();
        }),
        ("note-ips", "one is told to stop", &[1, 0], |w| {
            w.noted = w.snapshot.workloads().filter_map(|p| p.ip).collect();
            w.snapshot.pods[1].state = PodState::Terminating;
            w.judge();
        }),
        ("call-a-pod", "too few", &[0, 0], |w| {
            w.send(TargetKind::PodIp, NEW);
            w.flow(20);
        }),
    ]);
}

#[test]
fn mistakes_in_killing_do_not_pass() {
    holds_only(&[
        ("kill-it", "another pod than the one that is called", &[0, 0, 1], |w| {
            w.delete_pod("backend-5d9-3");
            w.flow(50);
        }),
        ("kill-it", "hardly a request since", &[1, 0, 1], |w| {
            w.kill();
            w.flow(5);
        }),
        ("kill-it", "the new one is not ready yet", &[1, 1, 0], |w| {
            w.snapshot.pods.remove(1);
            w.add_pod(PodState::NotReady);
            w.settle();
            w.flow(50);
        }),
        ("kill-it", "nothing sent any more", &[0, 0, 0], |w| {
            w.target = None;
            w.kill();
        }),
        ("kill-it", "scaled instead", &[0, 0, 1], |w| {
            w.scale(5);
            w.flow(50);
        }),
        ("kill-it", "gone, and nothing came", &[1, 1, 0], |w| {
            w.snapshot.pods.remove(1);
            w.settle();
            w.flow(50);
        }),
    ]);
}

#[test]
fn mistakes_with_the_service_do_not_pass() {
    holds_only(&[
        ("create-service", "selector with a typo", &[1, 0, 1], |w| {
            w.serve(selecting(&[("app", "myapp"), ("type", "backend")]));
        }),
        ("create-service", "no selector", &[1, 0, 1], |w| w.serve(selecting(&[]))),
        ("create-service", "targetPort like port", &[1, 1, 0], |w| w.serve(with_port(80, "80"))),
        ("create-service", "ports the other way round", &[1, 1, 0], |w| w.serve(with_port(8080, "80"))),
        ("create-service", "port like targetPort", &[1, 1, 0], |w| w.serve(with_port(8080, "8080"))),
        ("create-service", "another name", &[0, 0, 0], |w| {
            w.serve(Service { name: "my-service".into(), ..good() });
        }),
        ("create-service", "headless", &[0, 1, 1], |w| {
            w.serve(Service { headless: true, cluster_ip: None, ..good() });
        }),
        ("create-service", "NodePort", &[0, 1, 1], |w| {
            w.serve(Service { service_type: ServiceType::NodePort, ..good() });
        }),
    ]);
}

#[test]
fn mistakes_in_looking_do_not_pass() {
    holds_only(&[
        ("look-inside", "not called", &[1, 1, 0], World::settle),
        ("look-inside", "a pod called, not the Service", &[1, 1, 0], |w| {
            w.send(TargetKind::PodIp, NEW);
            w.flow(50);
        }),
        ("look-inside", "two pods", &[0, 0, 1], |w| {
            w.scale(2);
            w.send(TargetKind::VirtualIp, NEW);
            w.flow(50);
        }),
        ("look-inside", "deleted too early", &[0, 0, 0], World::delete_service),
        ("look-inside", "broken: a selector with a typo", &[0, 0, 0], |w| {
            w.serve(selecting(&[("app", "my-app")]));
            w.send(TargetKind::VirtualIp, NEW);
            w.flow(50);
        }),
        ("look-inside", "broken: a wrong targetPort is refused", &[0, 1, 0], |w| {
            w.serve(with_port(80, "9090"));
            w.send(TargetKind::VirtualIp, NEW);
            w.flow(50);
        }),
    ]);
}

#[test]
fn mistakes_under_traffic_do_not_pass() {
    holds_only(&[
        ("spread", "virtual IP only", &[1, 1, 0], |w| w.flow(900)),
        ("spread", "keep-alive only", &[0, 0, 1], |w| {
            w.send(TargetKind::DnsName, KEEP_ALIVE);
            w.flow(900);
        }),
        ("spread", "one pod only", &[1, 0, 1], |w| {
            w.scale(1);
            w.send(TargetKind::DnsName, NEW);
            w.flow(900);
        }),
        ("spread", "deleted too early", &[0, 0, 0], |w| {
            w.delete_service();
            w.send(TargetKind::DnsName, NEW);
            w.flow(900);
        }),
    ]);
}

#[test]
fn mistakes_behind_the_service_do_not_pass() {
    holds_only(&[
        ("survive", "only traffic", &[0, 0, 1, 0], |w| w.flow(900)),
        ("survive", "killed only", &[1, 0, 1, 1], |w| {
            w.flow(200);
            w.kill();
            w.flow(200);
        }),
        ("survive", "scaled only", &[0, 1, 1, 1], |w| {
            w.flow(200);
            w.scale(5);
            w.flow(200);
        }),
        ("survive", "hardly a request", &[1, 1, 0, 1], |w| {
            w.flow(30);
            w.kill();
            w.scale(5);
            w.flow(30);
        }),
        ("survive", "not all ready yet", &[1, 0, 1, 1], |w| {
            w.flow(90);
            w.kill();
            w.add_pod(PodState::NotReady);
            w.scale(5);
            w.flow(200);
        }),
        ("survive", "killed and scaled with no traffic", &[0, 1, 1, 1], |w| {
            w.kill();
            w.scale(5);
            w.flow(400);
        }),
        ("survive", "scaled to nothing", &[0, 0, 0, 0], |w| {
            w.flow(30);
            w.scale(0);
            w.flow(200);
        }),
        ("survive", "the Service made again", &[0, 1, 1, 0], |w| {
            w.flow(200);
            w.kill();
            w.scale(5);
            w.delete_service();
            w.serve(good());
            w.send(TargetKind::VirtualIp, NEW);
            w.flow(900);
        }),
        ("survive", "the Service deleted", &[0, 1, 0, 0], |w| {
            w.flow(200);
            w.kill();
            w.delete_service();
            w.scale(5);
            w.flow(200);
        }),
    ]);
}

#[test]
fn mistakes_in_deleting_do_not_pass() {
    holds_only(&[
        ("delete-service", "deleted with no load", &[1, 0, 1], |w| {
            w.target = None;
            w.delete_service();
        }),
        ("delete-service", "hardly a request since", &[1, 0, 1], |w| {
            w.delete_service();
            w.flow(3);
        }),
        ("delete-service", "scaled to nothing as well", &[1, 1, 0], |w| {
            w.delete_service();
            w.scale(0);
            w.flow(20);
        }),
        ("delete-service", "no endpoints instead", &[0, 0, 0], |w| {
            w.scale(0);
            w.flow(200);
        }),
        ("delete-service", "pods deleted as well", &[1, 1, 0], |w| {
            w.delete_service();
            w.snapshot.deployments.clear();
            w.flow(200);
        }),
    ]);
}

#[test]
fn the_text_has_its_length_its_commands_and_one_sentence_to_remember() {
    let lab = &*LAB;
    let ids: Vec<&str> = lab.steps.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, PATH.map(|(id, _)| id));
    for step in &lab.steps {
        assert!(!step.acts.is_empty() && !step.commands.is_empty() && !step.checks.is_empty(), "{}", step.id);
        for lang in Lang::ALL {
            let html = &step.text.get(lang).html;
            let words = html.split_whitespace().filter(|w| w.contains(char::is_alphabetic)).count();
            assert!((60..=120).contains(&words), "{} in {}: {words} words", step.id, lang.code());
            assert_eq!(html.matches("<blockquote>").count(), 1, "{} in {}", step.id, lang.code());
        }
    }
    assert!(!lab.documents["start/service.yaml"].contains("\n  type:"), "ClusterIP is what nobody wrote");
}
