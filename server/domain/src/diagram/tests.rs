use super::*;
use crate::chain::HopCount;
use crate::ids::Namespace;
use crate::ledger::{Ledger, Target};
use crate::snapshot::{EndpointSlice, Labels, Pod, PodRole, ServicePort, ServiceType};
use crate::traffic::{BackendCount, Batch, Connections, LoadSpec};
use jiff::Timestamp;

fn labels() -> Labels {
    Labels::from([("app".into(), "myapp".into()), ("type".into(), "back-end".into())])
}

fn pod(n: u8, role: PodRole) -> Pod {
    Pod {
        name: if role == PodRole::Client { "client".into() } else { format!("backend-7f-p{n}") },
        uid: format!("uid-{n}"),
        role,
        state: PodState::Ready,
        reason: None,
        ip: Some([10, 244, 0, n].into()),
        node: Some("node".into()),
        labels: labels(),
        owner: None,
        image: "clusterip-lab/backend:v1".into(),
        ports: vec![],
        upstream: None,
        restarts: 0,
        created_at: None,
    }
}

fn snapshot(pods: &[u8], with_service: bool) -> Snapshot {
    let namespace: Namespace = "lab".parse().unwrap();
    let mut s = Snapshot::empty(namespace);
    s.pods = pods.iter().map(|n| pod(*n, PodRole::Workload)).collect();
    s.pods.push(pod(99, PodRole::Client));
    if with_service {
        s.services.push(Service {
            name: "my-clusterip-service".into(),
            uid: "svc".into(),
            service_type: ServiceType::ClusterIP,
            cluster_ip: Some([10, 96, 0, 9].into()),
            headless: false,
            ports: vec![ServicePort {
                name: None,
                port: 80,
                target_port: "8080".into(),
                protocol: "TCP".into(),
            }],
            selector: labels(),
            client_ip_affinity: false,
            created_at: None,
        });
        let endpoint = |n: &u8| Endpoint {
            address: Some([10, 244, 0, *n].into()),
            pod: Some(format!("backend-7f-p{n}")),
            ready: true,
            serving: true,
            terminating: false,
        };
        s.endpoint_slices.push(EndpointSlice {
            name: "slice".into(),
            service: Some("my-clusterip-service".into()),
            ports: vec![8080],
            endpoints: pods.iter().map(endpoint).collect(),
        });
    }
    s
}

fn running(kind: TargetKind, name: &str, host: &str, pods: &[&str]) -> Ledger {
    let mut ledger = Ledger::default();
    let target = Target { kind, name: name.into(), host: host.into(), port: 80 };
    let spec = LoadSpec {
        host: host.into(),
        port: 80,
        connections: Connections::NewPerRequest,
        rate_per_second: 10,
        max_requests: 100,
        max_seconds: 10,
        timeout_ms: 1000,
    };
    ledger.begin(target, &spec, pods.iter().map(|p| (*p).to_owned()).collect(), Timestamp::UNIX_EPOCH);
    ledger
}

fn draw(snapshot: &Snapshot, ledger: &Ledger, places: &mut Places, shape: Shape) -> Diagram {
    places.follow(snapshot, ledger.window());
    Diagram::of(snapshot, places, ledger.window(), &[], shape)
}

#[test]
fn the_whole_picture_is_as_expected_in_both_shapes() {
    let ledger = {
        let mut l = running(
            TargetKind::VirtualIp,
            "my-clusterip-service",
            "10.96.0.9",
            &["backend-7f-p5", "backend-7f-p6"],
        );
        let count = |n: u8, count| BackendCount {
            pod: format!("backend-7f-p{n}"),
            ip: [10, 244, 0, n].into(),
            version: "v1".into(),
            count,
        };
        l.record(&Batch { backends: vec![count(5, 30), count(6, 10)], ..Batch::default() });
        l
    };
    for shape in [Shape::Wide, Shape::Tall] {
        insta::assert_json_snapshot!(
            format!("{shape:?}"),
            draw(&snapshot(&[5, 6], true), &ledger, &mut Places::default(), shape)
        );
    }
}

#[test]
fn pods_keep_place_and_hue_when_others_come_and_go() {
    let (mut places, idle) = (Places::default(), Ledger::default());
    draw(&snapshot(&[5, 6, 7], false), &idle, &mut places, Shape::Wide);
    let before = draw(&snapshot(&[5, 7], false), &idle, &mut places, Shape::Wide);
    let after = draw(&snapshot(&[5, 7, 8], false), &idle, &mut places, Shape::Wide);
    let hue = |d: &Diagram, uid: &str| d.pods.iter().find(|p| p.uid == uid).map(|p| p.hue);
    assert_eq!(hue(&before, "uid-7"), hue(&after, "uid-7"));
    assert_ne!(hue(&after, "uid-8"), Some(1), "a newcomer does not wear what the one before it wore");
    assert_eq!(after.pods.iter().map(|p| p.uid.as_str()).collect::<Vec<_>>(), ["uid-5", "uid-8", "uid-7"]);
    let y = |d: &Diagram, uid: &str| d.pods.iter().find(|p| p.uid == uid).map(|p| p.frame.y);
    assert_eq!(y(&before, "uid-7"), y(&after, "uid-7"), "a gap stays a gap");
}

#[test]
fn what_the_traffic_goes_to_stays_as_a_ghost() {
    let mut places = Places::default();
    let to_pod = running(TargetKind::PodIp, "backend-7f-p6", "10.244.0.6", &["backend-7f-p6"]);
    draw(&snapshot(&[5, 6], false), &to_pod, &mut places, Shape::Wide);
    let d = draw(&snapshot(&[5], false), &to_pod, &mut places, Shape::Wide);
    assert!(d.pods.iter().any(|p| p.ghost && p.uid == "uid-6" && p.ip == Some([10, 244, 0, 6].into())));
    assert!(d.edges.iter().any(|e| e.kind == EdgeKind::Dead && e.active));

    let to_service = running(TargetKind::VirtualIp, "my-clusterip-service", "10.96.0.9", &[]);
    let d = draw(&snapshot(&[5], false), &to_service, &mut places, Shape::Tall);
    assert!(d.services.iter().any(|s| s.ghost && s.virtual_ip.as_deref() == Some("10.96.0.9")));
    let d = draw(&snapshot(&[5], true), &to_service, &mut places, Shape::Tall);
    assert!(d.services.iter().all(|s| !s.ghost));
}

#[test]
fn chance_has_a_band_only_where_chance_chooses() {
    let ledger = running(TargetKind::VirtualIp, "s", "10.96.0.9", &["backend-7f-p5"]);
    assert!(load("backend-7f-p5", ledger.window()).band.is_some());
    assert!(load("backend-7f-p6", ledger.window()).band.is_none(), "not an endpoint");
    let direct = running(TargetKind::PodIp, "backend-7f-p5", "10.244.0.5", &["backend-7f-p5"]);
    assert!(load("backend-7f-p5", direct.window()).band.is_none());
}

/// Pods of a tier behind a Service of that name, each asking `upstream`.
fn tier(snapshot: &mut Snapshot, name: &str, pods: &[u8], upstream: Option<&str>) {
    let labels = Labels::from([("tier".into(), name.into())]);
    let pod_name = |n: &u8| format!("{name}-7f-p{n}");
    let upstream = upstream.map(|to| to.parse().unwrap());
    let made = pods.iter().map(|n| Pod {
        name: pod_name(n),
        labels: labels.clone(),
        upstream: upstream.clone(),
        ..pod(*n, PodRole::Workload)
    });
    snapshot.pods.extend(made);
    let service = self::snapshot(&[], true).services.remove(0);
    let cluster_ip = Some([10, 96, 0, pods[0]].into());
    snapshot.services.push(Service { name: name.into(), cluster_ip, selector: labels, ..service });
    let endpoint = |n: &u8| Endpoint {
        address: Some([10, 244, 0, *n].into()),
        pod: Some(pod_name(n)),
        ready: true,
        serving: true,
        terminating: false,
    };
    snapshot.endpoint_slices.push(EndpointSlice {
        name: format!("{name}-slice"),
        service: Some(name.into()),
        ports: vec![8080],
        endpoints: pods.iter().map(endpoint).collect(),
    });
}

fn chain() -> Snapshot {
    let mut snapshot = snapshot(&[], false);
    tier(&mut snapshot, "backend", &[7, 8], Some("http://data.lab"));
    tier(&mut snapshot, "data", &[9], None);
    tier(&mut snapshot, "frontend", &[5, 6], Some("http://backend"));
    snapshot
}

#[test]
fn the_service_in_front_is_the_one_that_nobody_asks() {
    let mut chain = chain();
    assert_eq!(chain.front().map(|s| s.name.as_str()), Some("frontend"));
    for pod in chain.pods.iter_mut().filter(|p| p.name.starts_with("data")) {
        pod.upstream = "http://frontend".parse().ok();
    }
    assert_eq!(chain.front().map(|s| s.name.as_str()), Some("backend"), "in a ring, the first there is");
    assert!(snapshot(&[], false).front().is_none());
}

fn tiers(diagram: &Diagram) -> Vec<(&str, usize)> {
    diagram.services.iter().map(|s| (s.name.as_str(), s.tier)).collect()
}

#[test]
fn a_chain_is_a_band_a_tier_and_the_traffic_is_seen_further_on() {
    let mut ledger =
        running(TargetKind::DnsName, "frontend", "frontend", &["frontend-7f-p5", "frontend-7f-p6"]);
    let count = |pod: &str, count| BackendCount {
        pod: pod.into(),
        ip: [10, 244, 0, 5].into(),
        version: "v1".into(),
        count,
    };
    let hop = |hop, to: &str, backends| HopCount { hop, to: to.parse().unwrap(), backends, errors: vec![] };
    ledger.record(&Batch {
        backends: vec![count("frontend-7f-p5", 8)],
        chain: vec![
            hop(1, "http://backend", vec![count("backend-7f-p7", 6), count("backend-7f-p8", 2)]),
            hop(2, "http://data.lab", vec![count("data-7f-p9", 8)]),
        ],
        ..Batch::default()
    });
    for shape in [Shape::Wide, Shape::Tall] {
        let drawn = draw(&chain(), &ledger, &mut Places::default(), shape);
        assert_eq!(tiers(&drawn), [("backend", 1), ("data", 2), ("frontend", 0)]);
        let active: Vec<_> = drawn.edges.iter().filter(|e| e.active).map(|e| e.id.as_str()).collect();
        assert_eq!(
            active,
            [
                "service:backend-pod:uid-7",
                "service:backend-pod:uid-8",
                "service:data-pod:uid-9",
                "client-service:frontend",
                "service:frontend-pod:uid-5",
                "service:frontend-pod:uid-6",
                "pod:uid-5-service:backend",
                "pod:uid-7-service:data",
                "pod:uid-8-service:data",
            ],
            "p6 has asked nobody yet"
        );
        let answered =
            |uid: &str| drawn.pods.iter().find(|p| p.uid == uid).map(|p| (p.load.answered, p.load.share));
        assert_eq!(answered("uid-7"), Some((6, 0.75)));
        insta::assert_json_snapshot!(format!("chain-{shape:?}"), drawn);
    }
}

#[test]
fn nothing_overlaps_in_a_chain() {
    for shape in [Shape::Wide, Shape::Tall] {
        let drawn = draw(&chain(), &Ledger::default(), &mut Places::default(), shape);
        let mut boxes: Vec<Frame> = drawn.services.iter().map(|s| s.frame).collect();
        boxes.extend(drawn.pods.iter().map(|p| p.frame));
        boxes.extend(drawn.client.iter().map(|c| c.frame));
        for (i, a) in boxes.iter().enumerate() {
            assert!(a.x >= 0.0 && a.x + a.w <= drawn.width && a.y >= 0.0 && a.y + a.h <= drawn.height);
            for b in &boxes[i + 1..] {
                let apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
                assert!(apart, "{shape:?}: {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn pods_keep_their_band_when_their_service_goes_and_services_that_nobody_asks_stand_side_by_side() {
    let (mut places, idle) = (Places::default(), Ledger::default());
    let before = draw(&chain(), &idle, &mut places, Shape::Wide);
    let mut without = chain();
    without.services.retain(|s| s.name != "backend");
    let after = draw(&without, &idle, &mut places, Shape::Wide);
    let tier_of =
        |d: &Diagram, uid: &str| d.pods.iter().find(|p| p.uid == uid).map(|p| (p.tier, p.row, p.hue));
    assert_eq!(tier_of(&before, "uid-7"), Some((1, 0, tier_of(&before, "uid-7").unwrap().2)));
    assert_eq!(tier_of(&before, "uid-7"), tier_of(&after, "uid-7"));

    let mut two = snapshot(&[], false);
    tier(&mut two, "a", &[5], None);
    tier(&mut two, "b", &[6], Some("http://elsewhere"));
    assert_eq!(tiers(&draw(&two, &idle, &mut Places::default(), Shape::Wide)), [("a", 0), ("b", 0)]);
}

#[test]
fn services_that_call_each_other_in_a_circle_still_have_tiers() {
    let mut circle = snapshot(&[], false);
    tier(&mut circle, "a", &[5], Some("http://b"));
    tier(&mut circle, "b", &[6], Some("http://a"));
    tier(&mut circle, "c", &[7], Some("http://c"));
    let drawn = draw(&circle, &Ledger::default(), &mut Places::default(), Shape::Wide);
    assert_eq!(tiers(&drawn), [("a", 0), ("b", 1), ("c", 0)]);
}
