//! Protobuf bodies, which `kubectl create deployment` and other typed clients send: read into JSON.
//!
//! ```text
//! "k8s\0" Unknown { 1: TypeMeta { 1: apiVersion, 2: kind }, 2: the object's own message }
//! ```
//!
//! Answers are always JSON, which these clients take too.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>.

mod message;
mod mismatch;
mod wire;

use serde_json::{Value, json};

use crate::status::Status;
use wire::{Field, Reader};

pub(super) use message::field;
pub(super) use mismatch::mismatch;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// Reads a body.
///
/// # Errors
/// 400 when it is malformed, or of a kind that is not served.
pub(super) fn read(body: &[u8]) -> Result<Value, Status> {
    decode(body).map_err(|why| Status::bad_request(format!("unable to decode the protobuf body: {why}")))
}

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Malformed {
    #[error("it does not begin as one")]
    NoMagic,
    #[error("it ends early")]
    Short,
    #[error("a field is not of its type")]
    Mistyped,
    #[error("a text is not UTF-8")]
    NotText,
    #[error("it is nested too deeply")]
    Deep,
    #[error("no kind \"{0}\" is registered")]
    UnknownKind(String),
}

fn decode(body: &[u8]) -> Result<Value, Malformed> {
    let envelope = body.strip_prefix(MAGIC).ok_or(Malformed::NoMagic)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for field in Reader::new(envelope) {
        match field? {
            (1, Field::Bytes(meta)) => {
                for field in Reader::new(meta) {
                    match field? {
                        (1, Field::Bytes(text)) => api_version = wire::text(text)?,
                        (2, Field::Bytes(text)) => kind = wire::text(text)?,
                        _ => {}
                    }
                }
            }
            (2, Field::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let mut object = message::decode(&kind, raw)?.ok_or_else(|| Malformed::UnknownKind(kind.clone()))?;
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    Ok(object)
}

#[cfg(test)]
mod tests;
