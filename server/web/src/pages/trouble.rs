//! What keeps the run from going on, while something does: it is tried again by itself.

use askama::Template;
use clusterip_domain::lab::Lang;

use super::html;
use crate::run::{RunView, Trouble};
use crate::words::{Words, fill};

/// The notice; an empty element while all is well.
#[must_use]
pub fn trouble(lang: Lang, run: &RunView) -> String {
    let w = Words::of(lang);
    let said = run.trouble.as_ref().map(|trouble| match trouble {
        Trouble::Preparing { detail } => fill(w.chrome.trouble_preparing, &[("why", detail)]),
        Trouble::NotKept { detail } => fill(w.chrome.trouble_not_kept, &[("why", detail)]),
        Trouble::Traffic { detail } => fill(w.chrome.trouble_traffic, &[("why", detail)]),
    });
    html(&TroubleTemplate { said })
}

#[derive(Template)]
#[template(path = "partials/trouble.html")]
struct TroubleTemplate {
    said: Option<String>,
}
