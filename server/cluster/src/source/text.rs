//! A sentence in both languages of the lab.

use std::fmt;

use serde::Serialize;

/// The same sentence in English and in Italian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// English.
    pub en: String,
    /// Italian.
    pub it: String,
}

impl Text {
    /// A sentence and its translation.
    #[must_use]
    pub fn new(en: impl Into<String>, it: impl Into<String>) -> Self {
        Self { en: en.into(), it: it.into() }
    }

    /// What is not translated: a program's own output, a name, a version.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { it: en.clone(), en }
    }
}

/// English, for logs and tests.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}
