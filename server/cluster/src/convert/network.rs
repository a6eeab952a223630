//! Services and EndpointSlices.

use clusterip_domain::snapshot::{Endpoint, EndpointSlice, Service, ServicePort, ServiceType};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::discovery::v1 as discovery;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Convert, labels, port, time};

/// Names the Service of an EndpointSlice.
/// Source: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ownership>.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

impl Convert for core::Service {
    type Domain = Service;

    fn convert(&self) -> Option<Service> {
        let spec = self.spec.as_ref();
        let cluster_ip = spec.and_then(|s| s.cluster_ip.as_deref());
        Some(Service {
            name: self.metadata.name.clone()?,
            uid: self.metadata.uid.clone().unwrap_or_default(),
            service_type: match spec.and_then(|s| s.type_.as_deref()) {
                Some("NodePort") => ServiceType::NodePort,
                Some("LoadBalancer") => ServiceType::LoadBalancer,
                Some("ExternalName") => ServiceType::ExternalName,
                _ => ServiceType::ClusterIP,
            },
            cluster_ip: cluster_ip.and_then(|ip| ip.parse().ok()),
            headless: cluster_ip == Some("None"),
            ports: spec
                .and_then(|s| s.ports.as_deref())
                .unwrap_or_default()
                .iter()
                .map(service_port)
                .collect(),
            selector: labels(spec.and_then(|s| s.selector.as_ref())),
            client_ip_affinity: spec.and_then(|s| s.session_affinity.as_deref()) == Some("ClientIP"),
            created_at: time(self.metadata.creation_timestamp.as_ref()),
        })
    }
}

fn service_port(p: &core::ServicePort) -> ServicePort {
    ServicePort {
        name: p.name.clone(),
        port: port(p.port),
        target_port: match &p.target_port {
            Some(IntOrString::Int(number)) => number.to_string(),
            Some(IntOrString::String(name)) => name.clone(),
            // The API server defaults it to `port`.
            None => p.port.to_string(),
        },
        protocol: p.protocol.clone().unwrap_or_else(|| "TCP".into()),
    }
}

impl Convert for discovery::EndpointSlice {
    type Domain = EndpointSlice;

    fn convert(&self) -> Option<EndpointSlice> {
        Some(EndpointSlice {
            name: self.metadata.name.clone()?,
            service: self.metadata.labels.as_ref().and_then(|l| l.get(SERVICE_NAME_LABEL).cloned()),
            ports: self.ports.iter().flatten().filter_map(|p| p.port.map(port)).collect(),
            endpoints: self.endpoints.iter().map(endpoint).collect(),
        })
    }
}

fn endpoint(e: &discovery::Endpoint) -> Endpoint {
    let conditions = e.conditions.as_ref();
    // Absent means true for ready and serving, false for terminating.
    // Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
    let ready = conditions.and_then(|c| c.ready).unwrap_or(true);
    Endpoint {
        address: e.addresses.first().and_then(|a| a.parse().ok()),
        pod: e.target_ref.as_ref().filter(|r| r.kind.as_deref() == Some("Pod")).and_then(|r| r.name.clone()),
        ready,
        serving: conditions.and_then(|c| c.serving).unwrap_or(ready),
        terminating: conditions.and_then(|c| c.terminating).unwrap_or(false),
    }
}
