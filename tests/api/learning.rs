//! Predictions, hints, moves that are shown, and the diagnosis: what a lab takes, and what it refuses and how.

use clusterip_tests::{Lab, On};
use hyper::Method;

const LESSON: &str = "one-stable-front";
const TROUBLE: &str = "selector-typo";

async fn open(lab: &str) -> Lab {
    Lab::open(On::Practice).await.turn_to(lab).await
}

/// The fields of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// Forms that an act refuses, each with its status and its stable code.
async fn refuses(lab: &Lab, act: &str, forms: &[(Fields<'_>, u16, &str)]) {
    for (form, status, code) in forms {
        let problem = lab.refused(act, form).await;
        assert_eq!((&problem["status"], &problem["code"]), (&(*status).into(), &(*code).into()), "{form:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prediction_is_taken_once_and_only_where_it_is_asked() {
    let lab = open(LESSON).await;
    let known: Fields<'_> = &[("step", "create"), ("choice", "node-port")];
    refuses(
        &lab,
        "predict",
        &[
            (&[("step", "no-such-step"), ("choice", "node-port")], 404, "not_found"),
            (&[("step", "create"), ("choice", "no-such-choice")], 404, "not_found"),
            (&[("step", "survive")], 409, "too_late"),
            (&[("choice", "node-port")], 400, "bad_form"),
            (&[("step", "NOT AN ID")], 400, "bad_form"),
            (&[("step", "create"), ("chioce", "node-port")], 400, "bad_form"),
        ],
    )
    .await;
    assert!(lab.act("predict", known).await.contains("see what happens"));
    refuses(&lab, "predict", &[(known, 409, "too_late")]).await;
    let page = lab.http.get(&lab.page).await;
    assert!(page.body.contains("class=\"prediction told\""), "{}", page.body);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_a_script_leads_back_to_the_page() {
    let lab = open(LESSON).await;
    let act = format!("{}/act/predict", lab.page);
    let html = [("accept", "text/html")];
    let answer = lab.http.send(Method::POST, &act, &html, Some(&[("step", "create")])).await;
    assert_eq!((answer.status, answer.header("location")), (303, lab.page.as_str()));
    let again = lab.http.send(Method::POST, &act, &html, Some(&[("step", "create")])).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("id=\"step-create\""), "what is refused is told on the page: {}", again.body);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_has_three_depths() {
    let lab = open(LESSON).await;
    refuses(
        &lab,
        "hint",
        &[
            (&[("step", "no-such-step")], 404, "not_found"),
            (&[("step", "survive")], 409, "too_late"),
            (&[], 400, "bad_form"),
        ],
    )
    .await;
    for said in ["where to look", "what is wrong", "what to do", "what to do"] {
        let told = lab.act("hint", &[("step", "create")]).await;
        assert!(told.contains(said), "{told}");
    }
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exam_says_where_to_look_and_shows_nothing() {
    let lab = open("exam").await;
    let step = [("step", "service")];
    for _ in 0..2 {
        assert!(lab.act("hint", &step).await.contains("where to look"));
    }
    refuses(&lab, "show", &[(&step, 404, "not_found")]).await;
    let page = lab.http.get(&lab.page).await.body;
    assert!(page.contains("depth-1") && !page.contains("depth-2"), "{page}");
    assert!(!page.contains("What is wrong?") && !page.contains("act/show"), "{page}");
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn show_me_plays_the_open_step_to_its_end() {
    let lab = open(LESSON).await;
    let create = [("step", "create")];
    refuses(
        &lab,
        "show",
        &[(&[("step", "no-such-step")], 404, "not_found"), (&[("step", "survive")], 409, "too_late")],
    )
    .await;
    lab.act("show", &create).await;
    assert!(lab.act("show", &create).await.contains("Service/my-clusterip-service"));
    lab.until("the first step", |view| view.progress.done() == 1).await;
    assert!(lab.view().progress.steps_progress()[0].helped);
    refuses(&lab, "show", &[(&create, 409, "too_late")]).await;
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_names_the_broken_hop_in_both_languages() {
    let lab = open(TROUBLE).await;
    refuses(
        &lab,
        "diagnose",
        &[
            (&[("host", "")], 400, "bad_form"),
            (&[("host", "not a name")], 400, "bad_form"),
            (&[("host", "my-clusterip-service"), ("port", "0")], 400, "bad_form"),
            (&[("host", "my-clusterip-service"), ("port", "http")], 400, "bad_form"),
            (&[("port", "80")], 400, "bad_form"),
        ],
    )
    .await;
    let said = lab.act("diagnose", &[("host", "my-clusterip-service"), ("port", "80")]).await;
    assert!(said.contains("Endpoint") && said.contains("selector matches no pod"), "{said}");
    let page = lab.http.get(&format!("/it/labs/{TROUBLE}")).await.body;
    assert!(page.contains("Il selector non corrisponde a nessun pod"), "{page}");
    assert_eq!(page.matches("class=\"station broken\"").count(), 1, "{page}");
    lab.close().await;
}
