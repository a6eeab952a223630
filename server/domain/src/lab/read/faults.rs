//! What is wrong with a lab, where, for its author.

use std::fmt;

use serde_saphyr::Spanned;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}{}: {why}", line.map(|l| format!(":{l}")).unwrap_or_default())]
pub struct LabError {
    /// The file, below the lab's folder.
    pub file: String,
    /// The line, from 1, where one is known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub why: String,
}

/// All faults of a lab, by file and line; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabErrors(pub Vec<LabError>);

impl fmt::Display for LabErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LabErrors {}

/// What was found so far.
#[derive(Default)]
pub(super) struct Faults(Vec<LabError>);

impl Faults {
    pub(super) fn push(&mut self, file: &str, line: Option<usize>, why: String) {
        self.0.push(LabError { file: file.to_owned(), line, why });
    }

    /// A fault at a value of a YAML file.
    pub(super) fn at<T>(&mut self, file: &str, value: &Spanned<T>, why: String) {
        let line = usize::try_from(value.referenced.line()).ok().filter(|line| *line > 0);
        self.push(file, line, why);
    }

    /// A fault of a file as a whole.
    pub(super) fn whole(&mut self, file: &str, why: String) {
        self.push(file, None, why);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_errors(mut self) -> LabErrors {
        self.0.sort();
        LabErrors(self.0)
    }
}
