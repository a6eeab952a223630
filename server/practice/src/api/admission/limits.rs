//! `LimitRange`: what the containers and pods of a namespace ask for when they do not say, and what they may ask for.
//!
//! Source: <https://kubernetes.io/docs/concepts/policy/limit-range/>, and Kubernetes'
//! `plugin/pkg/admission/limitranger/admission.go` and `pkg/apis/core/{v1/defaults,validation/validation}.go`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::resources::check_container_name;
use super::{Causes, absent};
use crate::quantity::Quantity;
use crate::status::{Cause, Status};
use crate::store::{Resource, View, object};
use crate::{authz, quota};

/// Tells, on a pod, what was filled in.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Amounts by what they are of.
type Amounts = BTreeMap<String, Quantity>;

/// Fills in what follows from what a `LimitRange` says.
pub(super) fn default(range: &mut Value) {
    for limit in range["spec"]["limits"].as_array_mut().into_iter().flatten() {
        if limit["type"] != "Container" {
            continue;
        }
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            for (name, amount) in limit[from].as_object().cloned().into_iter().flatten() {
                absent(&mut limit[to], &name, amount);
            }
        }
    }
}

/// Fills in what the containers of a new pod do not say.
pub(super) fn fill(view: &View<'_>, pod: &mut Value) {
    for range in view.list(Resource::LimitRanges, Some(object::namespace(pod))) {
        let limits = limits(range).filter(|limit| limit["type"] == "Container");
        let (mut defaults, mut requests) = (Map::new(), Map::new());
        for limit in limits {
            defaults.extend(limit["default"].as_object().cloned().into_iter().flatten());
            requests.extend(limit["defaultRequest"].as_object().cloned().into_iter().flatten());
        }
        let mut said = Vec::new();
        for container in pod["spec"]["containers"].as_array_mut().into_iter().flatten() {
            let of = container["name"].as_str().unwrap_or_default().to_owned();
            for (list, amounts, word) in [("requests", &requests, "request"), ("limits", &defaults, "limit")]
            {
                let set = complete(&mut container["resources"], list, amounts);
                if !set.is_empty() {
                    said.push(format!("{} {word} for container {of}", set.join(", ")));
                }
            }
        }
        if !said.is_empty() {
            pod["metadata"]["annotations"][ANNOTATION] =
                json!(format!("LimitRanger plugin set: {}", said.join("; ")));
        }
    }
}

/// Sets the amounts that are absent; returns their names.
fn complete(resources: &mut Value, list: &str, amounts: &Map<String, Value>) -> Vec<String> {
    let mut set = Vec::new();
    for (name, amount) in amounts {
        if resources[list].get(name).is_none_or(Value::is_null) {
            resources[list][name] = amount.clone();
            set.push(name.clone());
        }
    }
    set.sort();
    set
}

/// Refuses a new pod that asks for too much, too little, or too uneven.
pub(super) fn check(view: &View<'_>, pod: &Value) -> Result<(), Status> {
    for range in view.list(Resource::LimitRanges, Some(object::namespace(pod))) {
        let mut wrong = Vec::new();
        for limit in limits(range) {
            match limit["type"].as_str() {
                Some("Container") => {
                    for container in quota::containers(pod) {
                        let of = |list: &str| amounts(&container["resources"][list]);
                        wrong.extend(broken(limit, "Container", &of("requests"), &of("limits")));
                    }
                }
                Some("Pod") => {
                    let of = |list: &str| together(pod, list);
                    wrong.extend(broken(limit, "Pod", &of("requests"), &of("limits")));
                }
                _ => {}
            }
        }
        if !wrong.is_empty() {
            return Err(Status::forbidden(Resource::Pods, object::name(pod), &authz::together(&wrong)));
        }
    }
    Ok(())
}

/// What these requests and limits break of a limit, in words.
fn broken(limit: &Value, of: &str, requests: &Amounts, limits: &Amounts) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, least) in amounts(&limit["min"]) {
        let rule = format!("minimum {name} usage per {of} is {least}");
        wrong.extend(match (requests.get(&name), limits.get(&name)) {
            (None, _) => Some(format!("{rule}.  No request is specified")),
            (Some(request), _) if *request < least => Some(format!("{rule}, but request is {request}")),
            (_, Some(limit)) if *limit < least => Some(format!("{rule}, but limit is {limit}")),
            _ => None,
        });
    }
    for (name, most) in amounts(&limit["max"]) {
        let rule = format!("maximum {name} usage per {of} is {most}");
        wrong.extend(match (limits.get(&name), requests.get(&name)) {
            (None, _) => Some(format!("{rule}.  No limit is specified")),
            (Some(limit), _) if *limit > most => Some(format!("{rule}, but limit is {limit}")),
            (_, Some(request)) if *request > most => Some(format!("{rule}, but request is {request}")),
            _ => None,
        });
    }
    for (name, ratio) in amounts(&limit["maxLimitRequestRatio"]) {
        let rule = format!("{name} max limit to request ratio per {of} is {ratio}");
        let given = |amounts: &Amounts| amounts.get(&name).copied().filter(|amount| !amount.is_zero());
        wrong.extend(match (given(requests), given(limits)) {
            (None, _) => Some(format!("{rule}, but no request is specified or request is 0")),
            (_, None) => Some(format!("{rule}, but no limit is specified or limit is 0")),
            (Some(request), Some(limit)) => {
                let provided = limit.ratio(request);
                let too_much = provided > ratio.ratio(Quantity::whole(1));
                too_much.then(|| format!("{rule}, but provided ratio is {provided:.6}"))
            }
        });
    }
    wrong
}

fn limits(range: &Value) -> impl Iterator<Item = &Value> {
    range["spec"]["limits"].as_array().into_iter().flatten()
}

fn amounts(map: &Value) -> Amounts {
    let map = map.as_object().into_iter().flatten();
    map.filter_map(|(name, amount)| Some((name.clone(), Quantity::of(amount)?))).collect()
}

/// What the containers of a pod ask for together.
fn together(pod: &Value, list: &str) -> Amounts {
    let mut sum = Amounts::new();
    for container in quota::containers(pod) {
        for (name, amount) in amounts(&container["resources"][list]) {
            sum.entry(name).and_modify(|so_far| *so_far = *so_far + amount).or_insert(amount);
        }
    }
    sum
}

/// A limit for what there is none of here.
pub(super) fn refuse_unmodelled(range: &Value) -> Result<(), Status> {
    if limits(range).any(|limit| limit["type"] == "PersistentVolumeClaim") {
        let what = "limits of PersistentVolumeClaims: there are none";
        return Err(Status::not_modelled(Resource::LimitRanges, object::name(range), what));
    }
    Ok(())
}

/// Checks a completed `LimitRange`.
pub(super) fn check_range(range: &Value) -> Causes {
    let (mut causes, mut types) = (Causes::new(), BTreeSet::new());
    for (index, limit) in limits(range).enumerate() {
        let at = format!("spec.limits[{index}]");
        let kind = limit["type"].as_str().unwrap_or_default();
        if !matches!(kind, "Container" | "Pod" | "PersistentVolumeClaim") {
            let why = "must be a standard limit type or fully qualified";
            causes.push(Cause::invalid(format!("{at}.type"), &json!(kind), why));
        }
        if !types.insert(kind) {
            causes.push(Cause::duplicate(format!("{at}.type"), &json!(kind)));
        }
        let fields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
        let mut names = BTreeSet::new();
        for field in fields {
            let given = amounts(&limit[field]);
            if kind == "Pod" && field.starts_with("default") && !given.is_empty() {
                let why = "may not be specified when `type` is 'Pod'";
                causes.push(Cause::forbidden(format!("{at}.{field}"), why));
                continue;
            }
            for name in given.into_keys() {
                causes.extend(check_container_name(&name, &format!("{at}.{field}[{name}]")));
                names.insert(name);
            }
        }
        for name in names {
            causes.extend(check_order(limit, &name, &at));
        }
    }
    causes
}

/// Whether the amounts of one name are in order: least, usual request, usual limit, most.
fn check_order(limit: &Value, name: &str, at: &str) -> Causes {
    let get = |field: &str| Quantity::of(&limit[field][name]);
    // Smaller, what it is called, larger, what that is called, whose field is wrong, and whose value is shown.
    let pairs = [
        ("min", "min value", "max", "max value", "min", "min"),
        ("min", "min value", "defaultRequest", "default request value", "defaultRequest", "defaultRequest"),
        ("defaultRequest", "default request value", "max", "max value", "defaultRequest", "defaultRequest"),
        (
            "defaultRequest",
            "default request value",
            "default",
            "default limit value",
            "defaultRequest",
            "defaultRequest",
        ),
        ("min", "min value", "default", "default value", "default", "min"),
        ("default", "default value", "max", "max value", "default", "max"),
    ];
    let mut causes = Causes::new();
    for (small, small_name, large, large_name, wrong, shown) in pairs {
        let (Some(smaller), Some(larger)) = (get(small), get(large)) else { continue };
        if smaller > larger {
            let why = format!("{small_name} {smaller} is greater than {large_name} {larger}");
            let shown = get(shown).map(|shown| shown.to_string());
            causes.push(Cause::invalid(format!("{at}.{wrong}[{name}]"), &json!(shown), &why));
        }
    }
    if let Some(ratio) = get("maxLimitRequestRatio").filter(|ratio| *ratio < Quantity::whole(1)) {
        let field = format!("{at}.maxLimitRequestRatio[{name}]");
        let why = format!("ratio {ratio} is less than 1");
        causes.push(Cause::invalid(field, &json!(ratio.to_string()), &why));
    }
    causes
}
