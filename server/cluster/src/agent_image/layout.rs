//! The documents around the layer, and the archive of it all.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, DescriptorBuilder, Digest, HistoryBuilder, ImageConfigurationBuilder,
    ImageIndexBuilder, ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, PlatformBuilder, RootFsBuilder,
    SCHEMA_VERSION,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tar::Builder;

use super::layer::{Layer, file, folder};
use super::{BACKEND_PORT, BACKEND_V1, BACKEND_V2, CLIENT_V1, PackError, TaggedImage, USER};

/// Nothing is said of when an image was made: two builds of one source must be one image.
const CREATED: &str = "1970-01-01T00:00:00Z";
/// What containerd names an image by when it imports a layout.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// What the image specification has for the same; containerd takes it where its own is missing.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// What makes one tag differ from the others.
struct Kind {
    tag: &'static str,
    mode: &'static str,
    version: &'static str,
    port: Option<u16>,
}

/// Sorted by tag.
const KINDS: [Kind; 3] = [
    Kind { tag: BACKEND_V1, mode: "backend", version: "v1", port: Some(BACKEND_PORT) },
    Kind { tag: BACKEND_V2, mode: "backend", version: "v2", port: Some(BACKEND_PORT) },
    Kind { tag: CLIENT_V1, mode: "client", version: "v1", port: None },
];

/// The layout's blobs, by digest: sorted, and each there once.
#[derive(Default)]
struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    /// Adds a blob and describes it.
    fn add(&mut self, kind: MediaType, content: Vec<u8>) -> Result<Descriptor, PackError> {
        let (name, size) = (sha256(&content), content.len() as u64);
        let digest: Digest = name.parse()?;
        self.0.insert(name, content);
        Ok(DescriptorBuilder::default().media_type(kind).digest(digest).size(size).build()?)
    }
}

/// The archive, and its tags.
pub(super) fn pack(layer: &Layer) -> Result<(Vec<u8>, Vec<TaggedImage>), PackError> {
    let mut blobs = Blobs::default();
    let shared = blobs.add(MediaType::ImageLayerGzip, layer.compressed.clone())?;
    let mut manifests = Vec::new();
    let mut images = Vec::new();
    for kind in &KINDS {
        let config = blobs.add(MediaType::ImageConfig, config(kind, &layer.diff_id)?)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(config.clone())
            .layers(vec![shared.clone()])
            .build()?;
        let mut manifest = blobs.add(MediaType::ImageManifest, canonical(&manifest)?)?;
        let reference = format!("docker.io/{}", kind.tag);
        images.push(TaggedImage {
            reference: reference.clone(),
            manifest: manifest.digest().to_string(),
            config: config.digest().to_string(),
        });
        manifest.set_annotations(Some(HashMap::from([
            (CONTAINERD_NAME.to_owned(), reference),
            (REF_NAME.to_owned(), kind.version.to_owned()),
        ])));
        let platform = PlatformBuilder::default().architecture(Arch::default()).os(Os::Linux).build()?;
        manifest.set_platform(Some(platform));
        manifests.push(manifest);
    }
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .build()?;
    Ok((archive(&blobs, &canonical(&index)?)?, images))
}

fn config(kind: &Kind, diff_id: &str) -> Result<Vec<u8>, PackError> {
    let mut run = ConfigBuilder::default()
        .user(format!("{USER}:{USER}"))
        .env(["PATH=/usr/bin".to_owned(), format!("VERSION={}", kind.version)])
        .entrypoint(["/usr/bin/clusterip-agent".to_owned()])
        .cmd([kind.mode.to_owned()])
        .working_dir("/")
        .build()?;
    run.set_exposed_ports(kind.port.map(|port| vec![format!("{port}/tcp")]));
    let rootfs = RootFsBuilder::default().typ("layers").diff_ids([diff_id.to_owned()]).build()?;
    let history = HistoryBuilder::default().created(CREATED).created_by("clusterip-lab").build()?;
    let config = ImageConfigurationBuilder::default()
        .created(CREATED)
        // The server's own: the executable was built for the same target.
        .architecture(Arch::default())
        .os(Os::Linux)
        .config(run)
        .rootfs(rootfs)
        .history([history])
        .build()?;
    canonical(&config)
}

/// JSON with its keys sorted: the documents hold hash maps, whose order changes from run to run.
fn canonical(document: &impl Serialize) -> Result<Vec<u8>, PackError> {
    let mut value = serde_json::to_value(document)?;
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?)
}

fn archive(blobs: &Blobs, index: &[u8]) -> Result<Vec<u8>, PackError> {
    let layout = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
    let mut tar = Builder::new(Vec::new());
    folder(&mut tar, "blobs/")?;
    folder(&mut tar, "blobs/sha256/")?;
    for (digest, content) in &blobs.0 {
        file(&mut tar, &format!("blobs/{}", digest.replace(':', "/")), 0o644, content)?;
    }
    file(&mut tar, "index.json", 0o644, index)?;
    file(&mut tar, "oci-layout", 0o644, &canonical(&layout)?)?;
    Ok(tar.into_inner()?)
}

/// `sha256:` and the digest in hexadecimal.
pub(super) fn sha256(content: &[u8]) -> String {
    let mut name = "sha256:".to_owned();
    for byte in Sha256::digest(content) {
        // Writing to a String does not fail.
        write!(name, "{byte:02x}").ok();
    }
    name
}
