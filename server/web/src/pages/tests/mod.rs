//! What a page must be, whatever the run is.

mod fixtures;
mod gallery;
mod scenes;

use std::collections::BTreeMap;

use clusterip_domain::lab::Lang;
use clusterip_domain::ledger::TargetKind::{self, VirtualIp};
use clusterip_domain::traffic::Connections;
use fixtures::{Scene, lab, source, stages};
use scenes::scenes;

use super::*;
use crate::run::RunView;

const IDS: [&str; 12] = [
    "status",
    "trouble",
    "steps",
    "picture",
    "traffic",
    "tools",
    "diagnosis",
    "rules",
    "table",
    "events",
    "notebook",
    "sheets",
];

fn page(lang: Lang, run: &RunView) -> String {
    let source = source();
    LabPage {
        lang,
        source: &source,
        run,
        editor: EditorView::default(),
        console: ConsoleView::default(),
        said: None,
    }
    .render()
}

/// Everything between `<` and `>`, without comments and the document type.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|t| t.split_once('>').map(|(tag, _)| tag))
}

/// What our templates must never write: script, style or handlers in the HTML.
fn assert_strict(name: &str, html: &str) {
    for tag in tags(html) {
        assert!(!tag.contains(" style="), "{name}: <{tag}>");
        assert!(!tag.split_whitespace().any(|a| a.starts_with("on") && a.contains('=')), "{name}: <{tag}>");
        assert!(tag != "style" && tag != "script", "{name}: <{tag}>");
        assert!(!tag.contains("javascript:"), "{name}: <{tag}>");
    }
}

fn ids(html: &str) -> Vec<&str> {
    let id = |tag: &'_ str| tag.find(" id=\"").map(|i| i + 5);
    tags(html).filter_map(|t| id(t).and_then(|i| t[i..].split('"').next())).collect()
}

#[test]
fn every_state_renders_in_both_languages_without_inline_script_or_style() {
    for (name, run) in scenes() {
        for lang in Lang::ALL {
            let html = page(lang, &run);
            assert_strict(name, &html);
            assert!(html.contains(&format!("<html lang=\"{}\"", lang.code())));
            assert!(html.ends_with("</html>"), "{name} is whole");
        }
    }
}

#[test]
fn an_id_is_there_once() {
    for (name, run) in scenes() {
        let html = page(Lang::En, &run);
        let mut all = ids(&html);
        all.sort_unstable();
        let twice: Vec<_> = all.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        assert!(twice.is_empty(), "{name}: {twice:?}");
    }
}

#[test]
fn fragments_are_one_element_each_and_stand_in_the_page_as_they_are() {
    for (name, run) in scenes() {
        let parts = fragments(Lang::It, &source(), &run);
        assert_eq!(parts.iter().map(|f| f.id).collect::<Vec<_>>(), IDS);
        let html = page(Lang::It, &run);
        for part in parts {
            let part_html = part.html.trim();
            assert_eq!(ids(part_html).first(), Some(&part.id), "{name}: {} begins with its own id", part.id);
            assert!(html.contains(part_html), "{name}: {} is in the page", part.id);
            let tag = part_html[1..].split([' ', '>']).next().unwrap_or_default();
            assert!(part_html.ends_with(&format!("</{tag}>")), "{name}: {} is one element", part.id);
        }
    }
}

#[test]
fn the_current_step_ticks_what_holds_and_only_that() {
    let run = Scene::new().pods(3).at(3, &[true, false]).view();
    let html = steps(Lang::En, &lab(), &run);
    let current = html.split("aria-current=\"step\"").nth(1).unwrap();
    assert!(html.contains("id=\"step-create-service\" class=\"step current\""));
    assert_eq!(current.matches("class=\"holds\"").count(), 1);
    assert_eq!(current.matches("class=\"open\"").count(), 1);
    assert_eq!(html.matches("step done").count(), 3);
    assert_eq!(html.matches("step ahead").count(), 1);
}

#[test]
fn a_finished_lab_says_so_and_where_to_go() {
    let html = steps(Lang::It, &lab(), &Scene::new().at(5, &[]).view());
    assert!(html.contains("Hai fatto tutto") && html.contains("href=\"/it\""));
    assert!(!html.contains("aria-current"));
}

#[test]
fn a_chain_is_drawn_with_its_ways_and_its_counts() {
    let (_, run) = scenes().into_iter().find(|(name, _)| *name == "chain").unwrap();
    let html = picture(Lang::En, &source(), &run);
    for shape in ["wide", "tall"] {
        let ways = html.matches(&format!("id=\"{shape}-edge-to-upstream-pod:")).count();
        assert_eq!(ways, 2, "both pods ask");
        assert!(!html.contains(&format!("{shape}-edge-to-service-client-service:data-service")));
    }
    assert!(html.contains("class=\"edge to-upstream hue-0 active\""), "{html}");
    assert!(html.contains("data-count=\"data-77b8-h6wdt\">106<"), "{html}");
}

#[test]
fn a_diagnosis_is_a_column_with_the_break_and_the_reason() {
    let (_, run) = scenes().into_iter().find(|(name, _)| *name == "diagnosed").unwrap();
    for (lang, here, why, near) in [
        (Lang::En, "broken here", "The selector matches no pod", "The selector says app=mypap; "),
        (
            Lang::It,
            "si interrompe qui",
            "Il selector non corrisponde a nessun pod",
            "Il selector dice app=mypap; ",
        ),
    ] {
        let html = diagnosis(lang, &lab(), &run);
        let stations: Vec<_> = html
            .match_indices("<li class=\"station ")
            .map(|(i, m)| html[i + m.len()..].split('"').next())
            .collect();
        assert_eq!(stations, ["ok", "ok", "ok", "broken", "not-reached"].map(Some));
        for words in
            [here, why, near, "https://kubernetes.io/docs/", "<code>nslookup my-clusterip-service</code>"]
        {
            assert!(html.contains(words), "{words} is not in {html}");
        }
        let offered = traffic(lang, &lab(), &run);
        assert!(offered.contains("act/diagnose") && offered.contains("value=\"10.96.113.47\""));
    }
    let sound =
        Scene::new().pods(3).service().traffic(VirtualIp, Connections::NewPerRequest, &[9, 8, 9], &[]);
    assert!(!traffic(Lang::En, &lab(), &sound.view()).contains("act/diagnose"), "it gets through");
}

#[test]
fn names_from_a_cluster_are_words_not_html() {
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let run = Scene::new()
        .pods(2)
        .service()
        .traffic(TargetKind::VirtualIp, Connections::NewPerRequest, &[1, 2], &[])
        .change(0, |p| {
            p.labels.insert("evil".into(), evil.into());
            p.reason = Some(evil.into());
            p.image = format!("x:{evil}");
        })
        .view();
    let mut run = run;
    std::sync::Arc::make_mut(&mut run.snapshot).events[0].message = evil.into();
    let problem =
        ProblemView { title: evil.into(), detail: evil.into(), line: Some(1), ..ProblemView::default() };
    let source = source();
    let page = |said, error| {
        let editor = EditorView { document: "</textarea><script>alert(1)</script>", error };
        LabPage { lang: Lang::En, source: &source, run: &run, editor, console: ConsoleView::default(), said }
            .render()
    };
    let htmls = [
        page(Some(Said::Problem(problem.clone())), None),
        page(Some(Said::Done(evil.into())), Some(problem.clone())),
        ErrorPage { lang: Lang::En, problem: &problem, simulated: false }.render(),
    ];
    for html in htmls {
        assert_strict("evil", &html);
        assert!(!html.contains("<script>") && !html.contains("<img"));
    }
}

#[test]
fn start_up_that_failed_names_the_cure_and_waits_for_nothing() {
    let mut failed = stages();
    failed[2].state = StageState::Failed;
    failed[2].cure = Some("Install kind.".into());
    let html = StartupPage { lang: Lang::En, stages: &failed, simulated: false }.render();
    assert_strict("startup", &html);
    assert!(html.contains("Install kind.") && !html.contains("data-stream"));
    assert!(
        StartupPage { lang: Lang::It, stages: &stages(), simulated: false }
            .render()
            .contains("data-stream=\"/it/startup/events\"")
    );
}

#[test]
fn a_simulated_cluster_is_said_to_be_one_on_every_page_and_in_every_drawing() {
    let practice = SourceView { kind: SourceKind::Practice, simulated: true, ..source() };
    let (lab, run, problem) = (lab(), Scene::new().view(), ProblemView::default());
    for (lang, said, tag) in [
        (Lang::En, "No kernel and no real network", ">simulated</text>"),
        (Lang::It, "non ci sono né un kernel né una rete vera", ">simulato</text>"),
    ] {
        let editor = EditorView::default();
        for page in [
            LabPage {
                lang,
                source: &practice,
                run: &run,
                editor,
                console: ConsoleView::default(),
                said: None,
            }
            .render(),
            home(lang, &practice, &[LabCard { lab: &lab, done: 1 }], &BTreeMap::new()),
            StartupPage { lang, stages: &stages(), simulated: true }.render(),
            ErrorPage { lang, problem: &problem, simulated: true }.render(),
        ] {
            assert!(page.contains(said), "{page}");
        }
        let drawings = picture(lang, &practice, &run);
        assert_eq!(drawings.matches(tag).count(), 2, "both shapes: {drawings}");
        assert!(!picture(lang, &source(), &run).contains("simulat"), "a real one does not");
    }
}

#[test]
fn the_list_of_labs_says_what_to_do_next() {
    let lab = lab();
    let cards = [0, 2, 5].map(|done| LabCard { lab: &lab, done });
    let html = home(Lang::En, &source(), &cards, &BTreeMap::new());
    assert_strict("home", &html);
    let actions = ["Start →", "Continue →", "Look at it again →"].map(|a| html.matches(a).count());
    assert_eq!(actions, [1, 1, 1]);
    assert!(
        home(Lang::It, &source(), &[], &BTreeMap::new()).contains("Qui non c’è ancora nessun laboratorio")
    );
}

#[test]
fn words_in_the_picture_fit_their_boxes() {
    /// What fits into a Service's box at its size, in characters.
    const FITS: usize = 30;
    for lang in Lang::ALL {
        let p = &crate::words::Words::of(lang).picture;
        for word in [
            p.body_none,
            p.rule_balances,
            p.rule_balances_one,
            p.rule_rejects,
            p.rule_absent,
            p.ghost_service_rule,
        ] {
            assert!(word.chars().count() <= FITS, "{word:?} is too long");
        }
        assert!(p.no_ip.chars().count() <= 10);
    }
}

#[test]
fn a_long_ip_does_not_run_into_the_marks_beside_it() {
    for (ip, squeezed) in [([10, 244, 0, 7], 0), ([10, 244, 0, 241], 1), ([10, 244, 255, 254], 2)] {
        let run = Scene::new().pods(1).change(0, |pod| pod.ip = Some(ip.into())).view();
        let html = picture(Lang::En, &source(), &run);
        assert_eq!(html.matches("textLength").count(), squeezed, "{ip:?}, of two shapes");
    }
}

#[test]
fn the_picture_of_a_service_with_traffic_is_as_expected() {
    let (_, run) = scenes().swap_remove(3);
    let html = picture(Lang::En, &source(), &run);
    let end = html.find("</svg>").unwrap() + "</svg>".len();
    let start = html.find("<svg").unwrap();
    insta::assert_snapshot!("picture", &html[start..end]);
}
