//! The cases, as files: what is run, and what of it is compared.
//!
//! ```text
//! # a remark
//! + kubectl create deployment web …      before any case: makes what the group's cases need
//! file front.yaml                        a file of the folder that commands run in, indented by four
//!     apiVersion: v1
//! == a case's name
//! $ kubectl apply -f front.yaml          compared: output, errors, exit code
//! $ kubectl apply -f - < front.yaml
//! + kubectl rollout status …             must succeed on both sides, not compared
//! until 'says hello' kubectl exec …      repeated on each side until it prints this, not compared
//! let VIP kubectl get …                  what it prints is $VIP from here on
//! ```

use std::collections::HashSet;
use std::path::Path;

/// What a line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Both sides must say the same.
    Compare,
    /// Must succeed.
    Prepare,
    /// Is repeated until it prints this.
    Until(String),
    /// What it prints gets this name.
    Let(String),
}

/// What a case does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Writes a file.
    Write { name: String, content: String },
    /// Runs kubectl.
    Run(Line),
}

/// One command line of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) act: Act,
    /// kubectl's arguments.
    pub(crate) arguments: Vec<String>,
    /// The file that it reads.
    pub(crate) stdin: Option<String>,
}

impl Line {
    /// As a person would type it.
    pub(crate) fn shown(&self) -> String {
        let stdin = self.stdin.as_ref().map(|file| format!(" < {file}")).unwrap_or_default();
        let words = shlex::try_join(self.arguments.iter().map(String::as_str)).unwrap_or_default();
        format!("kubectl {words}{stdin}")
    }
}

/// Commands under one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// One file: cases that share a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// What its cases need.
    pub(crate) setup: Case,
    pub(crate) cases: Vec<Case>,
    /// Every word of the file: what a case spells out itself is compared as it is.
    pub(crate) words: HashSet<String>,
}

/// Reads every file of a folder, in the order of their names.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Group>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            parse(&name, &text).map_err(|why| format!("{}: {why}", path.display()))
        })
        .collect()
}

/// Reads one file.
pub(crate) fn parse(name: &str, text: &str) -> Result<Group, String> {
    let mut cases = vec![Case { name: "setup".into(), ..Case::default() }];
    let mut in_file = false;
    for (at, line) in (1..).zip(text.lines()) {
        let wrong = |why: &str| format!("line {at}: {why}: {line}");
        let case = cases.last_mut().ok_or("there is always the setup")?;
        if in_file
            && (line.is_empty() || line.starts_with("    "))
            && let Some(Step::Write { content, .. }) = case.steps.last_mut()
        {
            content.push_str(line.get(4..).unwrap_or_default());
            content.push('\n');
            continue;
        }
        in_file = false;
        if line.trim().is_empty() || line.starts_with('#') {
        } else if let Some(name) = line.strip_prefix("== ") {
            if cases.iter().any(|case| case.name == name) {
                return Err(wrong("this name is taken"));
            }
            cases.push(Case { name: name.into(), ..Case::default() });
        } else if let Some(name) = line.strip_prefix("file ") {
            case.steps.push(Step::Write { name: name.into(), content: String::new() });
            in_file = true;
        } else {
            case.steps.push(Step::Run(command(line).ok_or_else(|| wrong("not understood"))?));
        }
    }
    for step in cases.iter_mut().flat_map(|case| &mut case.steps) {
        // The empty lines before what follows are not the file's.
        if let Step::Write { content, .. } = step {
            content.truncate(content.trim_end_matches('\n').len() + 1);
        }
    }
    let setup = cases.remove(0);
    let compares = |step: &Step| matches!(step, Step::Run(line) if line.act == Act::Compare);
    if let Some(case) = cases.iter().find(|case| !case.steps.iter().any(compares)) {
        return Err(format!("case '{}' compares nothing", case.name));
    }
    Ok(Group { name: name.into(), setup, cases, words: words(text) })
}

fn command(line: &str) -> Option<Line> {
    let mut words = shlex::split(line)?.into_iter();
    let act = match words.next()?.as_str() {
        "$" => Act::Compare,
        "+" => Act::Prepare,
        "until" => Act::Until(words.next()?),
        "let" => Act::Let(words.next()?),
        _ => return None,
    };
    if words.next()? != "kubectl" {
        return None;
    }
    let mut arguments: Vec<String> = words.collect();
    let redirected = arguments.len() > 2 && arguments[arguments.len() - 2] == "<";
    let stdin = if redirected { arguments.pop() } else { None };
    arguments.truncate(arguments.len() - usize::from(redirected));
    Some(Line { act, arguments, stdin })
}

fn words(text: &str) -> HashSet<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let whole = text.split(|c| !part(c)).map(|word| word.trim_matches('.'));
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    whole.chain(parts).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_cases_is_read_line_by_line() {
        let text = "# remark\n+ kubectl run a --image=b\nfile x.yaml\n    a:\n      b: 1\n\n== first\n\
            until 'says hello' kubectl exec a\nlet IP kubectl get x\n$ kubectl apply -f - < x.yaml\n";
        let group = parse("g", text).unwrap();
        let [Step::Run(run), Step::Write { name, content }] = &group.setup.steps[..] else {
            panic!("{group:?}")
        };
        assert_eq!(run.arguments, ["run", "a", "--image=b"]);
        assert_eq!((name.as_str(), content.as_str()), ("x.yaml", "a:\n  b: 1\n"));
        let [Step::Run(until), Step::Run(bind), Step::Run(compare)] = &group.cases[0].steps[..] else {
            panic!("{group:?}")
        };
        assert_eq!(until.act, Act::Until("says hello".into()));
        assert_eq!(bind.act, Act::Let("IP".into()));
        assert_eq!((compare.shown().as_str(), &compare.act), ("kubectl apply -f - < x.yaml", &Act::Compare));
    }

    #[test]
    fn what_is_no_case_is_refused_with_its_line() {
        for (text, why) in [
            ("== a\n$ kubectl get x\n== a\n", "line 3: this name is taken"),
            ("$ rm -r /\n", "line 1: not understood"),
            ("== a\n+ kubectl get x\n", "case 'a' compares nothing"),
            ("    stray\n", "line 1: not understood"),
        ] {
            let error = parse("g", text).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
