//! The keyboard alone, and no script at all.

use clusterip_tests::browser::Browser;
use clusterip_tests::lab::PAGE;
use clusterip_tests::{Lab, on_both_clusters};
use fantoccini::key::Key;
use serde_json::json;

use super::{button, open, ticked};

on_both_clusters! {
    in Chromium:
    a_step_is_done_with_the_keyboard_alone,
    an_object_of_the_picture_opens_its_sheet_with_the_keyboard,
    without_javascript_picture_steps_and_buttons_are_there,
}

/// Presses Tab until what a selector finds has the focus.
pub(super) async fn tab_to(browser: &Browser, css: &str) {
    let there = "return document.activeElement?.matches(arguments[0]) ?? false";
    for _ in 0..80 {
        if browser.js_of(there, json!(css)).await == json!(true) {
            // The ring may be drawn around the editor, or on the shape inside an object of the picture.
            let visible = "const focused = document.activeElement; if (!focused.matches(':focus-visible')) return false; \
                           const drawn = [focused, focused.closest('.code'), focused.querySelector('.body')]; \
                           return drawn.some(e => e && (getComputedStyle(e).outlineStyle !== 'none' \
                             || getComputedStyle(e).strokeWidth === '4px'))";
            assert_eq!(browser.js(visible).await, json!(true), "{css}: the focus is seen");
            return;
        }
        browser.press(&Key::Tab.to_string()).await;
    }
    browser.keep_all().await;
    panic!("Tab does not lead to {css}");
}

async fn a_step_is_done_with_the_keyboard_alone(lab: Lab) {
    let browser = open(&lab, "keyboard").await;
    tab_to(&browser, &button("deploy", "apply-document", None)).await;
    browser.press(&Key::Enter.to_string()).await;
    ticked(&browser, 1).await;
    tab_to(&browser, &button("note-ips", "note-ips", None)).await;
    browser.press(" ").await;
    ticked(&browser, 2).await;

    tab_to(&browser, "#tab-panel-console").await;
    browser.press(&format!("{}{}", Key::Right, Key::Right)).await;
    browser
        .until(
            "the second panel to the right",
            "!document.getElementById('panel-diagnosis').hidden && document.getElementById('panel-yaml').hidden",
        )
        .await;
    browser.press(&Key::Left.to_string()).await;
    tab_to(&browser, "#editor textarea").await;
    browser.press("kind:").await;
    browser.press(&format!("{}{}", Key::Escape, Key::Tab)).await;
    let left = "document.activeElement?.tagName !== 'TEXTAREA'";
    browser.until("Escape and Tab to leave the editor", left).await;
    browser.close().await;
    lab.close().await;
}

async fn an_object_of_the_picture_opens_its_sheet_with_the_keyboard(lab: Lab) {
    let browser = open(&lab, "sheet").await;
    lab.deploy().await;
    browser.until("a pod", "document.querySelector('#diagram-wide [data-pod]')").await;
    tab_to(&browser, "#diagram-wide [data-pod]").await;
    browser.press(&Key::Enter.to_string()).await;
    browser.until("its sheet", "document.querySelector('article.sheet:popover-open')").await;
    browser.press(&Key::Escape.to_string()).await;
    browser.until("the sheet to close", "!document.querySelector('article.sheet:popover-open')").await;
    browser.close().await;
    lab.close().await;
}

async fn without_javascript_picture_steps_and_buttons_are_there(lab: Lab) {
    let browser = open(&lab, "no-script").await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    browser.goto(PAGE).await;
    assert_eq!(browser.js("return document.documentElement.hasAttribute('data-script')").await, json!(false));
    let seen = "const box = document.querySelector(arguments[0])?.getBoundingClientRect(); \
                return !!box && box.width > 0 && box.height > 0";
    for css in ["#diagram-wide", "#step-deploy .prose", "#editor textarea", "#panel-rules", "#panel-table"] {
        assert_eq!(browser.js_of(seen, json!(css)).await, json!(true), "{css} is seen");
    }
    browser.click(&button("deploy", "apply-document", None)).await;
    lab.until("the first step", |view| view.progress.done() == 1).await;
    browser.goto(PAGE).await;
    assert_eq!(browser.js("return document.querySelectorAll('.step.done').length").await, json!(1));
    assert_eq!(
        browser.js("return document.querySelectorAll('#diagram-wide [data-pod]').length").await,
        json!(3)
    );
    lab.act("note-ips", &[]).await;
    browser.goto(&format!("{PAGE}?edit=start/service.yaml")).await;
    let text = browser.js("return document.querySelector('#editor textarea').value").await;
    assert!(text.as_str().unwrap().contains("my-clusterip-service"), "a link fills the editor: {text}");
    browser.screenshot("no-script").await;
    browser.close().await;
    lab.close().await;
}
