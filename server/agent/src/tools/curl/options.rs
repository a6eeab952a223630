//! The command line of [`super`]'s curl.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Uri};

use super::{DEFAULT_MAX_TIME, Fault, VERSION, default_method};

const HELP: &str = "\
Usage: curl [options] http://HOST[:PORT][/PATH]
 -m, --max-time SECONDS  how long it may take in all (5)
 -X, --request METHOD    GET, HEAD, POST, ...
 -H, --header 'NAME: V'  send this header too
 -i, --include           print the answer's head too
 -I, --head              print the answer's head only
 -f, --fail              exit with 22 where the answer's status is 400 or more
 -s, --silent            say nothing of errors
 -S, --show-error        say it although silent
 -V, --version           say what this is
";

/// What a request needs.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) url: Uri,
    pub(super) method: Method,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) head: bool,
    pub(super) fail: bool,
    pub(super) quiet: bool,
    pub(super) max_time: Duration,
}

/// What was asked of curl.
#[derive(Debug)]
pub(super) enum Asked {
    Text(String),
    Get(Options),
}

#[derive(Default)]
struct Given {
    url: Option<Uri>,
    method: Option<Method>,
    headers: Vec<(HeaderName, HeaderValue)>,
    include: bool,
    head_only: bool,
    fail: bool,
    silent: bool,
    show_error: bool,
    max_time: Option<Duration>,
    text: Option<String>,
}

/// Reads the command line.
pub(super) fn parse(arguments: &[String]) -> Result<Asked, Fault> {
    let mut given = Given::default();
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument.strip_prefix('-') {
            Some(long) if long.starts_with('-') => given.option(argument, None, &mut rest)?,
            Some(letters) if !letters.is_empty() => given.letters(letters, &mut rest)?,
            _ if given.url.is_some() => return Err(Fault::new(2, "only one URL at a time")),
            _ => given.url = Some(url(argument)?),
        }
    }
    given.asked()
}

impl Given {
    /// `-sS`, `-m2`, `-m 2`.
    fn letters<'a>(
        &mut self,
        letters: &'a str,
        rest: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), Fault> {
        for (at, letter) in letters.char_indices() {
            let after = &letters[at + letter.len_utf8()..];
            let attached = (!after.is_empty()).then_some(after);
            self.option(&format!("-{letter}"), attached, rest)?;
            if matches!(letter, 'm' | 'X' | 'H') {
                break;
            }
        }
        Ok(())
    }

    fn option<'a>(
        &mut self,
        option: &str,
        attached: Option<&'a str>,
        rest: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), Fault> {
        let mut value = || {
            attached
                .or_else(|| rest.next())
                .ok_or_else(|| Fault::new(2, format!("option {option}: requires parameter")))
        };
        match option {
            "-m" | "--max-time" | "--connect-timeout" => self.max_time = Some(seconds(option, value()?)?),
            "-X" | "--request" => self.method = Some(method(value()?)?),
            "-H" | "--header" => self.headers.push(named(value()?)?),
            "-i" | "--include" => self.include = true,
            "-I" | "--head" => self.head_only = true,
            "-f" | "--fail" => self.fail = true,
            "-s" | "--silent" => self.silent = true,
            "-S" | "--show-error" => self.show_error = true,
            "-V" | "--version" => self.text = Some(format!("{VERSION}\nProtocols: http\n")),
            "-h" | "--help" => self.text = Some(HELP.to_owned()),
            _ => return Err(Fault::new(2, format!("option {option}: is unknown to {VERSION}"))),
        }
        Ok(())
    }

    fn asked(self) -> Result<Asked, Fault> {
        if let Some(text) = self.text {
            return Ok(Asked::Text(text));
        }
        Ok(Asked::Get(Options {
            url: self.url.ok_or_else(|| Fault::new(2, "no URL specified"))?,
            method: self.method.unwrap_or_else(|| default_method(self.head_only)),
            headers: self.headers,
            head: self.include || self.head_only,
            fail: self.fail,
            quiet: self.silent && !self.show_error,
            max_time: self.max_time.unwrap_or(DEFAULT_MAX_TIME),
        }))
    }
}

fn url(given: &str) -> Result<Uri, Fault> {
    let malformed = || Fault::new(3, "URL using bad/illegal format or missing URL");
    let whole = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
    let url: Uri = whole.parse().map_err(|_| malformed())?;
    match (url.scheme_str(), url.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => Ok(url),
        (Some(scheme), _) if scheme != "http" => {
            Err(Fault::new(1, format!("Protocol \"{scheme}\" not supported")))
        }
        _ => Err(malformed()),
    }
}

fn seconds(option: &str, given: &str) -> Result<Duration, Fault> {
    let time = given.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // Zero is "without end" to the real curl; nothing here is without end.
    time.filter(|time| !time.is_zero())
        .ok_or_else(|| Fault::new(2, format!("option {option}: expected a proper numerical parameter")))
}

fn method(given: &str) -> Result<Method, Fault> {
    given.parse().map_err(|_| Fault::new(2, format!("{given:?} is no method")))
}

fn named(given: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    let bad = || Fault::new(2, format!("{given:?} is no header: write 'Name: value'"));
    let (name, value) = given.split_once(':').ok_or_else(bad)?;
    Ok((name.trim().parse().map_err(|_| bad())?, value.trim().parse().map_err(|_| bad())?))
}
