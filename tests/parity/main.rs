//! The practice cluster is held to the real one: the same commands, by an unmodified kubectl, on both at once; what is
//! printed, complained of and returned must be the same after normalisation.
//!
//! ```text
//! cases/*.txt ─▶ script ─▶ play ─┬─▶ kubectl on kind ─────┬─▶ normal ─▶ accepted ─▶ report
//!                                └─▶ kubectl on practice ─┘
//! ```
//!
//! Random sequences of commands and loads of the lab's client go to both as well.
//!
//! Needs a kind cluster (see `clusterip_tests::kind`) and kubectl (`KUBECTL`, else the PATH's): `tests/run` has both.
//! `PARITY_ONLY=services,errors` plays only these groups.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

mod accepted;
mod ages;
mod clusters;
mod loads;
mod normal;
mod play;
mod report;
mod script;
mod sequences;
mod side;
mod state;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clusterip_tests::{fact, keep};
use futures_util::StreamExt as _;

use accepted::Accepted;
use clusters::Clusters;
use report::{Count, Group};

/// How many groups are played at a time. kubectl's start is most of the work, so more only wait for the processor.
const AT_ONCE: usize = 3;
/// How many random sequences are played.
const SEQUENCES: usize = 4;
/// The suite is no smaller than this, errors included.
const LEAST: Count = Count { cases: 250, errors: 60, equal: 0, accepted: 0, differing: 0 };

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("parity")
}

fn accepted_differences() -> Accepted {
    let text = std::fs::read_to_string(folder().join("accepted.txt")).unwrap();
    Accepted::parse(&text).unwrap_or_else(|why| panic!("accepted.txt: {why}"))
}

fn cases() -> Vec<script::Group> {
    script::read_all(&folder().join("cases")).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn every_case_is_understood_and_every_accepted_difference_belongs_to_one() {
    let groups = cases();
    let names = |group: &script::Group| {
        group.cases.iter().map(|case| format!("{}/{}", group.name, case.name)).collect::<Vec<_>>()
    };
    let names: Vec<String> = groups.iter().flat_map(names).collect();
    assert!(names.len() >= LEAST.cases, "{} cases", names.len());
    for known in &accepted_differences().all {
        assert!(names.contains(&known.case), "there is no case {}", known.case);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster and kubectl: run tests/run"]
async fn kubectl_says_the_same_on_kind_and_on_the_practice_cluster() {
    let accepted = accepted_differences();
    let (only, mut groups) = (std::env::var("PARITY_ONLY").ok(), cases());
    groups.retain(|group| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == group.name)));
    let clusters = Clusters::open().await;
    let play = |group| play::group(group, &clusters.sides, &accepted);
    let mut played: Vec<Group> =
        futures_util::stream::iter(&groups).map(play).buffer_unordered(AT_ONCE).collect().await;
    clusters.close().await;

    played.sort_by(|a, b| a.name.cmp(&b.name));
    for line in report::lines(&played) {
        fact(&line);
    }
    for known in &accepted.all {
        println!("accepted: {}: {}", known.case, known.why);
    }
    let (differences, total) = (report::differences(&played), report::total(&played));
    keep("test-artifacts", "parity-differences.txt", differences.as_bytes());
    assert!(differences.is_empty(), "\n{differences}");
    let was_run =
        |case: &str| played.iter().any(|g| case.split_once('/').is_some_and(|(of, _)| of == g.name));
    let unused = accepted.unused(was_run);
    assert!(unused.is_empty(), "these differences are gone, take them out of accepted.txt: {unused:#?}");
    if only.is_none() {
        assert!(total.cases >= LEAST.cases && total.errors >= LEAST.errors, "{total:?}, at least {LEAST:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster and kubectl: run tests/run"]
async fn random_commands_lead_to_the_same_state_on_both() {
    let given = std::env::var("PARITY_SEED").ok().map(|seed| seed.parse().expect("PARITY_SEED is a number"));
    let now =
        || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::from(since.subsec_nanos()));
    let seed = given.unwrap_or_else(now);
    let sequences = sequences::of_seed(seed, SEQUENCES);
    let commands: usize = sequences.iter().map(Vec::len).sum();
    fact(&format!("parity {SEQUENCES} random sequences, {commands} commands: PARITY_SEED={seed}"));
    let clusters = Clusters::open().await;
    let names: Vec<String> = (1..=SEQUENCES).map(|number| format!("random-{number}")).collect();
    let play = |(name, sequence)| sequences::play(name, sequence, &clusters.sides);
    let played =
        futures_util::stream::iter(names.iter().map(String::as_str).zip(sequences.iter().map(Vec::as_slice)));
    let played: Vec<Result<(), String>> = played.map(play).buffer_unordered(AT_ONCE).collect().await;
    clusters.close().await;
    let differing: Vec<String> = played.into_iter().filter_map(Result::err).collect();
    assert!(differing.is_empty(), "PARITY_SEED={seed}\n{}", differing.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a kind cluster and kubectl: run tests/run"]
async fn loads_reach_the_same_and_fail_the_same_on_both() {
    let clusters = Clusters::open().await;
    let lines = loads::play(&clusters.sides).await;
    clusters.close().await;
    for line in lines.unwrap_or_else(|why| panic!("{why}")) {
        fact(&format!("parity load: {line}"));
    }
}
