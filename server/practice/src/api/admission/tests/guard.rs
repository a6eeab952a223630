//! What the lab's own policies refuse, and whom they do not concern.

use super::*;
use crate::authn::User;
use crate::store::Part;

/// A namespace of the lab, `a`.
fn lab() -> Arc<Store> {
    let store = Store::new(Rules);
    let labels = json!({"app.kubernetes.io/managed-by": "clusterip-lab"});
    store.create(Resource::Namespaces, json!({"metadata": {"name": "a", "labels": labels}})).unwrap();
    store
}

fn student() -> User {
    User::account("a", "student", "1")
}

fn create(store: &Store, user: &User, resource: Resource, object: Value) -> Result<(), Status> {
    store.create_by(&Writer::user(user, Mode::Commit), resource, object).map(drop)
}

fn change(
    store: &Store,
    user: &User,
    (resource, name): (Resource, &str),
    edit: impl FnOnce(&mut Value),
) -> Result<(), Status> {
    let writer = Writer::user(user, Mode::Commit);
    let changed = store.change_by(&writer, resource, "a", name, Part::Main, |old| {
        let mut object = old.clone();
        edit(&mut object);
        Ok(object)
    });
    changed.map(drop)
}

fn pod(name: &str, labels: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "a", "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "clusterip-lab/client:v1"}]}})
}

#[test]
fn a_service_that_leaves_the_cluster_is_refused_as_by_a_policy() {
    let store = lab();
    let refused =
        create(&store, &User::administrator(), Resource::Services, service(&json!({"type": "NodePort"})))
            .unwrap_err();
    let message = "ValidatingAdmissionPolicy 'clusterip-lab-services' with binding 'clusterip-lab-services' \
                   denied request: type NodePort is a way into the cluster or out of it, and this lab is about \
                   ClusterIP, the default: leave type out";
    assert_eq!(
        refused.to_value(),
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": format!("services \"s\" is forbidden: {message}"),
            "reason": "Forbidden", "code": 403,
            "details": {"name": "s", "kind": "services", "causes": [{"message": message}]},
        })
    );
    create(&store, &student(), Resource::Services, service(&json!({"ports": [{"port": 80}]}))).unwrap();
    let outside = |o: &mut Value| o["spec"]["externalIPs"] = json!(["1.2.3.4"]);
    let refused = change(&store, &student(), (Resource::Services, "s"), outside).unwrap_err();
    assert!(refused.message.ends_with("(CVE-2020-8554): leave them out"), "{refused}");
}

#[test]
fn the_client_pod_and_the_labs_labels_are_the_labs_own() {
    let store = lab();
    let own = json!({"clusterip-lab/role": "client"});
    let refuses = |result: Result<(), Status>, sentence: &str| {
        let refused = result.expect_err(sentence);
        assert!(refused.code == 403 && refused.message.ends_with(sentence), "{refused}");
    };
    let labels = "labels that begin with clusterip-lab/ are the lab's own: leave them as they are";
    let client = (Resource::Pods, "client");
    refuses(
        create(&store, &student(), Resource::Pods, pod("client", &json!({}))),
        "the pod client is the lab's own: give yours another name",
    );
    refuses(create(&store, &student(), Resource::Pods, pod("p", &own)), labels);
    create(&store, &User::administrator(), Resource::Pods, pod("client", &own)).unwrap();
    refuses(
        change(&store, &student(), client, |o| o["spec"]["containers"][0]["image"] = json!("x")),
        "the pod client is the lab's own, and its image stays: run yours in a pod by another name",
    );
    refuses(change(&store, &student(), client, |o| o["metadata"]["labels"] = json!({})), labels);
    change(&store, &student(), client, |o| o["metadata"]["labels"]["mine"] = json!("1")).unwrap();
    let mut stowaway = deployment();
    stowaway["spec"]["template"]["metadata"]["labels"]["clusterip-lab/role"] = json!("client");
    refuses(create(&store, &student(), Resource::Deployments, stowaway), labels);
    create(&store, &student(), Resource::Deployments, deployment()).unwrap();
}

#[test]
fn no_pod_takes_a_class_of_the_clusters_own_parts() {
    let store = lab();
    let mut important = pod("p", &json!({}));
    important["spec"]["priorityClassName"] = json!("system-node-critical");
    let refused = create(&store, &User::administrator(), Resource::Pods, important).unwrap_err();
    assert!(refused.message.ends_with("out: leave priorityClassName out"), "{refused}");
}

#[test]
fn other_namespaces_are_not_guarded() {
    let store = store();
    create(&store, &student(), Resource::Pods, pod("client", &json!({"clusterip-lab/role": "client"})))
        .unwrap();
    let refused = create(&store, &student(), Resource::Services, service(&json!({"type": "NodePort"})));
    assert!(refused.unwrap_err().message.contains("does not model"));
}
