//! How steps open, hold, tick, ask, hint and are kept, played on a lab of a few lines.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

use clusterip_domain::facts::History;
use clusterip_domain::lab::{
    Evidence, Fate, Guess, Judged, Lab, LabFiles, Lang, Progress, RunRecord, Score, StepState,
};
use clusterip_domain::ledger::{Ledger, Target, TargetKind};
use clusterip_domain::probe::{ProbeReport, Probed, Probes, Tool, Vantage};
use clusterip_domain::snapshot::Snapshot;
use clusterip_domain::traffic::{BackendCount, Batch, Connections, ErrorKind, LoadSpec};
use jiff::{SignedDuration, Timestamp};

const YAML: &str = r#"
format_version: 2
id: x
number: 1
minutes: 5
steps:
- id: note
  checks:
  - {id: one, cel: noted.size() >= 1, says: {en: a, it: a}, message: {en: "'only ' + string(noted.size())", it: "'solo ' + string(noted.size())"}}
  hints:
  - {when: noted.size() == 0, where: {en: here, it: qui}, what: {en: none, it: nessuno}, command: c}
  - {where: {en: there, it: là}, what: {en: few, it: pochi}, command: d}
- id: answers
  needs: []
  stable_for: 3
  predict:
    question: {en: Who?, it: Chi?}
    options:
    - {id: few, says: {en: Few, it: Pochi}, happened: 'traffic.exists(t, t.answered < 8)'}
    - {id: many, says: {en: Many, it: Molti}, happened: 'traffic.exists(t, t.answered >= 8)'}
    learn: {en: L, it: L}
  checks:
  - {id: five, cel: 'traffic.exists(t, t.answered >= 5)', says: {en: b, it: b}, points: 3}
- id: more
  needs: [note, answers]
  stable_for: 0
  checks:
  - {id: five-more, cel: 'traffic.exists(t, t.answered >= 5)', says: {en: c, it: c}, hidden: true}
  - {id: probed, cel: 'probes.exists(p, p.ok)', says: {en: d, it: d}}
solutions:
  yaml:
  - {step: note, do: [{act: {do: note-ips}}]}
  - {step: answers, do: []}
  - {step: more, do: []}
"#;
const PROSE: &str = "# T\n\n## note: N\n\n## answers: A\n\n## more: M\n";

fn lab_of(yaml: &str) -> Lab {
    let files = [("lab.yaml", yaml), ("en.md", PROSE), ("it.md", PROSE)];
    let texts = files.map(|(p, t)| (p.to_owned(), t.to_owned())).into();
    LabFiles { texts, others: vec![] }.read().unwrap_or_else(|e| panic!("{e}"))
}

struct Play {
    lab: Lab,
    snapshot: Snapshot,
    ledger: Ledger,
    history: History,
    noted: Vec<std::net::IpAddr>,
    probes: Probes,
    progress: Progress,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

impl Play {
    fn begin() -> Self {
        Self::of(lab_of(YAML))
    }

    fn of(lab: Lab) -> Self {
        let (mut ledger, history) = (Ledger::default(), History::default());
        let target = Target { kind: TargetKind::DnsName, name: "s".into(), host: "s".into(), port: 80 };
        let spec = LoadSpec {
            host: "s".into(),
            port: 80,
            connections: Connections::NewPerRequest,
            rate_per_second: 1,
            max_requests: 1,
            max_seconds: 1,
            timeout_ms: 1,
        };
        ledger.begin(target, &spec, vec![], at(0));
        let progress = Progress::begin(&lab, &mut ledger, &history, at(0));
        let snapshot = Snapshot::empty("lab-x".parse().unwrap());
        Self { lab, snapshot, ledger, history, noted: vec![], probes: Probes::default(), progress }
    }

    fn judge(&mut self, seconds: i64) -> Judged {
        let mut evidence = Evidence {
            snapshot: &self.snapshot,
            ledger: &mut self.ledger,
            history: &self.history,
            noted: &self.noted,
            probes: &self.probes,
        };
        self.progress.judge(&self.lab, &mut evidence, at(seconds))
    }

    fn answered(&mut self, count: u64) {
        let backend = BackendCount { pod: "p".into(), ip: [10, 0, 0, 1].into(), version: "v1".into(), count };
        self.ledger.record(&Batch { backends: vec![backend], ..Batch::default() });
    }

    fn states(&self) -> Vec<StepState> {
        self.progress.steps_progress().iter().map(|s| s.state).collect()
    }

    fn hint(&mut self, step: usize) -> Option<u8> {
        self.progress.hint(&self.lab, step)
    }

    fn note(&mut self) {
        self.noted.push([10, 0, 0, 1].into());
    }

    /// Both first steps done, at second 4.
    fn half() -> Self {
        let mut play = Self::begin();
        play.note();
        play.answered(5);
        play.judge(0);
        play.judge(4);
        play
    }
}

use StepState::{Ahead, Current, Done};

#[test]
fn steps_without_needs_are_open_together_and_the_others_wait_for_theirs() {
    let mut play = Play::begin();
    play.judge(0);
    assert_eq!(play.states(), [Current, Current, Ahead]);
    play.answered(5);
    play.judge(1);
    assert_eq!(play.judge(4), Judged { ticked: true, changed: true, again_at: None });
    assert_eq!(play.states(), [Current, Done, Ahead]);
    play.note();
    play.judge(5);
    play.judge(6);
    assert_eq!(play.states(), [Done, Done, Current]);
}

#[test]
fn a_step_ticks_only_after_it_held_unbroken() {
    let mut play = Play::begin();
    play.note();
    assert_eq!(play.judge(10).again_at, Some(at(11)), "the caller is told when to look again");
    assert_eq!(play.states()[0], Current);
    play.noted.clear();
    assert_eq!(play.judge(11).again_at, None, "it broke");
    play.note();
    play.judge(12);
    play.judge(11);
    assert_eq!(play.states()[0], Current, "a clock that was set back begins the wait anew");
    assert!(play.judge(12).ticked);
    play.noted.clear();
    play.judge(20);
    assert_eq!(play.states()[0], Done, "what is done stays done");
}

#[test]
fn each_step_counts_from_its_own_opening() {
    let mut play = Play::half();
    let target = Target { kind: TargetKind::PodIp, name: "p".into(), host: "10.0.0.1".into(), port: 80 };
    let report = ProbeReport { ok: true, error: None, ..ProbeReport::failed(ErrorKind::Refused) };
    let probed = Probed { from: Vantage::Client, tool: Tool::Tcp, target, report };
    let now = play.history.later();
    play.probes.record(now, probed);
    play.judge(5);
    assert_eq!(play.states()[2], Current, "the five answers were of another step");
    play.answered(5);
    assert!(play.judge(6).ticked);
    assert!(play.progress.finished());
}

#[test]
fn a_check_that_fails_says_what_it_saw_in_both_languages() {
    let mut play = Play::begin();
    play.judge(0);
    let said = |play: &Play, lang| {
        let steps = play.progress.steps(&play.lab, lang);
        steps[0].checks[0].message.map(str::to_owned)
    };
    assert_eq!(said(&play, Lang::En).as_deref(), Some("only 0"));
    assert_eq!(said(&play, Lang::It).as_deref(), Some("solo 0"));
    play.note();
    play.judge(1);
    assert_eq!(said(&play, Lang::En), None);
}

#[test]
fn an_exam_says_where_to_look_and_no_more() {
    let where_alone = YAML.replace(", what: {en: none, it: nessuno}, command: c", "");
    let where_alone = where_alone.replace(", what: {en: few, it: pochi}, command: d", "");
    let mut play = Play::of(lab_of(&where_alone.replace("minutes: 5", "minutes: 5\nkind: exam")));
    play.judge(0);
    assert_eq!((play.hint(0), play.hint(0)), (Some(1), Some(1)));
    let steps = play.progress.steps(&play.lab, Lang::En);
    let hint = steps[0].hint.as_ref().unwrap();
    assert_eq!((hint.place, hint.what, hint.answer, hint.more), (Some("here"), None, None, false));
}

#[test]
fn hints_are_chosen_by_the_state_and_deepen_when_asked() {
    let mut play = Play::begin();
    assert_eq!(play.hint(0), None, "nothing was judged yet");
    play.judge(0);
    assert_eq!((play.hint(0), play.hint(0)), (Some(1), Some(2)));
    let steps = play.progress.steps(&play.lab, Lang::En);
    let hint = steps[0].hint.as_ref().unwrap();
    assert_eq!((hint.place, hint.what, hint.answer, hint.more), (Some("here"), Some("none"), None, true));
    play.noted = vec![[10, 0, 0, 1].into()];
    play.judge(0);
    let steps = play.progress.steps(&play.lab, Lang::En);
    assert_eq!(steps[0].hint.as_ref().unwrap().depth, 0, "another hint fits now");
    assert_eq!(play.hint(2), None, "a step that is not open gives none");
}

#[test]
fn a_prediction_is_compared_with_what_really_happened() {
    let fate = |play: &Play| {
        let steps = play.progress.steps(&play.lab, Lang::En);
        steps[1].prediction.as_ref().map(|p| p.fate)
    };
    for (guess, answers, end) in [
        (Some("few"), 5, Fate::Right),
        (Some("many"), 5, Fate::Wrong),
        (Some("many"), 9, Fate::Right),
        (None, 5, Fate::Unsaid),
    ] {
        let mut play = Play::begin();
        play.judge(0);
        assert_eq!(fate(&play), Some(Fate::Asked));
        if let Some(id) = guess {
            assert!(play.progress.guess(&play.lab, 1, Guess::Choice(id.parse().unwrap())));
            assert_eq!(fate(&play), Some(Fate::Open));
            assert!(!play.progress.guess(&play.lab, 1, Guess::Skipped), "once");
        }
        play.answered(answers);
        play.judge(1);
        play.judge(4);
        assert_eq!(fate(&play), Some(end), "{guess:?} {answers}");
    }
}

#[test]
fn a_guess_that_is_none_of_the_answers_is_not_taken() {
    let mut play = Play::begin();
    assert!(!play.progress.guess(&play.lab, 1, Guess::Choice("nobody".parse().unwrap())));
    assert!(!play.progress.guess(&play.lab, 0, Guess::Skipped), "the step asks nothing");
    assert!(!play.progress.guess(&play.lab, 9, Guess::Skipped), "there is no such step");
}

#[test]
fn points_count_what_is_done_and_what_holds_and_hidden_checks_are_not_listed() {
    let mut play = Play::half();
    play.answered(5);
    play.judge(5);
    assert_eq!(play.progress.score(&play.lab), Score { points: 5, of: 6 });
    let steps = play.progress.steps(&play.lab, Lang::En);
    assert_eq!((steps[2].checks.len(), steps[2].hidden), (1, 1));
}

#[test]
fn a_run_goes_on_where_its_record_ends() {
    let mut play = Play::begin();
    play.judge(0);
    play.hint(0);
    play.progress.help(0);
    play.progress.guess(&play.lab, 1, Guess::Choice("many".parse().unwrap()));
    play.answered(5);
    play.judge(1);
    play.judge(4);
    let kept = serde_json::to_string(&play.progress.record(&play.lab)).unwrap();
    let record: RunRecord = serde_json::from_str(&kept).unwrap();
    assert_eq!((record.points, record.of_points, record.finished_at), (3, 6, None));
    let (mut ledger, history) = (Ledger::default(), History::default());
    play.progress = Progress::resume(&play.lab, &record, &mut ledger, &history, at(100));
    play.ledger = ledger;
    assert_eq!(play.states(), [Current, Done, Ahead]);
    assert_eq!(play.progress.record(&play.lab).as_ref(), Some(&record), "nothing was lost");
    play.note();
    play.judge(100);
    play.judge(101);
    assert_eq!(play.states(), [Done, Done, Current]);
    let again = play.progress.start_over(&play.lab, &mut play.ledger, &play.history, at(200));
    assert_eq!((again.attempt(), again.done()), (2, 0));
}

#[test]
fn a_record_of_a_lab_that_was_changed_keeps_what_is_still_there() {
    let record = Play::half().progress.record(&lab_of(YAML)).unwrap();
    let changed = YAML.replace("id: note", "id: observe").replace("step: note", "step: observe");
    let prose = PROSE.replace("note", "observe");
    let files = [
        ("lab.yaml", changed.replace("[note, a", "[observe, a")),
        ("en.md", prose.clone()),
        ("it.md", prose),
    ];
    let texts = files.map(|(p, t)| (p.to_owned(), t)).into();
    let lab = LabFiles { texts, others: vec![] }.read().unwrap_or_else(|e| panic!("{e}"));
    let progress = Progress::resume(&lab, &record, &mut Ledger::default(), &History::default(), at(9));
    let states: Vec<_> = progress.steps_progress().iter().map(|s| s.state).collect();
    assert_eq!(states, [Current, Done, Ahead]);
}
