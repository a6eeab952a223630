//! `NetworkPolicies`: their directions, and checks.
//!
//! Source: Kubernetes' `pkg/apis/networking/v1/defaults.go` and `pkg/apis/networking/validation`.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{Causes, absent, check_port, names};
use crate::status::Cause;

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// A policy with egress rules is for both directions, any other for ingress; a port is TCP's.
pub(super) fn default(policy: &mut Value) {
    let spec = &mut policy["spec"];
    let egress = spec["egress"].as_array().is_some_and(|rules| !rules.is_empty());
    if spec["policyTypes"].as_array().is_none_or(Vec::is_empty) {
        spec["policyTypes"] = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    }
    for direction in ["ingress", "egress"] {
        let rules = spec[direction].as_array_mut().into_iter().flatten();
        for port in rules.flat_map(|rule| rule["ports"].as_array_mut().into_iter().flatten()) {
            absent(port, "protocol", "TCP");
        }
    }
}

/// Checks a completed policy.
pub(super) fn check(policy: &Value) -> Causes {
    let spec = &policy["spec"];
    let mut causes = Causes::new();
    for (direction, ends) in [("ingress", "from"), ("egress", "to")] {
        for (index, rule) in spec[direction].as_array().into_iter().flatten().enumerate() {
            let at = format!("spec.{direction}[{index}]");
            for (index, port) in rule["ports"].as_array().into_iter().flatten().enumerate() {
                causes.extend(check_policy_port(port, &format!("{at}.ports[{index}]")));
            }
            for (index, peer) in rule[ends].as_array().into_iter().flatten().enumerate() {
                causes.extend(check_peer(peer, &format!("{at}.{ends}[{index}]")));
            }
        }
    }
    let kinds = spec["policyTypes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if kinds.len() > 2 {
        let why = "may not specify more than two policyTypes";
        causes.push(Cause::invalid("spec.policyTypes", &spec["policyTypes"], why));
        return causes;
    }
    for (index, kind) in kinds.iter().enumerate().filter(|(_, kind)| *kind != "Ingress" && *kind != "Egress")
    {
        causes.push(Cause::not_supported(format!("spec.policyTypes[{index}]"), kind, &["Ingress", "Egress"]));
    }
    causes
}

fn check_policy_port(port: &Value, at: &str) -> Causes {
    let mut causes = Causes::new();
    let protocol = &port["protocol"];
    if !PROTOCOLS.iter().any(|known| protocol == known) {
        causes.push(Cause::not_supported(format!("{at}.protocol"), protocol, &PROTOCOLS));
    }
    let (number, end) = (&port["port"], &port["endPort"]);
    let field = format!("{at}.endPort");
    match number {
        Value::Null if !end.is_null() => {
            causes.push(Cause::invalid(field, end, "may not be specified when `port` is not specified"));
        }
        Value::Null => {}
        Value::String(name) => {
            if !end.is_null() {
                causes.push(Cause::invalid(field, end, "may not be specified when `port` is non-numeric"));
            }
            causes.extend(
                names::port_name(name)
                    .into_iter()
                    .map(|why| Cause::invalid(format!("{at}.port"), number, why)),
            );
        }
        _ => {
            causes.extend(check_port(&format!("{at}.port"), number));
            if !end.is_null() {
                if end.as_i64() < number.as_i64() {
                    let why = "must be greater than or equal to `port`";
                    causes.push(Cause::invalid(field.clone(), number, why));
                }
                causes.extend(check_port(&field, end));
            }
        }
    }
    causes
}

fn check_peer(peer: &Value, at: &str) -> Causes {
    let given = ["podSelector", "namespaceSelector", "ipBlock"].into_iter().filter(|f| peer[*f].is_object());
    match given.count() {
        0 => return vec![Cause::required(at, "must specify a peer")],
        1 => {}
        _ if peer["ipBlock"].is_object() => {
            return vec![Cause::forbidden(at, "may not specify both ipBlock and another peer")];
        }
        _ => {}
    }
    if peer["ipBlock"].is_object() {
        check_block(&peer["ipBlock"], &format!("{at}.ipBlock"))
    } else {
        Causes::new()
    }
}

fn check_block(block: &Value, at: &str) -> Causes {
    let why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    let Some(whole) = block["cidr"].as_str().filter(|cidr| !cidr.is_empty()) else {
        return vec![Cause::required(format!("{at}.cidr"), "")];
    };
    let Some(range) = range(whole) else {
        return vec![Cause::invalid(format!("{at}.cidr"), &json!(whole), why)];
    };
    let mut causes = Causes::new();
    for (index, hole) in block["except"].as_array().into_iter().flatten().enumerate() {
        let field = format!("{at}.except[{index}]");
        match hole.as_str().and_then(self::range) {
            None => causes.push(Cause::invalid(field, hole, why)),
            Some((first, length)) => {
                let within = length > range.1 && prefix(first, range.1) == prefix(range.0, range.1);
                if !within {
                    let why = "must be a strict subset of `cidr`";
                    causes.push(Cause::invalid(field, hole, why));
                }
            }
        }
    }
    causes
}

/// An address and the length of its prefix.
fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (ip, length) = text.split_once('/')?;
    let (ip, length) = (ip.parse::<IpAddr>().ok()?, length.parse::<u32>().ok()?);
    let most = if ip.is_ipv4() { 32 } else { 128 };
    (length <= most).then_some((ip, length))
}

/// The first bits of an address, and of which kind it is.
fn prefix(ip: IpAddr, length: u32) -> (bool, u128) {
    match ip {
        IpAddr::V4(ip) => (true, u128::from(u32::from(ip)).checked_shr(32 - length).unwrap_or(0)),
        IpAddr::V6(ip) => (false, u128::from(ip).checked_shr(128 - length).unwrap_or(0)),
    }
}
