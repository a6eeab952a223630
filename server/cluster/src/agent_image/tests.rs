//! The archive read back, as a node reads it.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest, MediaType, OciLayout};

use super::layout::sha256;
use super::{AgentImage, BACKEND_V1, BACKEND_V2, CLIENT_V1, EXECUTABLE};

const SMALL: &[u8] = b"\x7fELF and so on";

fn files(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        assert_eq!(entry.header().mtime().unwrap(), 0);
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.path().unwrap().display().to_string(), content)
    });
    entries.collect()
}

fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, digest: &str) -> &'a [u8] {
    let content = &files[&format!("blobs/{}", digest.replace(':', "/"))];
    assert_eq!(sha256(content), digest);
    content
}

#[test]
fn the_same_executable_makes_the_same_archive() {
    let [one, two] = [(); 2].map(|()| AgentImage::pack_executable(SMALL).unwrap());
    assert_eq!(one.archive(), two.archive());
    assert_eq!(one.images(), two.images());
    let other = AgentImage::pack_executable(b"another").unwrap();
    assert!(
        one.references().zip(other.references()).all(|(one, other)| one.0 == other.0 && one.1 != other.1)
    );
}

#[test]
fn the_archive_is_a_layout_with_three_named_images_over_one_layer() {
    let image = AgentImage::pack_executable(SMALL).unwrap();
    let files = files(image.archive());
    let layout = OciLayout::from_reader(&files["oci-layout"][..]).unwrap();
    assert_eq!(layout.image_layout_version(), "1.0.0");
    let index = ImageIndex::from_reader(&files["index.json"][..]).unwrap();
    assert_eq!(index.manifests().len(), 3);
    let mut layers = Vec::new();
    for ((described, tagged), tag) in
        index.manifests().iter().zip(image.images()).zip([BACKEND_V1, BACKEND_V2, CLIENT_V1])
    {
        assert_eq!(tagged.reference, format!("docker.io/{tag}"));
        assert_eq!(tagged.manifest, described.digest().to_string());
        assert_eq!(described.annotations().as_ref().unwrap()["io.containerd.image.name"], tagged.reference);
        let manifest = ImageManifest::from_reader(blob(&files, &tagged.manifest)).unwrap();
        assert_eq!(manifest.config().digest().to_string(), tagged.config);
        assert_eq!(manifest.layers()[0].media_type(), &MediaType::ImageLayerGzip);
        layers.push(manifest.layers()[0].digest().to_string());
        let config = ImageConfiguration::from_reader(blob(&files, &tagged.config)).unwrap();
        let mut layer = Vec::new();
        GzDecoder::new(blob(&files, &layers[0])).read_to_end(&mut layer).unwrap();
        assert_eq!(config.rootfs().diff_ids()[..], [sha256(&layer)]);
    }
    layers.dedup();
    assert_eq!(layers.len(), 1);
    // One layer, three configs, three manifests; two documents; two folders.
    assert_eq!(files.len(), 7 + 2 + 2);
}

#[test]
fn the_layer_holds_the_executable_under_all_its_names_and_its_user() {
    let layer = super::layer::pack(SMALL).unwrap();
    let mut tar = Vec::new();
    GzDecoder::new(&layer.compressed[..]).read_to_end(&mut tar).unwrap();
    let files = files(&tar);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let expected = [
        "etc/",
        "etc/group",
        "etc/passwd",
        "usr/",
        "usr/bin/",
        "usr/bin/clusterip-agent",
        "usr/bin/curl",
        "usr/bin/nslookup",
        "usr/bin/ping",
    ];
    assert_eq!(names, expected);
    assert_eq!(files["usr/bin/clusterip-agent"], SMALL);
    assert!(String::from_utf8_lossy(&files["etc/passwd"]).contains("nonroot:x:65532:65532:"));
    let mut archive = tar::Archive::new(&tar[..]);
    let links =
        archive.entries().unwrap().map(Result::unwrap).filter(|e| e.header().entry_type().is_symlink());
    let targets: Vec<_> = links.map(|link| link.link_name().unwrap().unwrap().into_owned()).collect();
    assert_eq!(targets, [std::path::Path::new("clusterip-agent"); 3]);
}

#[test]
fn the_configs_differ_in_what_they_run_and_say() {
    let image = AgentImage::pack_executable(SMALL).unwrap();
    let files = files(image.archive());
    let configs = image.images().iter().map(|tagged| {
        let config = ImageConfiguration::from_reader(blob(&files, &tagged.config)).unwrap();
        config.config().clone().unwrap()
    });
    insta::assert_json_snapshot!(configs.collect::<Vec<_>>());
}

#[test]
fn the_executable_of_this_build_is_small_and_needs_no_library() {
    let image = AgentImage::pack().unwrap();
    assert!(EXECUTABLE.starts_with(b"\x7fELF"));
    // A program interpreter is what a dynamic executable names; a static one has none.
    let names_a_loader = EXECUTABLE.windows(7).any(|bytes| bytes == b"/ld-lin");
    assert!(!names_a_loader);
    assert!(image.sizes().archive < 3 * 1024 * 1024, "{:?}", image.sizes());
}
