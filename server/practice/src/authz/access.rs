//! What a request wants to do, as RBAC and its refusals name it.

use crate::authn::User;
use crate::status::{Details, Status};

/// What a request wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or another word.
    pub(crate) verb: String,
    pub(crate) target: Target,
}

/// What it wants to do it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A resource, or one object of it. What is not meant is empty.
    Resource { group: String, resource: String, subresource: String, namespace: String, name: String },
    /// A path that is no resource's.
    Path(String),
}

impl Access {
    /// To do something with a resource, or (with a name) an object of it.
    pub(crate) fn to(verb: &str, group: &str, resource: &str, namespace: &str, name: &str) -> Self {
        let target = Target::Resource {
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: String::new(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        Self { verb: verb.to_owned(), target }
    }

    /// The same, of a subresource.
    pub(crate) fn of(mut self, part: &str) -> Self {
        if let Target::Resource { subresource, .. } = &mut self.target {
            part.clone_into(subresource);
        }
        self
    }

    /// The namespace; empty for what is in none.
    pub(crate) fn namespace(&self) -> &str {
        match &self.target {
            Target::Resource { namespace, .. } => namespace,
            Target::Path(_) => "",
        }
    }

    /// The refusal, in Kubernetes' words. It tells what was asked, and nothing of what is there.
    /// Source: `k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go`.
    pub(crate) fn forbidden(&self, user: &User, reason: &str) -> Status {
        let mut why = self.refusal(user).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        if !reason.is_empty() {
            why = format!("{why}: {reason}");
        }
        let mut details = Details::default();
        let message = match &self.target {
            Target::Path(_) => format!("forbidden: {why}"),
            Target::Resource { group, resource, name, .. } => {
                details.group.clone_from(group);
                details.kind.clone_from(resource);
                details.name.clone_from(name);
                let of = if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") };
                let named = if name.is_empty() { String::new() } else { format!(" {name:?}") };
                format!("{of}{named} is forbidden: {why}")
            }
        };
        Status { code: 403, reason: "Forbidden", message, details: Some(Box::new(details)) }
    }

    fn refusal(&self, user: &User) -> String {
        let (name, verb) = (&user.name, &self.verb);
        match &self.target {
            Target::Path(path) => format!("User {name:?} cannot {verb} path {path:?}"),
            Target::Resource { group, resource, subresource, namespace, .. } => {
                let part = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
                let place = if namespace.is_empty() {
                    "at the cluster scope".to_owned()
                } else {
                    format!("in the namespace {namespace:?}")
                };
                format!(
                    "User {name:?} cannot {verb} resource \"{resource}{part}\" in API group {group:?} {place}"
                )
            }
        }
    }
}
