//! The checks of security profiles: `AppArmor`, `SELinux`, seccomp.

use std::collections::BTreeSet;

use serde_json::Value;

use super::checks::{Subject, Violation, named, plural, quoted, setters, violation};

/// Who sets a profile that is not allowed, and which: for the pod and for its containers.
fn wrong(pod: &Subject<'_>, of: impl Fn(&Value) -> Option<String>) -> (Option<String>, BTreeSet<String>) {
    let in_container = |container: &Value| of(&container["securityContext"]);
    let who =
        setters(of(pod.security()).is_some(), &pod.which(|container| in_container(container).is_some()));
    let which = of(pod.security()).into_iter().chain(pod.containers().filter_map(in_container));
    (who, which.collect())
}

fn type_of(context: &Value, profile: &str) -> Option<String> {
    let profile = &context[profile];
    profile.is_object().then(|| profile["type"].as_str().unwrap_or_default().to_owned())
}

fn is_confined(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

pub(super) fn app_armor(pod: &Subject<'_>) -> Option<Violation> {
    let (who, kinds) = wrong(pod, |context| type_of(context, "appArmorProfile").filter(|k| !is_confined(k)));
    let allowed =
        |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let annotations = pod.metadata["annotations"].as_object().into_iter().flatten();
    let mut forbidden: Vec<String> = annotations
        .filter(|(key, _)| key.starts_with("container.apparmor.security.beta.kubernetes.io/"))
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .filter(|(_, value)| !allowed(value))
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    forbidden.sort();
    let word =
        (!forbidden.is_empty()).then(|| plural(forbidden.len(), "annotation", "annotations").to_owned());
    let who: Vec<String> = who.into_iter().chain(word).collect();
    let bad: Vec<String> = kinds.into_iter().chain(forbidden).collect();
    let reason = plural(bad.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles");
    let detail = (!who.is_empty())
        .then(|| format!("{} must not set AppArmor profile type to {}", who.join(" and "), quoted(&bad)));
    violation(reason, detail)
}

pub(super) fn se_linux(pod: &Subject<'_>) -> Option<Violation> {
    let allowed = |kind: &str| {
        matches!(kind, "" | "container_t" | "container_init_t" | "container_kvm_t")
            || (kind == "container_engine_t" && pod.since(31))
    };
    let text = |context: &Value, field: &str| {
        context["seLinuxOptions"][field].as_str().unwrap_or_default().to_owned()
    };
    let bad_type = |context: &Value| Some(text(context, "type")).filter(|kind| !allowed(kind));
    let set = |context: &Value, field: &str| !text(context, field).is_empty();
    let bad = |context: &Value| bad_type(context).is_some() || set(context, "user") || set(context, "role");
    let who = setters(bad(pod.security()), &pod.which(|container| bad(&container["securityContext"])));
    let contexts: Vec<&Value> =
        std::iter::once(pod.security()).chain(pod.containers().map(|c| &c["securityContext"])).collect();
    let types: BTreeSet<String> = contexts.iter().filter_map(|context| bad_type(context)).collect();
    let mut data = Vec::new();
    if !types.is_empty() {
        data.push(format!("{} {}", plural(types.len(), "type", "types"), quoted(&types)));
    }
    for (field, said) in [("user", "user may not be set"), ("role", "role may not be set")] {
        if contexts.iter().any(|context| set(context, field)) {
            data.push(said.to_owned());
        }
    }
    let detail =
        who.map(|who| format!("{who} set forbidden securityContext.seLinuxOptions: {}", data.join("; ")));
    violation("seLinuxOptions", detail)
}

/// Which profiles are set that do not confine.
fn unconfined(pod: &Subject<'_>) -> Option<String> {
    let (who, kinds) = wrong(pod, |context| type_of(context, "seccompProfile").filter(|k| !is_confined(k)));
    who.map(|who| format!("{who} must not set securityContext.seccompProfile.type to {}", quoted(&kinds)))
}

pub(super) fn seccomp_baseline(pod: &Subject<'_>) -> Option<Violation> {
    let detail = if pod.since(19) { unconfined(pod) } else { seccomp_annotations(pod) };
    violation("seccompProfile", detail)
}

/// Before there were fields for them.
fn seccomp_annotations(pod: &Subject<'_>) -> Option<String> {
    let keys = std::iter::once("seccomp.security.alpha.kubernetes.io/pod".to_owned()).chain(
        pod.which(|_| true)
            .into_iter()
            .map(|c| format!("container.seccomp.security.alpha.kubernetes.io/{c}")),
    );
    let allowed = |value: &str| {
        matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/")
    };
    let value = |key: &String| pod.metadata["annotations"][key.as_str()].as_str();
    let forbidden: BTreeSet<String> = keys
        .filter_map(|key| {
            let value = value(&key).filter(|value| !allowed(value))?;
            Some(format!("{key}={value:?}"))
        })
        .collect();
    let forbidden: Vec<String> = forbidden.into_iter().collect();
    let word = plural(forbidden.len(), "annotation", "annotations");
    (!forbidden.is_empty()).then(|| format!("forbidden {word} {}", forbidden.join(", ")))
}

pub(super) fn seccomp_restricted(pod: &Subject<'_>) -> Option<Violation> {
    if !pod.since(19) {
        return seccomp_baseline(pod);
    }
    if pod.since(25) && pod.spec["os"]["name"] == "windows" {
        return None;
    }
    let is_set = |context: &Value| type_of(context, "seccompProfile").is_some();
    let detail = unconfined(pod).or_else(|| {
        let silent = pod.which(|container| !is_set(&container["securityContext"]) && !is_set(pod.security()));
        (!silent.is_empty()).then(|| {
            format!(
                "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
                named(&silent)
            )
        })
    });
    violation("seccompProfile", detail)
}
