//! The options after the question mark.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/common-parameters/>.

use crate::status::Status;
use crate::store::{Mode, Resource, Selector};

/// The options after the question mark, in the order they were given.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

/// What is done about fields that the kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validation {
    /// They are dropped in silence.
    Ignore,
    /// They are dropped, and a header says so.
    Warn,
    /// The request is refused.
    Strict,
}

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Self {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        };
        Self(query.unwrap_or_default().split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }

    /// The first value of an option; empty when absent.
    pub(super) fn get(&self, key: &'static str) -> &str {
        self.all(key).next().unwrap_or_default()
    }

    /// Every value of an option.
    pub(super) fn all(&self, key: &'static str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// `true`, `1` and a bare key are true.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.0.iter().any(|(k, v)| k == key && matches!(v.as_str(), "true" | "1" | ""))
    }

    /// A number, if one is given.
    pub(super) fn number(&self, key: &'static str) -> Result<Option<u64>, Status> {
        match self.get(key) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Status::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))
            }),
        }
    }

    /// The version from which, or of which, something is asked.
    pub(super) fn version(&self) -> Result<Option<u64>, Status> {
        match self.get("resourceVersion") {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Status::bad_request(format!(
                    "invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \
                     \"{text}\": invalid syntax"
                ))
            }),
        }
    }

    pub(super) fn selector(&self, resource: Resource) -> Result<Selector, Status> {
        Selector::parse(resource, self.get("labelSelector"), self.get("fieldSelector"))
    }

    pub(super) fn mode(&self) -> Result<Mode, Status> {
        mode(self.all("dryRun"))
    }

    pub(super) fn validation(&self) -> Result<Validation, Status> {
        match self.get("fieldValidation") {
            "Ignore" => Ok(Validation::Ignore),
            "" | "Warn" => Ok(Validation::Warn),
            "Strict" => Ok(Validation::Strict),
            other => Err(Status::bad_request(format!(
                "fieldValidation: Unsupported value: \"{other}\": supported values: \"Ignore\", \"Strict\", \"Warn\""
            ))),
        }
    }
}

/// Whether these `dryRun` values ask for a dry run.
pub(super) fn mode<'a>(values: impl Iterator<Item = &'a str>) -> Result<Mode, Status> {
    let mut mode = Mode::Commit;
    for value in values {
        match value {
            "All" => mode = Mode::DryRun,
            "" => {}
            other => {
                return Err(Status::bad_request(format!(
                    "dryRun: Unsupported value: \"{other}\": supported values: \"All\""
                )));
            }
        }
    }
    Ok(mode)
}

/// Decodes `%2F` and the like; what is no such thing stays as it is.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.filter(|_| byte == b'%').and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_decoded() {
        let query =
            Query::parse(Some("a=1&labelSelector=app%3Dx%2Cb+in+(c)&watch&force=true&dryRun=All&x=%zz%4"));
        assert_eq!(query.get("labelSelector"), "app=x,b in (c)");
        assert!(query.flag("watch") && query.flag("force") && !query.flag("other"));
        assert_eq!(query.mode().unwrap(), Mode::DryRun);
        assert_eq!(query.get("x"), "%zz%4");
        assert_eq!((query.number("a").unwrap(), query.number("b").unwrap()), (Some(1), None));
        assert_eq!(query.number("force").unwrap_err().code, 400);
    }
}
