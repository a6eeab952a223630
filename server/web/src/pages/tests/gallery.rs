//! Writes every state as static pages, to look at in a browser:
//! `cargo test -p clusterip-web gallery -- --ignored`, then serve `target/gallery`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use clusterip_domain::lab::{Lab, LabFiles, Lang};

use super::fixtures;
use super::scenes::scenes;
use crate::pages::{
    ConsoleView, EditorView, ErrorPage, LabCard, LabPage, ProblemView, Said, SourceKind, SourceView,
    StageState, StartupPage, home,
};
use crate::run::RunView;

fn problem() -> ProblemView {
    ProblemView {
        status: 422,
        code: "apiRefused".into(),
        title: "The API server refused it".into(),
        detail: "Service \"my-clusterip-service\" is invalid: spec.ports[0].port: Invalid value: 80000: must be between 1 and 65535, inclusive".into(),
        cure: Some("Correct the line and apply again; nothing was changed.".into()),
        line: Some(10),
    }
}

fn page<'a>(lang: Lang, source: &'a SourceView, run: &'a RunView) -> LabPage<'a> {
    LabPage { lang, source, run, editor: EditorView::default(), console: ConsoleView::default(), said: None }
}

/// The course's own first lab, to see its text in place.
fn first_lab() -> Lab {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../labs/00-the-whole-story");
    let mut files = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    LabFiles { texts: files, others: vec![] }.read().unwrap()
}

#[test]
#[ignore = "writes files to look at"]
fn gallery() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/gallery");
    fs::create_dir_all(&root).unwrap();
    let (lab, source) = (fixtures::lab(), fixtures::source());
    let write = |name: &str, lang: Lang, html: String| {
        fs::write(root.join(format!("{name}.{}.html", lang.code())), html).unwrap();
    };
    for lang in Lang::ALL {
        for (name, run) in scenes() {
            write(name, lang, page(lang, &source, &run).render());
        }
        let first = Arc::new(first_lab());
        for (done, (_, mut run)) in scenes().into_iter().skip(1).take(first.steps.len()).enumerate() {
            run.progress = fixtures::progress(&first, done, &[]);
            run.lab = Arc::clone(&first);
            write(&format!("first-lab-{}", done + 1), lang, page(lang, &source, &run).render());
        }
        let (_, run) = scenes().swap_remove(3);
        let document = &lab.documents["start/service.yaml"].replace("port: 80\n", "port: 80000\n");
        let editor = EditorView { document, error: Some(problem()) };
        let said = Some(Said::Problem(problem()));
        write("refused", lang, LabPage { editor, said, ..page(lang, &source, &run) }.render());
        let simulated = SourceView {
            kind: SourceKind::Practice,
            name: "practice".into(),
            simulated: true,
            ..fixtures::source()
        };
        let said = Some(Said::Done("service/my-clusterip-service created".into()));
        write("simulated", lang, LabPage { source: &simulated, said, ..page(lang, &source, &run) }.render());
        let stages = fixtures::stages();
        write("startup", lang, StartupPage { lang, stages: &stages, simulated: false }.render());
        let mut failed = fixtures::stages();
        failed[2].state = StageState::Failed;
        failed[2].detail = Some("ERROR: failed to create cluster: port 6443 is already in use".into());
        failed[2].cure =
            Some("Stop what listens on port 6443, or name another cluster with --cluster.".into());
        write("startup-failed", lang, StartupPage { lang, stages: &failed, simulated: false }.render());
        let cards = [0, 2, 5].map(|done| LabCard { lab: &lab, done });
        write("home", lang, home(lang, &source, &cards, &BTreeMap::new()));
        let missing = ProblemView {
            status: 404,
            title: "There is no such lab".into(),
            detail: "No lab of this course has the id web.".into(),
            cure: Some("Choose one from the list.".into()),
            code: "noSuchLab".into(),
            line: None,
        };
        write("error", lang, ErrorPage { lang, problem: &missing, simulated: false }.render());
    }
}
