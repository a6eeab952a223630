//! From the files of a lab's folder to a [`Lab`], or to an error its author can act on.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::check::{Check, Expression};
use super::spec::{Act, Lab, Step};
use super::text::{self, Localized, Prose, StepText};
use crate::ids::{LabId, StepId};

/// The format this server reads.
const FORMAT_VERSION: u32 = 1;

/// The files of one lab's folder, by path below it.
#[derive(Debug, Clone, Default)]
pub struct LabFiles(pub BTreeMap<String, String>);

/// What is wrong with a lab, where, for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {why}", line.map(|l| format!(":{l}")).unwrap_or_default())]
pub struct LabError {
    /// The file, below the lab's folder.
    pub file: String,
    /// The line, from 1, where one is known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLab {
    format_version: u32,
    id: LabId,
    number: u8,
    minutes: u8,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    id: StepId,
    checks: Vec<RawCheck>,
    #[serde(default)]
    acts: Vec<Act>,
    #[serde(default)]
    commands: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    cel: String,
    says: Localized<String>,
}

impl LabFiles {
    /// Reads the lab.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(&self) -> Result<Lab, LabError> {
        let raw: RawLab = serde_saphyr::from_str(self.file("lab.yaml")?).map_err(|e| LabError {
            file: "lab.yaml".into(),
            line: e.location().map(|l| l.line() as usize),
            why: e.to_string(),
        })?;
        if raw.format_version != FORMAT_VERSION {
            let why = format!("format_version is {}; this server reads {FORMAT_VERSION}", raw.format_version);
            return Err(in_yaml(why));
        }
        let prose = Localized { en: self.prose("en.md")?, it: self.prose("it.md")? };
        let mut ids = BTreeSet::new();
        let mut steps = Vec::new();
        for step in raw.steps {
            if !ids.insert(step.id.clone()) {
                return Err(in_yaml(format!("two steps have the id {}", step.id)));
            }
            steps.push(self.step(step, &prose)?);
        }
        if steps.is_empty() {
            return Err(in_yaml("a lab has at least one step".into()));
        }
        for (file, prose) in [("en.md", &prose.en), ("it.md", &prose.it)] {
            if let Some(stray) = prose.steps.iter().find(|s| !ids.iter().any(|id| id.as_str() == s.id)) {
                return Err(in_file(file, format!("lab.yaml has no step {}", stray.id)));
            }
        }
        Ok(Lab {
            id: raw.id,
            number: raw.number,
            minutes: raw.minutes,
            title: Localized { en: prose.en.title, it: prose.it.title },
            intro: Localized { en: prose.en.intro, it: prose.it.intro },
            steps,
            documents: self.documents(),
        })
    }

    fn step(&self, raw: RawStep, prose: &Localized<Prose>) -> Result<Step, LabError> {
        let text = Localized {
            en: step_text("en.md", &prose.en, &raw.id)?,
            it: step_text("it.md", &prose.it, &raw.id)?,
        };
        for act in &raw.acts {
            if let Act::Edit { file } | Act::Apply { file } = act {
                self.file(file)?;
            }
        }
        if raw.checks.is_empty() {
            return Err(in_yaml(format!("step {} has no check: it would be done at once", raw.id)));
        }
        let checks = raw.checks.into_iter().map(|check| {
            let expression = Expression::compile(&check.cel)
                .map_err(|e| in_yaml(format!("step {}: {} does not compile: {e}", raw.id, check.cel)))?;
            Ok(Check { expression, says: check.says })
        });
        Ok(Step {
            text,
            checks: checks.collect::<Result<_, LabError>>()?,
            acts: raw.acts,
            commands: raw.commands,
            id: raw.id,
        })
    }

    fn file(&self, path: &str) -> Result<&str, LabError> {
        let text = self.0.get(path).ok_or_else(|| in_file(path, "there is no such file".into()))?;
        Ok(text)
    }

    fn prose(&self, path: &str) -> Result<Prose, LabError> {
        text::read(self.file(path)?).map_err(|e| LabError {
            file: path.into(),
            line: Some(e.line),
            why: e.why,
        })
    }

    fn documents(&self) -> BTreeMap<String, String> {
        let is_document = |path: &str| path.contains('/') && path.ends_with(".yaml");
        self.0.iter().filter(|(p, _)| is_document(p)).map(|(p, t)| (p.clone(), t.clone())).collect()
    }
}

fn step_text(file: &str, prose: &Prose, id: &StepId) -> Result<StepText, LabError> {
    let found = prose.steps.iter().find(|s| s.id == id.as_str());
    found.cloned().ok_or_else(|| in_file(file, format!("step {id} has no text here: add `## {id}: Title`")))
}

fn in_yaml(why: String) -> LabError {
    in_file("lab.yaml", why)
}

fn in_file(file: &str, why: String) -> LabError {
    LabError { file: file.into(), line: None, why }
}

#[cfg(test)]
mod tests {
    use std::ops::Add;

    use super::*;

    fn files(yaml: &str, en: &str, it: &str) -> LabFiles {
        let pairs = [("lab.yaml", yaml), ("en.md", en), ("it.md", it), ("start/web.yaml", "kind: Pod\n")];
        LabFiles(pairs.into_iter().map(|(p, t)| (p.to_owned(), t.to_owned())).collect())
    }

    const YAML: &str = "format_version: 1\nid: x\nnumber: 1\nminutes: 5\nsteps:\n- id: a\n  acts:\n  \
                        - {do: apply, file: start/web.yaml}\n  checks:\n  - cel: snapshot.pods.size() > 0\n    \
                        says: {en: There is a pod, it: C'è un pod}\n";
    const MD: &str = "# T\n\n## a: Go\nText.\n";

    #[test]
    fn a_whole_lab_is_read() {
        let lab = files(YAML, MD, MD).read().unwrap();
        assert_eq!(lab.steps.len(), 1);
        assert_eq!(lab.documents.len(), 1);
    }

    #[test]
    fn each_fault_names_its_file_and_its_cure() {
        let cases = [
            (files(&YAML.replace("minutes", "minuten"), MD, MD), "lab.yaml", "minuten"),
            (files(&YAML.replace("version: 1", "version: 9"), MD, MD), "lab.yaml", "format_version is 9"),
            (files(&YAML.replace("size() > 0", "size( > 0"), MD, MD), "lab.yaml", "does not compile"),
            (files(&YAML.replace("web.yaml", "gone.yaml"), MD, MD), "start/gone.yaml", "no such file"),
            (files(YAML, MD, "# T\n"), "it.md", "add `## a: Title`"),
            (files(YAML, &format!("{MD}\n## b: More\n"), MD), "en.md", "no step b"),
            (files(&YAML.replace("it: C'è", "de: Da"), MD, MD), "lab.yaml", "de"),
            (
                files(&YAML[..YAML.find("  checks").unwrap()].to_owned().add("  checks: []\n"), MD, MD),
                "lab.yaml",
                "no check",
            ),
        ];
        for (files, file, why) in cases {
            let error = files.read().err().unwrap();
            assert_eq!(error.file, file, "{error}");
            assert!(error.why.contains(why), "{error}");
        }
    }

    #[test]
    fn a_yaml_error_names_its_line() {
        assert_eq!(
            files(&YAML.replace("number: 1", "number: x"), MD, MD).read().err().unwrap().line,
            Some(3)
        );
    }
}
