//! Which images a node has: `ctr images list` (crictl is not on every node image).

use crate::source::{ImageTag, SourceError};

use super::NodeReader;

/// The nodes that lack at least one of these tags, or have it with other content.
pub(crate) async fn nodes_lacking(
    reader: &NodeReader,
    tags: &[ImageTag],
) -> Result<Vec<String>, SourceError> {
    let mut lacking = Vec::new();
    for node in reader.names() {
        let listing = reader.image_listing(node).await?;
        if !tags.iter().all(|tag| has(&listing, tag)) {
            lacking.push(node.clone());
        }
    }
    Ok(lacking)
}

/// Whether a listing (`REF TYPE DIGEST SIZE PLATFORMS LABELS`, under a heading) has a tag with its content.
fn has(listing: &str, tag: &ImageTag) -> bool {
    let wanted = full(&tag.reference);
    listing.lines().skip(1).any(|line| {
        let mut columns = line.split_whitespace();
        let reference = columns.next().unwrap_or_default();
        let digest = columns.nth(1).unwrap_or_default();
        full(reference) == wanted && digest == tag.digest
    })
}

/// A reference with the registry that is meant when none is named: `clusterip-lab/client:v1` is
/// `docker.io/clusterip-lab/client:v1`, `busybox` is `docker.io/library/busybox`.
fn full(reference: &str) -> String {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => reference.to_owned(),
        Some(_) => format!("docker.io/{reference}"),
        None => format!("docker.io/library/{reference}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
REF                                TYPE                                       DIGEST        SIZE     PLATFORMS   LABELS
docker.io/clusterip-lab/backend:v1 application/vnd.oci.image.manifest.v1+json sha256:aaaa   5.1 MiB  linux/amd64 io.cri-containerd.image=managed
registry.k8s.io/pause:3.10         application/vnd.oci.image.manifest.v1+json sha256:bbbb   1.0 MiB  linux/amd64 -
";

    #[test]
    fn a_tag_is_there_when_its_content_is() {
        let tag =
            |reference: &str, digest: &str| ImageTag { reference: reference.into(), digest: digest.into() };
        assert!(has(LISTING, &tag("clusterip-lab/backend:v1", "sha256:aaaa")));
        assert!(has(LISTING, &tag("docker.io/clusterip-lab/backend:v1", "sha256:aaaa")));
        assert!(has(LISTING, &tag("registry.k8s.io/pause:3.10", "sha256:bbbb")));
        assert!(!has(LISTING, &tag("clusterip-lab/backend:v1", "sha256:cccc")), "old content");
        assert!(!has(LISTING, &tag("clusterip-lab/backend:v2", "sha256:aaaa")), "another tag");
        assert!(!has("", &tag("clusterip-lab/backend:v1", "sha256:aaaa")));
    }

    #[test]
    fn a_short_reference_means_the_usual_registry() {
        assert_eq!(full("busybox"), "docker.io/library/busybox");
        assert_eq!(full("localhost/a:1"), "localhost/a:1");
        assert_eq!(full("localhost:5000/a:1"), "localhost:5000/a:1");
    }
}
