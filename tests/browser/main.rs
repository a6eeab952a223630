//! The lab in a real Chromium, on a practice cluster and on a real kind cluster: what a student sees and does.
//!
//! Needs chromedriver and one test at a time, and the half on kind a running cluster: `tests/run` does it all.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

mod console;
mod course;
mod editor;
mod hands;
mod reading;
mod scenario;
mod stream;

use clusterip_tests::Lab;
use clusterip_tests::browser::Browser;

/// A browser that shows the lab.
async fn open(lab: &Lab, test: &'static str) -> Browser {
    let browser = Browser::open(test, lab.server.address).await;
    browser.goto(&lab.page).await;
    browser
}

/// The button of a step's act; `field` tells acts of the same name apart by a hidden field's value.
fn button(step: &str, act: &str, field: Option<&str>) -> String {
    let which = field.map(|value| format!(":has(input[value=\"{value}\"])")).unwrap_or_default();
    format!("#step-{step} form[action$=\"act/{act}\"]{which} button")
}

/// Waits until so many steps are ticked on the page.
async fn ticked(browser: &Browser, steps: usize) {
    let what = format!("{steps} ticked steps");
    browser.until(&what, &format!("document.querySelectorAll('.step.done').length >= {steps}")).await;
}
