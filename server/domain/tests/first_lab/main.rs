//! The first lab, played on a small model of a cluster.
//!
//! ```text
//! acts on a World ──▶ Snapshot, Ledger, History ──▶ Evidence ──▶ Progress::judge
//! ```
//!
//! Every step fails before its acts and passes after them, waiting does no step, and the mistakes that students
//! make do not pass: for each, the table says exactly which checks hold.

mod mistakes;
mod world;

use std::path::Path;
use std::sync::LazyLock;

use clusterip_domain::lab::{Lab, LabFiles, Lang};
use clusterip_domain::ledger::TargetKind;
use clusterip_domain::snapshot::PodState;

use world::{NEW, World, good, selecting, with_port};

/// Read once: compiling its expressions takes a while in a debug build.
static LAB: LazyLock<Lab> = LazyLock::new(lab);

fn lab() -> Lab {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs/00-the-whole-story");
    let paths = ["lab.yaml", "en.md", "it.md", "start/deployment.yaml", "start/service.yaml"];
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let texts = paths.into_iter().map(|p| (p.to_owned(), read(p))).collect();
    LabFiles { texts, others: vec![] }.read().expect("a whole lab")
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
            assert!((60..=140).contains(&words), "{} in {}: {words} words", step.id, lang.code());
            assert_eq!(html.matches("<blockquote>").count(), 1, "{} in {}", step.id, lang.code());
        }
    }
    assert!(!lab.documents["start/service.yaml"].contains("\n  type:"), "ClusterIP is what nobody wrote");
}
