//! A lab's prose: one Markdown file a language, a heading a step.
//!
//! ```text
//! # Title
//! Introduction.
//! ## step-id: What to do
//! Text of the step.
//! ```

use std::str::FromStr;

use pulldown_cmark::{Event, Options, Parser, html};
use serde::{Deserialize, Serialize};

/// A language of the lab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Italian.
    It,
}

impl Lang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::It];

    /// The language's code, as in a URL and in `lang="…"`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::It => "it",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::En => Self::It,
            Self::It => Self::En,
        }
    }
}

impl FromStr for Lang {
    type Err = ();
    fn from_str(code: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|l| l.code() == code).ok_or(())
    }
}

/// The same thing said in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localized<T> {
    /// In English.
    pub en: T,
    /// In Italian.
    pub it: T,
}

impl<T> Localized<T> {
    /// In that language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &T {
        match lang {
            Lang::En => &self.en,
            Lang::It => &self.it,
        }
    }
}

/// The text of one step in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepText {
    /// The step's id, from its heading.
    pub id: String,
    /// What to do, in a few words.
    pub title: String,
    /// The rest, as HTML made from Markdown; raw HTML in the source is dropped.
    pub html: String,
}

/// One language's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prose {
    pub(super) title: String,
    pub(super) intro: String,
    pub(super) steps: Vec<StepText>,
}

/// What is wrong with a file of prose, and at which line.
pub(super) struct ProseError {
    pub(super) line: usize,
    pub(super) why: String,
}

/// Splits a file at its headings and renders each part.
pub(super) fn read(source: &str) -> Result<Prose, ProseError> {
    let mut title = None;
    let mut intro = String::new();
    let mut steps: Vec<StepText> = Vec::new();
    let mut in_code = false;
    for (number, line) in source.lines().enumerate() {
        in_code ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix("# ").filter(|_| !in_code) {
            title = Some(heading.trim().to_owned());
        } else if let Some(heading) = line.strip_prefix("## ").filter(|_| !in_code) {
            let (id, title) = heading.split_once(": ").ok_or_else(|| ProseError {
                line: number + 1,
                why: "a step's heading is `## step-id: Title`".into(),
            })?;
            steps.push(StepText { id: id.into(), title: title.trim().into(), html: String::new() });
        } else {
            let part = steps.last_mut().map_or(&mut intro, |s| &mut s.html);
            part.push_str(line);
            part.push('\n');
        }
    }
    let title = title.ok_or_else(|| ProseError { line: 1, why: "the file begins with `# Title`".into() })?;
    for step in &mut steps {
        step.html = render(&step.html);
    }
    Ok(Prose { title, intro: render(&intro), steps })
}

fn render(markdown: &str) -> String {
    let safe = Parser::new_ext(markdown, Options::ENABLE_TABLES)
        .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)));
    let mut out = String::new();
    html::push_html(&mut out, safe);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_split_the_file_and_code_blocks_do_not() {
        let prose =
            read("# T\n\nIntro.\n\n## a: First\nDo *it*.\n```\n## not: a heading\n```\n## b: Second\n")
                .unwrap_or_else(|e| panic!("{}", e.why));
        assert_eq!((prose.title.as_str(), prose.intro.trim()), ("T", "<p>Intro.</p>"));
        assert_eq!(prose.steps.len(), 2);
        assert!(prose.steps[0].html.contains("<em>it</em>"));
        assert!(prose.steps[0].html.contains("## not: a heading"));
    }

    #[test]
    fn raw_html_is_dropped() {
        let prose = read("# T\n<script>alert(1)</script>\n\nHi <b onclick=x>you</b>\n").ok().unwrap();
        assert!(!prose.intro.contains('<') || !prose.intro.contains("script"), "{}", prose.intro);
        assert!(!prose.intro.contains("onclick"));
    }

    #[test]
    fn a_heading_without_an_id_is_refused_at_its_line() {
        let error = read("# T\n\n## First\n").err().unwrap();
        assert_eq!(error.line, 3);
    }
}
