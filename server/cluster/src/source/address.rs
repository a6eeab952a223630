//! Where the API server is to be found, and how it is known: what a kubeconfig says of a cluster, without anybody's
//! credentials.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::Config;

/// See the module. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAddress {
    /// `https://127.0.0.1:6443`, without a slash at its end.
    pub url: String,
    /// The certificates of those whom to trust, as PEM; `None` trusts whom the machine trusts.
    pub authority: Option<String>,
    /// The name in the API server's certificate, where it is not the URL's.
    pub server_name: Option<String>,
    /// Whether whoever answers is trusted.
    pub unchecked: bool,
    /// The proxy on the way.
    pub proxy: Option<String>,
}

impl ApiAddress {
    pub(crate) fn of(config: &Config) -> Self {
        let text = |uri: &hyper::Uri| uri.to_string().trim_end_matches('/').to_owned();
        Self {
            url: text(&config.cluster_url),
            authority: config.root_cert.as_deref().map(|all| all.iter().map(|der| pem(der)).collect()),
            server_name: config.tls_server_name.clone(),
            unchecked: config.accept_invalid_certs,
            proxy: config.proxy_url.as_ref().map(text),
        }
    }
}

/// Source: RFC 7468, sections 2 and 5.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = vec!["-----BEGIN CERTIFICATE-----"];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push(line);
        rest = after;
    }
    lines.push("-----END CERTIFICATE-----\n");
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_what_a_client_needs_and_no_credentials() {
        let mut config = Config::new("https://127.0.0.1:6443/".parse().expect("a URL"));
        config.root_cert = Some(vec![vec![7; 60]]);
        config.auth_info.username = Some("kubernetes-admin".to_owned());
        let address = ApiAddress::of(&config);
        assert_eq!(address.url, "https://127.0.0.1:6443");
        let pem = address.authority.clone().expect("an authority");
        let lines: Vec<_> = pem.lines().map(str::len).collect();
        assert_eq!(lines, [27, 64, 16, 25]);
        assert!(!format!("{address:?}").contains("admin"));
    }
}
