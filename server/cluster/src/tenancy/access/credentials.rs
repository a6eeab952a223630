//! A student's token, and what it is good for: a client, a kubeconfig.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clusterip_domain::bounds::{LAB, STUDENT};
use clusterip_domain::ids::Namespace;
use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::AccessError;
use crate::source::ApiAddress;

/// A bearer token. It is not written where values are written to be looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub(super) fn new(token: String) -> Self {
        Self(token)
    }

    /// The token itself (secret).
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// By what a student's kubectl is let in, until when, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Bound to the student's account, and void with it.
    pub token: Token,
    /// When it is void at the latest.
    pub expires: Timestamp,
    /// Where the API server is, and how it is known.
    pub api: ApiAddress,
}

/// A kubeconfig of one context, in which the namespace is the student's, with everything in it (secret).
///
/// JSON strings stand in it, which YAML takes as they are. Source:
/// <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>.
#[must_use]
pub fn kubeconfig(credentials: &Credentials, namespace: &Namespace) -> String {
    let api = &credentials.api;
    let context = context(namespace);
    let mut lines = vec![
        format!("# A student's access to the namespace {namespace}, until {:.0}.", credentials.expires),
        "# Starting the lab over makes it void, at the latest 10 s later.".to_owned(),
        "apiVersion: v1".to_owned(),
        "kind: Config".to_owned(),
        format!("current-context: {}", quoted(&context)),
        "clusters:".to_owned(),
        format!("- name: {LAB}"),
        "  cluster:".to_owned(),
        format!("    server: {}", quoted(&api.url)),
    ];
    let mut more = |field: &str, value: Value| lines.push(format!("    {field}: {value}"));
    if let Some(authority) = &api.authority {
        more("certificate-authority-data", json!(STANDARD.encode(authority)));
    }
    if let Some(name) = &api.server_name {
        more("tls-server-name", json!(name));
    }
    if api.unchecked {
        more("insecure-skip-tls-verify", json!(true));
    }
    if let Some(proxy) = &api.proxy {
        more("proxy-url", json!(proxy));
    }
    lines.extend([
        "users:".to_owned(),
        format!("- name: {STUDENT}"),
        "  user:".to_owned(),
        format!("    token: {}", quoted(credentials.token.reveal())),
        "contexts:".to_owned(),
        format!("- name: {}", quoted(&context)),
        "  context:".to_owned(),
        format!("    cluster: {LAB}"),
        format!("    user: {STUDENT}"),
        format!("    namespace: {}", quoted(namespace.as_str())),
    ]);
    lines.join("\n") + "\n"
}

/// The name of the context of a student's kubeconfig: `clusterip-lab-the-whole-story`.
fn context(namespace: &Namespace) -> String {
    format!("clusterip-{namespace}")
}

fn quoted(text: &str) -> Value {
    json!(text)
}

/// A client that has these credentials.
///
/// # Errors
/// The address or what it is known by makes no client.
pub async fn client(credentials: &Credentials, namespace: &Namespace) -> Result<Client, AccessError> {
    let wrong = |error: Box<dyn std::error::Error + Send + Sync>| AccessError::Client(error);
    let read = Kubeconfig::from_yaml(&kubeconfig(credentials, namespace));
    let kubeconfig = read.map_err(|error| wrong(error.into()))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let config = config.map_err(|error| wrong(error.into()))?;
    Client::try_from(config).map_err(|error| wrong(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            token: Token::new("header.claims.signature".to_owned()),
            expires: "2026-01-02T03:04:05.6Z".parse().unwrap(),
            api: ApiAddress {
                url: "https://127.0.0.1:6443".to_owned(),
                authority: Some("-----BEGIN CERTIFICATE-----\n".to_owned()),
                server_name: None,
                unchecked: false,
                proxy: None,
            },
        }
    }

    #[test]
    fn a_kubeconfig_has_one_context_with_namespace_authority_and_token() {
        let namespace = "lab-the-whole-story".parse().unwrap();
        let text = kubeconfig(&credentials(), &namespace);
        assert_eq!(
            text,
            r#"# A student's access to the namespace lab-the-whole-story, until 2026-01-02T03:04:05Z.
# Starting the lab over makes it void, at the latest 10 s later.
apiVersion: v1
kind: Config
current-context: "clusterip-lab-the-whole-story"
clusters:
- name: clusterip-lab
  cluster:
    server: "https://127.0.0.1:6443"
    certificate-authority-data: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
users:
- name: student
  user:
    token: "header.claims.signature"
contexts:
- name: "clusterip-lab-the-whole-story"
  context:
    cluster: clusterip-lab
    user: student
    namespace: "lab-the-whole-story"
"#
        );
        let read = Kubeconfig::from_yaml(&text).unwrap();
        let context = read.contexts[0].context.clone().unwrap();
        assert_eq!(context.namespace.as_deref(), Some("lab-the-whole-story"));
        assert_eq!(read.current_context.as_deref(), Some(&*read.contexts[0].name));
    }

    #[test]
    fn what_else_the_way_needs_is_in_the_kubeconfig() {
        let mut credentials = credentials();
        credentials.api = ApiAddress {
            url: "https://gate.example".to_owned(),
            authority: None,
            server_name: Some("kubernetes".to_owned()),
            unchecked: true,
            proxy: Some("http://proxy.example:3128".to_owned()),
        };
        let read = Kubeconfig::from_yaml(&kubeconfig(&credentials, &"lab-x".parse().unwrap())).unwrap();
        let cluster = read.clusters[0].cluster.clone().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://gate.example"));
        assert_eq!(cluster.certificate_authority_data, None);
        assert_eq!(cluster.tls_server_name.as_deref(), Some("kubernetes"));
        assert_eq!(cluster.insecure_skip_tls_verify, Some(true));
        assert_eq!(cluster.proxy_url.as_deref(), Some("http://proxy.example:3128"));
    }

    #[test]
    fn a_token_is_not_shown_by_debugging() {
        let shown = format!("{:?} {:#?}", credentials(), credentials());
        assert!(!shown.contains("signature") && shown.contains("Token(…)"), "{shown}");
    }
}
