//! The YAML editor.

use clusterip_tests::lab::SERVICE;
use clusterip_tests::{Lab, on_both_clusters};
use fantoccini::Locator;
use fantoccini::key::Key;

use super::{button, open, ticked};

on_both_clusters! {
    in Chromium:
    a_mistake_is_shown_at_its_line_and_gone_when_it_is_corrected,
    what_is_being_written_is_kept_while_the_page_moves,
    an_act_that_is_refused_says_so_beside_its_button,
}

async fn a_mistake_is_shown_at_its_line_and_gone_when_it_is_corrected(lab: Lab) {
    let browser = open(&lab, "editor").await;
    browser.click("#tab-panel-yaml").await;
    let area = browser.client.find(Locator::Css("#editor textarea")).await.unwrap();
    area.click().await.unwrap();
    // Typed as it is by hand: a line begins where the last one did, and deeper after a colon.
    for line in ["apiVersion: v1", "kind: Service", "metadata: {name: typed}", "spec:", "ports:"] {
        browser.press(&format!("{line}{}", Key::Enter)).await;
    }
    browser.press("- port: 99999").await;
    browser.press(&format!("{}{}", Key::Control, Key::Enter)).await;
    browser.until("the mistake", "document.querySelector('#editor .code').dataset.line == '6'").await;
    assert_eq!(browser.text("#editor .gutter li.wrong").await, "6");
    let problem = browser.text("#editor-problem .problem").await;
    assert!(problem.contains("99999") && problem.contains("line 6"), "the cluster's own words: {problem}");
    assert!(lab.view().snapshot.services.is_empty(), "nothing was applied");

    // The cursor stands at the beginning of that line.
    browser.press(&Key::End.to_string()).await;
    for _ in 0..3 {
        browser.press(&Key::Backspace.to_string()).await;
    }
    browser.until("the mark to go", "!document.querySelector('#editor .code').dataset.line").await;
    browser.click("#editor button.primary").await;
    lab.until("the Service", |view| view.snapshot.service("typed").is_some_and(|s| s.ports[0].port == 99))
        .await;
    browser.until("no problem", "!document.querySelector('#editor-problem .problem')").await;
    browser.close_after(&["status of 422"]).await;
    lab.close().await;
}

async fn what_is_being_written_is_kept_while_the_page_moves(lab: Lab) {
    let browser = open(&lab, "writing").await;
    browser.click("#tab-panel-yaml").await;
    browser.click("#editor textarea").await;
    browser.press("# half a thou").await;
    lab.deploy().await;
    browser.until("three pods", "document.querySelectorAll('#diagram-wide [data-pod]').length >= 3").await;
    ticked(&browser, 1).await;
    browser.press("ght").await;
    let value = browser.js("return document.activeElement.value").await;
    assert_eq!(value, "# half a thought", "text and focus stay");
    browser.close().await;
    lab.close().await;
}

async fn an_act_that_is_refused_says_so_beside_its_button(lab: Lab) {
    let browser = open(&lab, "refused").await;
    lab.serve().await;
    lab.act("note-ips", &[]).await;
    ticked(&browser, 2).await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "0")]).await;
    lab.until("no pods", |view| view.snapshot.workloads().next().is_none()).await;
    browser.click(&button("call-a-pod", "send", None)).await;
    browser.until("the refusal", "document.querySelector('#step-call-a-pod .problem')").await;
    let said = browser.text("#step-call-a-pod .problem").await;
    assert!(said.contains("No pod is Ready") && said.contains("What to do"), "{said}");
    assert!(lab.view().snapshot.service(SERVICE).is_some());
    browser.close_after(&["status of 409"]).await;
    lab.close().await;
}
