//! A shell's operators, found where a shell would see them: outside quotes, and `$` and backticks inside double ones.
//!
//! What is quoted is decided by shlex itself: whether what stands before an operator is whole as it is, whole with a
//! quote added, or never.

use super::characters::{is_false_quote, look_alike};
use super::{Operator, Refusal};

/// How a character stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Bare,
    Single,
    Double,
    /// After a backslash.
    Escaped,
}

/// Refuses the first operator of a line, if it has one.
pub(super) fn check(line: &str) -> Result<(), Refusal> {
    // Between two of these characters nothing can change.
    let mut known = Some(Quoting::Bare);
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if matches!(c, '\'' | '"' | '\\') {
            known = None;
        } else if is_special(c) {
            let quoting = known.unwrap_or_else(|| quoting_after(&line[..at]));
            refuse(quoting, before, &line[at..])?;
            // What is escaped is one character only.
            known = (quoting != Quoting::Escaped).then_some(quoting);
        }
        before = c;
    }
    Ok(())
}

fn is_special(c: char) -> bool {
    matches!(c, '|' | '&' | ';' | '<' | '>' | '`' | '$' | '(' | ')' | '#') || is_false_quote(c)
}

fn quoting_after(before: &str) -> Quoting {
    let whole = |end: &str| shlex::split(&format!("{before}{end}")).is_some();
    if whole("") {
        Quoting::Bare
    } else if before.ends_with('\\') && whole("x") {
        Quoting::Escaped
    } else if whole("'") {
        Quoting::Single
    } else if whole("\"") {
        Quoting::Double
    } else {
        Quoting::Escaped
    }
}

fn refuse(quoting: Quoting, before: char, rest: &str) -> Result<(), Refusal> {
    let found = match quoting {
        Quoting::Bare => bare(before, rest)?,
        Quoting::Double => expanded(rest),
        Quoting::Single | Quoting::Escaped => None,
    };
    match found {
        Some(operator) => Err(Refusal::Operator(operator)),
        None => Ok(()),
    }
}

fn bare(before: char, rest: &str) -> Result<Option<Operator>, Refusal> {
    let mut chars = rest.chars();
    let c = chars.next().unwrap_or(' ');
    let twice = chars.next() == Some(c);
    Ok(match c {
        '|' if !twice => Some(Operator::Pipe),
        '|' | ';' => Some(Operator::Sequence),
        '&' if twice => Some(Operator::Sequence),
        '&' => Some(Operator::Background),
        '<' => match placeholder(rest) {
            Some(name) => return Err(Refusal::Placeholder { name: name.to_owned() }),
            None => Some(Operator::Redirection),
        },
        '>' => Some(Operator::Redirection),
        '(' | ')' => Some(Operator::Subshell),
        '#' => (before == ' ').then_some(Operator::Comment),
        '$' | '`' => expanded(rest),
        c => return Err(look_alike(c)),
    })
}

/// What a shell would put something else for.
fn expanded(rest: &str) -> Option<Operator> {
    match rest.chars().next() {
        Some('`') => Some(Operator::Substitution),
        Some('$') if rest.starts_with("$(") => Some(Operator::Substitution),
        Some('$') => Some(Operator::Variable),
        _ => None,
    }
}

/// The name in `<pod-name>`, as texts have it where the student is to put a name.
fn placeholder(rest: &str) -> Option<&str> {
    let (name, _) = rest.strip_prefix('<')?.split_once('>')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ' ');
    (name.len() <= 40 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_name))
        .then_some(name)
}
