//! The whole lab, by clicking.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use clusterip_domain::rules::{Protocol, Verdict};
use clusterip_tests::browser::Browser;
use clusterip_tests::lab::{Lab, SERVICE, ready};
use clusterip_tests::{fact, on_both_clusters};
use serde_json::json;

use super::{button, open, ticked};

on_both_clusters! {
    in Chromium:
    the_whole_lab_is_done_by_clicking,
}

/// See `cluster/spread.rs`: what the kernel saw and the page was not told any more.
const ON_THEIR_WAY: u64 = 100;

async fn the_whole_lab_is_done_by_clicking(lab: Lab) {
    let browser = open(&lab, "scenario").await;
    before_the_service(&browser).await;

    browser.click("#step-create-service [data-edit]").await;
    browser
        .until(
            "the editor to be filled",
            "document.querySelector('#editor textarea').value.includes('selector')",
        )
        .await;
    browser.click("#editor button.primary").await;
    ticked(&browser, 5).await;
    browser.click(&button("look-inside", "send", None)).await;
    ticked(&browser, 6).await;

    stop(&browser).await;
    let before = lab.counted_by_kernel().await;
    browser.click("#load input[name=\"rate\"][value=\"100\"]").await;
    browser.click("#load button.go").await;
    browser
        .until(
            "600 answers",
            "Number(document.querySelector('[data-n=answered]').textContent.replace(/\\D/g, '')) >= 600",
        )
        .await;
    stop(&browser).await;
    the_page_tells_what_is(&lab, &browser, before).await;
    browser.click(&button("spread", "send", Some("dns-name"))).await;
    ticked(&browser, 7).await;

    browser.click(&button("survive", "send", None)).await;
    let answering = "[...document.querySelectorAll('#table [data-count]')].filter(c => Number(c.textContent.replace(/\\D/g, '')) > 0).length";
    browser.until("three pods to answer", &format!("{answering} >= 3")).await;
    browser.click(&button("survive", "kill-pod", None)).await;
    browser.click(&button("survive", "scale", None)).await;
    ticked(&browser, 8).await;
    lab.until("five Ready pods", |view| ready(&view.snapshot).len() == 5).await;

    browser.click(&button("delete-service", "delete-service", None)).await;
    ticked(&browser, 9).await;
    assert_eq!(lab.view().progress.done(), 9, "server and page agree");
    browser.until("the end to be told", "document.querySelector('#steps .finished')").await;
    browser.goto("/en").await;
    assert!(browser.text(".card").await.contains("9 of 9"), "{}", browser.text(".card").await);
    browser.close().await;
    lab.close().await;
}

async fn stop(browser: &Browser) {
    browser.click("#traffic button.stop").await;
    browser.until("the load to end", "!document.querySelector('#load').hasAttribute('data-running')").await;
}

/// Steps 1 to 4.
async fn before_the_service(browser: &Browser) {
    browser.click(&button("deploy", "apply-document", None)).await;
    ticked(browser, 1).await;
    browser.click(&button("note-ips", "note-ips", None)).await;
    ticked(browser, 2).await;
    browser.click(&button("call-a-pod", "send", None)).await;
    ticked(browser, 3).await;
    let coloured = "document.querySelectorAll('#diagram-wide .dots > *').length > 0";
    browser.until("dots that run", coloured).await;
    browser.click(&button("kill-it", "kill-pod", None)).await;
    ticked(browser, 4).await;
}

/// The page's counts and rules against the EndpointSlice and the node, both asked past the server.
async fn the_page_tells_what_is(lab: &Lab, browser: &Browser, before: Option<BTreeMap<IpAddr, u64>>) {
    let endpoints = lab.endpoints().await;
    assert_eq!(endpoints.len(), 3, "{endpoints:?}");
    let rules = lab.node_rules().await;
    let virtual_ip: IpAddr = browser.text(&format!("#row-service-{SERVICE} td")).await.parse().unwrap();
    let rule = rules.find(virtual_ip, 80, Protocol::Tcp).expect("the address on the page has a rule");
    let Verdict::Balance { endpoints: ways, .. } = &rule.verdict else { panic!("{rule:?}") };
    let ways: BTreeSet<IpAddr> = ways.iter().map(|w| w.ip).collect();
    assert_eq!(ways, endpoints.keys().copied().collect());

    let shown = "return [...document.querySelectorAll('#rules .rule-row li')].map(li => \
                 [li.querySelector('.mono').textContent, li.querySelector('.share').textContent.replace(/\\D/g, '')])";
    let shown: BTreeMap<String, String> =
        serde_json::from_value::<Vec<(String, String)>>(browser.js(shown).await)
            .unwrap()
            .into_iter()
            .collect();
    let expected = ways.iter().map(|ip| (format!("{ip}:8080"), "33".to_owned())).collect();
    assert_eq!(shown, expected, "the page shows the node's rule");

    let count = "const cell = document.querySelector(`#table [data-count=\"${arguments[0]}\"]`); \
                 return Number(cell.textContent.replace(/\\D/g, ''))";
    let counted = before.zip(lab.counted_by_kernel().await);
    let mut counts = Vec::new();
    for (ip, pod) in &endpoints {
        let page = browser.js_of(count, json!(pod)).await.as_u64().unwrap();
        assert!(page > 30, "{pod}: {page}");
        if let Some((before, after)) = &counted {
            let kernel = after[ip] - before.get(ip).copied().unwrap_or_default();
            assert!((page..=page + ON_THEIR_WAY).contains(&kernel), "{pod}: page {page}, kernel {kernel}");
        }
        counts.push(page);
    }
    let answered = browser.text("[data-n=answered]").await.replace(|c: char| !c.is_ascii_digit(), "");
    assert_eq!(answered.parse::<u64>().unwrap(), counts.iter().sum::<u64>(), "the parts make the whole");
    fact(&format!("page in Chromium, EndpointSlice and node agree on {counts:?} connections"));
}
