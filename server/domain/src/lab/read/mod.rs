//! From the files of a lab's folder to a [`Lab`], or to errors its author can act on.
//!
//! ```text
//! lab.yaml ──▶ RawLab ─┐
//! en.md, it.md ────────┼─ steps, routes, wrongs ──▶ Lab
//! wrong/*.yaml ────────┘                     └────▶ every fault, with file, line and cure
//! ```

mod faults;
mod order;
mod prose;
mod raw;
mod routes;
mod steps;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use faults::Faults;
pub use faults::{LabError, LabErrors};
use raw::RawLab;

use super::spec::{Lab, Link};
use super::text::Localized;

/// The format this server reads.
pub const FORMAT_VERSION: u32 = 2;
/// The claims of the course, which labs name by number.
pub const CLAIMS: u8 = 8;
/// The file that says what the lab is.
const LAB: &str = "lab.yaml";

/// The files of one lab's folder, by path below it.
#[derive(Debug, Clone, Default)]
pub struct LabFiles {
    /// Those that are text.
    pub texts: BTreeMap<String, String>,
    /// The paths of all others: images.
    pub others: Vec<String>,
}

impl LabFiles {
    /// Reads the lab.
    ///
    /// # Errors
    /// Everything that is wrong, as far as it can be seen at once.
    pub fn read(&self) -> Result<Lab, LabErrors> {
        let mut faults = Faults::default();
        let lab = self.read_into(&mut faults);
        match lab {
            Some(lab) if faults.is_empty() => Ok(lab),
            _ => Err(faults.into_errors()),
        }
    }

    fn read_into(&self, faults: &mut Faults) -> Option<Lab> {
        let raw: RawLab = self.parse(LAB, faults)?;
        if raw.format_version.value != FORMAT_VERSION {
            let why =
                format!("format_version is {}; this server reads {FORMAT_VERSION}", raw.format_version.value);
            faults.at(LAB, &raw.format_version, why);
            return None;
        }
        let en = self.prose("en.md", faults);
        let it = self.prose("it.md", faults);
        let prose = Localized { en: en?, it: it? };
        prose::compare(&raw.steps, &prose, faults);
        let steps = steps::read(raw.steps, raw.kind, &prose, self, faults);
        // What leads through steps that are not whole would be told for faults that are none of its own.
        let whole = faults.is_empty();
        let routes = routes::read(raw.solutions, &steps, self, faults);
        let wrongs = if whole { routes::wrongs(self, &steps, &routes, faults) } else { Vec::new() };
        for claim in raw.claims.iter().filter(|c| !(1..=CLAIMS).contains(&c.value)) {
            faults.at(LAB, claim, format!("there is no claim {}: use 1 to {CLAIMS}", claim.value));
        }
        for file in raw.setup.iter().chain(&raw.neighbour) {
            self.document(LAB, file, faults);
        }
        let links = raw.links.into_iter().map(|link| {
            if let Some(why) = prose::bad_address(&link.url.value) {
                faults.at(LAB, &link.url, why);
            }
            Link { title: link.title, url: link.url.value }
        });
        Some(Lab {
            links: links.collect(),
            id: raw.id,
            number: raw.number,
            kind: raw.kind,
            minutes: raw.minutes,
            claims: raw.claims.into_iter().map(|c| c.value).collect(),
            title: Localized { en: prose.en.title, it: prose.it.title },
            intro: Localized { en: prose.en.intro.html, it: prose.it.intro.html },
            steps,
            setup: raw.setup.into_iter().map(|f| f.value).collect(),
            neighbour: raw.neighbour.into_iter().map(|f| f.value).collect(),
            routes,
            wrongs,
            documents: self.documents(),
        })
    }

    fn parse<T: DeserializeOwned>(&self, path: &str, faults: &mut Faults) -> Option<T> {
        let Some(text) = self.texts.get(path) else {
            faults.whole(path, "there is no such file: add it".into());
            return None;
        };
        let options = serde_saphyr::options! { with_snippet: false };
        match serde_saphyr::from_str_with_options(text, options) {
            Ok(raw) => Some(raw),
            Err(error) => {
                let line = error.location().and_then(|l| usize::try_from(l.line()).ok());
                faults.push(path, line, error.to_string());
                None
            }
        }
    }

    /// Checks that a document that something names is there.
    fn document(&self, from: &str, named: &serde_saphyr::Spanned<String>, faults: &mut Faults) {
        let path = named.value.as_str();
        let folder = ["start/", "solution/", "wrong/"].iter().any(|f| path.starts_with(f));
        if !folder || !path.ends_with(".yaml") {
            let why = format!("{path} is not a document of the lab: use start/…, solution/… or wrong/….yaml");
            faults.at(from, named, why);
        } else if !self.texts.contains_key(path) {
            faults.at(from, named, format!("there is no file {path}: add it, or correct the name"));
        }
    }

    fn prose(&self, path: &str, faults: &mut Faults) -> Option<super::text::Prose> {
        let Some(text) = self.texts.get(path) else {
            faults.whole(path, "there is no such file: every lab is told in both languages".into());
            return None;
        };
        match super::text::read(text) {
            Ok(prose) => {
                prose::links(path, &prose, self, faults);
                Some(prose)
            }
            Err(error) => {
                faults.push(path, Some(error.line), error.why);
                None
            }
        }
    }

    fn documents(&self) -> BTreeMap<String, String> {
        let is_document = |path: &str| path.contains('/') && path.ends_with(".yaml");
        self.texts.iter().filter(|(p, _)| is_document(p)).map(|(p, t)| (p.clone(), t.clone())).collect()
    }
}

#[cfg(test)]
mod tests;
