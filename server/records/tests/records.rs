//! Records in a real file: what is kept, what is found again, and which files are refused.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

use std::collections::BTreeMap;
use std::time::Duration;

use clusterip_domain::ids::LabId;
use clusterip_domain::lab::{RunRecord, StepRecord};
use clusterip_records::{ClusterUid, Records, RecordsError, TypedLine};
use jiff::Timestamp;
use tempfile::TempDir;

fn lab() -> LabId {
    "moving-target".parse().unwrap()
}

fn record(attempt: u32, finished: bool) -> RunRecord {
    let now = Timestamp::UNIX_EPOCH;
    let step = StepRecord { opened_at: Some(now), hints: vec![1, 3], ..StepRecord::default() };
    RunRecord {
        lab: lab(),
        attempt,
        began_at: now,
        finished_at: finished.then_some(now),
        points: 2,
        of_points: 9,
        steps: BTreeMap::from([("deploy".parse().unwrap(), step)]),
    }
}

fn cluster(uid: &str) -> ClusterUid {
    ClusterUid(uid.to_owned())
}

fn open(folder: &TempDir) -> Result<Records, RecordsError> {
    Records::open(&folder.path().join("state/records.sqlite3"))
}

#[tokio::test]
async fn what_was_saved_is_found_by_the_next_server() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(&folder).unwrap();
    assert_eq!(records.latest(&cluster("a"), &lab()).unwrap(), None);
    records.save(&cluster("a"), record(1, false)).await.unwrap();
    let further = RunRecord { points: 5, ..record(1, false) };
    records.save(&cluster("a"), further.clone()).await.unwrap();
    drop(records);
    assert_eq!(open(&folder).unwrap().latest(&cluster("a"), &lab()).unwrap(), Some(further));
}

#[tokio::test]
async fn the_newest_attempt_on_the_same_cluster_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(&folder).unwrap();
    records.save(&cluster("a"), record(10, false)).await.unwrap();
    records.save(&cluster("a"), record(9, true)).await.unwrap();
    records.save(&cluster("b"), record(11, true)).await.unwrap();
    assert_eq!(records.latest(&cluster("a"), &lab()).unwrap(), Some(record(10, false)));
}

#[tokio::test]
async fn typed_lines_are_found_with_their_attempt_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(&folder).unwrap();
    let line = |line: &str| TypedLine {
        at: Timestamp::UNIX_EPOCH,
        line: line.to_owned(),
        outcome: "exit 0".to_owned(),
        took: Duration::from_millis(42),
    };
    for (attempt, typed) in [(1, "kubectl get pods"), (2, "ping x"), (1, "curl 'à b'")] {
        records.note(&cluster("a"), &lab(), attempt, line(typed)).await.unwrap();
    }
    drop(records);
    let records = open(&folder).unwrap();
    let first = records.lines(&cluster("a"), &lab(), 1).unwrap();
    assert_eq!(first, [line("kubectl get pods"), line("curl 'à b'")]);
    assert_eq!(records.lines(&cluster("b"), &lab(), 1).unwrap(), []);
}

#[tokio::test]
async fn of_very_many_lines_the_newest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(&folder).unwrap();
    records.save(&cluster("a"), record(1, false)).await.unwrap();
    sql(
        &folder,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1005)
         INSERT INTO typed_lines SELECT 'moving-target', 'a', 1, '1970-01-01T00:00:00Z', 'line ' || i, 'exit 0', 1 FROM n",
    );
    let newest = TypedLine {
        at: Timestamp::UNIX_EPOCH,
        line: "newest".to_owned(),
        outcome: "exit 0".to_owned(),
        took: Duration::from_millis(1),
    };
    records.note(&cluster("a"), &lab(), 1, newest).await.unwrap();
    let lines = records.lines(&cluster("a"), &lab(), 1).unwrap();
    let ends = (lines.first().map(|l| l.line.as_str()), lines.last().map(|l| l.line.as_str()));
    assert_eq!((lines.len(), ends), (1000, (Some("line 7"), Some("newest"))));
}

#[tokio::test]
async fn a_file_of_an_older_server_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(&folder).unwrap();
    records.save(&cluster("a"), record(1, true)).await.unwrap();
    drop(records);
    sql(&folder, "DROP TABLE typed_lines; PRAGMA user_version = 1");
    let records = open(&folder).unwrap();
    assert_eq!(records.latest(&cluster("a"), &lab()).unwrap(), Some(record(1, true)));
    assert_eq!(records.lines(&cluster("a"), &lab(), 1).unwrap(), []);
}

#[tokio::test]
async fn of_another_cluster_only_what_was_finished_counts() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(&folder).unwrap();
    records.save(&cluster("gone"), record(1, false)).await.unwrap();
    assert_eq!(records.latest(&cluster("new"), &lab()).unwrap(), None, "its world is gone");
    records.save(&cluster("gone"), record(2, true)).await.unwrap();
    records.save(&cluster("gone"), record(3, false)).await.unwrap();
    assert_eq!(records.latest(&cluster("new"), &lab()).unwrap(), Some(record(2, true)));
}

#[tokio::test]
async fn a_record_that_is_not_understood_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).unwrap().save(&cluster("a"), record(1, true)).await.unwrap();
    sql(&folder, "UPDATE runs SET record = '{\"lab\": 7}'");
    let found = open(&folder).unwrap().latest(&cluster("a"), &lab());
    assert!(matches!(found, Err(RecordsError::NotUnderstood { attempt: 1, .. })), "{found:?}");
}

#[tokio::test]
async fn what_was_finished_is_not_made_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(&folder).unwrap();
    records.save(&cluster("a"), record(1, true)).await.unwrap();
    // Another server that began before the first had finished.
    records.save(&cluster("a"), record(1, false)).await.unwrap();
    assert_eq!(records.latest(&cluster("a"), &lab()).unwrap(), Some(record(1, true)));
}

#[tokio::test]
async fn a_file_of_a_newer_server_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).unwrap().save(&cluster("a"), record(1, true)).await.unwrap();
    sql(&folder, "PRAGMA user_version = 99");
    assert!(matches!(open(&folder), Err(RecordsError::Newer { found: 99, known: 2, .. })));
    sql(&folder, "PRAGMA user_version = 2");
    assert!(open(&folder).unwrap().latest(&cluster("a"), &lab()).unwrap().is_some());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.sqlite3");
    let diary = "Dear diary, ".repeat(400);
    std::fs::write(&file, &diary).unwrap();
    let error = Records::open(&file).unwrap_err();
    assert!(matches!(error, RecordsError::Open { .. }), "{error}");
    assert!(error.to_string().contains("records.sqlite3"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), diary);
}

fn sql(folder: &TempDir, statement: &str) {
    let file = folder.path().join("state/records.sqlite3");
    rusqlite::Connection::open(file).unwrap().execute_batch(statement).unwrap();
}
