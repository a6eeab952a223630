//! Every sentence of the interface, in English and Italian side by side.
//!
//! Invariants: a word exists in both languages or the crate does not compile; both have the same `{places}`
//! (tested). Kubernetes terms keep their own spelling. Labs bring their own text; this is only the frame.

mod chrome;
mod console;
mod course;
mod diagnosis;
mod lab;
mod panels;
mod picture;
mod traffic;

use std::fmt::Display;

use clusterip_domain::lab::Lang;

/// A group of words: the struct, and one constant a language.
macro_rules! words {
    ($(#[$doc:meta])* $group:ident { $($name:ident: $en:literal, $it:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $group {
            $(#[doc = $en] pub $name: &'static str,)*
        }
        impl $group {
            pub(super) const EN: Self = Self { $($name: $en,)* };
            pub(super) const IT: Self = Self { $($name: $it,)* };
            #[cfg(test)]
            pub(super) fn pairs() -> Vec<(&'static str, &'static str, &'static str)> {
                vec![$((stringify!($name), $en, $it),)*]
            }
        }
    };
}
pub(crate) use words;

pub use chrome::Chrome;
pub use console::ConsoleWords;
pub use course::CourseWords;
pub use diagnosis::DiagnosisWords;
pub use lab::LabWords;
pub use panels::Panels;
pub use picture::Picture;
pub use traffic::Traffic;

/// All words in one language.
#[derive(Debug)]
pub struct Words {
    /// Header, messages, start-up, errors, list of labs.
    pub chrome: Chrome,
    /// The course as a whole.
    pub course: CourseWords,
    /// Steps and their buttons.
    pub lab: LabWords,
    /// The picture.
    pub picture: Picture,
    /// The load and what became of it.
    pub traffic: Traffic,
    /// Editor, rules, table, events, notebook and the small sheets.
    pub panels: Panels,
    /// The diagnosis and the probes.
    pub diagnosis: DiagnosisWords,
    /// The console.
    pub console: ConsoleWords,
}

static EN: Words = Words {
    chrome: Chrome::EN,
    course: CourseWords::EN,
    lab: LabWords::EN,
    picture: Picture::EN,
    traffic: Traffic::EN,
    panels: Panels::EN,
    diagnosis: DiagnosisWords::EN,
    console: ConsoleWords::EN,
};

static IT: Words = Words {
    chrome: Chrome::IT,
    course: CourseWords::IT,
    lab: LabWords::IT,
    picture: Picture::IT,
    traffic: Traffic::IT,
    panels: Panels::IT,
    diagnosis: DiagnosisWords::IT,
    console: ConsoleWords::IT,
};

impl Words {
    /// The words of that language.
    #[must_use]
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::En => &EN,
            Lang::It => &IT,
        }
    }
}

/// Fills the `{places}` of a sentence.
#[must_use]
pub fn fill(sentence: &str, places: &[(&str, &dyn Display)]) -> String {
    let mut rest = sentence;
    let mut filled = String::with_capacity(sentence.len() + 16);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        if let Some((_, value)) = places.iter().find(|(place, _)| *place == name) {
            filled.push_str(&value.to_string());
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(sentence: &str) -> Vec<&str> {
        let mut found: Vec<&str> =
            sentence.split('{').skip(1).filter_map(|p| p.split_once('}').map(|(name, _)| name)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn both_languages_say_everything_with_the_same_places() {
        let all = [
            Chrome::pairs(),
            CourseWords::pairs(),
            LabWords::pairs(),
            Picture::pairs(),
            Traffic::pairs(),
            Panels::pairs(),
            DiagnosisWords::pairs(),
            ConsoleWords::pairs(),
        ];
        for (name, en, it) in all.into_iter().flatten() {
            assert!(!en.trim().is_empty() && !it.trim().is_empty(), "{name} is empty");
            assert_eq!(places(en), places(it), "{name}");
        }
    }

    #[test]
    fn places_are_filled_once_and_values_are_not_read_again() {
        assert_eq!(fill("{a} of {b}{c}", &[("a", &"{b}"), ("b", &3)]), "{b} of 3");
        assert_eq!(fill("no place", &[]), "no place");
    }
}
