//! The console in the page: typed by hand, followed by a screen reader, and lighting up what it changed.

use clusterip_tests::lab::SERVICE;
use clusterip_tests::{Lab, on_both_clusters};
use fantoccini::key::Key;

use super::open;

on_both_clusters! {
    in Chromium:
    a_command_is_typed_completed_and_brought_back,
    a_refused_line_says_why_and_a_lessons_command_is_one_click_away,
}

/// Types a line and presses Enter.
async fn types(browser: &clusterip_tests::browser::Browser, line: &str) {
    browser.click("#console-input").await;
    browser.press(&format!("{line}{}", Key::Enter)).await;
}

async fn a_command_is_typed_completed_and_brought_back(lab: Lab) {
    let browser = open(&lab, "console").await;
    lab.serve().await;
    let ip = lab.view().snapshot.service(SERVICE).and_then(|s| s.cluster_ip).unwrap().to_string();
    types(&browser, &format!("curl http://{ip}:80")).await;
    let done = "document.querySelector('.entry[id] pre.out')?.textContent.includes('backend-')";
    browser.until("what a backend answered", done).await;
    assert!(browser.text(".entry .where").await.starts_with("in pod client"));
    assert_eq!(browser.js("return document.querySelector('.console-log').getAttribute('role')").await, "log");

    // Escape and Tab lead on; Tab alone completes.
    browser.press(&format!("nsl{}", Key::Tab)).await;
    let value = "document.querySelector('#console-input').value";
    browser.until("the whole word", &format!("{value} === 'nslookup '")).await;
    browser.press(&format!("my{}", Key::Tab)).await;
    browser.until("the Service's name", &format!("{value}.trim() === 'nslookup {SERVICE}'")).await;
    browser.press(&Key::Enter.to_string()).await;
    browser
        .until(
            "its address",
            &format!("document.querySelectorAll('.entry[id]')[1]?.textContent.includes('{ip}')"),
        )
        .await;
    browser.press(&format!("{}{}", Key::Up, Key::Up)).await;
    browser.until("what was typed first", &format!("{value} === 'curl http://{ip}:80'")).await;
    browser.press(&format!("{}{}", Key::Escape, Key::Tab)).await;
    browser.until("the focus to move on", "document.activeElement?.id !== 'console-input'").await;

    browser.goto(&lab.page).await;
    browser.until("both entries", "document.querySelectorAll('.entry[id]').length === 2").await;
    browser.click("[data-console=clear]").await;
    browser.until("an empty log", "document.querySelectorAll('.entry').length === 0").await;
    browser.close().await;
    lab.close().await;
}

async fn a_refused_line_says_why_and_a_lessons_command_is_one_click_away(lab: Lab) {
    let lab = lab.turn_to("the-imperative-way").await;
    let browser = open(&lab, "console-refused").await;
    types(&browser, "kubectl get pods | wc -l").await;
    browser.until("the refusal", "document.querySelector('.entry.failed .problem pre')").await;
    let why = browser.text(".entry.failed .problem pre").await;
    assert!(why.contains("not a shell") || why.contains("pipe"), "{why}");
    let choose = "#step-expose .prediction form button";
    browser.until("the question", &format!("document.querySelector('{choose}')")).await;
    browser.click(choose).await;
    browser.until("the commands", "document.querySelector('#step-expose .commands summary')").await;
    browser.click("#step-expose .commands summary").await;
    browser.click("#step-expose [data-command^='kubectl expose']").await;
    let chosen =
        "(i => i.value.slice(i.selectionStart, i.selectionEnd))(document.querySelector('#console-input'))";
    browser.until("the place to fill", &format!("{chosen} === '<pod-name>'")).await;
    browser.close_after(&["status of 422"]).await;
    lab.close().await;
}
