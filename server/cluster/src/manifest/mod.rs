//! What a student wrote in the editor: YAML in, checked documents out, and the way back from an API error to the
//! line it is about.
//!
//! Invariants: a [`Manifest`] holds only kinds the lab allows, for the student's own namespace. What is refused is
//! refused before anything is sent, with a stable code, the line, and what to do.

mod admit;
mod lines;

use clusterip_domain::ids::Namespace;
use serde_json::Value;

pub use admit::AllowedKind;
pub(crate) use admit::fits_a_path;
use lines::Node;
pub use lines::path_in_message;

/// The largest manifest, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// The most documents in one manifest.
pub const MAX_DOCUMENTS: usize = 20;

/// One document, ready to be sent.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its kind.
    pub kind: AllowedKind,
    /// Its name.
    pub name: String,
    /// The whole object, with the namespace filled in.
    pub object: Value,
    /// The line it begins at, from 1.
    pub line: usize,
    tree: Node,
}

impl Document {
    /// The line of a field path as the API server words it (`spec.ports[0].port`), or of its nearest ancestor.
    #[must_use]
    pub fn line_of(&self, path: &str) -> usize {
        self.line + self.tree.line_of(path) - 1
    }
}

/// Why a manifest was refused before it was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refused {
    /// Stable: `yaml_invalid`, `manifest_empty`, `manifest_too_large`, `kind_missing`, `name_missing`,
    /// `kind_not_allowed`, `cluster_scoped_kind`, `other_namespace`, `service_type_not_allowed`,
    /// `external_ips_not_allowed`.
    pub code: &'static str,
    /// The line, from 1, where one is known.
    pub line: Option<usize>,
    /// What is wrong, in English, as the cluster would word it.
    pub detail: String,
}

/// Reads a manifest for one namespace.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read(yaml: &str, namespace: &Namespace) -> Result<Vec<Document>, Refused> {
    if yaml.len() > MAX_BYTES {
        let detail = format!("the manifest has {} bytes; at most {MAX_BYTES} are taken", yaml.len());
        return Err(Refused { code: "manifest_too_large", line: None, detail });
    }
    let mut documents = Vec::new();
    for (first_line, text) in split(yaml) {
        if let Some(document) = read_one(&text, first_line, namespace)? {
            documents.push(document);
        }
    }
    match documents.len() {
        0 => {
            let detail = "the manifest has no object in it".into();
            Err(Refused { code: "manifest_empty", line: Some(1), detail })
        }
        n if n > MAX_DOCUMENTS => {
            let detail = format!("the manifest has {n} objects; at most {MAX_DOCUMENTS} are taken");
            Err(Refused { code: "manifest_too_large", line: None, detail })
        }
        _ => Ok(documents),
    }
}

/// The documents of a YAML stream with the number of their first line, cut at the `---` lines.
fn split(yaml: &str) -> Vec<(usize, String)> {
    let mut parts = vec![(1, String::new())];
    for (i, line) in yaml.lines().enumerate() {
        let separator = line == "---" || line.starts_with("--- ");
        if separator {
            // A document may begin on the line itself.
            let text = line.trim_start_matches('-').trim_start();
            let begins_here = !text.is_empty() && !text.starts_with('#');
            parts.push(if begins_here { (i + 1, format!("{text}\n")) } else { (i + 2, String::new()) });
        } else if let Some((_, text)) = parts.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    parts
}

fn read_one(text: &str, first_line: usize, namespace: &Namespace) -> Result<Option<Document>, Refused> {
    let invalid = |line: usize, detail: String| Refused {
        code: "yaml_invalid",
        line: Some(first_line + line.max(1) - 1),
        detail,
    };
    let tree = lines::parse(text).map_err(|e| invalid(e.line, e.detail))?;
    let Some(tree) = tree else { return Ok(None) };
    let options = serde_saphyr::options! { with_snippet: false };
    let object: Value = serde_saphyr::from_str_with_options(text, options).map_err(|e| {
        let line = e.location().map_or(1, |l| usize::try_from(l.line()).unwrap_or(1));
        invalid(line, e.to_string())
    })?;
    admit::admit(object, tree, first_line, namespace).map(Some)
}

#[cfg(test)]
mod tests;
