use super::*;

fn applier(manager: &str, force: bool) -> Applier<'_> {
    Applier { resource: Resource::Services, manager, force, subresource: None }
}

fn service(ports: &Value, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "labels": labels},
        "spec": {"ports": ports}})
}

fn empty() -> Value {
    json!({"metadata": {}})
}

#[test]
fn what_a_manager_no_longer_names_goes() {
    let first = service(&json!([{"port": 80}, {"port": 81, "name": "b"}]), &json!({"a": "1", "b": "2"}));
    let live = applier("m", false).apply(&empty(), &first).unwrap();
    let second = service(&json!([{"port": 80, "protocol": "TCP"}]), &json!({"a": "1"}));
    let live = applier("m", false).apply(&live, &second).unwrap();
    assert_eq!(live["spec"]["ports"], json!([{"port": 80, "protocol": "TCP"}]));
    assert_eq!(live["metadata"]["labels"], json!({"a": "1"}));
}

#[test]
fn what_others_wrote_stays() {
    let live =
        applier("m", false).apply(&empty(), &service(&json!([{"port": 80}]), &json!({"a": "1"}))).unwrap();
    let live = applier("n", false).apply(&live, &json!({"metadata": {"labels": {"b": "2"}}})).unwrap();
    let live = applier("m", false).apply(&live, &service(&json!([{"port": 80}]), &json!({}))).unwrap();
    assert_eq!(live["metadata"]["labels"], json!({"b": "2"}));
    assert_eq!(live["metadata"]["managedFields"].as_array().unwrap().len(), 2);
}

#[test]
fn the_same_again_changes_nothing() {
    let config = service(&json!([{"port": 80}]), &json!({"a": "1"}));
    let live = applier("m", false).apply(&empty(), &config).unwrap();
    let again = applier("m", false).apply(&live, &config).unwrap();
    assert_eq!(live, again);
}

#[test]
fn a_field_of_another_conflicts_until_it_is_forced() {
    let config = |port: i32| service(&json!([{"port": 80, "targetPort": port}]), &json!({}));
    let live = applier("m", false).apply(&empty(), &config(1)).unwrap();
    let refused = applier("n", false).apply(&live, &config(2)).unwrap_err();
    assert_eq!(
        refused.message,
        r#"Apply failed with 1 conflict: conflict with "m": .spec.ports[port=80,protocol="TCP"].targetPort"#
    );
    let forced = applier("n", true).apply(&live, &config(2)).unwrap();
    assert_eq!(forced["spec"]["ports"][0]["targetPort"], 2);
    assert!(applier("n", false).apply(&forced, &config(3)).is_ok(), "it is n's alone now");
}

#[test]
fn an_update_takes_fields_from_who_applied_them() {
    let live =
        applier("m", false).apply(&empty(), &service(&json!([{"port": 80}]), &json!({"a": "1"}))).unwrap();
    let mut new = live.clone();
    new["metadata"]["labels"]["a"] = json!("2");
    managed::track(Resource::Services, Some(&live), &mut new, "kubectl-edit", None);
    let config = service(&json!([{"port": 80}]), &json!({"a": "3"}));
    let refused = applier("m", false).apply(&new, &config).unwrap_err();
    assert!(
        refused.message.contains(r#"conflict with "kubectl-edit" using v1: .metadata.labels.a"#),
        "{refused}"
    );
}

#[test]
fn what_kubectl_applied_before_on_the_client_it_may_change_on_the_server() {
    let config = |replicas: &str| service(&json!([{"port": 80}]), &json!({"a": replicas, "b": "1"}));
    let mut live = config("1");
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    live["metadata"]["annotations"] = json!({annotation: config("1").to_string()});
    managed::track(Resource::Services, None, &mut live, "kubectl-client-side-apply", None);
    assert!(applier("m", false).apply(&live, &config("2")).is_err(), "only kubectl's own");
    assert_eq!(applier("kubectl", false).apply(&live, &config("2")).unwrap()["metadata"]["labels"]["a"], "2");
    let mut edited = live.clone();
    edited["metadata"]["labels"]["a"] = json!("3");
    let refused = applier("kubectl", false).apply(&edited, &config("2")).unwrap_err();
    assert!(refused.message.ends_with(".metadata.labels.a"), "{refused}");
}
