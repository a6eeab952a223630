//! The live page when its server goes away, and when its cluster does.

use clusterip_tests::{Lab, on_both_clusters};
use serde_json::json;

use super::{button, open, ticked};

on_both_clusters! {
    in Chromium:
    the_page_says_that_its_server_is_gone_and_goes_on_when_it_is_back,
    the_page_says_that_it_is_behind_while_the_cluster_hangs,
}

async fn the_page_says_that_its_server_is_gone_and_goes_on_when_it_is_back(lab: Lab) {
    let browser = open(&lab, "restart").await;
    browser.click(&button("deploy", "apply-document", None)).await;
    ticked(&browser, 1).await;
    browser.js("window.sameDocument = true").await;
    let gone = browser.until("the page to say so", "!document.querySelector('[data-lost]').hidden");
    let (lab, ()) = tokio::join!(lab.restart(), gone);
    browser.until("the page to be live again", "document.querySelector('[data-lost]').hidden").await;
    // A practice cluster is gone with its server; on kind this changes nothing.
    lab.deploy().await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "4")]).await;
    browser.until("a fourth pod", "document.querySelectorAll('#diagram-wide [data-pod]').length === 4").await;
    assert_eq!(browser.js("return window.sameDocument").await, json!(true), "without loading the page again");
    browser.close_after(&["/events"]).await;
    lab.close().await;
}

async fn the_page_says_that_it_is_behind_while_the_cluster_hangs(lab: Lab) {
    let browser = open(&lab, "stale").await;
    lab.deploy().await;
    ticked(&browser, 1).await;
    // Frozen, it neither answers nor closes a connection: what is silent must not be taken for up to date.
    let frozen = lab.freeze();
    browser.until("the page to say so", "document.querySelector('#status strong.stale')").await;
    browser.screenshot("stale").await;
    assert_eq!(browser.js("return document.querySelectorAll('.step.done').length").await, json!(1));
    drop(frozen);
    let live =
        "!document.querySelector('#status strong.stale') && document.querySelector('#status .lamp.live')";
    browser.until("the page to be up to date", live).await;
    browser.close().await;
    lab.close().await;
}
