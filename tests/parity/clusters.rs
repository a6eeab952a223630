//! The two clusters: the real one, which is there, and a practice cluster, which is started.

use clusterip_cluster::agent_image::AgentImage as Packed;
use clusterip_cluster::source::{AgentImage, Archive, ImageTag, Progress, cluster};
use clusterip_practice::{Options, Practice};
use clusterip_tests::kind;
use tempfile::TempDir;

use crate::side::Side;

/// Both, as kubectl reaches them.
pub(crate) struct Clusters {
    /// kind, practice.
    pub(crate) sides: [Side; 2],
    practice: Practice,
    _folder: TempDir,
}

impl Clusters {
    /// Attaches to the kind cluster, brings it the pods' image if it has not got it, and starts a practice cluster.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = kind::config(&folder.path().join("lab"));
        let packed = Packed::pack().expect("the image is packed");
        let tag = |(reference, digest): (&str, &str)| ImageTag {
            reference: reference.into(),
            digest: digest.into(),
        };
        let tags: Vec<ImageTag> = packed.references().map(tag).collect();
        let image = AgentImage { archive: Archive::Bytes(packed.archive()), tags: &tags };
        let opened = cluster::up(&config, Some(image), &Progress::silent()).await;
        opened.unwrap_or_else(|e| panic!("{}", e.chain()));
        let practice = Practice::start(Options::default()).await.expect("a practice cluster starts");
        let kubeconfig = folder.path().join("practice.kubeconfig");
        std::fs::write(&kubeconfig, practice.kubeconfig()).expect("it is written");
        let sides = [
            Side::open("kind", &config.kubeconfig(), folder.path()).await,
            Side::open("practice", &kubeconfig, folder.path()).await,
        ];
        Self { sides, practice, _folder: folder }
    }

    /// Ends the practice cluster, and waits until kind is as it was.
    pub(crate) async fn close(self) {
        self.practice.shutdown().await;
    }
}
