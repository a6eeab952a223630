//! Writes every state as static pages, to look at in a browser:
//! `cargo test -p clusterip-web gallery -- --ignored`, then serve `target/gallery`.

use std::fs;
use std::path::PathBuf;

use clusterip_domain::lab::{Lab, Lang};

use super::fixtures;
use super::scenes::scenes;
use crate::pages::{
    EditorView, LabCard, LabPage, ProblemView, Said, SourceKind, SourceView, StageState, StartupPage, error,
    home,
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

fn page<'a>(lang: Lang, lab: &'a Lab, source: &'a SourceView, run: Option<&'a RunView>) -> LabPage<'a> {
    LabPage { lang, lab, source, run, stages: &[], editor: EditorView::default(), said: None }
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
            write(name, lang, page(lang, &lab, &source, Some(&run)).render());
        }
        let (_, run) = scenes().swap_remove(3);
        let document = &lab.documents["start/service.yaml"].replace("port: 80\n", "port: 80000\n");
        let editor = EditorView { document, error: Some(problem()) };
        let said = Some(Said::Problem(problem()));
        write("refused", lang, LabPage { editor, said, ..page(lang, &lab, &source, Some(&run)) }.render());
        let simulated = SourceView {
            kind: SourceKind::Practice,
            name: "practice".into(),
            simulated: true,
            ..fixtures::source()
        };
        let said = Some(Said::Done("service/my-clusterip-service created".into()));
        write(
            "simulated",
            lang,
            LabPage { source: &simulated, said, ..page(lang, &lab, &source, Some(&run)) }.render(),
        );
        let stages = fixtures::stages();
        write("preparing", lang, LabPage { stages: &stages, ..page(lang, &lab, &source, None) }.render());
        write("startup", lang, StartupPage { lang, stages: &stages }.render());
        let mut failed = fixtures::stages();
        failed[2].state = StageState::Failed;
        failed[2].detail = Some("ERROR: failed to create cluster: port 6443 is already in use".into());
        failed[2].cure =
            Some("Stop what listens on port 6443, or name another cluster with --cluster.".into());
        write("startup-failed", lang, StartupPage { lang, stages: &failed }.render());
        let cards = [0, 2, 5].map(|done| LabCard { lab: &lab, done });
        write("home", lang, home(lang, &source, &cards));
        write(
            "error",
            lang,
            error(
                lang,
                &ProblemView {
                    status: 404,
                    title: "There is no such lab".into(),
                    detail: "No lab of this course has the id web.".into(),
                    cure: Some("Choose one from the list.".into()),
                    code: "noSuchLab".into(),
                    line: None,
                },
            ),
        );
    }
}
