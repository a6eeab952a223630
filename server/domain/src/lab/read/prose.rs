//! The two languages beside each other, and what their texts lead to.

use super::LabFiles;
use super::faults::Faults;
use super::raw::RawStep;
use crate::lab::text::{Localized, Part, Prose};

/// Every step has its text in both languages, in the same order and of the same shape.
pub(super) fn compare(steps: &[RawStep], prose: &Localized<Prose>, faults: &mut Faults) {
    for (file, text) in [("en.md", &prose.en), ("it.md", &prose.it)] {
        for step in steps {
            let id = step.id.value.as_str();
            if !text.steps.iter().any(|(s, _)| s.id == id) {
                faults.whole(file, format!("step {id} has no text here: add `## {id}: Title`"));
            }
        }
        let mut seen: Vec<&str> = Vec::new();
        for (step, part) in &text.steps {
            if !steps.iter().any(|s| s.id.value.as_str() == step.id) {
                let why = format!("lab.yaml has no step {}: remove this section, or correct its id", step.id);
                faults.push(file, Some(part.line), why);
            } else if seen.contains(&step.id.as_str()) {
                faults.push(file, Some(part.line), format!("step {} has a second section", step.id));
            }
            seen.push(&step.id);
        }
    }
    parallel("the introduction", &prose.en.intro, &prose.it.intro, faults);
    for (step, en) in &prose.en.steps {
        if let Some((_, it)) = prose.it.steps.iter().find(|(s, _)| s.id == step.id) {
            parallel(&format!("step {}", step.id), en, it, faults);
        }
    }
}

/// A text that says more in one language than in the other has other paragraphs, code blocks or images.
fn parallel(what: &str, en: &Part, it: &Part, faults: &mut Faults) {
    if en.shape != it.shape {
        let why = format!(
            "{what} is not parallel to en.md:{}: there {}, here {}",
            en.line,
            en.shape.join(", "),
            it.shape.join(", ")
        );
        faults.push("it.md", Some(it.line), why);
    }
}

/// Links go to https or within the page, images are files of the lab.
pub(super) fn links(file: &str, prose: &Prose, files: &LabFiles, faults: &mut Faults) {
    let parts = std::iter::once(&prose.intro).chain(prose.steps.iter().map(|(_, part)| part));
    for part in parts {
        for (line, address) in &part.links {
            if !address.starts_with('#')
                && let Some(why) = bad_address(address)
            {
                faults.push(file, Some(*line), why);
            }
        }
        for (line, path) in &part.images {
            let there = files.texts.contains_key(path) || files.others.contains(path);
            if !there {
                faults.push(file, Some(*line), format!("there is no image {path} in the lab's folder"));
            }
        }
    }
}

/// Why an address may not be linked to.
pub(super) fn bad_address(address: &str) -> Option<String> {
    let host = address.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
    match host {
        None => Some(format!("{address} is not https: link to its https address")),
        Some(host) if !host.contains('.') || host.contains(char::is_whitespace) => {
            Some(format!("{address} names no host"))
        }
        Some(_) => None,
    }
}
