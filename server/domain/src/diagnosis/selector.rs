//! A selector that matches nothing, and the pod that it misses by least.

use serde::Serialize;

use crate::snapshot::{Labels, Pod};

/// The label by which a Deployment tells its ReplicaSets apart.
pub(super) const TEMPLATE_HASH: &str = "pod-template-hash";
/// Names that differ by so many letters are taken for the same one, mistyped.
const TYPO: usize = 2;

/// How a pair of the selector misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Near {
    /// The pod has nearly that value, or nearly that key.
    Typo,
    /// The pod has the key with another value.
    OtherValue,
    /// The pod has no such key.
    Missing,
    /// The pair is a Deployment's own mark of one of its ReplicaSets.
    TemplateHash,
}

/// The pair that misses on the pod that the selector misses by least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    /// The pod.
    pub pod: String,
    /// `key=value` of the selector.
    pub wanted: String,
    /// `key=value` of the pod, where it has one that is meant.
    pub found: Option<String>,
    /// How it misses.
    pub near: Near,
}

/// The nearest miss among these pods.
pub(super) fn nearest_miss<'a>(selector: &Labels, pods: impl Iterator<Item = &'a Pod>) -> Option<NearMiss> {
    let misses = |pod: &&Pod| selector.iter().filter(|(k, v)| pod.labels.get(*k) != Some(v)).count();
    let pod = pods.min_by_key(|pod| (misses(pod), pod.name.clone()))?;
    let mut wrong = selector.iter().filter(|(k, v)| pod.labels.get(*k) != Some(v));
    let (key, value) = wrong.next()?;
    let (near, found) = classify(key, value, &pod.labels);
    Some(NearMiss { pod: pod.name.clone(), wanted: format!("{key}={value}"), found, near })
}

fn classify(key: &str, value: &str, labels: &Labels) -> (Near, Option<String>) {
    if key == TEMPLATE_HASH {
        return (Near::TemplateHash, labels.get(key).map(|found| format!("{key}={found}")));
    }
    if let Some(found) = labels.get(key) {
        let near = if similar(value, found) { Near::Typo } else { Near::OtherValue };
        return (near, Some(format!("{key}={found}")));
    }
    let meant = labels.iter().find(|(k, v)| similar(key, k) && (*v == value || similar(value, v)));
    match meant {
        Some((k, v)) => (Near::Typo, Some(format!("{k}={v}"))),
        None => (Near::Missing, None),
    }
}

/// The name that `given` was meant to be, if one is near enough.
pub(super) fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let nearest = names.min_by_key(|name| distance(given, name))?;
    similar(given, nearest).then(|| nearest.to_owned())
}

fn similar(a: &str, b: &str) -> bool {
    let longest = a.chars().count().max(b.chars().count());
    a.eq_ignore_ascii_case(b) || distance(a, b) <= TYPO.min(longest / 3)
}

/// How many letters must be put in, taken out, changed or swapped with their neighbour.
/// Source: <https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance> (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (a, b, expected) in [
            ("", "", 0),
            ("app", "app", 0),
            ("app", "ap", 1),
            ("myapp", "mypap", 1),
            ("back-end", "backend", 1),
            ("front", "back", 5),
            ("", "web", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
        assert!(
            similar("App", "app") && similar("back-end", "backend") && similar("my-servcie", "my-service")
        );
        assert!(!similar("v1", "v2") && !similar("front-end", "back-end"));
    }

    #[test]
    fn the_nearest_name_is_found_only_if_it_is_near() {
        let names = || ["my-clusterip-service", "data"].into_iter();
        assert_eq!(nearest("my-clusterip-servce", names()).as_deref(), Some("my-clusterip-service"));
        assert_eq!(nearest("frontend", names()), None);
    }
}
