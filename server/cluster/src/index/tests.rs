use clusterip_domain::ids::Namespace;
use clusterip_domain::snapshot::{Event, Labels, ReplicaSet, Service, ServiceType};
use jiff::{Timestamp, ToSpan};

use super::*;

fn service(name: &str) -> Object {
    Object::Service(Service {
        name: name.into(),
        uid: name.into(),
        service_type: ServiceType::ClusterIP,
        cluster_ip: Some([10, 96, 0, 9].into()),
        headless: false,
        ports: vec![],
        selector: Labels::new(),
        client_ip_affinity: false,
        created_at: None,
    })
}

fn put(namespace: &str, name: &str) -> Change {
    Change::Put { namespace: namespace.into(), object: Box::new(service(name)) }
}

fn names(index: &Index, namespace: &str) -> Vec<String> {
    let namespace: Namespace = namespace.parse().unwrap();
    index.snapshot(&namespace).services.into_iter().map(|s| s.name).collect()
}

#[test]
fn a_snapshot_holds_its_namespace_sorted_and_nothing_else() {
    let index = Index::default();
    for (namespace, name) in [("lab-a", "z"), ("lab-a", "b"), ("lab-b", "c"), ("kube-system", "dns")] {
        index.apply(put(namespace, name));
    }
    assert_eq!(names(&index, "lab-a"), ["b", "z"]);
    assert_eq!(names(&index, "kube-system"), Vec::<String>::new(), "not a namespace of the lab");
}

#[test]
fn what_a_new_list_does_not_hold_is_gone() {
    let index = Index::default();
    index.apply(put("lab-a", "old"));
    index.apply(Change::Relisted { kind: Kind::Service, objects: vec![("lab-a".into(), service("new"))] });
    assert_eq!(names(&index, "lab-a"), ["new"]);
    index.apply(Change::Gone { namespace: "lab-a".into(), kind: Kind::Service, name: "new".into() });
    assert_eq!(names(&index, "lab-a"), Vec::<String>::new());
}

#[test]
fn a_list_of_one_kind_leaves_the_others_alone() {
    let index = Index::default();
    index.apply(put("lab-a", "s"));
    let replica_set = ReplicaSet { name: "r".into(), owner: None, replicas: 1, ready: 1 };
    index.apply(Change::Put { namespace: "lab-a".into(), object: Box::new(Object::ReplicaSet(replica_set)) });
    index.apply(Change::Relisted { kind: Kind::ReplicaSet, objects: vec![] });
    assert_eq!(names(&index, "lab-a"), ["s"]);
}

#[test]
fn it_is_stale_since_the_first_feed_fell_behind_until_all_have_caught_up() {
    let index = Index::default();
    let (t0, t1) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + 5.seconds());
    index.behind(Feed::Watch(Kind::Service), t0);
    index.behind(Feed::Health, t1);
    index.behind(Feed::Watch(Kind::Service), t1);
    assert_eq!(index.stale_since(), Some(t0));
    index.apply(put("lab-a", "s"));
    assert_eq!(index.stale_since(), Some(t1));
    index.caught_up(Feed::Health);
    assert_eq!(index.stale_since(), None);
}

#[test]
fn it_is_synced_when_every_resource_was_listed() {
    let index = Index::default();
    for kind in Kind::ALL {
        assert!(!index.synced());
        index.apply(Change::Relisted { kind, objects: vec![] });
    }
    assert!(index.synced());
}

#[test]
fn readers_wake_for_every_change_that_concerns_a_lab() {
    let index = Index::default();
    let mut revisions = index.revisions();
    index.apply(put("kube-system", "dns"));
    assert!(!revisions.has_changed().unwrap());
    index.apply(put("lab-a", "s"));
    assert!(revisions.has_changed().unwrap());
    revisions.mark_unchanged();
}

#[test]
fn events_are_the_newest_first_and_bounded() {
    let index = Index::default();
    for second in 0..(MAX_EVENTS as i64 + 10) {
        let event = Event {
            at: Some(Timestamp::UNIX_EPOCH + second.seconds()),
            warning: false,
            reason: "Scheduled".into(),
            kind: "Pod".into(),
            name: "p".into(),
            message: String::new(),
            count: 1,
        };
        let object = Box::new(Object::Event(format!("p.{second}"), event));
        index.apply(Change::Put { namespace: "lab-a".into(), object });
    }
    let events = index.snapshot(&"lab-a".parse().unwrap()).events;
    assert_eq!(events.len(), MAX_EVENTS);
    assert!(events[0].at > events[1].at);
}
