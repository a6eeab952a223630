//! A line for kubectl: its verb, and its flags as pflag reads them.
//!
//! Source: <https://pkg.go.dev/github.com/spf13/pflag#section-readme>, "Command line flag syntax"; kubectl takes `_`
//! in a flag's name for `-`.

use std::vec::IntoIter;

use super::characters::{no_false_dash, plain_word};
use super::flags::{Flag, Takes, Value, reserved, reserved_short};
use super::refusal::cut;
use super::verbs::{canonical, why_not};
use super::{Bounds, KubectlLine, Refusal, Reserved, Span, Stdin, Verb, nearest};

/// Reads what follows `kubectl`.
pub(super) fn read(words: Vec<String>, bounds: &Bounds) -> Result<KubectlLine, Refusal> {
    let mut words = words.into_iter();
    let mut leading = Vec::new();
    let first = leading_flags(&mut words, &mut leading, bounds)?;
    let verb = verb(first, &mut words)?;
    let mut argv: Vec<String> = verb.words().split(' ').map(str::to_owned).collect();
    argv.append(&mut leading);
    let reader = Reader { verb, bounds, words, argv, seen: Seen::new(verb) };
    reader.read()
}

/// Takes the flags before the verb, which may only name the run's own namespace, and returns the word after them.
fn leading_flags(
    words: &mut IntoIter<String>,
    leading: &mut Vec<String>,
    bounds: &Bounds,
) -> Result<String, Refusal> {
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            return Ok(word);
        }
        let flag = flag_name(&word).to_owned();
        plain_word(&flag)?;
        let value = match word.strip_prefix("-n") {
            Some("") => None,
            Some(attached) => Some(attached.strip_prefix('=').unwrap_or(attached)),
            None if flag == "--namespace" => word.split_once('=').map(|(_, value)| value),
            None => return Err(early(&flag)),
        };
        let next = if value.is_none() { Some(words.next()) } else { None };
        let given = match (&next, value) {
            (Some(None), _) => return Err(Refusal::FlagNeedsValue { flag }),
            (Some(Some(next)), _) => next.as_str(),
            (None, value) => value.unwrap_or_default(),
        };
        own_namespace(given, bounds)?;
        leading.push(word);
        leading.extend(next.flatten());
    }
    Err(Refusal::MissingVerb)
}

/// A flag as typed, without a value after `=`.
fn flag_name(word: &str) -> &str {
    word.split_once('=').map_or(word, |(name, _)| name)
}

fn early(flag: &str) -> Refusal {
    let normal = flag.replace('_', "-");
    let why = match normal.strip_prefix("--") {
        Some(long) => reserved(long),
        None => flag.chars().nth(1).and_then(reserved_short),
    };
    match why {
        Some(why) => Refusal::Reserved { flag: cut(flag), why },
        None => Refusal::FlagBeforeVerb { flag: cut(flag) },
    }
}

fn own_namespace(given: &str, bounds: &Bounds) -> Result<(), Refusal> {
    let own = bounds.namespace.as_str();
    if given == own {
        Ok(())
    } else {
        Err(Refusal::OtherNamespace { given: cut(given), own: own.to_owned() })
    }
}

/// Finds the verb, and takes the words that belong to it.
fn verb(first: String, words: &mut IntoIter<String>) -> Result<Verb, Refusal> {
    plain_word(&first)?;
    if let Some(why) = why_not(&first) {
        return Err(Refusal::VerbNotOffered { given: first, why });
    }
    if !Verb::is_first_word(&first) {
        let near = nearest(&first, Verb::first_words()).map(str::to_owned);
        return Err(Refusal::UnknownVerb { given: cut(&first), near });
    }
    let mut path = vec![first];
    loop {
        let so_far: Vec<&str> = path.iter().map(String::as_str).collect();
        let (found, offered) = (Verb::of(&so_far), Verb::after(&so_far));
        if offered.is_empty() {
            return found.ok_or(Refusal::MissingVerb);
        }
        let after = so_far.join(" ");
        match words.as_slice().first() {
            Some(next) if offered.contains(&canonical(next)) => {}
            Some(next) if !next.starts_with('-') => {
                no_false_dash(next)?;
                plain_word(next)?;
                return Err(Refusal::UnknownSubverb { after, given: cut(next), offered });
            }
            Some(flag) if found.is_none() => return Err(early(flag_name(flag))),
            _ => return found.ok_or(Refusal::MissingSubverb { after, offered }),
        }
        path.extend(words.next().map(|next| canonical(&next).to_owned()));
    }
}

/// What was seen of a line so far.
struct Seen {
    stdin: Stdin,
    watch: bool,
    watch_only: bool,
    target: Option<String>,
}

impl Seen {
    fn new(verb: Verb) -> Self {
        // These two wait by themselves.
        let watch = matches!(verb, Verb::RolloutStatus | Verb::Wait);
        Self { stdin: Stdin::None, watch, watch_only: false, target: None }
    }
}

struct Reader<'a> {
    verb: Verb,
    bounds: &'a Bounds,
    words: IntoIter<String>,
    argv: Vec<String>,
    seen: Seen,
}

impl Reader<'_> {
    fn read(mut self) -> Result<KubectlLine, Refusal> {
        while let Some(word) = self.words.next() {
            match word.as_str() {
                "--" => return self.command(),
                "-" => return Err(Refusal::StdinArgument),
                long if long.starts_with("--") => self.long(&word)?,
                short if short.starts_with('-') => self.short(&word)?,
                _ => self.argument(word)?,
            }
        }
        // Only its help needs no command.
        let helps = self.argv.iter().any(|word| word == "--help" || word == "-h");
        if self.verb == Verb::Exec && !helps {
            return Err(Refusal::MissingDashes);
        }
        Ok(self.finish())
    }

    fn finish(self) -> KubectlLine {
        let span = if self.seen.watch || self.seen.watch_only { Span::Watch } else { Span::Once };
        let inside = self.seen.target.filter(|_| self.verb == Verb::Exec);
        KubectlLine { verb: self.verb, argv: self.argv, stdin: self.seen.stdin, span, inside }
    }

    /// What follows `--` is the pod's business: no flag of kubectl is read there.
    fn command(mut self) -> Result<KubectlLine, Refusal> {
        if !self.verb.takes_command() {
            return Err(Refusal::UnexpectedDashes { verb: self.verb });
        }
        if self.words.as_slice().is_empty() {
            return Err(Refusal::MissingDashes);
        }
        self.argv.push("--".to_owned());
        let rest = std::mem::take(&mut self.words);
        self.argv.extend(rest);
        Ok(self.finish())
    }

    fn argument(&mut self, word: String) -> Result<(), Refusal> {
        no_false_dash(&word)?;
        if self.verb.takes_no_arguments() {
            return Err(Refusal::UnexpectedArgument { given: cut(&word) });
        }
        if self.seen.target.is_none() {
            let name = ["pod/", "pods/", "po/"].iter().find_map(|kind| word.strip_prefix(kind));
            self.seen.target = Some(name.unwrap_or(&word).to_owned());
        }
        self.argv.push(word);
        Ok(())
    }

    fn long(&mut self, word: &str) -> Result<(), Refusal> {
        let typed = flag_name(word);
        plain_word(typed)?;
        let name = typed.trim_start_matches("--").replace('_', "-");
        // `---x` is none, although it would trim to one.
        let flag = self.verb.long_flag(&name).filter(|_| typed.len() == name.len() + 2);
        let flag = flag.ok_or_else(|| self.not_offered(typed, reserved(&name)))?;
        let attached = word.split_once('=').map(|(_, value)| value.to_owned());
        self.argv.push(word.to_owned());
        match (flag.takes, attached) {
            (Takes::Switch, None) => self.switched(flag, "true"),
            (Takes::Value(_), None) => self.next_value(flag),
            (Takes::Attached(_), None) => Err(Refusal::FlagNeedsValue { flag: typed.to_owned() }),
            (_, Some(value)) => self.valued(flag, &value),
        }
    }

    /// Letters one after another; the first that takes a value has the rest of the word, or the next one.
    fn short(&mut self, word: &str) -> Result<(), Refusal> {
        self.argv.push(word.to_owned());
        let mut rest = word[1..].chars();
        while let Some(letter) = rest.next() {
            let typed = format!("-{letter}");
            plain_word(&typed)?;
            let flag = self.verb.short_flag(letter);
            let flag = flag.ok_or_else(|| self.not_offered(&typed, reserved_short(letter)))?;
            match rest.as_str() {
                after if after.len() > 1 && after.starts_with('=') => return self.valued(flag, &after[1..]),
                _ if flag.takes == Takes::Switch => self.switched(flag, "true")?,
                "" => return self.next_value(flag),
                after => return self.valued(flag, after),
            }
        }
        Ok(())
    }

    fn not_offered(&self, typed: &str, why: Option<Reserved>) -> Refusal {
        if let Some(why) = why {
            return Refusal::Reserved { flag: cut(typed), why };
        }
        let near = typed.strip_prefix("--").and_then(|name| nearest(name, self.verb.flags().map(|f| f.long)));
        Refusal::FlagNotOffered {
            verb: self.verb,
            flag: cut(typed),
            near: near.map(|name| format!("--{name}")),
        }
    }

    /// kubectl would take any word for the value, another flag too, which nobody means.
    fn next_value(&mut self, flag: &Flag) -> Result<(), Refusal> {
        let is_value = |word: &String| word == "-" || !word.starts_with('-') || word.parse::<i64>().is_ok();
        let value = self.words.next().filter(is_value);
        let value = value.ok_or_else(|| Refusal::FlagNeedsValue { flag: dashed(flag) })?;
        self.valued(flag, &value)?;
        self.argv.push(value);
        Ok(())
    }

    fn valued(&mut self, flag: &Flag, value: &str) -> Result<(), Refusal> {
        match flag.takes {
            Takes::Switch => self.switched(flag, value),
            Takes::Attached(offered) if offered.contains(&value) => Ok(()),
            Takes::Attached(offered) => Err(bad_value(flag, value, offered)),
            Takes::Value(Value::Any) => Ok(()),
            Takes::Value(Value::Namespace) => own_namespace(value, self.bounds),
            Takes::Value(Value::Path) => cheap(flag, value),
            Takes::Value(Value::Document) => self.document(value),
            Takes::Value(Value::Output(formats)) => format(flag, value, formats),
        }
    }

    /// A switch's value as Go reads one.
    /// Source: <https://pkg.go.dev/strconv#ParseBool>.
    fn switched(&mut self, flag: &Flag, value: &str) -> Result<(), Refusal> {
        let on = match value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => return Err(bad_value(flag, value, &["true", "false"])),
        };
        match flag.long {
            "watch" | "follow" => self.seen.watch = on,
            "watch-only" => self.seen.watch_only = on,
            _ => {}
        }
        Ok(())
    }

    fn document(&mut self, value: &str) -> Result<(), Refusal> {
        match value {
            "-" => {
                self.seen.stdin = Stdin::Editor;
                Ok(())
            }
            url if url.contains("://") => Err(Refusal::Address { given: cut(url) }),
            file => Err(Refusal::File { given: cut(file) }),
        }
    }
}

fn dashed(flag: &Flag) -> String {
    format!("--{}", flag.long)
}

fn bad_value(flag: &Flag, value: &str, offered: &[&'static str]) -> Refusal {
    Refusal::BadValue { flag: dashed(flag), value: cut(value), offered: offered.to_vec() }
}

fn format(flag: &Flag, value: &str, formats: &[&'static str]) -> Result<(), Refusal> {
    let format = value.split_once('=').map_or(value, |(format, _)| format);
    if formats.contains(&format) {
        cheap(flag, value)
    } else if format.to_ascii_lowercase().ends_with("file") {
        Err(Refusal::TemplateFile { given: cut(value) })
    } else {
        Err(bad_value(flag, value, formats))
    }
}

/// How often a path may go down all levels (`..`): each time multiplies what kubectl holds in memory.
const MOST_DESCENTS: usize = 1;
/// How often it may go through a list (`range`), each in the other.
const MOST_RANGES: usize = 2;

fn cheap(flag: &Flag, value: &str) -> Result<(), Refusal> {
    // Windows, since `...` is more than one.
    let descents = value.as_bytes().windows(2).filter(|two| two == b"..").count();
    if descents > MOST_DESCENTS || value.matches("range").count() > MOST_RANGES {
        return Err(Refusal::CostlyPath { flag: dashed(flag) });
    }
    Ok(())
}
