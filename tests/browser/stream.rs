//! The live page when its server goes away, and when its cluster does.

use clusterip_tests::kind;
use serde_json::json;

use super::{button, open, ticked};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kind and Chromium: run tests/run"]
async fn the_page_says_that_its_server_is_gone_and_goes_on_when_it_is_back() {
    let (lab, browser) = open("restart").await;
    browser.click(&button("deploy", "apply-document", None)).await;
    ticked(&browser, 1).await;
    browser.js("window.sameDocument = true").await;
    let gone = browser.until("the page to say so", "!document.querySelector('[data-lost]').hidden");
    let (lab, ()) = tokio::join!(lab.restart(), gone);
    browser.until("the page to be live again", "document.querySelector('[data-lost]').hidden").await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "4")]).await;
    browser.until("a fourth pod", "document.querySelectorAll('#diagram-wide [data-pod]').length === 4").await;
    assert_eq!(browser.js("return window.sameDocument").await, json!(true), "without loading the page again");
    browser.close_after(&["/events"]).await;
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kind and Chromium: run tests/run"]
async fn the_page_says_that_it_is_behind_while_the_cluster_hangs() {
    let (lab, browser) = open("stale").await;
    lab.deploy().await;
    ticked(&browser, 1).await;
    // Frozen, it neither answers nor closes a connection: what is silent must not be taken for up to date.
    kind::docker(&["pause", &kind::node()]).await;
    browser.until("the page to say so", "document.querySelector('#status strong.stale')").await;
    browser.screenshot("stale").await;
    assert_eq!(browser.js("return document.querySelectorAll('.step.done').length").await, json!(1));
    kind::docker(&["unpause", &kind::node()]).await;
    let live =
        "!document.querySelector('#status strong.stale') && document.querySelector('#status .lamp.live')";
    browser.until("the page to be up to date", live).await;
    browser.close().await;
    lab.close().await;
}
