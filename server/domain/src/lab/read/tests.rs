use super::*;

const YAML: &str = "\
format_version: 2
id: x
number: 1
minutes: 5
claims: [3]
links:
- {title: {en: Services, it: I Service}, url: 'https://kubernetes.io/docs/concepts/services-networking/service/'}
steps:
- id: a
  acts:
  - {do: apply, file: start/web.yaml}
  checks:
  - id: pods
    cel: snapshot.pods.size() > 0
    says: {en: There is a pod, it: C'è un pod}
    message: {en: \"'no pod of ' + string(snapshot.pods.size())\", it: \"'nessun pod'\"}
  hints:
  - when: snapshot.services.size() > 0
    where: {en: W, it: W}
    what: {en: S, it: S}
    command: kubectl get services
  - where: {en: W, it: W}
    what: {en: S, it: S}
    document: start/web.yaml
- id: b
  stable_for: 3
  predict:
    question: {en: Q, it: Q}
    options:
    - {id: yes-it-does, says: {en: Y, it: S}, happened: 'true'}
    - {id: no-never, says: {en: N, it: N}, happened: 'false'}
    learn: {en: L, it: L}
  checks:
  - id: services
    cel: snapshot.services.size() > 0  # here
    says: {en: There is a Service, it: C'è un Service}
    hidden: true
    points: 2
solutions:
  expose:
  - step: a
    do:
    - {apply: start/web.yaml}
  - step: b
    do:
    - {answer: yes-it-does}
    - {kubectl: 'expose pod <pod-name> --port=80'}
    - {until: snapshot.services.size() > 0}
  yaml:
  - step: a
    do:
    - {act: {do: apply, file: start/web.yaml}}
  - step: b
    do:
    - {document: \"kind: Service\"}
";
const MD: &str = "# T\n\nHi.\n\n## a: Go\nText.\n\n## b: On\nSee [it](https://kubernetes.io/docs/).\n";
const WRONG: &str =
    "route: yaml\nat: a\ndo:\n- {kubectl: get pods}\nfails: pods\nmessage: {en: no pod, it: nessun}\n";

fn files(yaml: &str, en: &str, it: &str) -> LabFiles {
    let pairs = [
        ("lab.yaml", yaml),
        ("en.md", en),
        ("it.md", it),
        ("start/web.yaml", "apiVersion: v1\nkind: Pod\n"),
        ("wrong/nothing.yaml", WRONG),
    ];
    let texts = pairs.into_iter().map(|(p, t)| (p.to_owned(), t.to_owned())).collect();
    LabFiles { texts, others: vec!["pic.png".into()] }
}

#[test]
fn a_whole_lab_is_read() {
    let lab = files(YAML, MD, MD).read().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(lab.steps.iter().map(|s| s.needs.clone()).collect::<Vec<_>>(), [vec![], vec![0]]);
    assert_eq!((lab.steps[0].stable_for, lab.steps[1].stable_for), (1, 3));
    assert_eq!((lab.points(), lab.documents.len(), lab.wrongs.len()), (3, 2, 1));
    assert_eq!(lab.routes.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["yaml", "expose"]);
    assert!(lab.offered("start/web.yaml").is_some() && lab.offered("wrong/nothing.yaml").is_none());
}

/// What is changed in a good lab, and the fault that comes of it: file, what stands last in its line there (none for
/// a fault of the whole file), a part of the words.
type Case = (LabFiles, &'static str, Option<&'static str>, &'static str);

fn told(cases: Vec<Case>) {
    let mut missed = String::new();
    for (files, file, mark, why) in cases {
        let at = |mark: &str| files.texts[file].lines().position(|l| l.ends_with(mark)).map(|i| i + 1);
        let line = mark.map(|mark| at(mark).unwrap_or_else(|| panic!("no line ends with {mark}")));
        let errors = files.read().err().map_or(vec![], |e| e.0);
        if !errors.iter().any(|e| e.file == file && e.line == line && e.why.contains(why)) {
            missed += &format!("{file}:{line:?} {why:?} is not in {errors:#?}\n");
        }
    }
    assert!(missed.is_empty(), "{missed}");
}

fn yaml(from: &str, to: &str) -> LabFiles {
    assert!(YAML.contains(from), "{from}");
    files(&YAML.replacen(from, to, 1), MD, MD)
}

#[test]
fn each_fault_of_the_yaml_names_its_line_and_its_cure() {
    told(vec![
        (yaml("minutes", "minuten"), "lab.yaml", Some("minuten: 5"), "minuten"),
        (yaml("number: 1", "number: x"), "lab.yaml", Some("number: x"), "invalid u8"),
        (yaml("version: 2", "version: 1"), "lab.yaml", Some("version: 1"), "this server reads 2"),
        (yaml("[3]", "[9]"), "lab.yaml", Some("[9]"), "use 1 to 8"),
        (yaml("'https://kub", "'http://kub"), "lab.yaml", Some("/service/'}"), "is not https"),
        (
            yaml("- id: services", "- id:  pods"),
            "lab.yaml",
            Some("- id:  pods"),
            "two checks have the id pods",
        ),
        (yaml("size() > 0", "size( > 0"), "lab.yaml", Some("size( > 0"), "does not compile"),
        (
            yaml("snapshot.pods", "snapshot.pod"),
            "lab.yaml",
            Some("pod.size() > 0"),
            "snapshot has no field pod",
        ),
        (yaml("it: C'è un pod", "de: Da"), "lab.yaml", Some("de: Da}"), "de"),
        (yaml("minutes: 5", "minutes: 5\nkind: exam"), "lab.yaml", Some("{en: S, it: S}"), "and no more"),
    ]);
}

#[test]
fn each_fault_of_a_step_names_its_line_and_its_cure() {
    let no_choice = yaml("    - {id: no-never, says: {en: N, it: N}, happened: 'false'}\n", "");
    let no_when = yaml("  - when: snapshot.services.size() > 0\n    where", "  - where");
    told(vec![
        (yaml("- id: b", "- id:  a"), "lab.yaml", Some("- id:  a"), "two steps have the id a"),
        (yaml("no-never", "yes-it-does"), "lab.yaml", Some("happened: 'false'}"), "two options have the id"),
        (yaml("file: start/web", "file: start/gone"), "lab.yaml", Some("gone.yaml}"), "add it, or correct"),
        (
            yaml("file: start/web", "file: ../web"),
            "lab.yaml",
            Some("../web.yaml}"),
            "not a document of the lab",
        ),
        (yaml("  stable_for: 3", "  needs: [b]"), "lab.yaml", Some("- id: b"), "needs, in the end, itself"),
        (yaml("  stable_for: 3", "  needs: [c]"), "lab.yaml", Some("[c]"), "there is no step c"),
        (yaml("  stable_for: 3", "  stable_for: 61"), "lab.yaml", Some("61"), "at most 60"),
        (no_choice, "lab.yaml", Some("happened: 'true'}"), "2 to 5"),
        (
            yaml("\n    command: kubectl get services", ""),
            "lab.yaml",
            Some("{en: S, it: S}"),
            "either `command`",
        ),
        (no_when, "lab.yaml", Some("{en: S, it: S}"), "only the last"),
        (
            yaml("{answer: yes-it-does}", "{answer: perhaps}"),
            "lab.yaml",
            Some("perhaps}"),
            "no option perhaps",
        ),
        (
            yaml("{answer: yes-it-does}", "{answer: yes-it-does, kubectl: x}"),
            "lab.yaml",
            None,
            "is one of apply",
        ),
    ]);
}

#[test]
fn a_lab_needs_steps_with_checks_and_a_way_through() {
    let end = YAML.find("solutions:").unwrap_or_default();
    let part = YAML.find("  - step: b\n    do:\n    - {document").unwrap_or_default();
    let empty = "format_version: 2\nid: x\nnumber: 1\nminutes: 1\nsteps: [{id: a, checks: []}]\n";
    told(vec![
        (files(&YAML[..end], MD, MD), "lab.yaml", None, "add `solutions`"),
        (files(&YAML[..part], MD, MD), "lab.yaml", None, "route yaml leaves out step b"),
        (yaml("- step: a", "- step: z"), "lab.yaml", Some("- step: z"), "there is no step z"),
        (files(empty, MD, MD), "lab.yaml", Some("[]}]"), "has no check"),
    ]);
}

#[test]
fn the_languages_are_held_to_each_other() {
    let with = |from: &str, to: &str| files(YAML, MD, &MD.replacen(from, to, 1));
    told(vec![
        (with("## b: On", "## c: On"), "it.md", None, "add `## b: Title`"),
        (with("## b: On", "## c: On"), "it.md", Some("## c: On"), "lab.yaml has no step c"),
        (with("Text.", "Text.\n\nMore."), "it.md", Some("## a: Go"), "there 1 paragraph, here 2 paragraphs"),
        (with("Hi.", "```\nx\n```"), "it.md", Some("# T"), "the introduction is not parallel"),
        (with("https://k", "http://k"), "it.md", Some("docs/)."), "is not https"),
        (
            with("See [it](https://kubernetes.io/docs/)", "![p](no.png)"),
            "it.md",
            Some("png)."),
            "no image no.png",
        ),
    ]);
    let both = MD.replace("Text.", "![p](pic.png)");
    assert!(files(YAML, &both, &both).read().is_ok(), "an image that is there");
    let mut alone = files(YAML, MD, MD);
    alone.texts.remove("it.md");
    assert!(alone.read().err().is_some_and(|e| e.0[0].why.contains("told in both languages")));
}

#[test]
fn wrong_states_name_a_step_a_route_and_a_check_that_speaks() {
    let with = |text: &str| {
        let mut files = files(YAML, MD, MD);
        files.texts.insert("wrong/nothing.yaml".into(), text.to_owned());
        files
    };
    let file = "wrong/nothing.yaml";
    let silent = WRONG.replace("at: a", "at: b").replace("pods\nm", "services\nm");
    told(vec![
        (with(&WRONG.replace("at: a", "at: b")), file, Some("fails: pods"), "step b has no check pods"),
        (with(&silent), file, Some("fails: services"), "check services has no message"),
        (with(&WRONG.replace("yaml", "patch")), file, Some("route: patch"), "there is no route patch"),
        (with(&WRONG.replace("at: a", "at: c")), file, Some("at: c"), "there is no step c"),
        (with(&WRONG.replace("fails", "fail")), file, Some("fail: pods"), "fail"),
    ]);
}

#[test]
fn all_faults_are_told_at_once_by_file_and_line() {
    let broken = YAML.replace("snapshot.pods.size() > 0\n", "nothing\n").replace("[3]", "[9]");
    let errors = files(&broken, MD, &MD.replace("# T", "T")).read().err().unwrap();
    assert_eq!(errors.0.iter().map(|e| e.file.as_str()).collect::<Vec<_>>(), ["it.md"], "{errors}");
    let errors = files(&broken, MD, MD).read().err().unwrap();
    assert_eq!(errors.0.iter().filter_map(|e| e.line).collect::<Vec<_>>(), [5, 14], "{errors}");
}
