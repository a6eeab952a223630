//! The names that completion offers, as they are in the cluster now.

use std::net::IpAddr;

use crate::snapshot::Snapshot;

/// The names of live objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// Pods, the client too.
    pub pods: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// Deployments.
    pub deployments: Vec<String>,
    /// ReplicaSets.
    pub replica_sets: Vec<String>,
    /// EndpointSlices.
    pub endpoint_slices: Vec<String>,
    /// Where Services can be called: a virtual IP and a port, `10.96.0.7:80`.
    pub virtual_addresses: Vec<String>,
}

impl From<&Snapshot> for Live {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            pods: snapshot.pods.iter().map(|p| p.name.clone()).collect(),
            services: snapshot.services.iter().map(|s| s.name.clone()).collect(),
            deployments: snapshot.deployments.iter().map(|d| d.name.clone()).collect(),
            replica_sets: snapshot.replica_sets.iter().map(|r| r.name.clone()).collect(),
            endpoint_slices: snapshot.endpoint_slices.iter().map(|e| e.name.clone()).collect(),
            virtual_addresses: virtual_addresses(snapshot),
        }
    }
}

fn virtual_addresses(snapshot: &Snapshot) -> Vec<String> {
    let services = snapshot.services.iter();
    services
        .filter_map(|service| service.cluster_ip.map(|ip| (ip, &service.ports)))
        .flat_map(|(ip, ports)| ports.iter().map(move |port| address(ip, port.port)))
        .collect()
}

fn address(ip: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(ip, port).to_string()
}

/// A kind whose names are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// As `kubectl api-resources` has it.
    pub(super) plural: &'static str,
    singular: &'static str,
    short: Option<&'static str>,
    of: Option<fn(&Live) -> &[String]>,
}

/// The kinds of this course. Source: `kubectl api-resources --namespaced`.
pub(super) const KINDS: [Kind; 7] = [
    Kind { plural: "pods", singular: "pod", short: Some("po"), of: Some(|l| &l.pods) },
    Kind { plural: "services", singular: "service", short: Some("svc"), of: Some(|l| &l.services) },
    Kind {
        plural: "deployments",
        singular: "deployment",
        short: Some("deploy"),
        of: Some(|l| &l.deployments),
    },
    Kind { plural: "replicasets", singular: "replicaset", short: Some("rs"), of: Some(|l| &l.replica_sets) },
    Kind {
        plural: "endpointslices",
        singular: "endpointslice",
        short: None,
        of: Some(|l| &l.endpoint_slices),
    },
    Kind { plural: "configmaps", singular: "configmap", short: Some("cm"), of: None },
    Kind { plural: "events", singular: "event", short: Some("ev"), of: None },
];

impl Kind {
    /// The kind that is called so: in the plural, the singular or short, in any case, as kubectl takes it.
    pub(super) fn called(word: &str) -> Option<&'static Self> {
        let word = word.to_ascii_lowercase();
        KINDS.iter().find(|k| k.plural == word || k.singular == word || k.short == Some(word.as_str()))
    }

    /// The names of its live objects.
    pub(super) fn names(self, live: &Live) -> &[String] {
        self.of.map_or(&[], |of| of(live))
    }
}
