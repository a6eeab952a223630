//! One table: for each misconception a cluster that has it, walked with tries that come out as they would there.

use super::*;
use crate::ledger::{Backend, Tally, Target, TargetKind};
use crate::probe::ProbeReport;
use crate::rules::{EndpointShare, KernelRules, ProxyMode, ServiceRule};
use crate::snapshot::{
    ContainerPort, Endpoint, EndpointSlice, Labels, Owner, Pod, PodRole, PodState, ServiceType,
};
use crate::traffic::{Connections, Latency};
use jiff::Timestamp;

const VIRTUAL_IP: [u8; 4] = [10, 96, 0, 9];

/// A cluster in which Service `web` on port 80 leads to 8080 of two pods that listen there.
struct World {
    snapshot: Snapshot,
    /// The port on which each pod's application listens, and whether on all of its addresses.
    listens: (u16, bool),
    /// Pods that drop what comes from other pods.
    closed: bool,
    /// Names that resolve beside the Services' own.
    names: Vec<&'static str>,
    before: Vec<Probed>,
    window: Option<Window>,
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn pod(n: u8, of: &[(&str, &str)]) -> Pod {
    Pod {
        name: format!("web-{n}"),
        uid: format!("uid-{n}"),
        role: PodRole::Workload,
        state: PodState::Ready,
        reason: None,
        ip: Some([10, 244, 0, n].into()),
        node: None,
        labels: labels(of),
        owner: Some(Owner { kind: "ReplicaSet".into(), name: "web-5d9".into() }),
        image: "i:v1".into(),
        ports: vec![ContainerPort { name: Some("http".into()), port: 8080 }],
        upstream: None,
        restarts: 0,
        created_at: None,
    }
}

impl World {
    fn sound() -> Self {
        let mut snapshot = Snapshot::empty("lab-x".parse().unwrap());
        let of = [("app", "myapp"), ("type", "back-end"), ("pod-template-hash", "5d9")];
        snapshot.pods = vec![pod(5, &of), pod(6, &of)];
        snapshot.services.push(Service {
            name: "web".into(),
            uid: "svc".into(),
            service_type: ServiceType::ClusterIP,
            cluster_ip: Some(VIRTUAL_IP.into()),
            headless: false,
            ports: vec![ServicePort {
                name: None,
                port: 80,
                target_port: "8080".into(),
                protocol: "TCP".into(),
            }],
            selector: labels(&[("app", "myapp"), ("type", "back-end")]),
            client_ip_affinity: false,
            created_at: None,
        });
        let (before, names) = (Vec::new(), Vec::new());
        Self { snapshot, listens: (8080, true), closed: false, names, before, window: None }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn web(&mut self) -> &mut Service {
        &mut self.snapshot.services[0]
    }

    fn target(&self, pod: &Pod) -> Option<u16> {
        let port = self.snapshot.services.first()?.ports.first()?;
        let named = || pod.ports.iter().find(|p| p.name.as_deref() == Some(&port.target_port));
        port.target_port.parse().ok().or_else(|| named().map(|p| p.port))
    }

    /// What the controllers and kube-proxy make of it.
    fn settle(&mut self) {
        let Some(service) = self.snapshot.services.first().cloned() else { return };
        let (mut endpoints, mut shares) = (Vec::new(), Vec::new());
        for pod in self.snapshot.pods.iter().filter(|p| service.selects(&p.labels)) {
            let (Some(ip), Some(port)) = (pod.ip, self.target(pod)) else { continue };
            let ready = pod.state == PodState::Ready;
            let (address, name) = (Some(ip), Some(pod.name.clone()));
            endpoints.push(Endpoint { address, pod: name, ready, serving: ready, terminating: false });
            if ready {
                shares.push(EndpointShare { ip, port, share: 0.5 });
            }
        }
        self.snapshot.endpoint_slices = vec![EndpointSlice {
            name: "web-abc".into(),
            service: Some("web".into()),
            ports: vec![8080],
            endpoints,
        }];
        let verdict = if shares.is_empty() {
            Verdict::Reject
        } else {
            Verdict::Balance { endpoints: shares, affinity_seconds: None }
        };
        let rule = |ip| ServiceRule { cluster_ip: ip, port: 80, protocol: Protocol::Tcp, verdict };
        let services = service.cluster_ip.map(rule).into_iter().collect();
        let node = KernelRules { node: "n".into(), mode: ProxyMode::Iptables, services };
        self.snapshot.rules = RulesView::Read { nodes: vec![node], read_at: Timestamp::UNIX_EPOCH };
    }

    /// What would come of a try.
    fn answer(&self, (from, tool, target): &Try) -> ProbeReport {
        let ok = |pod: Option<&str>| ProbeReport {
            ok: true,
            error: None,
            pod: pod.map(str::to_owned),
            addresses: vec![VIRTUAL_IP.into()],
            ..ProbeReport::failed(ErrorKind::Dns)
        };
        let failed = ProbeReport::failed;
        let called = self.snapshot.service(&target.host);
        let has_records = called.is_some_and(|s| s.cluster_ip.is_some() || !self.snapshot.pods.is_empty());
        if *tool == Tool::Dns {
            let known = has_records || self.names.contains(&target.host.as_str());
            return if known { ok(None) } else { failed(ErrorKind::Dns) };
        }
        let of_pod = |p: &&Pod| p.name == target.name || p.ip.is_some_and(|ip| ip.to_string() == target.host);
        match (from, self.snapshot.pods.iter().find(of_pod)) {
            (Vantage::Itself, Some(pod)) if self.listens.0 == target.port => ok(Some(&pod.name)),
            (Vantage::Client, Some(_)) if self.closed => failed(ErrorKind::Timeout),
            (Vantage::Client, Some(pod))
                if self.listens == (target.port, true) && !pod.name.ends_with('7') =>
            {
                ok(Some(&pod.name))
            }
            (_, Some(_)) => failed(ErrorKind::Refused),
            (_, None) => failed(ErrorKind::Timeout),
        }
    }

    fn diagnose(mut self, host: &str, port: Option<u16>) -> Diagnosis {
        self.settle();
        let question = Question::new(host, port).unwrap();
        let mut tried = Vec::new();
        loop {
            let case = Case {
                snapshot: &self.snapshot,
                question: &question,
                tried: &tried,
                before: &self.before,
                window: self.window.as_ref(),
            };
            let Some(next) = next_probe(&case) else { return diagnose(&case) };
            let report = self.answer(&next);
            let (from, tool, target) = next;
            assert!(tried.len() < MAX_WALK);
            tried.push(Probed { from, tool, target, report });
        }
    }
}

fn target() -> Target {
    Target { kind: TargetKind::VirtualIp, name: "web".into(), host: "10.96.0.9".into(), port: 80 }
}

/// A load of which one pod has answered all.
fn pinned(connections: Connections) -> Window {
    let answers =
        Backend { pod: "web-5".into(), ip: [10, 244, 0, 5].into(), version: "v1".into(), answered: 30 };
    Window {
        target: target(),
        connections,
        rate_per_second: 10,
        running: true,
        since: Timestamp::UNIX_EPOCH,
        tally: Tally { answered: 30, backends: [("web-5".into(), answers)].into(), ..Tally::default() },
        latency: Latency::default(),
        not_sent: 0,
        pods: vec!["web-5".into(), "web-6".into()],
    }
}

/// Misconception, whether it is certain, what is meant instead.
type Why<'a> = (Misconception, bool, Option<&'a str>);
/// Where it breaks, and why.
type Found<'a> = (Option<Station>, Option<Why<'a>>);
/// What is wrong, where that is so, what is called, what is found.
type Row = (&'static str, World, (&'static str, Option<u16>), Found<'static>);

fn found(diagnosis: &Diagnosis) -> Found<'_> {
    let cause = diagnosis.cause.as_ref();
    (diagnosis.broken_at(), cause.map(|c| (c.misconception, c.certain, c.instead.as_deref())))
}

fn broken(at: Station, why: Misconception, instead: Option<&'static str>) -> Found<'static> {
    (Some(at), Some((why, true, instead)))
}

/// Names, addresses and ports.
fn at_the_service() -> Vec<Row> {
    use Misconception as M;
    let sound = World::sound;
    vec![
        ("nothing", sound(), ("web", None), (None, None)),
        ("nothing, by its address", sound(), ("10.96.0.9", Some(80)), (None, None)),
        ("name", sound(), ("wbe", None), broken(Station::Name, M::NoSuchService, Some("web"))),
        (
            "short name",
            sound().with(|w| w.names = vec!["data.lab-x-neighbour"]),
            ("data", None),
            broken(Station::Name, M::OtherNamespace, Some("data.lab-x-neighbour")),
        ),
        (
            "headless",
            sound().with(|w| (w.web().headless, w.web().cluster_ip) = (true, None)),
            ("web", None),
            broken(Station::VirtualIp, M::Headless, None),
        ),
        (
            "address of nobody",
            sound(),
            ("10.96.0.77", None),
            broken(Station::VirtualIp, M::NoSuchService, None),
        ),
        ("port", sound(), ("web", Some(8080)), broken(Station::VirtualIp, M::NoSuchPort, Some("80"))),
    ]
}

/// Selectors and readiness.
fn at_the_endpoints() -> Vec<Row> {
    use Misconception as M;
    let sound = World::sound;
    vec![
        (
            "selector",
            sound().with(|w| w.web().selector = labels(&[("app", "mypap")])),
            ("web", None),
            broken(Station::Endpoint, M::SelectorMatchesNothing, None),
        ),
        (
            "no selector",
            sound().with(|w| w.web().selector.clear()),
            ("web", None),
            broken(Station::Endpoint, M::NoSelector, None),
        ),
        (
            "no pods",
            sound().with(|w| w.snapshot.pods.clear()),
            ("web", None),
            broken(Station::Endpoint, M::NoEndpoints, None),
        ),
        (
            "not ready",
            sound().with(|w| w.snapshot.pods.iter_mut().for_each(|p| p.state = PodState::NotReady)),
            ("web", None),
            broken(Station::Endpoint, M::PodsNotReady, None),
        ),
        (
            "named port",
            sound().with(|w| w.web().ports[0].target_port = "htpp".into()),
            ("web", None),
            broken(Station::Endpoint, M::NamedPortMissing, Some("http")),
        ),
    ]
}

/// What listens.
fn at_the_pods() -> Vec<Row> {
    use Misconception as M;
    let sound = World::sound;
    vec![
        (
            "targetPort",
            sound().with(|w| w.web().ports[0].target_port = "80".into()),
            ("web", None),
            broken(Station::Listener, M::WrongTargetPort, Some("8080")),
        ),
        (
            "loopback",
            sound().with(|w| w.listens = (8080, false)),
            ("web", None),
            broken(Station::Listener, M::ListensOnLoopback, None),
        ),
        (
            "policy",
            sound().with(|w| w.closed = true),
            ("web", None),
            (Some(Station::Listener), Some((M::NetworkPolicyPossible, false, None))),
        ),
        (
            "selector too broad, and one kind does not listen",
            sound().with(|w| {
                w.snapshot.pods.push(pod(7, &[("app", "myapp"), ("type", "back-end"), ("of", "db")]));
            }),
            ("web", None),
            broken(Station::Listener, M::SelectorTooBroad, Some("web-7")),
        ),
    ]
}

/// What puzzles although it works.
fn nowhere() -> Vec<Row> {
    use Misconception as M;
    let sound = World::sound;
    vec![
        (
            "ping",
            sound().with(|w| {
                let report = ProbeReport::failed(ErrorKind::Timeout);
                let (from, tool, target) = (Vantage::Client, Tool::Ping, target());
                w.before.push(Probed { from, tool, target, report });
            }),
            ("web", None),
            puzzles(M::PingVirtualIp, None),
        ),
        (
            "keep-alive",
            sound().with(|w| w.window = Some(pinned(Connections::KeepAlive { connections: 1 }))),
            ("web", None),
            puzzles(M::KeepAlivePins, Some("web-5")),
        ),
        (
            "affinity",
            sound().with(|w| {
                w.web().client_ip_affinity = true;
                w.window = Some(pinned(Connections::NewPerRequest));
            }),
            ("web", None),
            puzzles(M::SessionAffinity, Some("web-5")),
        ),
    ]
}

fn puzzles(why: Misconception, instead: Option<&'static str>) -> Found<'static> {
    (None, Some((why, true, instead)))
}

#[test]
fn each_misconception_is_found_where_it_breaks() {
    let table: Vec<Row> =
        [at_the_service(), at_the_endpoints(), at_the_pods(), nowhere()].into_iter().flatten().collect();
    let named: std::collections::BTreeSet<_> = table.iter().filter_map(|t| t.3.1.map(|c| c.0)).collect();
    assert_eq!(named.len(), Misconception::ALL.len(), "each one has a row");
    for (what, world, (host, port), expected) in table {
        let diagnosis = world.diagnose(host, port);
        assert_eq!(found(&diagnosis), expected, "{what}: {diagnosis:#?}");
        let reached = diagnosis.hops.iter().position(|h| h.state == State::Broken).unwrap_or(4);
        assert!(diagnosis.hops[reached + 1..].iter().all(|h| h.state == State::NotReached), "{what}");
        for hop in diagnosis.hops.iter().filter(|h| h.state != State::NotReached) {
            let said = hop.says();
            assert!(!said.en.is_empty() && !said.it.is_empty(), "{what}: {hop:?}");
        }
    }
}

#[test]
fn pods_of_two_kinds_that_both_answer_are_only_suspect_and_versions_are_not() {
    let kinds = |extra: (&'static str, &'static str)| {
        World::sound().with(|w| {
            let mut other = pod(8, &[("app", "myapp"), ("type", "back-end"), extra]);
            other.owner = Some(Owner { kind: "ReplicaSet".into(), name: "other-7f".into() });
            w.snapshot.pods.push(other);
        })
    };
    let suspect = kinds(("of", "db")).diagnose("web", None);
    assert_eq!(found(&suspect), (None, Some((Misconception::SelectorTooBroad, false, Some("web-5")))));
    assert_eq!(found(&kinds(("version", "v2")).diagnose("web", None)), (None, None));
}

#[test]
fn the_nearest_pod_says_how_the_selector_misses() {
    let near = |selector: &[(&str, &str)]| {
        let selector = labels(selector);
        let diagnosis = World::sound().with(|w| w.web().selector = selector).diagnose("web", None);
        let near = diagnosis.cause.unwrap().near.unwrap();
        (near.near, near.wanted, near.found)
    };
    for (selector, kind, wanted, found) in [
        (&[("app", "mypap"), ("type", "back-end")][..], Near::Typo, "app=mypap", Some("app=myapp")),
        (&[("ap", "myapp")], Near::Typo, "ap=myapp", Some("app=myapp")),
        (&[("type", "backend")], Near::Typo, "type=backend", Some("type=back-end")),
        (
            &[("app", "myapp"), ("type", "front-end")],
            Near::OtherValue,
            "type=front-end",
            Some("type=back-end"),
        ),
        (&[("app", "myapp"), ("tier", "web")], Near::Missing, "tier=web", None),
        (
            &[("app", "myapp"), ("pod-template-hash", "old")],
            Near::TemplateHash,
            "pod-template-hash=old",
            Some("pod-template-hash=5d9"),
        ),
    ] {
        assert_eq!(near(selector), (kind, wanted.to_owned(), found.map(str::to_owned)), "{selector:?}");
    }
}

#[test]
fn what_was_not_tried_is_unknown() {
    let mut world = World::sound();
    world.settle();
    world.snapshot.rules = RulesView::Unreadable { why: crate::rules::Unreadable::NoWayIn };
    let question = Question::new("web", None).unwrap();
    let (tried, before, window) = (&[][..], &[][..], None);
    let diagnosis = diagnose(&Case { snapshot: &world.snapshot, question: &question, tried, before, window });
    let states: Vec<State> = diagnosis.hops.iter().map(|h| h.state).collect();
    assert_eq!(states, [State::Unknown, State::Ok, State::Unknown, State::Ok, State::Unknown]);
    assert_eq!(found(&diagnosis), (None, None));
}

#[test]
fn only_what_can_be_called_is_a_question() {
    for good in ["web", "web.lab-x", "10.96.0.9", " web "] {
        assert!(Question::new(good, Some(80)).is_ok(), "{good}");
    }
    for bad in ["", "web:80", "http://web", "web/", "a b", "web?", "::1"] {
        assert!(Question::new(bad, None).is_err(), "{bad}");
    }
}

#[test]
fn every_misconception_has_its_own_code_words_and_link() {
    let mut codes: Vec<_> = Misconception::ALL.iter().map(|m| m.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Misconception::ALL.len());
    for m in Misconception::ALL {
        assert_eq!(serde_json::to_value(m).unwrap(), m.code());
        assert!(m.link().starts_with("https://kubernetes.io/docs/"));
        for said in [m.title(), m.why()] {
            assert!(!said.en.is_empty() && !said.it.is_empty() && said.en != said.it, "{m:?}");
        }
    }
}
