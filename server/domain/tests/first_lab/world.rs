//! A small model of a cluster, and the Service that belongs in it.

use std::net::IpAddr;

use clusterip_domain::facts::History;
use clusterip_domain::lab::{Evidence, Progress};
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

use super::LAB;

pub(crate) const SERVICE: &str = "my-clusterip-service";
pub(crate) const KEEP_ALIVE: Connections = Connections::KeepAlive { connections: 1 };
pub(crate) const NEW: Connections = Connections::NewPerRequest;

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// A namespace that does what Kubernetes does, as far as the first lab goes; one call of an act is one second.
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) ledger: Ledger,
    pub(crate) seen: History,
    pub(crate) noted: Vec<IpAddr>,
    pub(crate) progress: Progress,
    pub(crate) target: Option<(TargetKind, String)>,
    pub(crate) made: u8,
    pub(crate) clock: i64,
    pub(crate) readable: bool,
    pub(crate) connections: Connections,
}

impl World {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(self.clock)
    }

    /// The id of the current step, `done` at the end.
    pub(crate) fn current(&self) -> &'static str {
        self.progress.current().map_or("done", |at| LAB.steps[at].id.as_str())
    }

    /// Which checks of the current step hold.
    pub(crate) fn holding(&self) -> &[bool] {
        self.progress.current().map_or(&[], |at| &self.progress.steps_progress()[at].holding)
    }

    /// What the controllers and kube-proxy would do, and then the judgement, a second later.
    pub(crate) fn settle(&mut self) {
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

    pub(crate) fn judge(&mut self) {
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

    pub(crate) fn add_pod(&mut self, state: PodState) {
        self.made += 1;
        let labels = labels(&[("app", "myapp"), ("type", "back-end"), ("pod-template-hash", "5d9")]);
        let name = format!("backend-5d9-{}", self.made);
        let made = pod(&name, self.made + 4, PodRole::Workload, labels, self.now());
        self.snapshot.pods.push(Pod { state, ..made });
    }

    pub(crate) fn deploy(&mut self, replicas: i32) {
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

    pub(crate) fn scale(&mut self, replicas: i32) {
        let excess = self.snapshot.workloads().count().saturating_sub(usize::try_from(replicas).unwrap_or(0));
        for _ in 0..excess {
            let last = self.snapshot.pods.iter().rposition(|p| p.role == PodRole::Workload);
            self.snapshot.pods.remove(last.expect("a pod"));
        }
        self.deploy(replicas);
    }

    pub(crate) fn note_ips(&mut self) {
        self.noted = self.snapshot.workloads().filter(|p| is_ready(p)).filter_map(|p| p.ip).collect();
        self.judge();
    }

    /// The pod that the traffic goes to, or the oldest, is told to stop, and goes; another comes.
    pub(crate) fn kill(&mut self) {
        let named = self.target.as_ref().map(|t| t.1.clone());
        let oldest = self.snapshot.workloads().next().map(|p| p.name.clone());
        let named = named.filter(|n| self.snapshot.pods.iter().any(|p| p.name == *n)).or(oldest);
        self.delete_pod(&named.expect("a pod"));
    }

    pub(crate) fn delete_pod(&mut self, name: &str) {
        let found = self.snapshot.pods.iter().position(|p| p.name == name).expect("that pod");
        self.snapshot.pods[found].state = PodState::Terminating;
        self.settle();
        self.snapshot.pods.remove(found);
        self.add_pod(PodState::Ready);
        self.settle();
    }

    pub(crate) fn serve(&mut self, service: Service) {
        let created_at = Some(self.now());
        let uid = self.clock.to_string();
        let cluster_ip =
            service.cluster_ip.map(|_| [10, 96, 0, u8::try_from(self.clock).unwrap_or(9)].into());
        self.snapshot.services = vec![Service { created_at, uid, cluster_ip, ..service }];
        self.settle();
    }

    pub(crate) fn delete_service(&mut self) {
        self.snapshot.services.clear();
        self.settle();
    }

    /// Begins a load.
    pub(crate) fn send(&mut self, kind: TargetKind, connections: Connections) {
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
    pub(crate) fn reached(&self) -> (Vec<&Pod>, ErrorKind) {
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
    pub(crate) fn flow(&mut self, requests: u64) {
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

pub(crate) fn is_ready(pod: &Pod) -> bool {
    pod.state == PodState::Ready && pod.role == PodRole::Workload
}

pub(crate) fn pod(name: &str, last: u8, role: PodRole, labels: Labels, created: Timestamp) -> Pod {
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

pub(crate) fn slice(service: &Service, pods: &[Pod]) -> EndpointSlice {
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

pub(crate) fn rule((service, slice): (&Service, &EndpointSlice)) -> Option<ServiceRule> {
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
pub(crate) fn good() -> Service {
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

pub(crate) fn with_port(port: u16, target: &str) -> Service {
    let target_port = target.into();
    Service { ports: vec![ServicePort { port, target_port, ..good().ports[0].clone() }], ..good() }
}

pub(crate) fn selecting(pairs: &[(&str, &str)]) -> Service {
    Service { selector: labels(pairs), ..good() }
}
