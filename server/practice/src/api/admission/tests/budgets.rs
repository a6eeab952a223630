//! `LimitRange` and `ResourceQuota`.

use super::*;

fn pod(name: &str, resources: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "a"},
        "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}})
}

/// A store whose namespace has a range of these limits.
fn limited(limits: &Value) -> Arc<Store> {
    let store = store();
    let range = json!({"metadata": {"name": "r", "namespace": "a"}, "spec": {"limits": limits}});
    store.create(Resource::LimitRanges, range).unwrap();
    store
}

/// A store whose namespace has a quota `lab` of this.
fn budget(hard: &Value) -> Arc<Store> {
    let store = store();
    let quota = json!({"metadata": {"name": "lab", "namespace": "a"}, "spec": {"hard": hard}});
    store.create(Resource::ResourceQuotas, quota).unwrap();
    store
}

#[test]
fn a_range_fills_in_what_a_pod_does_not_say() {
    let store = limited(&json!([{"type": "Container", "default": {"cpu": "0.5", "memory": "128Mi"},
        "defaultRequest": {"cpu": "100m"}, "max": {"cpu": 2}}]));
    let range = store.get(Resource::LimitRanges, "a", "r").unwrap();
    let limit = &range["spec"]["limits"][0];
    assert_eq!(limit["default"], json!({"cpu": "500m", "memory": "128Mi"}));
    assert_eq!(limit["defaultRequest"], json!({"cpu": "100m", "memory": "128Mi"}));

    let made = store.create(Resource::Pods, pod("p", &json!({"limits": {"cpu": "1"}}))).unwrap();
    let resources = &made["spec"]["containers"][0]["resources"];
    assert_eq!(
        *resources,
        json!({"limits": {"cpu": "1", "memory": "128Mi"}, "requests": {"cpu": "1", "memory": "128Mi"}})
    );
    assert_eq!(made["status"]["qosClass"], "Guaranteed");
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: memory request for container c; memory limit for container c"
    );
    let said = pod(
        "q",
        &json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}),
    );
    let made = store.create(Resource::Pods, said).unwrap();
    assert!(made["metadata"].get("annotations").is_none(), "there was nothing to fill in");
}

#[test]
fn a_pod_outside_its_range_is_refused_in_kubernetes_words() {
    let container = |field: &str, amount: &str| json!([{"type": "Container", field: {"cpu": amount}}]);
    let of_pod = |field: &str, amount: &str| json!([{"type": "Pod", field: {"memory": amount}}]);
    let asks = |request: &str, limit: &str| json!({"requests": {"cpu": request}, "limits": {"cpu": limit}});
    for (limits, resources, said) in [
        (
            container("min", "100m"),
            asks("50m", "1"),
            "minimum cpu usage per Container is 100m, but request is 50m",
        ),
        (container("max", "1"), asks("1", "2"), "maximum cpu usage per Container is 1, but limit is 2"),
        (
            json!([{"type": "Container", "max": {"memory": "1Gi"}, "min": {"cpu": "1"}}]),
            json!({"requests": {"cpu": "500m"}, "limits": {"memory": "2Gi"}}),
            "[minimum cpu usage per Container is 1, but request is 500m, maximum memory usage per Container is 1Gi, but limit is 2Gi]",
        ),
        (
            container("maxLimitRequestRatio", "2"),
            asks("250m", "1"),
            "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000",
        ),
        (
            container("maxLimitRequestRatio", "2"),
            json!({}),
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
        ),
        (
            of_pod("max", "64Mi"),
            json!({"limits": {"memory": "65Mi"}}),
            "maximum memory usage per Pod is 64Mi, but limit is 65Mi",
        ),
        (of_pod("max", "64Mi"), json!({}), "maximum memory usage per Pod is 64Mi.  No limit is specified"),
        (of_pod("min", "64Mi"), json!({}), "minimum memory usage per Pod is 64Mi.  No request is specified"),
    ] {
        let refused = limited(&limits).create(Resource::Pods, pod("p", &resources)).unwrap_err();
        assert_eq!(refused.message, format!("pods \"p\" is forbidden: {said}"));
        assert_eq!(refused.code, 403);
    }
    let fine =
        limited(&container("maxLimitRequestRatio", "2")).create(Resource::Pods, pod("p", &asks("500m", "1")));
    fine.unwrap();
}

#[test]
fn wrong_ranges_quotas_and_amounts_are_refused() {
    let range = |limit: Value| (Resource::LimitRanges, json!({"spec": {"limits": [limit]}}));
    let quota = |hard: Value| (Resource::ResourceQuotas, json!({"spec": {"hard": hard}}));
    let container = |resources: Value| (Resource::Pods, pod("x", &resources));
    for ((resource, mut object), said) in [
        (
            range(json!({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}})),
            r#"spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1"#,
        ),
        (
            range(json!({"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}})),
            r#"spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1"#,
        ),
        (
            range(json!({"type": "Pod", "default": {"cpu": "2"}})),
            "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
        ),
        (
            range(json!({"type": "Container", "maxLimitRequestRatio": {"cpu": "0.5"}})),
            r#"spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1"#,
        ),
        (
            range(json!({"type": "Node"})),
            r#"spec.limits[0].type: Invalid value: "Node": must be a standard limit type or fully qualified"#,
        ),
        (range(json!({"type": "PersistentVolumeClaim"})), "does not model limits of PersistentVolumeClaims"),
        (
            quota(json!({"dogs": "1"})),
            r#"spec.hard[dogs]: Invalid value: "dogs": must be a standard resource for quota"#,
        ),
        (quota(json!({"pods": "1.5"})), r#"spec.hard[pods]: Invalid value: "1500m": must be an integer"#),
        (
            quota(json!({"cpu": "-1"})),
            r#"spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0"#,
        ),
        (
            (Resource::ResourceQuotas, json!({"spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}})),
            "does not model scopes of quotas",
        ),
        (
            container(json!({"requests": {"cpu": "2"}, "limits": {"cpu": "1"}})),
            r#"spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1"#,
        ),
        (
            container(json!({"limits": {"pods": "1"}})),
            r#"spec.containers[0].resources.limits[pods]: Invalid value: "pods": must be a standard resource for containers"#,
        ),
        (
            container(json!({"limits": {"memory": "lots"}})),
            "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular expression",
        ),
    ] {
        object["metadata"] = json!({"name": "x", "namespace": "a"});
        let refused = store().create(resource, object).unwrap_err();
        assert!(refused.message.contains(said), "{refused}\n{said}");
    }
}

#[test]
fn a_quota_counts_amounts_as_well_as_objects() {
    let store = budget(
        &json!({"requests.cpu": "1", "limits.memory": "1Gi", "pods": "3", "count/deployments.apps": "0"}),
    );
    let asks = |cpu: &str| json!({"requests": {"cpu": cpu}, "limits": {"memory": "256Mi"}});
    store.create(Resource::Pods, pod("p", &asks("600m"))).unwrap();
    for (resource, object, said) in [
        (
            Resource::Pods,
            pod("q", &asks("500m")),
            r#"pods "q" is forbidden: exceeded quota: lab, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1"#,
        ),
        (
            Resource::Pods,
            pod("q", &json!({})),
            r#"pods "q" is forbidden: failed quota: lab: must specify limits.memory for: c; requests.cpu for: c"#,
        ),
        (
            Resource::Pods,
            pod("q", &json!({"requests": {"cpu": "500m"}, "limits": {"memory": "2Gi"}})),
            r#"pods "q" is forbidden: exceeded quota: lab, requested: limits.memory=2Gi,requests.cpu=500m, used: limits.memory=256Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1"#,
        ),
        (
            Resource::Deployments,
            deployment(),
            r#"deployments.apps "d" is forbidden: exceeded quota: lab, requested: count/deployments.apps=1, used: count/deployments.apps=0, limited: count/deployments.apps=0"#,
        ),
    ] {
        assert_eq!(store.create(resource, object).unwrap_err().message, said);
    }
    for name in ["q", "r"] {
        store.create(Resource::Pods, pod(name, &asks("200m"))).unwrap();
    }
    let refused = store.create(Resource::Pods, pod("s", &asks("0"))).unwrap_err();
    assert!(refused.message.ends_with("requested: pods=1, used: pods=3, limited: pods=3"), "{refused}");
    store.modify_status(Resource::Pods, "a", "p", |pod| pod["status"]["phase"] = json!("Succeeded")).unwrap();
    store.create(Resource::Pods, pod("s", &asks("600m"))).unwrap();
}

#[test]
fn a_pod_of_an_account_that_is_not_there_is_refused() {
    let mut pod = pod("p", &json!({}));
    pod["spec"]["serviceAccountName"] = json!("nosuch");
    assert_eq!(
        store().create(Resource::Pods, pod).unwrap_err().message,
        r#"pods "p" is forbidden: error looking up service account a/nosuch: serviceaccount "nosuch" not found"#
    );
}

#[test]
fn amounts_are_written_as_kubernetes_writes_them() {
    let asks = json!({"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": "1000m"}});
    let made = store().create(Resource::Pods, pod("p", &asks)).unwrap();
    assert_eq!(
        made["spec"]["containers"][0]["resources"],
        json!({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1"}})
    );
}
