use serde_json::json;

use super::*;
use crate::store::Mode;

/// Meets every level.
fn confined() -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "image": "i", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
    })
}

fn with(extra: &Value) -> Value {
    let mut spec = confined();
    json_patch::merge(&mut spec, extra);
    spec
}

/// With this in the security context of the one container.
fn contained(extra: &Value) -> Value {
    let mut spec = confined();
    json_patch::merge(&mut spec["containers"][0], extra);
    spec
}

fn said(level: Level, version: Option<u32>, spec: &Value) -> String {
    details(&checks::run(LevelVersion { level, version }, &json!({}), spec))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a check")]
fn each_check_speaks_as_kubernetes_does() {
    let context = |extra: Value| contained(&json!({"securityContext": extra}));
    for (spec, baseline, restricted) in [
        (confined(), "", ""),
        (
            json!({"containers": [{"name": "c"}]}),
            "",
            r#"allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#,
        ),
        (
            with(&json!({"hostNetwork": true, "hostIPC": true})),
            "host namespaces (hostNetwork=true, hostIPC=true)",
            "host namespaces (hostNetwork=true, hostIPC=true)",
        ),
        (
            context(json!({"privileged": true})),
            r#"privileged (container "c" must not set securityContext.privileged=true)"#,
            r#"privileged (container "c" must not set securityContext.privileged=true)"#,
        ),
        (
            context(json!({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN", "CHOWN", "NET_RAW"]}})),
            r#"non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)"#,
            r#"unrestricted capabilities (container "c" must not include "CHOWN", "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)"#,
        ),
        (context(json!({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}})), "", ""),
        (
            with(
                &json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "emptyDir": {}}]}),
            ),
            r#"hostPath volumes (volume "v")"#,
            r#"restricted volume types (volume "v" uses restricted volume type "hostPath")"#,
        ),
        (
            with(&json!({"volumes": [{"name": "v", "nfs": {}}, {"name": "w", "iscsi": {}}]})),
            "",
            r#"restricted volume types (volumes "v", "w" use restricted volume types "iscsi", "nfs")"#,
        ),
        (
            contained(&json!({"ports": [{"hostPort": 80}, {"hostPort": 443}, {"containerPort": 1}]})),
            r#"hostPort (container "c" uses hostPorts 443, 80)"#,
            r#"hostPort (container "c" uses hostPorts 443, 80)"#,
        ),
        (
            contained(&json!({"readinessProbe": {"httpGet": {"host": "10.0.0.1"}}})),
            r#"probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")"#,
            r#"probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")"#,
        ),
        (
            context(json!({"procMount": "Unmasked"})),
            r#"procMount (container "c" must not set securityContext.procMount to "Unmasked")"#,
            r#"procMount (container "c" must not set securityContext.procMount to "Unmasked")"#,
        ),
        (
            with(
                &json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}}),
            ),
            "forbidden sysctls (kernel.msgmax)",
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            with(&json!({"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}})),
            r#"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)"#,
            r#"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)"#,
        ),
        (
            context(json!({"appArmorProfile": {"type": "Unconfined"}})),
            r#"forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")"#,
            r#"forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")"#,
        ),
        (
            context(json!({"seccompProfile": {"type": "Unconfined"}})),
            r#"seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")"#,
            r#"seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")"#,
        ),
        (
            with(&json!({"securityContext": {"windowsOptions": {"hostProcess": true}}})),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            with(&json!({"securityContext": {"runAsNonRoot": false}})),
            "",
            "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
        ),
        (context(json!({"runAsUser": 0})), "", r#"runAsUser=0 (container "c" must not set runAsUser=0)"#),
    ] {
        assert_eq!(said(Level::Privileged, None, &spec), "", "{spec}");
        assert_eq!(said(Level::Baseline, None, &spec), baseline, "{spec}");
        assert_eq!(said(Level::Restricted, None, &spec), restricted, "{spec}");
    }
}

#[test]
fn a_policy_may_be_that_of_an_older_release() {
    let spec = |extra: Value| with(&json!({"securityContext": extra}));
    let sysctl = |name: &str| spec(json!({"sysctls": [{"name": name}]}));
    let level = Level::Restricted;
    for (version, spec, allowed) in [
        (Some(26), sysctl("net.ipv4.ip_local_reserved_ports"), false),
        (Some(27), sysctl("net.ipv4.ip_local_reserved_ports"), true),
        (None, sysctl("net.ipv4.tcp_wmem"), true),
        (Some(31), sysctl("net.ipv4.tcp_wmem"), false),
        (Some(22), spec(json!({"runAsUser": 0})), true),
        (Some(23), spec(json!({"runAsUser": 0})), false),
        (Some(30), spec(json!({"seLinuxOptions": {"type": "container_engine_t"}})), false),
        (Some(31), spec(json!({"seLinuxOptions": {"type": "container_engine_t"}})), true),
        (Some(33), contained(&json!({"livenessProbe": {"tcpSocket": {"host": "h"}}})), true),
        (Some(34), contained(&json!({"livenessProbe": {"tcpSocket": {"host": "h"}}})), false),
        (Some(99), contained(&json!({"livenessProbe": {"tcpSocket": {"host": "h"}}})), false),
    ] {
        assert_eq!(said(level, version, &spec).is_empty(), allowed, "{version:?} {spec}");
    }
}

#[test]
fn labels_make_the_policy() {
    let policy = |labels: Value| {
        let policy = Policy::of(&json!({"metadata": {"labels": labels}}));
        format!("{} {}", policy.enforce, policy.warn)
    };
    let key = |name: &str| format!("pod-security.kubernetes.io/{name}");
    for (labels, expected) in [
        (json!({}), "privileged:latest privileged:latest"),
        (json!({key("enforce"): "baseline"}), "baseline:latest baseline:latest"),
        (
            json!({key("enforce"): "baseline", key("enforce-version"): "v1.30"}),
            "baseline:v1.30 baseline:v1.30",
        ),
        (json!({key("enforce"): "baseline", key("warn"): "restricted"}), "baseline:latest restricted:latest"),
        (json!({key("enforce"): "baseline", key("warn"): "privileged"}), "baseline:latest privileged:latest"),
        (json!({key("enforce"): "strict"}), "restricted:latest privileged:latest"),
        (json!({key("warn"): "strict"}), "privileged:latest privileged:latest"),
    ] {
        assert_eq!(policy(labels.clone()), expected, "{labels}");
    }
    let wrong = json!({"metadata": {"labels": {key("enforce"): "strict", key("audit"): "baseline",
        key("warn-version"): "v1.01", key("audit-version"): "v1.30"}}});
    let causes: Vec<String> =
        check_labels(&wrong).into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    assert_eq!(
        causes,
        [
            r#"metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted"#,
            r#"metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "v1.01": must be "latest" or "v1.x""#,
        ]
    );
}

#[test]
fn pods_are_refused_workloads_are_warned_about_and_a_stricter_namespace_names_its_pods() {
    use crate::api::admission::Rules;
    use crate::store::Store;

    let store = Store::new(Rules);
    let namespace = |level: &str| json!({"metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/enforce": level}}});
    store.create(Resource::Namespaces, namespace("privileged")).unwrap();
    let pod = |name: &str, spec: &Value| json!({"metadata": {"name": name, "namespace": "a"}, "spec": spec});
    let bare = json!({"containers": [{"name": "c", "image": "i"}]});
    for name in ["q", "p"] {
        store.create(Resource::Pods, pod(name, &bare)).unwrap();
    }

    let writer = Writer::cluster(Mode::Commit);
    let stricter = |old: &Value| {
        let mut namespace = old.clone();
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = json!("restricted");
        Ok(namespace)
    };
    store.change_by(&writer, Resource::Namespaces, "", "a", crate::store::Part::Main, stricter).unwrap();
    assert_eq!(
        writer.into_warnings(),
        [
            r#"existing pods in namespace "a" violate the new PodSecurity enforce level "restricted:latest""#,
            "p (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile",
        ]
    );

    let refused = store.create(Resource::Pods, pod("r", &bare)).unwrap_err();
    assert!(
        refused.message.starts_with(
            r#"pods "r" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must"#
        ),
        "{refused}"
    );
    store.create(Resource::Pods, pod("s", &confined())).unwrap();
    store.modify(Resource::Pods, "a", "p", |pod| pod["metadata"]["labels"] = json!({"a": "b"})).unwrap();
    let image =
        store.modify(Resource::Pods, "a", "p", |pod| pod["spec"]["containers"][0]["image"] = json!("j"));
    assert_eq!(image.unwrap_err().code, 403, "a new image is looked at again");

    let writer = Writer::cluster(Mode::Commit);
    let deployment = json!({"metadata": {"name": "d", "namespace": "a"}, "spec": {
        "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": bare}}});
    store.create_by(&writer, Resource::Deployments, deployment).unwrap();
    let warnings = writer.into_warnings();
    assert!(warnings[0].starts_with(r#"would violate PodSecurity "restricted:latest": "#), "{warnings:?}");
}
