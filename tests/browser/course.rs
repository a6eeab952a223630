//! What helps a student to learn: predictions, hints, a step that is shown, and the diagnosis.

use clusterip_tests::browser::Browser;
use clusterip_tests::{Lab, on_both_clusters};
use fantoccini::key::Key;
use serde_json::json;

use super::hands::tab_to;
use super::{open, ticked};

on_both_clusters! {
    in Chromium:
    a_prediction_is_asked_answered_and_compared,
    a_hint_opens_in_three_depths,
    show_me_plays_a_step,
    a_diagnosis_shows_the_broken_hop_and_names_the_misconception,
    help_is_reached_with_the_keyboard_alone_in_italian,
}

const LESSON: &str = "one-stable-front";
const TROUBLE: &str = "selector-typo";

/// The button of an answer to a step's question.
fn choice(step: &str, id: &str) -> String {
    format!("#step-{step} .choices form:has(input[value=\"{id}\"]) button")
}

/// The button by which a student would rather see.
fn skip(step: &str) -> String {
    format!("#step-{step} .choices button.quiet")
}

async fn seen(browser: &Browser, css: &str) -> bool {
    let script = "return document.querySelector(arguments[0])?.checkVisibility() ?? false";
    browser.js_of(script, json!(css)).await == json!(true)
}

async fn a_prediction_is_asked_answered_and_compared(lab: Lab) {
    let lab = lab.turn_to(LESSON).await;
    let browser = open(&lab, "prediction").await;
    browser.until("the question", "document.querySelector('#step-create .prediction.asked')").await;
    for css in ["#step-create .acts", "#step-create .checks", "#step-create blockquote"] {
        assert!(!seen(&browser, css).await, "{css} would tell the answer");
    }
    browser.click(&choice("create", "node-port")).await;
    browser.until("what to do", "document.querySelector('#step-create .prediction.told')").await;
    assert!(seen(&browser, "#step-create .acts").await && seen(&browser, "#step-create .checks").await);
    assert!(!seen(&browser, "#step-create blockquote").await, "nothing was seen yet");

    browser.click("#step-create [data-edit]").await;
    let filled = "document.querySelector('#editor textarea').value.includes('selector')";
    browser.until("the editor to be filled", filled).await;
    browser.click("#editor button.primary").await;
    ticked(&browser, 1).await;
    browser.click("#step-create summary").await;
    browser.until("the comparison", "document.querySelector('#step-create .prediction.wrong')").await;
    assert!(browser.text("#step-create .guesses .guessed").await.contains("NodePort"));
    assert!(browser.text("#step-create .guesses .happened").await.contains("ClusterIP"));
    assert!(browser.text("#step-create .learn").await.contains("You expected something else."));
    assert!(seen(&browser, "#step-create blockquote").await, "the sentence to keep");
    browser.close().await;
    lab.close().await;
}

async fn a_hint_opens_in_three_depths(lab: Lab) {
    let lab = lab.turn_to(LESSON).await;
    let browser = open(&lab, "hints").await;
    browser.click(&skip("create")).await;
    let depths = [".depth-1", ".depth-2", "[data-edit]"];
    for depth in depths {
        browser.until("a way deeper", "document.querySelector('#help-create form button')").await;
        assert!(!seen(&browser, &format!("#help-create {depth}")).await, "{depth} comes only when asked for");
        browser.click("#help-create form button").await;
        browser.until(depth, &format!("document.querySelector('#help-create {depth}')")).await;
    }
    assert!(!seen(&browser, "#help-create form").await, "there is nothing deeper");
    browser.close().await;
    lab.close().await;
}

async fn show_me_plays_a_step(lab: Lab) {
    let lab = lab.turn_to(LESSON).await;
    let browser = open(&lab, "show").await;
    browser.click(&skip("create")).await;
    browser.click("#show-create summary").await;
    browser.click("#show-create form button").await;
    browser.until("one move", "document.querySelectorAll('#show-create .moves .played').length === 1").await;
    browser.click("#show-create form button").await;
    ticked(&browser, 1).await;
    browser.until("the mark of help", "document.querySelector('#step-create .helped')").await;
    assert!(lab.view().snapshot.service("my-clusterip-service").is_some());
    browser.close().await;
    lab.close().await;
}

async fn a_diagnosis_shows_the_broken_hop_and_names_the_misconception(lab: Lab) {
    let lab = lab.turn_to(TROUBLE).await;
    let browser = open(&lab, "diagnosis").await;
    browser.click("#tab-panel-diagnosis").await;
    browser.click("#diagnosis .question button").await;
    browser.until("the way", "document.querySelector('#diagnosis .station.broken')").await;
    assert!(browser.text("#diagnosis .station.broken b").await.contains("Endpoint"));
    let cause = browser.text("#diagnosis .cause").await;
    assert!(cause.contains("The selector matches no pod") && cause.contains("app=my-app"), "{cause}");
    let link = "return document.querySelector('#diagnosis .cause a').href";
    assert!(browser.js(link).await.as_str().unwrap().starts_with("https://kubernetes.io/"));
    browser.screenshot("diagnosis").await;
    browser.close().await;
    lab.close().await;
}

async fn help_is_reached_with_the_keyboard_alone_in_italian(lab: Lab) {
    let lab = lab.turn_to(LESSON).await;
    let browser = Browser::open("keyboard-help", lab.server.address).await;
    browser.goto(&format!("/it/labs/{LESSON}")).await;
    tab_to(&browser, &choice("create", "cluster-ip")).await;
    browser.press(&Key::Enter.to_string()).await;
    browser.until("what to do", "document.querySelector('#step-create .prediction.told')").await;

    tab_to(&browser, "#help-create form button").await;
    browser.press(" ").await;
    browser.until("where to look", "document.querySelector('#help-create .depth-1')").await;
    assert!(browser.text("#help-create .depth-1").await.contains("Guarda"));

    tab_to(&browser, "#show-create summary").await;
    browser.press(&Key::Enter.to_string()).await;
    for played in 1..=2 {
        tab_to(&browser, "#show-create form button").await;
        browser.press(&Key::Enter.to_string()).await;
        let moves = format!(
            "document.querySelectorAll('#show-create .moves .played').length >= {played} \
             || document.querySelector('#step-create.done')"
        );
        browser.until("the move", &moves).await;
    }
    ticked(&browser, 1).await;
    browser.until("the mark of help", "document.querySelector('#step-create .helped')").await;
    assert_eq!(browser.text("#step-create .helped").await, "aiutato");

    // Past console and editor, in which Tab has a meaning of its own: the panels come after it in the order of the page, not their tabs.
    tab_to(&browser, "#tab-panel-console").await;
    browser.press(&format!("{}{}", Key::Right, Key::Right)).await;
    tab_to(&browser, "#diagnosis .question button").await;
    browser.press(&Key::Enter.to_string()).await;
    browser.until("the way", "document.querySelector('#diagnosis .station.ok')").await;
    assert!(browser.text("#diagnosis .verdict").await.contains("non c’è nulla di rotto"));
    browser.close().await;
    lab.close().await;
}
