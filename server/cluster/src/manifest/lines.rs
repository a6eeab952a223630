//! Which line of a YAML document a field path is at.

use serde_saphyr::granit_parser::{Event, Parser};

/// The deepest nesting followed; Kubernetes objects stay far below.
const MAX_DEPTH: usize = 64;

/// A YAML node and the line it is at, from 1 in its document.
#[derive(Debug, Clone)]
pub(super) struct Node {
    line: usize,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Scalar(String),
    Sequence(Vec<Node>),
    /// Keys with their lines, which is where a reader looks, and values.
    Mapping(Vec<(String, usize, Node)>),
}

/// What is wrong with the YAML, and where.
pub(super) struct YamlError {
    pub(super) line: usize,
    pub(super) detail: String,
}

/// Reads the lines of a document; `None` if there is nothing in it.
pub(super) fn parse(text: &str) -> Result<Option<Node>, YamlError> {
    let mut events = Events(Parser::new_from_str(text));
    loop {
        match events.next()? {
            None | Some((Event::StreamEnd, _)) => return Ok(None),
            Some((Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _)) => {}
            Some((event, line)) => return events.node(event, line, 0).map(Some),
        }
    }
}

struct Events<'a, T: serde_saphyr::granit_parser::BorrowedInput<'a>>(Parser<'a, T>);

impl<'a, T: serde_saphyr::granit_parser::BorrowedInput<'a>> Events<'a, T> {
    fn next(&mut self) -> Result<Option<(Event<'a>, usize)>, YamlError> {
        loop {
            match self.0.next() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok(Some((event, span.start.line()))),
                Some(Err(e)) => return Err(YamlError { line: e.marker().line(), detail: e.to_string() }),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, YamlError> {
        if depth > MAX_DEPTH {
            return Err(YamlError { line, detail: format!("nested more than {MAX_DEPTH} deep") });
        }
        let content = match event {
            Event::Scalar(text, ..) => Content::Scalar(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some((event, line)) = self.next()?.filter(|(e, _)| *e != Event::SequenceEnd) {
                    items.push(self.node(event, line, depth + 1)?);
                }
                Content::Sequence(items)
            }
            Event::MappingStart(..) => {
                let mut pairs = Vec::new();
                while let Some((event, key_line)) = self.next()?.filter(|(e, _)| *e != Event::MappingEnd) {
                    let key = self.node(event, key_line, depth + 1)?;
                    let Some((event, line)) = self.next()? else { break };
                    let value = self.node(event, line, depth + 1)?;
                    if let Content::Scalar(key) = key.content {
                        pairs.push((key, key_line, value));
                    }
                }
                Content::Mapping(pairs)
            }
            // An alias stands for a node elsewhere: its own line is where a reader looks.
            _ => Content::Scalar(String::new()),
        };
        Ok(Node { line, content })
    }
}

impl Node {
    /// The line of a path, or of as much of it as is there.
    pub(super) fn line_of(&self, path: &str) -> usize {
        let mut line = self.line;
        let mut node = self;
        for step in steps(path) {
            let found = match (&node.content, step) {
                (Content::Mapping(pairs), Step::Key(key)) => {
                    pairs.iter().find(|(k, ..)| *k == key).map(|(_, line, node)| (*line, node))
                }
                (Content::Sequence(items), Step::Index(i)) => items.get(i).map(|n| (n.line, n)),
                (Content::Sequence(items), Step::Where(key, value)) => items
                    .iter()
                    .find(|n| n.scalar(key) == Some(value))
                    .or_else(|| items.first())
                    .map(|n| (n.line, n)),
                _ => None,
            };
            let Some((found_line, found)) = found else { break };
            (line, node) = (found_line, found);
        }
        line
    }

    fn scalar(&self, key: &str) -> Option<&str> {
        let Content::Mapping(pairs) = &self.content else { return None };
        pairs.iter().find(|(k, ..)| k == key).and_then(|(_, _, node)| match &node.content {
            Content::Scalar(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

#[derive(Debug, PartialEq)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
    /// Server-side apply names list elements by their keys: `ports[port=80,protocol="TCP"]`.
    Where(&'a str, &'a str),
}

/// The steps of a path as the API server words it: `spec.ports[0].port`, `metadata.labels[app]`.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in split_path(path) {
        let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !key.is_empty() {
            steps.push(Step::Key(key));
        }
        while let Some((inside, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            let first = inside.split(',').next().unwrap_or(inside);
            steps.push(match (first.parse(), first.split_once('=')) {
                (Ok(index), _) => Step::Index(index),
                (_, Some((key, value))) => Step::Where(key, value.trim_matches('"')),
                _ => Step::Key(inside.trim_matches('"')),
            });
            rest = after;
        }
    }
    steps
}

/// Splits at dots outside brackets: label keys have dots of their own.
fn split_path(path: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    path.split(move |c| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        c == '.' && depth == 0
    })
}

/// The field path in an API error's message, where it has no cause of its own: server-side apply says
/// `.spec.portz: field not declared in schema`, strict decoding `unknown field "spec.portz"`.
#[must_use]
pub fn path_in_message(message: &str) -> Option<&str> {
    let quoted =
        message.split_once("field \"").and_then(|(_, rest)| rest.split_once('"')).map(|(path, _)| path);
    let dotted = || {
        let from = message.find(" .").map(|i| i + 2)?;
        let path = &message[from..];
        path.find(": ").map(|end| &path[..end]).filter(|p| !p.contains(' '))
    };
    quoted.or_else(dotted)
}
