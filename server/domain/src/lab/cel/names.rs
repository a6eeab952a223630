//! The variables and functions an expression may name: a misspelled one would be a check that never holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cel::common::ast::{Expr, IdedExpr};
use serde_json::Value;

use super::meter;
use crate::facts::{Facts, History};
use crate::snapshot::Snapshot;

/// What an expression may call, beside operators and macros.
const FUNCTIONS: [&str; 19] = [
    "contains",
    "double",
    "dyn",
    "endsWith",
    "format",
    "has",
    "indexOf",
    "int",
    "join",
    "lowerAscii",
    "size",
    "split",
    "startsWith",
    "string",
    "substring",
    "trim",
    "type",
    "uint",
    "upperAscii",
];

/// The variables and, where they are objects, their fields: read off the facts themselves.
static VARIABLES: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let Ok(namespace) = "lab".parse() else { return BTreeMap::new() };
    let (snapshot, history) = (Snapshot::empty(namespace), History::default());
    let seen = history.since(history.now());
    let facts =
        Facts { snapshot: &snapshot, traffic: vec![], chain: vec![], seen, noted: &[], probes: vec![] };
    let fields = |value: Value| match value {
        Value::Object(fields) => fields.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    };
    match serde_json::to_value(facts) {
        Ok(Value::Object(variables)) => variables.into_iter().map(|(name, v)| (name, fields(v))).collect(),
        _ => BTreeMap::new(),
    }
});

/// Checks every name.
///
/// # Errors
/// The first that there is not, and which there are.
pub(super) fn check(expr: &IdedExpr) -> Result<(), String> {
    walk(expr, &mut Vec::new())
}

fn walk<'a>(expr: &'a IdedExpr, bound: &mut Vec<&'a str>) -> Result<(), String> {
    match &expr.expr {
        Expr::Ident(name) => variable(name, bound)?,
        Expr::Select(select) => {
            if let Expr::Ident(name) = &select.operand.expr
                && !bound.contains(&name.as_str())
            {
                field(name, &select.field)?;
            }
        }
        Expr::Call(call) => function(&call.func_name)?,
        Expr::Comprehension(c) => {
            walk(&c.iter_range, bound)?;
            let before = bound.len();
            bound.extend([c.accu_var.as_str(), c.iter_var.as_str()]);
            bound.extend(c.iter_var2.as_deref());
            for part in [&c.accu_init, &c.loop_cond, &c.loop_step, &c.result] {
                walk(part, bound)?;
            }
            bound.truncate(before);
            return Ok(());
        }
        _ => {}
    }
    let mut parts = Vec::new();
    meter::parts(&expr.expr, &mut |part| parts.push(part));
    parts.into_iter().try_for_each(|part| walk(part, bound))
}

fn variable(name: &str, bound: &[&str]) -> Result<(), String> {
    if bound.contains(&name) || VARIABLES.contains_key(name) {
        return Ok(());
    }
    let all: Vec<_> = VARIABLES.keys().map(String::as_str).collect();
    Err(format!("there is no variable {name}: use {}", all.join(", ")))
}

fn field(of: &str, name: &str) -> Result<(), String> {
    match VARIABLES.get(of) {
        Some(fields) if !fields.is_empty() && !fields.iter().any(|f| f == name) => {
            Err(format!("{of} has no field {name}: use {}", fields.join(", ")))
        }
        Some(_) | None => Ok(()),
    }
}

fn function(name: &str) -> Result<(), String> {
    let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
    if operator || FUNCTIONS.contains(&name) {
        return Ok(());
    }
    Err(format!("there is no function {name}: use {}", FUNCTIONS.join(", ")))
}
