//! What came out of it, for people and for `tests/run`.

use std::fmt::Write as _;
use std::time::Duration;

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Both said the same.
    Equal,
    /// They differ only as is known; in how many places.
    Accepted(usize),
    /// They differ: step by step.
    Differs(Vec<String>),
}

/// A case that was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
}

impl Case {
    /// One that could not be played.
    pub(crate) fn broken(name: &str, why: String) -> Self {
        Self { name: name.to_owned(), verdict: Verdict::Differs(vec![why]) }
    }
}

/// A group that was played.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
    /// How many cases have a compared command that fails.
    pub(crate) errors: usize,
    /// The times of the compared commands: on kind, on practice.
    pub(crate) took: [Vec<Duration>; 2],
}

/// How many cases there are of each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) cases: usize,
    pub(crate) equal: usize,
    pub(crate) accepted: usize,
    pub(crate) differing: usize,
    pub(crate) errors: usize,
}

impl Group {
    pub(crate) fn count(&self) -> Count {
        let mut count = Count { cases: self.cases.len(), errors: self.errors, ..Count::default() };
        for case in &self.cases {
            match case.verdict {
                Verdict::Equal => count.equal += 1,
                Verdict::Accepted(_) => count.accepted += 1,
                Verdict::Differs(_) => count.differing += 1,
            }
        }
        count
    }
}

/// All groups together.
pub(crate) fn total(groups: &[Group]) -> Count {
    groups.iter().map(Group::count).fold(Count::default(), |sum, count| Count {
        cases: sum.cases + count.cases,
        equal: sum.equal + count.equal,
        accepted: sum.accepted + count.accepted,
        differing: sum.differing + count.differing,
        errors: sum.errors + count.errors,
    })
}

/// The median time of a compared command on each side, in milliseconds.
pub(crate) fn medians<'a>(groups: impl IntoIterator<Item = &'a Group>) -> [u128; 2] {
    let mut all = [Vec::new(), Vec::new()];
    for group in groups {
        for (all, took) in all.iter_mut().zip(&group.took) {
            all.extend(took.iter().map(Duration::as_millis));
        }
    }
    all.map(|mut times| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    })
}

/// The lines of the summary.
pub(crate) fn lines(groups: &[Group]) -> Vec<String> {
    let line = |name: &str, count: Count, [kind, practice]: [u128; 2]| {
        let Count { cases, equal, accepted, differing, errors } = count;
        format!(
            "parity {name:<11} {cases:>3} cases: {equal:>3} equal, {accepted:>2} accepted, {differing:>2} differing; \
             {errors:>3} errors; median command {kind:>4} ms on kind, {practice:>4} ms on practice"
        )
    };
    let each = groups.iter().map(|group| line(&group.name, group.count(), medians([group])));
    let all = line("total", total(groups), medians(groups));
    each.chain([all]).collect()
}

/// Every difference, in full.
pub(crate) fn differences(groups: &[Group]) -> String {
    let mut text = String::new();
    for group in groups {
        for case in &group.cases {
            let Verdict::Differs(differences) = &case.verdict else { continue };
            let _ = writeln!(text, "== {}/{}", group.name, case.name);
            for difference in differences {
                let _ = writeln!(text, "$ {difference}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_by_what_became_of_them() {
        let case = |verdict| Case { name: "c".into(), verdict };
        let took = |ms: &[u64]| ms.iter().map(|ms| Duration::from_millis(*ms)).collect();
        let group = Group {
            name: "g".into(),
            cases: vec![
                case(Verdict::Equal),
                case(Verdict::Accepted(2)),
                case(Verdict::Differs(vec!["kubectl x\n-a\n+b\n".into()])),
            ],
            errors: 1,
            took: [took(&[30, 10, 20]), took(&[1])],
        };
        let total = total(&[group.clone(), group.clone()]);
        assert_eq!(total, Count { cases: 6, equal: 2, accepted: 2, differing: 2, errors: 2 });
        assert_eq!(medians([&group]), [20, 1]);
        assert!(differences(&[group]).starts_with("== g/c\n$ kubectl x\n-a\n"));
    }
}
