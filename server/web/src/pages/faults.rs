//! What is wrong with a lab, in place of the lab: for its author, while the folder is watched.

use askama::Template;
use clusterip_domain::lab::{LabError, LabErrors, Lang};

use super::html;
use super::lab::Head;
use crate::words::{Words, fill};

/// The page of a lab that cannot be read.
#[must_use]
pub fn faults(lang: Lang, folder: &str, errors: &LabErrors, simulated: bool) -> String {
    let w = Words::of(lang);
    html(&FaultsTemplate {
        head: Head {
            w,
            lang: lang.code(),
            title: &format!("{folder} · clusterip-lab"),
            page: "faults",
            home: format!("/{}", lang.code()),
            other_path: format!("/{}", lang.other().code()),
            simulated,
        },
        w,
        title: fill(w.chrome.faults, &[("folder", &folder)]),
        errors: &errors.0,
    })
}

#[derive(Template)]
#[template(path = "pages/faults.html")]
struct FaultsTemplate<'a> {
    head: Head<'a>,
    w: &'static Words,
    title: String,
    errors: &'a [LabError],
}
