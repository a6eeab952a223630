//! Every state worth looking at, by name.

use clusterip_domain::ledger::TargetKind::{DnsName, PodIp, VirtualIp};
use clusterip_domain::ledger::{Target, TargetKind};
use clusterip_domain::probe::{ProbeReport, Probed, Tool, Vantage};
use clusterip_domain::rules::RulesView;
use clusterip_domain::snapshot::PodState;
use clusterip_domain::traffic::{Connections, ErrorKind};
use jiff::Timestamp;

use super::fixtures::{SERVICE, Scene, pod_name};
use crate::run::RunView;

const EACH: Connections = Connections::NewPerRequest;
const KEEP: Connections = Connections::KeepAlive { connections: 2 };

fn three() -> Scene {
    Scene::new().pods(3)
}

fn busy() -> Scene {
    three().service().noted(3).traffic(VirtualIp, EACH, &[412, 438, 397], &[])
}

/// The Service is deleted while it is called.
fn service_gone() -> Scene {
    let mut s = busy().traffic(VirtualIp, EACH, &[3, 2, 4], &[(ErrorKind::Timeout, 12)]);
    s.snapshot.services.clear();
    s.snapshot.endpoint_slices.clear();
    s.snapshot.rules = RulesView::Read { nodes: vec![], read_at: Timestamp::UNIX_EPOCH };
    s
}

/// The Service is made anew under the old name; the client still calls the old address.
fn service_again() -> Scene {
    let mut s = service_gone().service();
    s.snapshot.services[0].cluster_ip = Some([10, 96, 200, 9].into());
    s
}

/// A pod for each way of not being ready.
fn trouble() -> Scene {
    three()
        .service()
        .change(0, |p| {
            p.state = PodState::Waiting;
            p.reason = Some("ImagePullBackOff".into());
            p.ip = None;
        })
        .change(1, |p| p.state = PodState::NotReady)
        .change(2, |p| {
            p.state = PodState::Failed;
            p.reason = Some("OOMKilled".into());
        })
        .traffic(VirtualIp, EACH, &[], &[(ErrorKind::Refused, 64)])
}

fn stale() -> Scene {
    let mut s = busy();
    s.snapshot.stale_since = Some("2026-03-02T10:20:11Z".parse().unwrap());
    s
}

fn pod_gone() -> Scene {
    three().noted(3).traffic(PodIp, EACH, &[120], &[(ErrorKind::NoRoute, 41)]).without(0)
}

fn eight() -> Scene {
    let counts = [130, 121, 118, 140, 127, 119, 131, 125];
    Scene::new().pods(8).service().traffic(VirtualIp, EACH, &counts, &[])
}

/// What came of a try in the client pod.
fn tried(tool: Tool, kind: TargetKind, host: &str, port: u16, error: Option<ErrorKind>) -> Probed {
    let target = Target { kind, name: SERVICE.into(), host: host.into(), port };
    let addresses = vec![[10, 96, 113, 47].into()];
    let answered = ProbeReport {
        ok: true,
        error: None,
        pod: (tool == Tool::Http).then(|| pod_name(0)),
        addresses,
        ..ProbeReport::failed(ErrorKind::Dns)
    };
    let report = error.map_or(answered, ProbeReport::failed);
    Probed { from: Vantage::Client, tool, target, report }
}

/// The selector is mistyped, and that was found out.
fn diagnosed() -> Scene {
    let mut s = three().service().traffic(VirtualIp, EACH, &[], &[(ErrorKind::Refused, 64)]);
    s.snapshot.services[0].selector.insert("app".into(), "mypap".into());
    s.snapshot.endpoint_slices.clear();
    s.diagnosed(vec![
        tried(Tool::Dns, DnsName, SERVICE, 0, None),
        tried(Tool::Http, VirtualIp, "10.96.113.47", 80, Some(ErrorKind::Refused)),
    ])
}

/// All of them.
pub(super) fn scenes() -> Vec<(&'static str, RunView)> {
    let keep_alive = || three().service().traffic(VirtualIp, KEEP, &[900, 0, 450], &[]);
    let direct = || three().noted(3).traffic(PodIp, EACH, &[120], &[]);
    let starting = |s: Scene| {
        s.change(1, |p| p.state = PodState::NotReady).change(2, |p| {
            p.state = PodState::Pending;
            p.ip = None;
        })
    };
    vec![
        ("empty", Scene::new().view()),
        ("starting", starting(three()).view()),
        ("pods", three().noted(3).at(1, &[false]).view()),
        ("traffic", busy().at(3, &[true, false]).view()),
        ("direct", direct().at(2, &[false]).view()),
        ("pod-gone", pod_gone().at(2, &[false]).view()),
        ("keep-alive", keep_alive().at(3, &[false, false]).view()),
        ("killed", busy().change(1, |p| p.state = PodState::Terminating).at(4, &[false]).view()),
        ("trouble", trouble().at(3, &[false, false]).view()),
        ("service-gone", service_gone().at(4, &[false]).view()),
        ("service-again", service_again().at(4, &[false]).view()),
        ("chain", Scene::new().pods(2).service().traffic(VirtualIp, EACH, &[111, 104], &[]).asking().view()),
        ("diagnosed", diagnosed().at(3, &[false, false]).view()),
        ("stale", stale().at(3, &[true, false]).view()),
        ("eight", eight().at(3, &[true, false]).view()),
        ("finished", busy().at(5, &[]).view()),
    ]
}
