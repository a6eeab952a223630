//! What is read: both languages, both colour schemes, wide and narrow.

use clusterip_tests::browser::Browser;
use clusterip_tests::lab::PAGE;
use clusterip_tests::{Lab, on_both_clusters};
use serde_json::json;

use super::{button, open, ticked};

on_both_clusters! {
    in Chromium:
    the_page_speaks_italian_live_too,
    nothing_sticks_out_in_any_width_and_scheme,
    pages_that_are_not_there_are_pages_too,
}

const IN_ITALIAN: &str = "/it/labs/the-whole-story";

/// Whether nothing sticks out to the right, and what does if something does.
async fn fits(browser: &Browser, width: u32) {
    let out = "const width = document.documentElement.clientWidth; \
               if (document.documentElement.scrollWidth <= width) return []; \
               return [...document.body.querySelectorAll('*')] \
                 .filter(e => e.getBoundingClientRect().right > width + 0.5) \
                 .map(e => `${e.tagName}.${e.className?.baseVal ?? e.className}#${e.id}`).slice(0, 8)";
    assert_eq!(browser.js(out).await, json!([]), "nothing sticks out at {width} px");
}

async fn the_page_speaks_italian_live_too(lab: Lab) {
    let browser = open(&lab, "italian").await;
    let english = browser.text("#step-deploy summary").await;
    browser.click(".languages a").await;
    browser.until("Italian", "document.documentElement.lang === 'it'").await;
    assert!(browser.client.current_url().await.unwrap().path().ends_with(IN_ITALIAN));
    assert_ne!(browser.text("#step-deploy summary").await, english);
    browser.click(&button("deploy", "apply-document", None)).await;
    browser
        .until("what was done", "document.getElementById('toasts')?.textContent.includes('Applicato')")
        .await;
    ticked(&browser, 1).await;
    assert!(
        browser.text("#step-deploy .checks").await.contains("Tre pod sono Ready"),
        "fragments are Italian"
    );
    lab.act("note-ips", &[]).await;
    browser.click(&button("call-a-pod", "send", None)).await;
    browser
        .until(
            "Italian numbers",
            "document.querySelector('#traffic .figures')?.textContent.includes('risposte')",
        )
        .await;
    browser.close().await;
    lab.close().await;
}

async fn nothing_sticks_out_in_any_width_and_scheme(lab: Lab) {
    let browser = open(&lab, "widths").await;
    browser.width(390, 844).await;
    browser.goto("/en").await;
    fits(&browser, 390).await;
    browser.goto(PAGE).await;
    fits(&browser, 390).await;
    lab.serve().await;
    lab.act("note-ips", &[]).await;
    lab.send("100", "new").await;
    lab.until("a spread", |v| v.window.as_ref().is_some_and(|w| w.tally.answered > 500)).await;
    for (width, height) in [(1440, 1000), (768, 1024), (390, 844)] {
        for scheme in ["light", "dark"] {
            browser.width(width, height).await;
            browser.scheme(scheme).await;
            browser.goto(PAGE).await;
            browser
                .until("live numbers", "document.querySelectorAll('[data-n=answered]').length === 1")
                .await;
            browser
                .until("the scheme", &format!("matchMedia('(prefers-color-scheme: {scheme})').matches"))
                .await;
            fits(&browser, width).await;
            let (light, dark) = brightness(&browser).await;
            assert_eq!(light > dark, scheme == "light", "page {light}, text {dark} in {scheme}");
            if width != 768 {
                browser.screenshot(&format!("lab-{width}-{scheme}")).await;
            }
        }
    }
    browser.close().await;
    lab.close().await;
}

/// How bright the page and its text are, 0 to 3 × 255.
async fn brightness(browser: &Browser) -> (u64, u64) {
    let script = "const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true}); \
        const bright = (colour) => { paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1); \
          const [r, g, b] = paint.getImageData(0, 0, 1, 1).data; return r + g + b; }; \
        const style = getComputedStyle(document.body); \
        const root = getComputedStyle(document.documentElement); \
        const clear = style.backgroundColor === 'rgba(0, 0, 0, 0)'; \
        return [bright(clear ? root.backgroundColor : style.backgroundColor), bright(style.color)]";
    serde_json::from_value(browser.js(script).await).unwrap()
}

async fn pages_that_are_not_there_are_pages_too(lab: Lab) {
    let browser = open(&lab, "errors").await;
    browser.goto("/it/labs/no-such-lab").await;
    assert!(browser.text("h1").await.contains("Non trovato"));
    browser.click("main a.button").await;
    browser.until("the labs", "location.pathname === '/it' && document.querySelector('.card a')").await;
    browser.click(".card a").await;
    browser.until("the lab", &format!("location.pathname === '{IN_ITALIAN}'")).await;
    browser.close_after(&["status of 404"]).await;
    lab.close().await;
}
