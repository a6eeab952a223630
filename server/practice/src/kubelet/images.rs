//! The images of this cluster: those of the lab, and no others.

/// An image that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    /// Its full name.
    pub(super) reference: &'static str,
    /// What its containers run: `backend`, `client`.
    pub(super) mode: &'static str,
    /// `v1`, `v2`.
    pub(super) version: &'static str,
}

const IMAGES: [Image; 3] = [
    Image { reference: "docker.io/clusterip-lab/backend:v1", mode: "backend", version: "v1" },
    Image { reference: "docker.io/clusterip-lab/backend:v2", mode: "backend", version: "v2" },
    Image { reference: "docker.io/clusterip-lab/client:v1", mode: "client", version: "v1" },
];

/// The program of every image.
pub(super) const ENTRYPOINT: &str = "/usr/bin/clusterip-agent";

/// Why a container has no image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// The name is none.
    InvalidName(String),
    /// It is not here, and `imagePullPolicy: Never` forbids to fetch it.
    NeverPulled(String),
    /// There is no registry to fetch it from.
    NotPulled(String),
}

/// The image of that name.
pub(super) fn find(image: &str, pull_policy: &str) -> Result<Image, Missing> {
    let reference = full_name(image)?;
    let here = IMAGES.into_iter().find(|known| known.reference == reference);
    match (here, pull_policy) {
        (Some(image), "IfNotPresent" | "Never" | "") => Ok(image),
        (None, "Never") => Err(Missing::NeverPulled(format!(
            "Container image \"{image}\" is not present with pull policy of Never"
        ))),
        // `Always` asks the registry even for what is here, as on a real node.
        _ => Err(Missing::NotPulled(no_registry(&reference))),
    }
}

/// `nginx` is `docker.io/library/nginx:latest`.
/// Source: <https://kubernetes.io/docs/concepts/containers/images/#image-names>
fn full_name(image: &str) -> Result<String, Missing> {
    let (path, tag) = match image.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, tag),
        _ => (image, "latest"),
    };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "./-_:@".contains(c);
    if path.is_empty() || !path.chars().all(allowed) {
        return Err(Missing::InvalidName(format!(
            "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference \
             format"
        )));
    }
    let has_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
    Ok(match path.split_once('/') {
        None => format!("docker.io/library/{path}:{tag}"),
        Some((first, _)) if has_host(first) => format!("{path}:{tag}"),
        Some(_) => format!("docker.io/{path}:{tag}"),
    })
}

/// What containerd says on a node that reaches no registry.
fn no_registry(reference: &str) -> String {
    let (host, rest) = reference.split_once('/').unwrap_or((reference, ""));
    let (path, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
    let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
    format!(
        "failed to pull and unpack image \"{reference}\": failed to resolve reference \"{reference}\": failed to do \
         request: Head \"https://{host}/v2/{path}/manifests/{tag}\": dial tcp: lookup {host}: no such host"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_labs_images_are_here() {
        for (name, policy, found) in [
            ("clusterip-lab/backend:v1", "IfNotPresent", true),
            ("docker.io/clusterip-lab/backend:v2", "IfNotPresent", true),
            ("clusterip-lab/client:v1", "Never", true),
            ("clusterip-lab/backend:v1", "Always", false),
            ("clusterip-lab/backend", "IfNotPresent", false),
            ("clusterip-lab/backend:v9", "IfNotPresent", false),
            ("localhost:5000/clusterip-lab/backend:v1", "IfNotPresent", false),
            ("nginx", "Always", false),
        ] {
            assert_eq!(find(name, policy).is_ok(), found, "{name} {policy}");
        }
        let Err(Missing::NotPulled(why)) = find("nginx", "Always") else { panic!("nginx is not here") };
        assert!(why.contains("\"https://registry-1.docker.io/v2/library/nginx/manifests/latest\""), "{why}");
        assert!(matches!(find("Nginx:v1", ""), Err(Missing::InvalidName(_))));
        assert!(matches!(find("nginx:v1", "Never"), Err(Missing::NeverPulled(_))));
    }
}
