//! Messages into JSON, by a table of their fields.

use std::collections::HashMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Malformed;
use super::wire::{self, Field, Reader};
use crate::store::object;

/// Deeper than any object that is served.
const MAX_DEPTH: usize = 40;

/// A field's JSON name (`-` where its fields are the message's own) and type.
type Described = (&'static str, &'static str);
/// What is known of each message.
type Table = HashMap<&'static str, Message>;

/// The fields of a message.
#[derive(Default)]
struct Message {
    by_number: HashMap<u64, Described>,
    by_name: HashMap<&'static str, &'static str>,
    /// The messages whose fields are its own.
    inlined: Vec<&'static str>,
}

impl Message {
    fn add(&mut self, number: u64, name: &'static str, kind: &'static str) {
        self.by_number.insert(number, (name, kind));
        if name == "-" {
            self.inlined.push(kind);
        } else {
            self.by_name.insert(name, kind);
        }
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let (mut table, mut message) = (Table::new(), "");
        for line in include_str!("messages.txt").lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('@') {
                message = name;
                table.entry(message).or_default();
                continue;
            }
            let mut words = line.split_whitespace();
            let number = words.next().and_then(|n| n.parse().ok());
            if let (Some(number), Some(name), Some(kind)) = (number, words.next(), words.next()) {
                table.entry(message).or_default().add(number, name, kind);
            }
        }
        table
    })
}

/// The type of a message's field, by its JSON name, and the message whose field it is: an inlined one perhaps.
pub(in crate::api) fn field(message: &str, name: &str) -> Option<(&'static str, &'static str)> {
    let (message, fields) = table().get_key_value(message)?;
    let own = fields.by_name.get(name).map(|kind| (*message, *kind));
    own.or_else(|| fields.inlined.iter().find_map(|inlined| field(inlined, name)))
}

/// An object of this kind; `None` when the table has no such message.
pub(super) fn decode(kind: &str, bytes: &[u8]) -> Result<Option<Value>, Malformed> {
    let Some((name, _)) = table().get_key_value(kind) else { return Ok(None) };
    message(name, bytes, 0).map(Some)
}

fn message(name: &str, bytes: &[u8], depth: usize) -> Result<Value, Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed::Deep);
    }
    match name {
        "Time" | "MicroTime" => return time(name, bytes),
        "Quantity" => return inner_text(bytes, 1),
        "IntOrString" => return int_or_string(bytes),
        // A list that has a message of its own, because it is a map's value.
        "ExtraValue" => return texts(bytes),
        "FieldsV1" => {
            return Ok(inner_bytes(bytes)?.and_then(|b| serde_json::from_slice(b).ok()).unwrap_or_default());
        }
        _ => {}
    }
    let fields = table().get(name).ok_or_else(|| Malformed::UnknownKind(name.to_owned()))?;
    let mut map = Map::new();
    for field in Reader::new(bytes) {
        let (number, value) = field?;
        // A field from a newer version: as JSON's unknown fields without validation, it is dropped.
        if let Some((name, kind)) = fields.by_number.get(&number) {
            put(&mut map, name, kind, value, depth)?;
        }
    }
    Ok(Value::Object(map))
}

fn put(
    map: &mut Map<String, Value>,
    name: &str,
    kind: &str,
    field: Field<'_>,
    depth: usize,
) -> Result<(), Malformed> {
    if let Some(of) = kind.strip_prefix("[]") {
        let item = single(of, field, depth)?;
        if let Value::Array(items) = map.entry(name).or_insert_with(|| json!([])) {
            items.push(item);
        }
        return Ok(());
    }
    if let Some(of) = kind.strip_prefix("{}") {
        let (key, value) = entry(of, field, depth)?;
        object::map(map.entry(name).or_insert_with(|| json!({}))).insert(key, value);
        return Ok(());
    }
    let (of, is_pointer) = kind.strip_prefix('*').map_or((kind, false), |of| (of, true));
    let value = single(of, field, depth)?;
    if name == "-" {
        if let Value::Object(inner) = value {
            map.extend(inner);
        }
    } else if is_pointer || !is_zero(&value) {
        map.insert(name.to_owned(), value);
    }
    Ok(())
}

/// What Go writes for a field that was not set, unless the field is a pointer.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Array(_) => false,
    }
}

fn single(kind: &str, field: Field<'_>, depth: usize) -> Result<Value, Malformed> {
    match (kind, field) {
        // Negative numbers are ten bytes of two's complement.
        ("int32" | "int64", Field::Varint(number)) => Ok(json!(number.cast_signed())),
        ("bool", Field::Varint(number)) => Ok(json!(number != 0)),
        ("double", Field::Fixed64(bits)) => Ok(json!(f64::from_bits(bits))),
        ("string", Field::Bytes(bytes)) => wire::text(bytes).map(Value::from),
        ("bytes", Field::Bytes(bytes)) => Ok(json!(STANDARD.encode(bytes))),
        ("int32" | "int64" | "bool" | "double" | "string" | "bytes", _) => Err(Malformed::Mistyped),
        (name, Field::Bytes(bytes)) => message(name, bytes, depth + 1),
        _ => Err(Malformed::Mistyped),
    }
}

/// A map's entry is a message of key and value.
fn entry(kind: &str, field: Field<'_>, depth: usize) -> Result<(String, Value), Malformed> {
    let Field::Bytes(bytes) = field else { return Err(Malformed::Mistyped) };
    let mut key = String::new();
    let mut value = if matches!(kind, "string" | "bytes") { json!("") } else { json!({}) };
    for field in Reader::new(bytes) {
        match field? {
            (1, Field::Bytes(text)) => key = wire::text(text)?,
            (2, field) => value = single(kind, field, depth)?,
            _ => {}
        }
    }
    Ok((key, value))
}

fn time(name: &str, bytes: &[u8]) -> Result<Value, Malformed> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    for field in Reader::new(bytes) {
        match field? {
            (1, Field::Varint(number)) => seconds = number.cast_signed(),
            (2, Field::Varint(number)) => nanos = number.cast_signed(),
            _ => {}
        }
    }
    // Go's zero time is no time: an empty message.
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let nanos = i32::try_from(nanos).map_err(|_| Malformed::Mistyped)?;
    let moment = Timestamp::new(seconds, nanos).map_err(|_| Malformed::Mistyped)?;
    Ok(json!(if name == "MicroTime" {
        moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    } else {
        object::stamp(moment)
    }))
}

fn int_or_string(bytes: &[u8]) -> Result<Value, Malformed> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    for field in Reader::new(bytes) {
        match field? {
            (1, Field::Varint(kind)) => is_text = kind == 1,
            (2, Field::Varint(value)) => number = value.cast_signed(),
            (3, Field::Bytes(value)) => text = wire::text(value)?,
            _ => {}
        }
    }
    Ok(if is_text { json!(text) } else { json!(number) })
}

fn inner_bytes(bytes: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    for field in Reader::new(bytes) {
        if let (1, Field::Bytes(inner)) = field? {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

fn texts(bytes: &[u8]) -> Result<Value, Malformed> {
    let mut all = Vec::new();
    for field in Reader::new(bytes) {
        if let (1, Field::Bytes(text)) = field? {
            all.push(wire::text(text)?);
        }
    }
    Ok(json!(all))
}

fn inner_text(bytes: &[u8], wanted: u64) -> Result<Value, Malformed> {
    for field in Reader::new(bytes) {
        match field? {
            (number, Field::Bytes(text)) if number == wanted => return wire::text(text).map(Value::from),
            _ => {}
        }
    }
    Ok(json!("0"))
}
