//! The kinds that are served: one row each, from which discovery, paths and words are made.
//!
//! Source: `kubectl api-resources -o wide` on Kubernetes 1.34.

/// A resource of the practice cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is Kubernetes' own word")]
pub enum Resource {
    Namespaces,
    Nodes,
    Pods,
    Services,
    Endpoints,
    ConfigMaps,
    Secrets,
    ServiceAccounts,
    ResourceQuotas,
    LimitRanges,
    Events,
    Deployments,
    ReplicaSets,
    EndpointSlices,
    NetworkPolicies,
    Roles,
    RoleBindings,
}

/// What one resource is called and can do.
#[derive(Debug)]
pub struct Info {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version within the group.
    pub version: &'static str,
    /// As in paths: `pods`.
    pub plural: &'static str,
    /// As in `kubectl get pod`.
    pub singular: &'static str,
    /// As in manifests: `Pod`.
    pub kind: &'static str,
    /// What kubectl takes for short.
    pub short_names: &'static [&'static str],
    /// The groups of resources it belongs to, such as `all`.
    pub categories: &'static [&'static str],
    /// Whether its objects are in a namespace.
    pub namespaced: bool,
    /// What hangs off an object's path.
    pub subresources: &'static [Subresource],
    /// Whether `metadata.generation` counts changes of its spec.
    pub generations: bool,
}

/// What hangs off an object's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subresource {
    /// The last part of the path.
    pub name: &'static str,
    /// The kind that is exchanged.
    pub kind: &'static str,
    /// Its group; empty for that of the resource.
    pub group: &'static str,
    /// Its version; empty for that of the resource.
    pub version: &'static str,
    /// What can be done with it.
    pub verbs: &'static [&'static str],
}

const fn status(kind: &'static str) -> Subresource {
    Subresource { name: "status", kind, group: "", version: "", verbs: &["get", "patch", "update"] }
}

const SCALE: Subresource = Subresource {
    name: "scale",
    kind: "Scale",
    group: "autoscaling",
    version: "v1",
    verbs: &["get", "patch", "update"],
};
const LOG: Subresource = Subresource { name: "log", kind: "Pod", group: "", version: "", verbs: &["get"] };
const PORT_FORWARD: Subresource = Subresource {
    name: "portforward",
    kind: "PodPortForwardOptions",
    group: "",
    version: "",
    verbs: &["create", "get"],
};
const ATTACH: Subresource = Subresource {
    name: "attach",
    kind: "PodAttachOptions",
    group: "",
    version: "",
    verbs: &["create", "get"],
};
const EXEC: Subresource =
    Subresource { name: "exec", kind: "PodExecOptions", group: "", version: "", verbs: &["create", "get"] };

const EVICTION: Subresource =
    Subresource { name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: &["create"] };
const TOKEN: Subresource = Subresource {
    name: "token",
    kind: "TokenRequest",
    group: "authentication.k8s.io",
    version: "v1",
    verbs: &["create"],
};

/// A row with what most kinds have in common.
const fn row(group: &'static str, plural: &'static str, singular: &'static str, kind: &'static str) -> Info {
    Info {
        group,
        version: "v1",
        plural,
        singular,
        kind,
        short_names: &[],
        categories: &[],
        namespaced: true,
        subresources: &[],
        generations: false,
    }
}

const APPS: &str = "apps";
const RBAC: &str = "rbac.authorization.k8s.io";

static NAMESPACES: Info = Info {
    short_names: &["ns"],
    namespaced: false,
    subresources: &[status("Namespace")],
    ..row("", "namespaces", "namespace", "Namespace")
};
static NODES: Info = Info {
    short_names: &["no"],
    namespaced: false,
    subresources: &[status("Node")],
    ..row("", "nodes", "node", "Node")
};
static PODS: Info = Info {
    short_names: &["po"],
    categories: &["all"],
    subresources: &[ATTACH, EVICTION, EXEC, LOG, PORT_FORWARD, status("Pod")],
    generations: true,
    ..row("", "pods", "pod", "Pod")
};
static SERVICES: Info = Info {
    short_names: &["svc"],
    categories: &["all"],
    subresources: &[status("Service")],
    ..row("", "services", "service", "Service")
};
static ENDPOINTS: Info = Info { short_names: &["ep"], ..row("", "endpoints", "endpoints", "Endpoints") };
static CONFIG_MAPS: Info = Info { short_names: &["cm"], ..row("", "configmaps", "configmap", "ConfigMap") };
static SECRETS: Info = row("", "secrets", "secret", "Secret");
static SERVICE_ACCOUNTS: Info = Info {
    short_names: &["sa"],
    subresources: &[TOKEN],
    ..row("", "serviceaccounts", "serviceaccount", "ServiceAccount")
};
static RESOURCE_QUOTAS: Info = Info {
    short_names: &["quota"],
    subresources: &[status("ResourceQuota")],
    ..row("", "resourcequotas", "resourcequota", "ResourceQuota")
};
static LIMIT_RANGES: Info =
    Info { short_names: &["limits"], ..row("", "limitranges", "limitrange", "LimitRange") };
static EVENTS: Info = Info { short_names: &["ev"], ..row("", "events", "event", "Event") };
static DEPLOYMENTS: Info = Info {
    short_names: &["deploy"],
    categories: &["all"],
    subresources: &[SCALE, status("Deployment")],
    generations: true,
    ..row(APPS, "deployments", "deployment", "Deployment")
};
static REPLICA_SETS: Info = Info {
    short_names: &["rs"],
    categories: &["all"],
    subresources: &[SCALE, status("ReplicaSet")],
    generations: true,
    ..row(APPS, "replicasets", "replicaset", "ReplicaSet")
};
static ENDPOINT_SLICES: Info =
    Info { generations: true, ..row("discovery.k8s.io", "endpointslices", "endpointslice", "EndpointSlice") };
static NETWORK_POLICIES: Info = Info {
    short_names: &["netpol"],
    generations: true,
    ..row("networking.k8s.io", "networkpolicies", "networkpolicy", "NetworkPolicy")
};
static ROLES: Info = row(RBAC, "roles", "role", "Role");
static ROLE_BINDINGS: Info = row(RBAC, "rolebindings", "rolebinding", "RoleBinding");

impl Resource {
    /// Every resource, core group first.
    pub const ALL: [Self; 17] = [
        Self::Namespaces,
        Self::Nodes,
        Self::Pods,
        Self::Services,
        Self::Endpoints,
        Self::ConfigMaps,
        Self::Secrets,
        Self::ServiceAccounts,
        Self::ResourceQuotas,
        Self::LimitRanges,
        Self::Events,
        Self::Deployments,
        Self::ReplicaSets,
        Self::EndpointSlices,
        Self::NetworkPolicies,
        Self::Roles,
        Self::RoleBindings,
    ];

    /// Its row.
    #[must_use]
    pub fn info(self) -> &'static Info {
        match self {
            Self::Namespaces => &NAMESPACES,
            Self::Nodes => &NODES,
            Self::Pods => &PODS,
            Self::Services => &SERVICES,
            Self::Endpoints => &ENDPOINTS,
            Self::ConfigMaps => &CONFIG_MAPS,
            Self::Secrets => &SECRETS,
            Self::ServiceAccounts => &SERVICE_ACCOUNTS,
            Self::ResourceQuotas => &RESOURCE_QUOTAS,
            Self::LimitRanges => &LIMIT_RANGES,
            Self::Events => &EVENTS,
            Self::Deployments => &DEPLOYMENTS,
            Self::ReplicaSets => &REPLICA_SETS,
            Self::EndpointSlices => &ENDPOINT_SLICES,
            Self::NetworkPolicies => &NETWORK_POLICIES,
            Self::Roles => &ROLES,
            Self::RoleBindings => &ROLE_BINDINGS,
        }
    }

    /// The resource of a path's parts.
    #[must_use]
    pub fn find(group: &str, version: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| {
            let info = r.info();
            (info.group, info.version, info.plural) == (group, version, plural)
        })
    }

    /// The resource of an owner reference's or a manifest's words.
    #[must_use]
    pub fn of_kind(api_version: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.info().kind == kind && r.api_version() == api_version)
    }

    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(self) -> String {
        let info = self.info();
        if info.group.is_empty() {
            info.version.to_owned()
        } else {
            format!("{}/{}", info.group, info.version)
        }
    }

    /// As in "not found": `pods`, `deployments.apps`.
    #[must_use]
    pub fn qualified(self) -> String {
        qualified(self.info().plural, self.info().group)
    }

    /// As in "is invalid": `Pod`, `Deployment.apps`.
    #[must_use]
    pub fn qualified_kind(self) -> String {
        qualified(self.info().kind, self.info().group)
    }

    /// Whether `status` is written by its own path only.
    #[must_use]
    pub fn has_status(self) -> bool {
        self.subresource("status").is_some()
    }

    /// What hangs off an object's path by this name.
    #[must_use]
    pub fn subresource(self, name: &str) -> Option<&'static Subresource> {
        self.info().subresources.iter().find(|s| s.name == name)
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}
