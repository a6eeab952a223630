//! What a person sees when something went wrong: what, and what to do.

use askama::Template;
use clusterip_domain::lab::Lang;

use super::{ProblemView, html, lab::Head};
use crate::words::Words;

/// The page of an error.
#[must_use]
pub fn error(lang: Lang, problem: &ProblemView) -> String {
    let w = Words::of(lang);
    html(&ErrorTemplate {
        head: Head {
            w,
            lang: lang.code(),
            title: &format!("{} · clusterip-lab", problem.title),
            page: "error",
            home: format!("/{}", lang.code()),
            other_path: format!("/{}", lang.other().code()),
        },
        w,
        problem,
    })
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorTemplate<'a> {
    head: Head<'a>,
    w: &'static Words,
    problem: &'a ProblemView,
}
