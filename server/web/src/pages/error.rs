//! What a person sees when something went wrong: what, and what to do.

use askama::Template;
use clusterip_domain::lab::Lang;

use super::{ProblemView, html, lab::Head};
use crate::words::Words;

/// The page of an error.
#[derive(Debug)]
pub struct ErrorPage<'a> {
    /// Language.
    pub lang: Lang,
    /// What went wrong.
    pub problem: &'a ProblemView,
    /// Whether the cluster is simulated.
    pub simulated: bool,
}

impl ErrorPage<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn render(&self) -> String {
        let (w, problem) = (Words::of(self.lang), self.problem);
        html(&ErrorTemplate {
            head: Head {
                w,
                lang: self.lang.code(),
                title: &format!("{} · clusterip-lab", problem.title),
                page: "error",
                simulated: self.simulated,
                home: format!("/{}", self.lang.code()),
                other_path: format!("/{}", self.lang.other().code()),
            },
            w,
            problem,
        })
    }
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorTemplate<'a> {
    head: Head<'a>,
    w: &'static Words,
    problem: &'a ProblemView,
}
