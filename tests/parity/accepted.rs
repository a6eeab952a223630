//! The differences that are known and meant, each with its reason.
//!
//! ```text
//! == group/case
//! - what kind says, line by line, after normalisation
//! + what the practice cluster says in its place
//! why: a reason
//! ```
//!
//! The exit code is the last line of what is complained of: `exit code 1`. Lines are whole, and have to follow one another. Without `+` lines the practice cluster says nothing in their
//! place. One that does not occur any more is an error: see [`Accepted::unused`].

use std::collections::BTreeSet;
use std::sync::Mutex;

/// One known difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `group/case`.
    pub(crate) case: String,
    kind: Vec<String>,
    practice: Vec<String>,
    pub(crate) why: String,
}

/// All of them, and which were met.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) all: Vec<Difference>,
    met: Mutex<BTreeSet<usize>>,
}

impl Accepted {
    /// Reads the file.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut all: Vec<Difference> = Vec::new();
        for (at, line) in (1..).zip(text.lines()) {
            let wrong = || format!("line {at}: not understood: {line}");
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(case) = line.strip_prefix("== ") {
                let (case, none) = (case.to_owned(), Vec::new());
                all.push(Difference { case, kind: none.clone(), practice: none, why: String::new() });
                continue;
            }
            let last = all.last_mut().ok_or_else(wrong)?;
            match line.split_at_checked(2) {
                Some(("- ", text)) => last.kind.push(text.to_owned()),
                Some(("+ ", text)) => last.practice.push(text.to_owned()),
                _ => last.why = line.strip_prefix("why: ").ok_or_else(wrong)?.to_owned(),
            }
        }
        if let Some(bare) =
            all.iter().find(|d| d.why.is_empty() || (d.kind.is_empty() && d.practice.is_empty()))
        {
            return Err(format!("{}: a difference has lines and a reason", bare.case));
        }
        Ok(Self { all, met: Mutex::default() })
    }

    /// Takes the known differences of a case out of what the two sides said. Returns how many there were.
    pub(crate) fn settle(&self, case: &str, kind: &mut String, practice: &mut String) -> usize {
        let mut count = 0;
        for (index, known) in self.all.iter().enumerate().filter(|(_, known)| known.case == case) {
            let settled = match (known.kind.is_empty(), known.practice.is_empty()) {
                (_, false) => replace(practice, &known.practice, &known.kind),
                (_, true) => replace(kind, &known.kind, &[]),
            };
            if settled {
                count += 1;
                self.met.lock().expect("nobody panicked").insert(index);
            }
        }
        count
    }

    /// Those of the cases that were run which did not occur.
    pub(crate) fn unused(&self, was_run: impl Fn(&str) -> bool) -> Vec<&Difference> {
        let met = self.met.lock().expect("nobody panicked");
        let unused = |(index, known): &(usize, &Difference)| !met.contains(index) && was_run(&known.case);
        self.all.iter().enumerate().filter(unused).map(|(_, known)| known).collect()
    }
}

/// Replaces every run of such lines.
fn replace(text: &mut String, from: &[String], to: &[String]) -> bool {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out: Vec<&str> = Vec::with_capacity(lines.len());
    let (mut at, mut found) = (0, false);
    while at < lines.len() {
        if lines[at..].len() >= from.len() && lines[at..].iter().zip(from).all(|(a, b)| a == b) {
            out.extend(to.iter().map(String::as_str));
            at += from.len();
            found = true;
        } else {
            out.push(lines[at]);
            at += 1;
        }
    }
    let out = out.join("\n");
    *text = out;
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# remark\n== g/c\n- a\n- b\n+ x\nwhy: it is so\n\n== g/d\n- only kind\nwhy: because\n";

    #[test]
    fn a_known_difference_is_taken_out_and_counted() {
        let accepted = Accepted::parse(FILE).unwrap();
        let (mut kind, mut practice) = ("1\na\nb\n2\n".to_owned(), "1\nx\n2\n".to_owned());
        assert_eq!(accepted.settle("g/c", &mut kind, &mut practice), 1);
        assert_eq!(kind, practice);
        assert_eq!(accepted.unused(|_| true).iter().map(|d| d.case.as_str()).collect::<Vec<_>>(), ["g/d"]);
        assert!(accepted.unused(|case| case == "g/c").is_empty());
    }

    #[test]
    fn where_practice_now_says_as_kind_the_difference_is_unused() {
        let accepted = Accepted::parse(FILE).unwrap();
        let (mut kind, mut practice) = ("a\nb\n".to_owned(), "a\nb\n".to_owned());
        assert_eq!(accepted.settle("g/c", &mut kind, &mut practice), 0);
        assert_eq!(accepted.unused(|case| case == "g/c").len(), 1);
    }

    #[test]
    fn a_difference_needs_a_reason() {
        assert!(Accepted::parse("== g/c\n- a\n").is_err());
        assert!(Accepted::parse("== g/c\nwhy: x\n").is_err());
        assert!(Accepted::parse("- a\n").is_err());
    }
}
