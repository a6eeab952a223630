//! The checks of the Pod Security Standards.
//!
//! Source: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>, and the words of
//! `k8s.io/pod-security-admission/policy`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::policy::{Level, LevelVersion, Version};
use super::profiles;

/// Something that a level forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    /// In short: `host namespaces`.
    pub(super) reason: &'static str,
    /// What it is: `hostNetwork=true`.
    pub(super) detail: String,
}

/// A pod that is looked at.
pub(super) struct Subject<'a> {
    pub(super) metadata: &'a Value,
    pub(super) spec: &'a Value,
    version: Version,
}

impl<'a> Subject<'a> {
    /// Every container, initial ones first.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let spec = self.spec;
        ["initContainers", "containers", "ephemeralContainers"]
            .into_iter()
            .flat_map(move |list| spec[list].as_array().into_iter().flatten())
    }

    /// The names of the containers that are so.
    pub(super) fn which(&self, bad: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers().filter(|container| bad(container)).map(name).collect()
    }

    /// Whether the policy is that of a release, or of a later one.
    pub(super) fn since(&self, minor: u32) -> bool {
        self.version.is_none_or(|version| version >= minor)
    }

    pub(super) fn security(&self) -> &'a Value {
        &self.spec["securityContext"]
    }

    fn is_windows(&self) -> bool {
        self.spec["os"]["name"] == "windows"
    }
}

type Check = fn(&Subject<'_>) -> Option<Violation>;

/// In the order of their names, in which they are told.
const BASELINE: [Check; 12] = [
    profiles::app_armor,
    capabilities,
    host_namespaces,
    host_path,
    host_ports,
    probe_hosts,
    privileged,
    proc_mount,
    profiles::se_linux,
    profiles::seccomp_baseline,
    sysctls,
    windows_host_process,
];
/// Those of the strictest level, which some of the others' are a part of.
const RESTRICTED: [Check; 15] = [
    profiles::app_armor,
    host_namespaces,
    host_ports,
    probe_hosts,
    privileged,
    proc_mount,
    profiles::se_linux,
    sysctls,
    windows_host_process,
    allow_privilege_escalation,
    capabilities_restricted,
    volumes,
    run_as_non_root,
    run_as_user,
    profiles::seccomp_restricted,
];

/// What of a pod a level forbids.
pub(super) fn run(policy: LevelVersion, metadata: &Value, spec: &Value) -> Vec<Violation> {
    let checks: &[Check] = match policy.level {
        Level::Privileged => return Vec::new(),
        Level::Baseline => &BASELINE,
        Level::Restricted => &RESTRICTED,
    };
    let subject = Subject { metadata, spec, version: policy.version };
    checks.iter().filter_map(|check| check(&subject)).collect()
}

/// Only if there is a detail.
pub(super) fn violation(reason: &'static str, detail: Option<String>) -> Option<Violation> {
    detail.map(|detail| Violation { reason, detail })
}

fn capabilities(pod: &Subject<'_>) -> Option<Violation> {
    const ALLOWED: [&str; 13] = [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];
    violation("non-default capabilities", added(pod, &ALLOWED))
}

/// Which containers add capabilities that are not among these, and which those are.
fn added(pod: &Subject<'_>, allowed: &[&str]) -> Option<String> {
    let bad = |container: &Value| {
        let list = texts(&container["securityContext"]["capabilities"]["add"]);
        list.into_iter().filter(|added| !allowed.contains(&added.as_str())).collect::<Vec<_>>()
    };
    let containers = pod.which(|container| !bad(container).is_empty());
    let all: BTreeSet<String> = pod.containers().flat_map(bad).collect();
    (!containers.is_empty()).then(|| {
        format!(
            "{} must not include {} in securityContext.capabilities.add",
            named(&containers),
            quoted(&all)
        )
    })
}

fn host_namespaces(pod: &Subject<'_>) -> Option<Violation> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|field| pod.spec[*field] == true);
    let shared: Vec<String> = shared.map(|field| format!("{field}=true")).collect();
    violation("host namespaces", (!shared.is_empty()).then(|| shared.join(", ")))
}

fn host_path(pod: &Subject<'_>) -> Option<Violation> {
    let volumes = pod.spec["volumes"].as_array().into_iter().flatten();
    let bad: Vec<&str> = volumes.filter(|volume| volume["hostPath"].is_object()).map(name).collect();
    let word = plural(bad.len(), "volume", "volumes");
    violation("hostPath volumes", (!bad.is_empty()).then(|| format!("{word} {}", quoted(&bad))))
}

fn host_ports(pod: &Subject<'_>) -> Option<Violation> {
    let ports = |container: &Value| -> Vec<String> {
        let ports = container["ports"].as_array().into_iter().flatten();
        let ports = ports.filter_map(|port| port["hostPort"].as_u64()).filter(|port| *port != 0);
        ports.map(|port| port.to_string()).collect()
    };
    let containers = pod.which(|container| !ports(container).is_empty());
    let all: BTreeSet<String> = pod.containers().flat_map(ports).collect();
    let all: Vec<String> = all.into_iter().collect();
    let detail = (!containers.is_empty()).then(|| {
        let (uses, word) =
            (plural(containers.len(), "uses", "use"), plural(all.len(), "hostPort", "hostPorts"));
        format!("{} {uses} {word} {}", named(&containers), all.join(", "))
    });
    violation("hostPort", detail)
}

fn probe_hosts(pod: &Subject<'_>) -> Option<Violation> {
    if !pod.since(34) {
        return None;
    }
    let hosts = |container: &Value| -> Vec<String> {
        let handlers = [
            &container["livenessProbe"],
            &container["readinessProbe"],
            &container["startupProbe"],
            &container["lifecycle"]["postStart"],
            &container["lifecycle"]["preStop"],
        ];
        let hosts = handlers.into_iter().flat_map(|h| [&h["httpGet"]["host"], &h["tcpSocket"]["host"]]);
        hosts.filter_map(Value::as_str).filter(|host| !host.is_empty()).map(str::to_owned).collect()
    };
    let containers: BTreeSet<&str> =
        pod.which(|container| !hosts(container).is_empty()).into_iter().collect();
    let containers: Vec<&str> = containers.into_iter().collect();
    let all: BTreeSet<String> = pod.containers().flat_map(hosts).collect();
    let detail = (!containers.is_empty()).then(|| {
        let uses = plural(containers.len(), "uses", "use");
        let word = plural(all.len(), "probe or lifecycle host", "probe or lifecycle hosts");
        format!("{} {uses} {word} {}", named(&containers), quoted(&all))
    });
    violation("probe or lifecycle host", detail)
}

fn privileged(pod: &Subject<'_>) -> Option<Violation> {
    let bad = pod.which(|container| container["securityContext"]["privileged"] == true);
    let detail =
        (!bad.is_empty()).then(|| format!("{} must not set securityContext.privileged=true", named(&bad)));
    violation("privileged", detail)
}

fn proc_mount(pod: &Subject<'_>) -> Option<Violation> {
    let mount = |container: &Value| {
        let mount = container["securityContext"]["procMount"].as_str();
        mount.filter(|mount| *mount != "Default").map(str::to_owned)
    };
    let bad = pod.which(|container| mount(container).is_some());
    let all: BTreeSet<String> = pod.containers().filter_map(mount).collect();
    let detail = (!bad.is_empty())
        .then(|| format!("{} must not set securityContext.procMount to {}", named(&bad), quoted(&all)));
    violation("procMount", detail)
}

fn sysctls(pod: &Subject<'_>) -> Option<Violation> {
    /// With the release since which each is allowed.
    const ALLOWED: [(&str, u32); 12] = [
        ("kernel.shm_rmid_forced", 0),
        ("net.ipv4.ip_local_port_range", 0),
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.ping_group_range", 0),
        ("net.ipv4.ip_unprivileged_port_start", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_fin_timeout", 29),
        ("net.ipv4.tcp_keepalive_intvl", 29),
        ("net.ipv4.tcp_keepalive_probes", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_wmem", 32),
    ];
    let sysctls = pod.security()["sysctls"].as_array().into_iter().flatten();
    let allowed = |name: &str| ALLOWED.iter().any(|(known, since)| *known == name && pod.since(*since));
    let bad: Vec<&str> = sysctls.map(name).filter(|name| !allowed(name)).collect();
    violation("forbidden sysctls", (!bad.is_empty()).then(|| bad.join(", ")))
}

fn windows_host_process(pod: &Subject<'_>) -> Option<Violation> {
    let set = |context: &Value| context["windowsOptions"]["hostProcess"] == true;
    let setters = setters(set(pod.security()), &pod.which(|container| set(&container["securityContext"])));
    let detail =
        setters.map(|who| format!("{who} must not set securityContext.windowsOptions.hostProcess=true"));
    violation("hostProcess", detail)
}

fn allow_privilege_escalation(pod: &Subject<'_>) -> Option<Violation> {
    if pod.since(25) && pod.is_windows() {
        return None;
    }
    let bad = pod.which(|container| container["securityContext"]["allowPrivilegeEscalation"] != false);
    let detail = (!bad.is_empty())
        .then(|| format!("{} must set securityContext.allowPrivilegeEscalation=false", named(&bad)));
    violation("allowPrivilegeEscalation != false", detail)
}

fn capabilities_restricted(pod: &Subject<'_>) -> Option<Violation> {
    // Before this release the level asked for no more than the one below.
    if !pod.since(22) {
        return capabilities(pod);
    }
    if pod.since(25) && pod.is_windows() {
        return None;
    }
    let dropped = |container: &Value| {
        texts(&container["securityContext"]["capabilities"]["drop"]).iter().any(|dropped| dropped == "ALL")
    };
    let missing = pod.which(|container| !dropped(container));
    let missing = (!missing.is_empty())
        .then(|| format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", named(&missing)));
    let details: Vec<String> = missing.into_iter().chain(added(pod, &["NET_BIND_SERVICE"])).collect();
    violation("unrestricted capabilities", (!details.is_empty()).then(|| details.join("; ")))
}

fn volumes(pod: &Subject<'_>) -> Option<Violation> {
    const ALLOWED: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let kind = |volume: &Value| {
        let mut fields = volume.as_object().into_iter().flatten();
        let found = fields.find(|(field, value)| *field != "name" && value.is_object());
        found.map_or_else(|| "unknown".to_owned(), |(field, _)| field.clone())
    };
    let volumes = pod.spec["volumes"].as_array().into_iter().flatten();
    let bad: Vec<&Value> = volumes.filter(|volume| !ALLOWED.contains(&kind(volume).as_str())).collect();
    let kinds: BTreeSet<String> = bad.iter().map(|volume| kind(volume)).collect();
    let names: Vec<&str> = bad.into_iter().map(name).collect();
    let detail = (!names.is_empty()).then(|| {
        let (word, uses) = (plural(names.len(), "volume", "volumes"), plural(names.len(), "uses", "use"));
        let of = plural(kinds.len(), "restricted volume type", "restricted volume types");
        format!("{word} {} {uses} {of} {}", quoted(&names), quoted(&kinds))
    });
    violation("restricted volume types", detail)
}

fn run_as_non_root(pod: &Subject<'_>) -> Option<Violation> {
    let of_pod = pod.security()["runAsNonRoot"].as_bool();
    let of = |container: &Value| container["securityContext"]["runAsNonRoot"].as_bool();
    let detail = match setters(of_pod == Some(false), &pod.which(|container| of(container) == Some(false))) {
        Some(who) => Some(format!("{who} must not set securityContext.runAsNonRoot=false")),
        None => {
            let silent = pod.which(|container| of(container).is_none() && of_pod != Some(true));
            (!silent.is_empty())
                .then(|| format!("pod or {} must set securityContext.runAsNonRoot=true", named(&silent)))
        }
    };
    violation("runAsNonRoot != true", detail)
}

fn run_as_user(pod: &Subject<'_>) -> Option<Violation> {
    if !pod.since(23) {
        return None;
    }
    let root = |context: &Value| context["runAsUser"].as_i64() == Some(0);
    let setters = setters(root(pod.security()), &pod.which(|container| root(&container["securityContext"])));
    violation("runAsUser=0", setters.map(|who| format!("{who} must not set runAsUser=0")))
}

/// `pod and container "c"`: who sets something, if anyone does.
pub(super) fn setters(pod: bool, containers: &[&str]) -> Option<String> {
    match (pod, containers.is_empty()) {
        (false, true) => None,
        (true, true) => Some("pod".to_owned()),
        (false, false) => Some(named(containers)),
        (true, false) => Some(format!("pod and {}", named(containers))),
    }
}

/// `container "a"`, `containers "a", "b"`
pub(super) fn named(containers: &[&str]) -> String {
    format!("{} {}", plural(containers.len(), "container", "containers"), quoted(containers))
}

/// `"a", "b"`
pub(super) fn quoted(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("\"{}\"", item.as_ref())).collect();
    items.join(", ")
}

pub(super) fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
