//! The cluster's DNS.
//!
//! Source: <https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde_json::Value;

use super::rules::{address, identity, is_ready, virtual_ip};

/// The cluster's own domain.
const ZONE: &str = "svc.cluster.local";
/// What a pod's own `/etc/hosts` answers.
const LOCALHOST: &str = "localhost";

/// The records: a Service's virtual IP, or its ready pods' addresses when it is headless.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    records: BTreeMap<String, Vec<Ipv4Addr>>,
}

impl Names {
    /// The records for these Services with these EndpointSlices.
    pub fn new<'a>(
        services: impl IntoIterator<Item = &'a Value>,
        slices: impl IntoIterator<Item = &'a Value>,
    ) -> Self {
        let ready = ready_by_service(slices);
        let mut records = BTreeMap::new();
        for service in services {
            let key = identity(service);
            let name = format!("{}.{}.{ZONE}", key.1, key.0);
            if let Some(ip) = virtual_ip(service) {
                records.insert(name, vec![ip]);
            } else if service["spec"]["clusterIP"] == "None" {
                for &ip in ready.get(&key).into_iter().flatten() {
                    // A pod without a host name of its own is found by its address.
                    // Source: https://github.com/kubernetes/dns/blob/master/docs/specification.md, 2.4.1
                    records.insert(format!("{}.{name}", ip.to_string().replace('.', "-")), vec![ip]);
                    records.entry(name.clone()).or_default().push(ip);
                }
            }
        }
        Self { records }
    }

    /// The whole name and the addresses of `host`, asked for in a pod of `namespace`: as its search list completes it,
    /// or as it is.
    pub(super) fn find(&self, namespace: &str, host: &str) -> Option<(String, Vec<Ipv4Addr>)> {
        let host = host.to_ascii_lowercase();
        let record = |name: &String| self.records.get(name).map(|found| (name.clone(), found.clone()));
        if let Some(absolute) = host.strip_suffix('.') {
            return record(&absolute.to_owned());
        }
        if host == LOCALHOST {
            return Some((host, vec![Ipv4Addr::LOCALHOST]));
        }
        let completed = [
            format!("{host}.{namespace}.{ZONE}"),
            format!("{host}.{ZONE}"),
            format!("{host}.cluster.local"),
            host,
        ];
        completed.iter().find_map(record)
    }
}

fn ready_by_service<'a>(
    slices: impl IntoIterator<Item = &'a Value>,
) -> BTreeMap<(String, String), BTreeSet<Ipv4Addr>> {
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for slice in slices {
        let metadata = &slice["metadata"];
        let service = metadata["labels"]["kubernetes.io/service-name"].as_str();
        let (Some(namespace), Some(service)) = (metadata["namespace"].as_str(), service) else { continue };
        let ready = slice["endpoints"].as_array().into_iter().flatten().filter(|e| is_ready(e));
        all.entry((namespace.to_owned(), service.to_owned())).or_default().extend(ready.filter_map(address));
    }
    all
}
