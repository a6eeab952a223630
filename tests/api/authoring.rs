//! A lab that is being written: its faults stand on its page until they are corrected.

use std::path::{Path, PathBuf};

use clusterip_tests::Server;
use clusterip_web::Labs;

use super::kubeconfig_to_nowhere;

/// Copies a folder with its folders.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A folder of labs with one in it, in whose YAML one text is put for another.
fn labs_with(folder: &Path, from: &str, to: &str) -> PathBuf {
    let name = "11-selector-typo";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../labs");
    let labs = folder.join("labs");
    copy(&root.join(name), &labs.join(name));
    let yaml = labs.join(name).join("lab.yaml");
    let text = std::fs::read_to_string(&yaml).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(&yaml, text.replacen(from, to, 1)).unwrap();
    labs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_with_a_fault_shows_its_file_its_line_and_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let labs = labs_with(folder.path(), "\nminutes:", "\nminuten:");
    let server = Server::start_with(Labs::Watched(labs), kubeconfig_to_nowhere(folder.path())).await;
    let http = server.http();
    for lang in ["en", "it"] {
        let page = http.get(&format!("/{lang}/labs/selector-typo")).await;
        assert_eq!(page.status, 422, "{}", page.body);
        assert!(page.body.contains(&format!("lang=\"{lang}\"")), "{}", page.body);
        assert!(page.body.contains("lab.yaml:") && page.body.contains("minuten"), "{}", page.body);
    }
    let problem = http.post("/en/labs/selector-typo/act/stop", &[]).await;
    assert_eq!((problem.status, &problem.json()["code"]), (404, &"not_found".into()));
    server.stop().await;
}
