//! What holds for every line.

use clusterip_domain::console::{Command, Live, complete};
use proptest::prelude::*;

use crate::{OWN, oracle, read};

/// Words that lines are made of, the dangerous ones among them.
const WORDS: &[&str] = &[
    "kubectl",
    "get",
    "pods",
    "svc",
    "apply",
    "delete",
    "logs",
    "exec",
    "run",
    "create",
    "service",
    "clusterip",
    "set",
    "image",
    "rollout",
    "status",
    "label",
    "patch",
    "client",
    "curl",
    "--",
    "-",
    "-f",
    "-f-",
    "-f=-",
    "-n",
    "lab-ada",
    "other",
    "-nlab-ada",
    "-n=other",
    "--namespace",
    "--namespace=lab-ada",
    "--name_space=x",
    "-A",
    "-wA",
    "-w",
    "-o",
    "-ojsonpath-file=x",
    "wide",
    "-owide",
    "--output=yaml",
    "--kubeconfig",
    "--kubeconfig=/x",
    "--server",
    "-s",
    "--as",
    "--as=admin",
    "--as_group=x",
    "--token=t",
    "--raw",
    "/api",
    "-k",
    ".",
    "-R",
    "--all-namespaces",
    "--all_namespaces",
    "--all",
    "-v6",
    "-it",
    "-i",
    "-p",
    "-l",
    "app=a",
    "--from-file=x",
    "--filename",
    "--filename=x",
    "--template=x",
    "-fv",
    "-lA",
    "-pf",
    "-test.v",
    "---x",
    "--=x",
    "-=",
    "-h",
    "--help",
    "--dry-run=client",
    "--watch=false",
    "-1",
];

fn line() -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => prop::sample::select(WORDS).prop_map(str::to_owned), 1 => "[ -~]{0,8}"];
    (prop::bool::weighted(0.8), prop::collection::vec(word, 0..9)).prop_map(|(kubectl, words)| {
        let start = if kubectl { "kubectl " } else { "" };
        format!("{start}{}", words.join(" "))
    })
}

/// The same word, quoted in one of the ways there are; the words above need no escapes in double quotes.
fn quoted(word: &str, way: u8) -> String {
    match way % 4 {
        0 if !word.contains('\'') => format!("'{word}'"),
        1 => shlex::try_quote(word).expect("no NUL").into_owned(),
        2 => word.chars().map(|c| format!("\\{c}")).collect(),
        _ => format!("\"{word}\""),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_that_is_read_leaves_its_bounds(line in line()) {
        if let Ok(Command::Kubectl(read)) = read(&line) {
            prop_assert_eq!(oracle::complaint(&read, OWN), None, "{}", line);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_in_both_languages(line in any::<String>(), cursor in 0usize..40) {
        if let Err(refusal) = read(&line) {
            let said = refusal.says();
            prop_assert!(!said.en.is_empty() && !said.it.is_empty() && !refusal.code().is_empty());
        }
        let completion = complete(&line, cursor, &Live::default());
        prop_assert!(completion.replaces.start <= completion.replaces.end);
        prop_assert!(completion.replaces.end <= line.chars().count());
    }

    #[test]
    fn how_a_word_is_quoted_does_not_matter(
        words in prop::collection::vec(prop::sample::select(WORDS), 1..8),
        ways in prop::collection::vec(any::<u8>(), 8),
    ) {
        let plainly = read(&format!("kubectl {}", words.join(" ")));
        let other: Vec<String> = words.iter().zip(ways).map(|(word, way)| quoted(word, way)).collect();
        prop_assert_eq!(read(&format!("kubectl {}", other.join(" "))), plainly);
    }

    #[test]
    fn what_is_offered_can_be_typed(line in line()) {
        for candidate in complete(&line, usize::MAX, &Live::default()).candidates {
            prop_assert_eq!(shlex::split(&candidate.text).map(|words| words.len()), Some(1));
        }
    }
}
