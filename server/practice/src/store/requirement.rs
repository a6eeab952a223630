//! Label selectors as texts: read with Kubernetes' own grammar, refused in its own words.
//!
//! Source: `k8s.io/apimachinery/pkg/labels/selector.go`.

use super::selector::LabelTerm;
use crate::api::admission::names;

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";
/// Each is read as far as the next, and a longer one before a shorter one.
const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", "<", ">"];

/// A selector's terms.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(selector: &str) -> Result<Vec<LabelTerm>, String> {
    let mut words = Words(selector);
    let mut terms = Vec::new();
    loop {
        match words.peek() {
            word if word.is_name() || word.text == "!" => {
                let term = term(&mut words).map_err(|why| format!("unable to parse requirement: {why}"))?;
                terms.push(term);
                let next = words.next();
                match next.text {
                    "" => return Ok(terms),
                    "," if words.peek().is_name() || words.peek().text == "!" => {}
                    "," => return Err(words.peek().unexpected("identifier after ','")),
                    _ => return Err(next.unexpected("',' or 'end of string'")),
                }
            }
            Word { text: "" } => return Ok(terms),
            word => return Err(word.unexpected("!, identifier, or 'end of string'")),
        }
    }
}

/// A name, a symbol, or the end, which is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word<'a> {
    text: &'a str,
}

impl Word<'_> {
    fn is_name(self) -> bool {
        !self.text.is_empty() && !SYMBOLS.contains(&self.text)
    }

    fn unexpected(self, expected: &str) -> String {
        format!("found '{}', expected: {expected}", self.text)
    }
}

struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Word<'a> {
        let rest = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
        let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
        let ends = |c: char| c.is_ascii_whitespace() || "=!(),<>".contains(c);
        let length = symbol.map_or_else(|| rest.find(ends).unwrap_or(rest.len()), str::len);
        let (text, rest) = rest.split_at(length);
        self.0 = rest;
        Word { text }
    }

    fn peek(&self) -> Word<'a> {
        Words(self.0).next()
    }
}

fn term(words: &mut Words<'_>) -> Result<LabelTerm, String> {
    let absent = words.peek().text == "!";
    if absent {
        words.next();
    }
    let word = words.next();
    if !word.is_name() {
        return Err(word.unexpected("identifier"));
    }
    let key = word.text.to_owned();
    if let Some(why) = names::qualified_name(&key) {
        return Err(format!("<nil>: Invalid value: \"{key}\": {why}"));
    }
    let ends = matches!(words.peek().text, "" | ",");
    if absent || ends {
        return Ok(if absent { LabelTerm::Absent(key) } else { LabelTerm::Exists(key) });
    }
    let operator = words.next();
    let values = match operator.text {
        "in" | "notin" => several(words)?,
        "=" | "==" | "!=" | "<" | ">" => vec![one(words)?],
        _ => return Err(operator.unexpected(OPERATORS)),
    };
    check(&key, operator.text, &values)?;
    Ok(match operator.text {
        "notin" | "!=" => LabelTerm::NotIn(key, values),
        "<" | ">" => LabelTerm::Beyond { key, above: operator.text == ">", limit: number(&values[0])? },
        _ => LabelTerm::In(key, values),
    })
}

/// One value, which may be empty.
fn one(words: &mut Words<'_>) -> Result<String, String> {
    if matches!(words.peek().text, "" | ",") {
        return Ok(String::new());
    }
    let word = words.next();
    if word.is_name() { Ok(word.text.to_owned()) } else { Err(word.unexpected("identifier")) }
}

/// Values in parentheses. Where one is missing, it is empty.
fn several(words: &mut Words<'_>) -> Result<Vec<String>, String> {
    let open = words.next();
    if open.text != "(" {
        return Err(format!("found '{}' expected: '('", open.text));
    }
    let mut values = Vec::new();
    loop {
        let word = words.next();
        match word.text {
            ")" => {
                values.push(String::new());
                return Ok(values);
            }
            "," => values.push(String::new()),
            _ if word.is_name() => {
                values.push(word.text.to_owned());
                match words.next().text {
                    ")" => return Ok(values),
                    "," => {}
                    other => return Err(Word { text: other }.unexpected("',' or ')'")),
                }
            }
            _ if values.is_empty() => return Err(word.unexpected("',', ')' or identifier")),
            _ => return Err(word.unexpected("',', or identifier")),
        }
    }
}

fn check(key: &str, operator: &str, values: &[String]) -> Result<(), String> {
    if matches!(operator, "<" | ">") {
        number(&values[0])?;
    }
    let wrong = |(index, value): (usize, &String)| {
        let why = names::label_value(value)?;
        Some(format!("values[{index}][{key}]: Invalid value: \"{value}\": {why}"))
    };
    values.iter().enumerate().find_map(wrong).map_or(Ok(()), Err)
}

fn number(value: &str) -> Result<i64, String> {
    let why = "for 'Gt', 'Lt' operators, the value must be an integer";
    value.parse().map_err(|_| format!("values[0]: Invalid value: \"{value}\": {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_selector_is_refused_as_kubernetes_refuses_it() {
        for (selector, why) in [
            ("app in web", "unable to parse requirement: found 'web' expected: '('"),
            ("a=b=c", "found '=', expected: ',' or 'end of string'"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
            ("a,", "found '', expected: identifier after ','"),
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            ("!=a", "found '!=', expected: !, identifier, or 'end of string'"),
            ("a=(", "unable to parse requirement: found '(', expected: identifier"),
            ("!(", "unable to parse requirement: found '(', expected: identifier"),
        ] {
            assert_eq!(parse(selector).unwrap_err(), why, "{selector}");
        }
        let key = parse("-x=1").unwrap_err();
        assert!(
            key.starts_with("unable to parse requirement: <nil>: Invalid value: \"-x\": name part"),
            "{key}"
        );
        let value = parse("x=-").unwrap_err();
        assert!(value.contains("values[0][x]: Invalid value: \"-\": a valid label"), "{value}");
    }

    #[test]
    fn every_operator_is_read() {
        let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let read = parse("a, !b,c=d,e==f,g!=h,i in (j,k), l notin (m),n=,o in (),p>3,in=x").unwrap();
        assert_eq!(
            read,
            [
                LabelTerm::Exists("a".into()),
                LabelTerm::Absent("b".into()),
                LabelTerm::In("c".into(), text(&["d"])),
                LabelTerm::In("e".into(), text(&["f"])),
                LabelTerm::NotIn("g".into(), text(&["h"])),
                LabelTerm::In("i".into(), text(&["j", "k"])),
                LabelTerm::NotIn("l".into(), text(&["m"])),
                LabelTerm::In("n".into(), text(&[""])),
                LabelTerm::In("o".into(), text(&[""])),
                LabelTerm::Beyond { key: "p".into(), above: true, limit: 3 },
                LabelTerm::In("in".into(), text(&["x"])),
            ]
        );
    }
}
