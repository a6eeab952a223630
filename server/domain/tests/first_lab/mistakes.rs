//! The mistakes that students make, and which checks hold after each.

use clusterip_domain::ledger::TargetKind;
use clusterip_domain::snapshot::{PodState, Service, ServiceType};

use super::world::{KEEP_ALIVE, NEW, World, good, labels, selecting, with_port};
use super::{Act, at};

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
