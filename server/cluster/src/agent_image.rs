//! The pods' images, packed by the server itself: no registry, no `docker build`.
//!
//! ```text
//! build.rs ──▶ executable ──▶ layer ──▶ 3 configs ──▶ 3 manifests ──▶ index ──▶ archive ──▶ kind load image-archive
//! ```
//!
//! Invariants: the same executable makes the same archive, byte for byte; the three tags share the one layer and
//! differ in nothing but their config; the image runs as [`USER`], needs no capability and writes nothing, so its
//! pods meet Pod Security *restricted*.
//!
//! Source: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>

mod layer;
mod layout;

use oci_spec::OciSpecError;

/// Serves, and says it is version 1.
pub const BACKEND_V1: &str = "clusterip-lab/backend:v1";
/// Serves, and says it is version 2.
pub const BACKEND_V2: &str = "clusterip-lab/backend:v2";
/// Sends loads; like the others, it has curl, nslookup and ping.
pub const CLIENT_V1: &str = "clusterip-lab/client:v1";
/// The user and group of every process.
pub const USER: u32 = 65532;
/// Where the backend listens by default.
pub const BACKEND_PORT: u16 = 8080;

/// The executable that `build.rs` made.
static EXECUTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/clusterip-agent"));

/// The images could not be packed. It takes memory and no more, so this is a defect, not a circumstance.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A tar or gzip stream.
    #[error("pack the agent image's archive")]
    Archive(#[from] std::io::Error),
    /// One of the image's documents.
    #[error("write the agent image's documents")]
    Document(#[from] OciSpecError),
    /// Its JSON.
    #[error("write the agent image's documents as JSON")]
    Json(#[from] serde_json::Error),
}

/// A tag of the archive, with the digests by which a node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedImage {
    /// As a node names it: `docker.io/clusterip-lab/backend:v1`.
    pub reference: String,
    /// `sha256:…` of the manifest: what `ctr images list` and `repoDigests` say.
    pub manifest: String,
    /// `sha256:…` of the config: what the CRI calls the image's id.
    pub config: String,
}

/// Sizes in bytes, for the start-up report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The executable.
    pub executable: usize,
    /// The compressed layer, which the three images share.
    pub layer: usize,
    /// All that goes to a node.
    pub archive: usize,
}

/// The three images, ready for `kind load image-archive`.
#[derive(Debug, Clone)]
pub struct AgentImage {
    archive: Vec<u8>,
    images: Vec<TaggedImage>,
    sizes: Sizes,
}

impl AgentImage {
    /// Packs the executable of this build.
    ///
    /// # Errors
    /// None is expected: see [`PackError`].
    pub fn pack() -> Result<Self, PackError> {
        Self::pack_executable(EXECUTABLE)
    }

    /// Packs any executable.
    fn pack_executable(executable: &[u8]) -> Result<Self, PackError> {
        let layer = layer::pack(executable)?;
        let (archive, images) = layout::pack(&layer)?;
        let sizes =
            Sizes { executable: executable.len(), layer: layer.compressed.len(), archive: archive.len() };
        Ok(Self { archive, images, sizes })
    }

    /// An OCI image layout, as an uncompressed tar.
    pub fn archive(&self) -> &[u8] {
        &self.archive
    }

    /// The archive's tags, sorted by reference.
    pub fn images(&self) -> &[TaggedImage] {
        &self.images
    }

    /// Each reference with its manifest's digest: a node that has them all needs no load.
    pub fn references(&self) -> impl Iterator<Item = (&str, &str)> {
        self.images.iter().map(|image| (image.reference.as_str(), image.manifest.as_str()))
    }

    /// How big it is.
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }
}

#[cfg(test)]
mod tests;
