use super::*;
use serde_json::json;

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "a", "labels": {"app": "x"}},
        "spec": {"nodeName": "n", "terminationGracePeriodSeconds": 5}})
}

fn store() -> Arc<Store> {
    Store::new(AdmitAll)
}

#[test]
fn a_new_object_is_stamped_and_its_name_taken() {
    let store = store();
    let stored = store.create(Resource::Pods, pod("p")).unwrap();
    assert_eq!(stored["kind"], "Pod");
    assert_eq!(stored["metadata"]["generation"], 1);
    assert!(object::resource_version(&stored).is_some() && !object::uid(&stored).is_empty());
    assert_eq!(store.create(Resource::Pods, pod("p")).unwrap_err().reason, "AlreadyExists");
    store.create_as(Resource::Pods, pod("q"), Mode::DryRun).unwrap();
    assert!(store.find(Resource::Pods, "a", "q").is_none(), "a dry run keeps nothing");
}

#[test]
fn a_stale_update_conflicts_and_an_empty_one_is_silent() {
    let store = store();
    let first = store.create(Resource::Pods, pod("p")).unwrap();
    let mut changed = (*first).clone();
    changed["spec"]["x"] = json!(1);
    let second = store.update(Resource::Pods, changed.clone()).unwrap();
    assert_eq!(second["metadata"]["generation"], 2);
    assert_eq!(store.update(Resource::Pods, changed).unwrap_err().reason, "Conflict");
    let version = store.version();
    store.update(Resource::Pods, (*second).clone()).unwrap();
    assert_eq!(store.version(), version);
}

#[test]
fn status_and_the_rest_are_written_apart() {
    let store = store();
    store.create(Resource::Pods, pod("p")).unwrap();
    let both = |o: &mut Value| {
        o["spec"]["x"] = json!(1);
        o["status"] = json!({"phase": "Running"});
    };
    let main = store.modify(Resource::Pods, "a", "p", both).unwrap();
    assert!(main.get("status").is_none() && main["spec"]["x"] == 1);
    let status = store
        .modify_status(Resource::Pods, "a", "p", |o| {
            o["spec"]["x"] = json!(2);
            o["status"] = json!({"phase": "Running"});
        })
        .unwrap();
    assert_eq!((&status["status"]["phase"], &status["spec"]["x"]), (&json!("Running"), &json!(1)));
}

#[tokio::test]
async fn a_watch_tells_what_its_selector_sees() {
    let store = store();
    let selector = Selector::parse(Resource::Pods, "app=x", "").unwrap();
    let (listed, mut watch) = store.list_and_watch(Resource::Pods, Some("a"), &selector);
    assert!(listed.items.is_empty());
    store.create(Resource::Pods, pod("p")).unwrap();
    let relabel = |to: &'static str| move |o: &mut Value| o["metadata"]["labels"]["app"] = json!(to);
    store.modify(Resource::Pods, "a", "p", relabel("y")).unwrap();
    store.modify(Resource::Pods, "a", "p", relabel("z")).unwrap();
    store.modify(Resource::Pods, "a", "p", relabel("x")).unwrap();
    store.delete(Resource::Pods, "a", "p", &Deletion::now()).unwrap();
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(match watch.next().await.unwrap() {
            WatchEvent::Added(_) => "added",
            WatchEvent::Modified(_) => "modified",
            WatchEvent::Deleted(_) => "deleted",
        });
    }
    assert_eq!(told, ["added", "deleted", "added", "deleted"]);
    assert_eq!(watch.version(), store.version());
}

#[test]
fn a_watch_from_before_what_is_remembered_is_gone() {
    let store = store();
    store.create(Resource::Pods, pod("p")).unwrap();
    let watch = |version| store.watch_from(Resource::Pods, None, Selector::default(), version);
    assert!(watch(0).is_ok());
    store.compact(store.version());
    assert_eq!(watch(1).unwrap_err().code, 410);
    assert!(watch(store.version()).is_ok());
}

#[test]
fn a_pod_on_a_node_is_marked_first_and_any_other_goes_at_once() {
    let store = store();
    store.create(Resource::Pods, pod("p")).unwrap();
    let delete = |name: &str, deletion: &Deletion| store.delete(Resource::Pods, "a", name, deletion);
    let Deleted::Later(marked) = delete("p", &Deletion::default()).unwrap() else {
        panic!("it went at once")
    };
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 5);
    let version = store.version();
    delete("p", &Deletion::default()).unwrap();
    assert_eq!(store.version(), version, "again says nothing new");
    assert!(matches!(delete("p", &Deletion::now()).unwrap(), Deleted::Gone(_)));
    let mut unscheduled = pod("q");
    unscheduled["spec"] = json!({});
    store.create(Resource::Pods, unscheduled).unwrap();
    assert!(matches!(delete("q", &Deletion::default()).unwrap(), Deleted::Gone(_)));
    assert_eq!(delete("q", &Deletion::default()).unwrap_err().code, 404);
}

#[test]
fn finalizers_hold_and_the_last_one_lets_go() {
    let store = store();
    let deployment = json!({"metadata": {"name": "d", "namespace": "a"}});
    store.create(Resource::Deployments, deployment).unwrap();
    let foreground = Deletion { propagation: Propagation::Foreground, ..Deletion::default() };
    let deleted = store.delete(Resource::Deployments, "a", "d", &foreground).unwrap();
    assert!(matches!(deleted, Deleted::Later(_)));
    let free = |o: &mut Value| o["metadata"]["finalizers"] = json!([]);
    store.modify(Resource::Deployments, "a", "d", free).unwrap();
    assert!(store.find(Resource::Deployments, "a", "d").is_none());
}

#[test]
fn orphans_lose_their_owner() {
    let store = store();
    let owner =
        store.create(Resource::ReplicaSets, json!({"metadata": {"name": "r", "namespace": "a"}})).unwrap();
    let mut owned = pod("p");
    owned["metadata"]["ownerReferences"] = json!([{"uid": object::uid(&owner)}]);
    store.create(Resource::Pods, owned).unwrap();
    let orphan = Deletion { propagation: Propagation::Orphan, ..Deletion::default() };
    store.delete(Resource::ReplicaSets, "a", "r", &orphan).unwrap();
    assert!(store.get(Resource::Pods, "a", "p").unwrap()["metadata"].get("ownerReferences").is_none());
}

#[test]
fn a_deleted_namespace_stays_until_it_is_finalised() {
    let store = store();
    store.create(Resource::Namespaces, json!({"metadata": {"name": "n"}})).unwrap();
    let deleted = store.delete(Resource::Namespaces, "", "n", &Deletion::default()).unwrap();
    let Deleted::Later(marked) = deleted else { panic!("it went at once") };
    assert_eq!(marked["status"]["phase"], "Terminating");
    store.finalize(Resource::Namespaces, "", "n").unwrap();
    assert!(store.find(Resource::Namespaces, "", "n").is_none());
}

#[test]
fn lists_keep_to_their_namespace() {
    let store = store();
    for (namespace, name) in [("a", "p"), ("a", "q"), ("ab", "p")] {
        let object = json!({"metadata": {"name": name, "namespace": namespace}});
        store.create(Resource::Services, object).unwrap();
    }
    let count = |namespace| store.list(Resource::Services, namespace, &Selector::default()).items.len();
    assert_eq!((count(Some("a")), count(Some("ab")), count(Some("b")), count(None)), (2, 1, 0, 3));
}
