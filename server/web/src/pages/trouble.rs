//! What keeps the run from going on, while something does: it is tried again by itself.

use askama::Template;
use clusterip_domain::lab::Lang;

use super::html;
use crate::run::{RunView, Trouble};
use crate::words::{Words, fill};

/// The notices; an empty element while all is well.
#[must_use]
pub fn trouble(lang: Lang, run: &RunView) -> String {
    let w = Words::of(lang);
    let said = run.troubles.iter().map(|(trouble, why)| {
        let sentence = match trouble {
            Trouble::Preparing => w.chrome.trouble_preparing,
            Trouble::NotKept => w.chrome.trouble_not_kept,
            Trouble::Traffic => w.chrome.trouble_traffic,
        };
        fill(sentence, &[("why", why)])
    });
    html(&TroubleTemplate { said: said.collect() })
}

#[derive(Template)]
#[template(path = "partials/trouble.html")]
struct TroubleTemplate {
    said: Vec<String>,
}
