//! A run's rules, played without a cluster.

use std::sync::Arc;

use clusterip_domain::lab::{Destination, Lab, LabFiles};
use clusterip_domain::ledger::TargetKind;
use clusterip_domain::snapshot::{
    ContainerPort, Endpoint, EndpointSlice, Labels, Pod, PodRole, PodState, Service, ServicePort,
    ServiceType, Snapshot,
};
use clusterip_domain::traffic::{BackendCount, Batch, Connections, ErrorCount, ErrorKind};
use jiff::{SignedDuration, Timestamp};

use super::{AimError, Order, RunState, Trouble};

const YAML: &str = "
format_version: 2
id: x
number: 1
minutes: 5
steps:
- id: pods
  stable_for: 0
  checks:
  - {id: a, cel: 'snapshot.pods.size() > 0', says: {en: a, it: a}}
- id: answers
  stable_for: 0
  checks:
  - {id: b, cel: 'traffic.exists(t, t.answered >= 5)', says: {en: b, it: b}}
- id: more
  checks:
  - {id: c, cel: 'traffic.exists(t, t.answered >= 5)', says: {en: c, it: c}}
solutions:
  yaml:
  - {step: pods, do: []}
  - {step: answers, do: []}
  - {step: more, do: []}
";
const PROSE: &str = "# T\n\n## pods: P\n\n## answers: A\n\n## more: M\n";

fn lab() -> Arc<Lab> {
    let files = [("lab.yaml", YAML), ("en.md", PROSE), ("it.md", PROSE)];
    let texts = files.map(|(p, t)| (p.to_owned(), t.to_owned())).into();
    Arc::new(LabFiles { texts, others: vec![] }.read().unwrap())
}

fn pod(n: u8, state: PodState) -> Pod {
    Pod {
        name: format!("web-{n}"),
        uid: format!("uid-{n}"),
        role: PodRole::Workload,
        state,
        reason: None,
        ip: Some([10, 244, 0, n].into()),
        node: None,
        labels: Labels::new(),
        owner: None,
        image: "i:v1".into(),
        ports: vec![ContainerPort { name: None, port: 9000 }],
        upstream: None,
        restarts: 0,
        created_at: None,
    }
}

fn nothing() -> Snapshot {
    Snapshot::empty("lab-x".parse().unwrap())
}

fn pods(pods: &[(u8, PodState)]) -> Snapshot {
    Snapshot { pods: pods.iter().map(|(n, state)| pod(*n, *state)).collect(), ..nothing() }
}

fn with_service(mut snapshot: Snapshot) -> Snapshot {
    snapshot.services.push(Service {
        name: "svc".into(),
        uid: "svc".into(),
        service_type: ServiceType::ClusterIP,
        cluster_ip: Some([10, 96, 0, 9].into()),
        headless: false,
        ports: vec![ServicePort { name: None, port: 80, target_port: "9000".into(), protocol: "TCP".into() }],
        selector: Labels::new(),
        client_ip_affinity: false,
        created_at: None,
    });
    let endpoint = |p: &Pod| Endpoint {
        address: p.ip,
        pod: Some(p.name.clone()),
        ready: p.state == PodState::Ready,
        serving: true,
        terminating: false,
    };
    let endpoints = snapshot.pods.iter().map(endpoint).collect();
    let slice = EndpointSlice { name: "s".into(), service: Some("svc".into()), ports: vec![9000], endpoints };
    snapshot.endpoint_slices.push(slice);
    snapshot
}

fn state(snapshot: Snapshot) -> RunState {
    RunState::new(lab(), snapshot, None, NOW)
}

fn order(to: Destination) -> Order {
    Order { to, rate_per_second: 10, connections: Connections::NewPerRequest }
}

fn to_service() -> Order {
    order(Destination::VirtualIp { service: "svc".into(), port: None })
}

fn by_name(port: Option<u16>) -> Destination {
    Destination::DnsName { service: "svc".into(), port }
}

fn send(state: &mut RunState, order: &Order) {
    let aim = order.aim(state).unwrap();
    state.begin(aim.target, &aim.spec, NOW);
}

fn answered(n: u8, count: u64) -> Batch {
    let backend =
        BackendCount { pod: format!("web-{n}"), ip: [10, 244, 0, n].into(), version: "v1".into(), count };
    Batch { backends: vec![backend], ..Batch::default() }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const READY: PodState = PodState::Ready;

#[test]
fn steps_tick_in_order_and_each_counts_from_its_own_start() {
    let mut state = state(nothing());
    assert_eq!(state.view().progress.done(), 0);
    assert!(state.observe(pods(&[(5, READY)]), NOW).ticked);
    send(&mut state, &order(Destination::PodIp));
    assert!(!state.record(&answered(5, 4), NOW).ticked);
    assert!(state.record(&answered(5, 4), NOW).ticked);
    assert_eq!(state.view().progress.done(), 2, "the third step does not count what the second has counted");
    assert!(!state.record(&answered(5, 5), NOW).ticked, "it must hold for a second");
    let later = NOW + SignedDuration::from_secs(1);
    assert_eq!(state.again_at(), Some(later));
    assert!(state.judge(later).ticked);
    assert!(!state.observe(nothing(), later).ticked);
    assert_eq!(state.view().progress.done(), 3, "what is done stays done");
}

#[test]
fn nothing_is_judged_while_the_namespace_is_prepared() {
    let mut state = RunState::waiting(lab(), nothing(), None, NOW);
    assert!(!state.observe(pods(&[(5, READY)]), NOW).ticked);
    state.wait(false, NOW);
    assert_eq!(state.view().progress.done(), 1);
}

#[test]
fn nothing_is_sent_while_the_namespace_is_prepared() {
    let state = RunState::waiting(lab(), pods(&[(5, READY)]), None, NOW);
    assert_eq!(order(Destination::PodIp).aim(&state).unwrap_err(), AimError::Preparing);
}

#[test]
fn what_was_there_before_the_server_is_in_the_picture_though_nothing_changes() {
    let mut state = state(pods(&[(5, READY), (6, READY)]));
    assert!(!state.observe(pods(&[(5, READY), (6, READY)]), NOW).changed);
    assert_eq!(state.view().wide.pods.len(), 2);
}

#[test]
fn a_run_goes_on_where_its_record_ends_and_starting_over_is_another_attempt() {
    let mut first = state(nothing());
    first.observe(pods(&[(5, READY)]), NOW);
    let record = first.to_record();
    let mut state = RunState::new(lab(), nothing(), record.as_ref(), NOW);
    assert_eq!(state.view().progress.done(), 1, "the pod is gone, the step stays done");
    state.start_over(nothing(), NOW);
    assert_eq!((state.view().progress.done(), state.to_record().map(|r| r.attempt)), (0, Some(2)));
}

#[test]
fn nothing_is_due_while_a_lab_is_started_over() {
    let mut state = state(pods(&[(5, READY)]));
    send(&mut state, &order(Destination::PodIp));
    state.record(&answered(5, 5), NOW);
    state.record(&answered(5, 5), NOW);
    assert!(state.again_at().is_some(), "the third step must hold for a second");
    state.wait(true, NOW);
    assert_eq!(state.again_at(), None);
    state.wait(false, NOW);
    assert!(state.again_at().is_some(), "it was not started over after all");
}

#[test]
fn a_run_that_was_started_over_while_it_was_prepared_stays_that_attempt() {
    let mut state = RunState::waiting(lab(), nothing(), None, NOW);
    state.start_over(nothing(), NOW);
    state.observe(pods(&[(5, READY)]), NOW);
    let attempt = state.to_record();
    state.begin_judging(nothing(), None, NOW);
    assert_eq!(state.to_record(), attempt);
    assert_eq!(attempt.map(|record| record.attempt), Some(2));
}

#[test]
fn a_lab_that_was_changed_goes_on_from_the_steps_that_are_still_there() {
    let mut state = state(pods(&[(5, READY)]));
    send(&mut state, &order(Destination::PodIp));
    state.change_lab(lab(), NOW);
    assert_eq!(state.view().progress.done(), 1);
    state.record(&answered(5, 5), NOW);
    assert_eq!(state.view().progress.done(), 2, "its steps count again");
}

#[test]
fn a_pod_that_was_noted_and_is_ready_is_called_at_its_own_port() {
    let mut state = state(pods(&[(5, PodState::NotReady), (6, READY)]));
    assert_eq!(state.note_ips(NOW), 1);
    state.observe(pods(&[(5, READY), (6, READY), (7, READY)]), NOW);
    let aim = order(Destination::PodIp).aim(&state).unwrap();
    assert_eq!(
        (aim.target.name.as_str(), aim.spec.host.as_str(), aim.spec.port),
        ("web-6", "10.244.0.6", 9000)
    );
}

#[test]
fn a_pod_that_is_gone_keeps_its_address_while_traffic_goes_there() {
    let mut state = state(pods(&[(5, READY)]));
    send(&mut state, &order(Destination::PodIp));
    state.observe(pods(&[(6, READY)]), NOW);
    assert_eq!(order(Destination::PodIp).aim(&state).unwrap().spec.host, "10.244.0.5");
    assert!(state.view().wide.pods.iter().any(|p| p.ghost && p.name == "web-5"));
    state.end();
    assert_eq!(order(Destination::PodIp).aim(&state).unwrap().spec.host, "10.244.0.6");
    assert!(state.view().wide.pods.iter().all(|p| !p.ghost));
}

#[test]
fn a_service_that_is_gone_keeps_its_address_for_whoever_called_it() {
    let mut state = state(with_service(pods(&[(5, READY)])));
    send(&mut state, &to_service());
    state.observe(pods(&[(5, READY)]), NOW);
    assert_eq!(to_service().aim(&state).unwrap().spec.host, "10.96.0.9");
}

#[test]
fn an_order_without_an_address_says_what_is_missing() {
    let empty = state(nothing());
    assert_eq!(order(Destination::PodIp).aim(&empty), Err(AimError::NoReadyPod));
    assert_eq!(to_service().aim(&empty), Err(AimError::NoService("svc".into())));
    let mut headless = with_service(nothing());
    headless.services[0].cluster_ip = None;
    assert_eq!(to_service().aim(&state(headless)), Err(AimError::NoVirtualIp("svc".into())));
    let mut portless = with_service(nothing());
    portless.services[0].ports.clear();
    assert_eq!(to_service().aim(&state(portless)), Err(AimError::NoPort("svc".into())));
    let name = order(by_name(None));
    assert_eq!(name.aim(&empty), Err(AimError::NoService("svc".into())));
    let aimed = |to| order(to).aim(&empty).map(|aim| (aim.spec.host, aim.spec.port));
    assert_eq!(aimed(by_name(Some(81))), Ok(("svc".into(), 81)), "a name that does not resolve");
    assert_eq!(
        aimed(Destination::NeighbourName { service: "svc".into(), port: None }),
        Ok(("svc.lab-x-neighbour".into(), 80))
    );
    assert_eq!(name.aim(&state(with_service(nothing()))).unwrap().target.kind, TargetKind::DnsName);
}

#[test]
fn counts_begin_anew_when_the_endpoints_change() {
    let mut state = state(with_service(pods(&[(5, READY), (6, READY)])));
    send(&mut state, &to_service());
    state.record(&answered(5, 30), NOW);
    assert_eq!(state.view().evenness.map(|e| e.chi_squared), Some(30.0));
    state.observe(with_service(pods(&[(5, READY), (6, READY), (7, READY)])), NOW);
    let window = state.view().window.unwrap();
    assert_eq!((window.tally.answered, window.pods.len()), (0, 3));
}

#[test]
fn a_notebook_remembers_what_became_of_its_ips() {
    let mut state = state(pods(&[(5, READY), (6, READY)]));
    assert_eq!(state.note_ips(NOW), 2);
    assert_eq!(state.note_ips(NOW), 2, "noting the same again adds nothing");
    state.observe(pods(&[(6, READY)]), NOW);
    let alive: Vec<_> = state.noted().iter().map(|n| n.alive).collect();
    assert_eq!(alive, [false, true]);
}

#[test]
fn trouble_with_the_traffic_is_over_when_the_client_speaks_again() {
    let mut state = state(nothing());
    state.set_trouble(Trouble::Traffic, Some("broke".into()));
    state.set_trouble(Trouble::NotKept, Some("full".into()));
    assert_eq!(state.view().troubles.len(), 2, "one does not hide the other");
    state.record(
        &Batch { errors: vec![ErrorCount { kind: ErrorKind::Refused, count: 1 }], ..Batch::default() },
        NOW,
    );
    assert!(state.view().troubles.keys().eq(&[Trouble::NotKept]), "that is another matter");
    state.set_trouble(Trouble::NotKept, None);
    assert!(state.view().troubles.is_empty());
}
