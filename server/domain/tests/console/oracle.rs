//! Whether what goes to kubectl stays in its bounds, found by another way than the reader's: by scanning words.

use clusterip_domain::console::{KubectlLine, Stdin};

/// Beginnings of flags that must not be there, whatever the verb.
const FORBIDDEN: &[&str] = &[
    "--kubeconfig",
    "--server=",
    "--token",
    "--as",
    "--context",
    "--cluster=",
    "--user",
    "--password",
    "--cert",
    "--client-",
    "--insecure",
    "--tls",
    "--cache",
    "--prof",
    "--v=",
    "--vmodule",
    "--request",
    "--raw",
    "--all-names",
    "--kustom",
    "--from-file",
    "--from-env",
    "--patch-file",
    "--template",
    "--edit",
    "--windows",
    "--stdin",
    "--tty",
    "--attach",
    "--rm",
    "--leave",
    "--interactive",
    "--kuberc",
    "--log-",
    "--prune",
    "--auth",
];
const FORBIDDEN_WHOLE: &[&str] = &["--server", "--cluster", "--v", "--recursive=x"];

/// What is wrong with a line that was read, if anything.
pub(crate) fn complaint(line: &KubectlLine, own: &str) -> Option<String> {
    let argv = &line.argv;
    let end = argv.iter().position(|word| word == "--").unwrap_or(argv.len());
    let first = argv.first().map(String::as_str);
    if !first.is_some_and(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')) {
        return Some(format!("the verb is not first: {argv:?}"));
    }
    let (mut reads, logs) = (false, first == Some("logs"));
    for (at, word) in argv[..end].iter().enumerate() {
        let next = argv.get(at + 1).map(String::as_str);
        let fault = if word.starts_with("--") {
            long(word, next, own, &mut reads)
        } else if word.len() > 1 && word.starts_with('-') && word.parse::<i64>().is_err() {
            short(word, next, own, logs, &mut reads)
        } else {
            None
        };
        if let Some(fault) = fault {
            return Some(format!("{fault}: {argv:?}"));
        }
    }
    (reads != (line.stdin == Stdin::Editor)).then(|| format!("another standard input: {argv:?}"))
}

fn long(word: &str, next: Option<&str>, own: &str, reads: &mut bool) -> Option<String> {
    let (name, attached) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let name = name.replace('_', "-");
    let whole = attached.map_or_else(|| name.clone(), |value| format!("{name}={value}"));
    if FORBIDDEN.iter().any(|begin| whole.starts_with(begin)) || FORBIDDEN_WHOLE.contains(&name.as_str()) {
        return Some(format!("forbidden {whole}"));
    }
    let value = attached.or(next);
    match name.as_str() {
        "--namespace" if value != Some(own) => Some("another namespace".to_owned()),
        "--filename" if value != Some("-") => Some("a file".to_owned()),
        "--output" if value.is_some_and(|v| v.to_lowercase().contains("file=")) => {
            Some("a template".to_owned())
        }
        "--filename" => {
            *reads = true;
            None
        }
        _ => None,
    }
}

fn short(word: &str, next: Option<&str>, own: &str, logs: bool, reads: &mut bool) -> Option<String> {
    // Letters that take no value stand before at most one that does.
    let value_at =
        word.find(|c: char| "nflLopcer".contains(c) && !(logs && "fp".contains(c))).unwrap_or(word.len());
    if word[..value_at].contains(['A', 's', 'v', 'k', 'R', 'i', 't']) {
        return Some("a forbidden letter".to_owned());
    }
    let letter = word.chars().nth(value_at)?;
    let attached = word[value_at + 1..].strip_prefix('=').unwrap_or(&word[value_at + 1..]);
    let value = if attached.is_empty() { next } else { Some(attached) };
    match letter {
        'n' if value != Some(own) => Some("another namespace".to_owned()),
        'o' if value.is_some_and(|v| v.to_lowercase().contains("file=")) => Some("a template".to_owned()),
        'f' if value != Some("-") => Some("a file".to_owned()),
        'f' => {
            *reads = true;
            None
        }
        _ => None,
    }
}
