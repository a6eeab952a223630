//! A lab's prose: one Markdown file a language, a heading a step.
//!
//! ```text
//! # Title
//! Introduction.
//! ## step-id: What to do
//! Text of the step.
//! ```

use std::str::FromStr;

use pulldown_cmark::{Event, Options, Parser, Tag, html};
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    pub(super) intro: Part,
    pub(super) steps: Vec<(StepText, Part)>,
}

/// A stretch of text between two headings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// The line of its heading, from 1.
    pub(super) line: usize,
    pub(super) html: String,
    /// What it is made of, for a comparison with the other language: "3 paragraphs", "1 code block", …
    pub(super) shape: Vec<String>,
    /// Links with their lines.
    pub(super) links: Vec<(usize, String)>,
    /// Images with their lines.
    pub(super) images: Vec<(usize, String)>,
}

/// What is wrong with a file of prose, and at which line.
pub(super) struct ProseError {
    pub(super) line: usize,
    pub(super) why: String,
}

/// A step's id and title.
type Heading = (String, String);

/// Splits a file at its headings and renders each part.
pub(super) fn read(source: &str) -> Result<Prose, ProseError> {
    let mut title = None;
    // Heading line, heading (none for the introduction), Markdown.
    let mut sections: Vec<(usize, Option<Heading>, String)> = vec![(1, None, String::new())];
    let mut in_code = false;
    for (number, line) in source.lines().enumerate() {
        in_code ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix("# ").filter(|_| !in_code) {
            title = Some(heading.trim().to_owned());
            sections[0].0 = number + 1;
        } else if let Some(heading) = line.strip_prefix("## ").filter(|_| !in_code) {
            let (id, title) = heading.split_once(": ").ok_or_else(|| ProseError {
                line: number + 1,
                why: "a step's heading is `## step-id: Title`".into(),
            })?;
            let heading = (id.to_owned(), title.trim().to_owned());
            sections.push((number + 1, Some(heading), String::new()));
        } else if let Some((_, _, markdown)) = sections.last_mut() {
            markdown.push_str(line);
            markdown.push('\n');
        }
    }
    let title = title.ok_or_else(|| ProseError { line: 1, why: "the file begins with `# Title`".into() })?;
    let mut intro = Part::default();
    let mut steps = Vec::new();
    for (line, heading, markdown) in sections {
        let part = Part::of(line, &markdown);
        match heading {
            None => intro = part,
            Some((id, title)) => {
                steps.push((StepText { id, title, html: part.html.clone() }, part));
            }
        }
    }
    Ok(Prose { title, intro, steps })
}

impl Part {
    /// Renders Markdown that begins in the line after `line`.
    fn of(line: usize, markdown: &str) -> Self {
        let mut part = Self { line, ..Self::default() };
        let mut blocks: [(&str, usize); 6] =
            [("paragraph", 0), ("code block", 0), ("list item", 0), ("quote", 0), ("table", 0), ("image", 0)];
        let mut safe = Vec::new();
        for (event, range) in Parser::new_ext(markdown, Options::ENABLE_TABLES).into_offset_iter() {
            let at = line + 1 + markdown[..range.start].matches('\n').count();
            if let Event::Start(tag) = &event {
                let block = match tag {
                    Tag::Paragraph => Some(0),
                    Tag::CodeBlock(_) => Some(1),
                    Tag::Item => Some(2),
                    Tag::BlockQuote(_) => Some(3),
                    Tag::Table(_) => Some(4),
                    Tag::Image { dest_url, .. } => {
                        part.images.push((at, dest_url.to_string()));
                        Some(5)
                    }
                    Tag::Link { dest_url, .. } => {
                        part.links.push((at, dest_url.to_string()));
                        None
                    }
                    _ => None,
                };
                if let Some(block) = block {
                    blocks[block].1 += 1;
                }
            }
            if !matches!(event, Event::Html(_) | Event::InlineHtml(_)) {
                safe.push(event);
            }
        }
        let several = |(what, n): &(&str, usize)| format!("{n} {what}{}", if *n == 1 { "" } else { "s" });
        part.shape = blocks.iter().filter(|(_, n)| *n > 0).map(several).collect();
        html::push_html(&mut part.html, safe.into_iter());
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_split_the_file_and_code_blocks_do_not() {
        let prose =
            read("# T\n\nIntro.\n\n## a: First\nDo *it*.\n```\n## not: a heading\n```\n## b: Second\n")
                .unwrap_or_else(|e| panic!("{}", e.why));
        assert_eq!((prose.title.as_str(), prose.intro.html.trim()), ("T", "<p>Intro.</p>"));
        assert_eq!(prose.steps.len(), 2);
        assert!(prose.steps[0].0.html.contains("<em>it</em>"));
        assert!(prose.steps[0].0.html.contains("## not: a heading"));
        assert_eq!(prose.steps[0].1.shape, ["1 paragraph", "1 code block"]);
    }

    #[test]
    fn links_and_images_are_found_with_their_lines() {
        let text = "# T\n\n## a: First\nSee\n[there](https://x.example/y).\n\n- ![p](pic.png)\n";
        let part = &read(text).ok().unwrap().steps[0].1;
        assert_eq!(part.links, [(5, "https://x.example/y".to_owned())]);
        assert_eq!(part.images, [(7, "pic.png".to_owned())]);
    }

    #[test]
    fn raw_html_is_dropped() {
        let prose = read("# T\n<script>alert(1)</script>\n\nHi <b onclick=x>you</b>\n").ok().unwrap();
        let html = prose.intro.html;
        assert!(!html.contains('<') || !html.contains("script"), "{html}");
        assert!(!html.contains("onclick"));
    }

    #[test]
    fn a_heading_without_an_id_is_refused_at_its_line() {
        let error = read("# T\n\n## First\n").err().unwrap();
        assert_eq!(error.line, 3);
    }
}
