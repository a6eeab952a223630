//! Services: defaults, checks, and the virtual IP, which is given once and kept until deletion.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/>,
//! <https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/>.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{Causes, absent, check_port, names};
use crate::api::schema::drop_nulls;
use crate::status::{Cause, Status};
use crate::store::{Resource, View, object};

/// Where virtual IPs come from: the first two bytes of 10.96.0.0/16.
const NETWORK: [u8; 2] = [10, 96];
/// Addresses below are given only to who asks for one.
const STATIC_BAND: u16 = 256;
/// How often a random address may be taken already before all are searched.
const TRIES: usize = 64;
/// Seconds that a client sticks to a pod.
const AFFINITY_SECONDS: i64 = 10_800;

/// What real clusters have and this one has not.
pub(super) fn refuse_unmodelled(service: &Value) -> Result<(), Status> {
    let refuse = |what: &str| Err(Status::not_modelled(Resource::Services, object::name(service), what));
    let spec = &service["spec"];
    if let Some(kind @ ("NodePort" | "LoadBalancer" | "ExternalName")) = spec["type"].as_str() {
        return refuse(&format!("Services of type {kind}: only ClusterIP"));
    }
    let given = |field: &str| spec[field].as_array().is_some_and(|list| !list.is_empty());
    if given("externalIPs") {
        return refuse("externalIPs");
    }
    if spec["ipFamilies"].as_array().is_some_and(|families| families.contains(&json!("IPv6"))) {
        return refuse("IPv6");
    }
    Ok(())
}

/// Fills in everything but the virtual IP.
pub(super) fn default(service: &mut Value) {
    let spec = &mut service["spec"];
    absent(spec, "type", "ClusterIP");
    absent(spec, "sessionAffinity", "None");
    absent(spec, "internalTrafficPolicy", "Cluster");
    absent(spec, "ipFamilies", json!(["IPv4"]));
    absent(spec, "ipFamilyPolicy", "SingleStack");
    if spec["sessionAffinity"] == "ClientIP" {
        absent(&mut spec["sessionAffinityConfig"]["clientIP"], "timeoutSeconds", AFFINITY_SECONDS);
    } else if let Some(spec) = spec.as_object_mut() {
        spec.remove("sessionAffinityConfig");
    }
    for port in spec["ports"].as_array_mut().into_iter().flatten().filter(|p| p.is_object()) {
        absent(port, "protocol", "TCP");
        if matches!(&port["targetPort"], Value::Null) || port["targetPort"] == 0 || port["targetPort"] == "" {
            port["targetPort"] = port["port"].clone();
        }
    }
    absent(&mut service["status"], "loadBalancer", json!({}));
    // Reaching for an absent field of a value writes a null into it.
    drop_nulls(service);
}

/// What was given stays when an update does not speak of it.
pub(super) fn keep_allocated(old: &Value, service: &mut Value) {
    let (before, spec) = (&old["spec"], &mut service["spec"]);
    let unset = |value: &Value| value.is_null() || value == "";
    if unset(&spec["clusterIP"]) {
        spec["clusterIP"] = before["clusterIP"].clone();
    }
    // Whoever changes only one of both means both.
    if spec["clusterIP"] != before["clusterIP"] && spec["clusterIPs"] == before["clusterIPs"] {
        spec["clusterIPs"] = json!([spec["clusterIP"]]);
    }
    if spec["clusterIPs"].as_array().is_none_or(Vec::is_empty) {
        spec["clusterIPs"] = json!([spec["clusterIP"]]);
    }
}

/// Checks a completed Service.
pub(super) fn check(service: &Value) -> Causes {
    let spec = &service["spec"];
    let mut causes = Causes::new();
    let ports = spec["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let headless = spec["clusterIP"] == "None";
    if ports.is_empty() && !headless {
        causes.push(Cause::required("spec.ports", ""));
    }
    causes.extend(check_ports(ports));
    causes.extend(names::labels("spec.selector", &spec["selector"]));
    for (field, supported) in [
        ("type", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"][..]),
        ("sessionAffinity", &["ClientIP", "None"]),
        ("internalTrafficPolicy", &["Cluster", "Local"]),
    ] {
        let value = &spec[field];
        if !supported.iter().any(|s| value == s) {
            causes.push(Cause::not_supported(format!("spec.{field}"), value, supported));
        }
    }
    if spec["sessionAffinity"] == "ClientIP" {
        let seconds = &spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
        if !seconds.as_i64().is_some_and(|seconds| (1..=86_400).contains(&seconds)) {
            let field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
            causes.push(Cause::invalid(field, seconds, "must be greater than 0 and less than 86400"));
        }
    }
    if let Some(ip) = spec["clusterIP"].as_str().filter(|ip| !ip.is_empty() && *ip != "None")
        && ip.parse::<Ipv4Addr>().is_err()
    {
        let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        causes.push(Cause::invalid("spec.clusterIPs[0]", &json!(ip), why));
    }
    causes
}

fn check_ports(ports: &[Value]) -> Causes {
    let mut causes = Causes::new();
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for (index, port) in ports.iter().enumerate() {
        let at = |field: &str| format!("spec.ports[{index}].{field}");
        match port["name"].as_str().unwrap_or_default() {
            "" if ports.len() > 1 => causes.push(Cause::required(at("name"), "")),
            "" => {}
            name => {
                if let Some(why) = names::dns_label(name) {
                    causes.push(Cause::invalid(at("name"), &json!(name), &why));
                } else if !names.insert(name) {
                    causes.push(Cause::duplicate(at("name"), &json!(name)));
                }
            }
        }
        causes.extend(check_port(&at("port"), &port["port"]));
        let protocol = &port["protocol"];
        if !["SCTP", "TCP", "UDP"].iter().any(|p| protocol == p) {
            causes.push(Cause::not_supported(at("protocol"), protocol, &["SCTP", "TCP", "UDP"]));
        }
        match &port["targetPort"] {
            Value::String(name) => {
                let faults = names::port_name(name).into_iter();
                causes.extend(faults.map(|why| Cause::invalid(at("targetPort"), &json!(name), why)));
            }
            number => causes.extend(check_port(&at("targetPort"), number)),
        }
        if !numbers.insert((port["port"].to_string(), protocol.to_string())) {
            // Go's own spelling of the fields that have to differ.
            let shown = format!(
                r#"{{"Name":"","Protocol":{protocol},"AppProtocol":null,"Port":{},"TargetPort":0,"NodePort":0}}"#,
                port["port"]
            );
            let message = format!("Duplicate value: {shown}");
            let field = format!("spec.ports[{index}]");
            causes.push(Cause { reason: "FieldValueDuplicate", field, message });
        }
    }
    causes
}

/// The virtual IP does not change.
pub(super) fn check_update(old: &Value, service: &Value) -> Causes {
    let (before, now) = (&old["spec"]["clusterIPs"], &service["spec"]["clusterIPs"]);
    if before[0].is_null() || before[0] == now[0] {
        return Causes::new();
    }
    vec![Cause::invalid("spec.clusterIPs[0]", now, "may not change once set")]
}

/// Gives the virtual IP: the one asked for, or a random one of those that are free.
pub(super) fn allocate(view: &View<'_>, service: &mut Value) -> Result<(), Status> {
    let name = object::name(service).to_owned();
    let uid = object::uid(service).to_owned();
    let wanted = match service["spec"]["clusterIP"].as_str().unwrap_or_default() {
        "" => service["spec"]["clusterIPs"][0].as_str().unwrap_or_default().to_owned(),
        given => given.to_owned(),
    };
    let taken: HashSet<&str> = view
        .list(Resource::Services, None)
        .filter(|other| object::uid(other) != uid)
        .filter_map(|other| other["spec"]["clusterIP"].as_str())
        .collect();
    let given = match wanted.as_str() {
        "None" => wanted,
        "" => {
            free(&taken).ok_or_else(|| Status::internal("failed to allocate a serviceIP: range is full"))?
        }
        ip => {
            let refuse = |why: String| {
                let why = format!("failed to allocate IP {ip}: {why}");
                let cause = Cause::invalid("spec.clusterIPs", &json!([ip]), &why);
                Status::invalid(Resource::Services, &name, vec![cause])
            };
            if !ip.parse::<Ipv4Addr>().is_ok_and(|ip| ip.octets()[..2] == NETWORK) {
                return Err(refuse("the provided network does not match the current range".to_owned()));
            }
            if taken.contains(ip) {
                return Err(refuse("provided IP is already allocated".to_owned()));
            }
            wanted
        }
    };
    service["spec"]["clusterIP"] = json!(given);
    service["spec"]["clusterIPs"] = json!([given]);
    Ok(())
}

fn free(taken: &HashSet<&str>) -> Option<String> {
    let address = |low: u16| {
        let [third, fourth] = low.to_be_bytes();
        Ipv4Addr::new(NETWORK[0], NETWORK[1], third, fourth).to_string()
    };
    let random = (0..TRIES).map(|_| rand::random::<u16>());
    let all = STATIC_BAND..u16::MAX;
    random
        .filter(|low| all.contains(low))
        .chain(all.clone())
        .map(address)
        .find(|ip| !taken.contains(ip.as_str()))
}
