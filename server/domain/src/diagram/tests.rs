use super::*;
use crate::ids::Namespace;
use crate::ledger::{Ledger, Target};
use crate::snapshot::{EndpointSlice, Labels, PodRole, ServicePort, ServiceType};
use crate::traffic::{BackendCount, Batch, LoadSpec};
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
