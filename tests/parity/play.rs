//! Plays the cases of a group on both sides at once, and compares what they say.

use std::time::Duration;

use crate::accepted::Accepted;
use crate::normal::Names;
use crate::report::{Case, Group, Verdict};
use crate::script::{self, Act, Line, Step};
use crate::side::{Place, Ran, Side};

/// kind, and practice.
pub(crate) type Sides<'a> = &'a [Side; 2];

/// Plays a group; once more where the real cluster could not keep up, which says nothing about either.
pub(crate) async fn group(group: &script::Group, sides: Sides<'_>, accepted: &Accepted) -> Group {
    let (played, overloaded) = once(group, sides, accepted).await;
    if !overloaded {
        return played;
    }
    println!("parity: kind was overloaded in {}, which is played again", group.name);
    once(group, sides, accepted).await.0
}

/// Plays a group in a namespace of its own, which is deleted afterwards. Tells whether a side was overloaded.
async fn once(group: &script::Group, sides: Sides<'_>, accepted: &Accepted) -> (Group, bool) {
    let namespace = format!("parity-{}", group.name);
    let mut report = Group { name: group.name.clone(), ..Group::default() };
    let [kind, practice] = sides;
    let opened = tokio::join!(open(kind, &group.name, &namespace), open(practice, &group.name, &namespace));
    let mut places = match opened {
        (Ok(kind), Ok(practice)) => [kind, practice],
        (Err(why), _) | (_, Err(why)) => {
            report.cases.push(Case::broken("setup", why));
            return (report, false);
        }
    };
    let (setup, _) = case(&group.setup, group, &mut places, accepted, &mut report.took).await;
    // Only a setup that failed counts.
    report.cases.extend(Some(setup).filter(|setup| !matches!(setup.verdict, Verdict::Equal)));
    for each in &group.cases {
        let (played, failed) = case(each, group, &mut places, accepted, &mut report.took).await;
        report.errors += usize::from(failed);
        report.cases.push(played);
    }
    close(&places, &namespace).await;
    (report, places.iter().any(|place| place.overloaded()))
}

/// A new namespace on one side; one that was left behind goes first.
pub(crate) async fn open<'a>(side: &'a Side, name: &str, namespace: &str) -> Result<Place<'a>, String> {
    let place = side.place(name, namespace);
    for arguments in [
        &["delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=60s"][..],
        &["create", "namespace", namespace],
        &["wait", "--for=create", "serviceaccount/default", "--timeout=60s"],
        &["wait", "--for=create", "configmap/kube-root-ca.crt", "--timeout=60s"],
    ] {
        let ran = place.run(arguments).await;
        if !ran.succeeded() {
            return Err(format!("{}: kubectl {arguments:?}: {}", side.name, ran.said()));
        }
    }
    Ok(place)
}

/// Deletes the namespaces; that they are gone is waited for by who needs them next.
pub(crate) async fn close(places: &[Place<'_>; 2], namespace: &str) {
    let arguments = ["delete", "namespace", namespace, "--wait=false", "--ignore-not-found"];
    tokio::join!(places[0].run(&arguments), places[1].run(&arguments));
}

/// One case; and whether a compared command of it fails on kind.
async fn case(
    case: &script::Case,
    group: &script::Group,
    places: &mut [Place<'_>; 2],
    accepted: &Accepted,
    took: &mut [Vec<Duration>; 2],
) -> (Case, bool) {
    let mut names = places.each_ref().map(|place| Names::new(&place.side.known, &group.words));
    let full = format!("{}/{}", group.name, case.name);
    let (mut failed, mut known, mut differences) = (false, 0, Vec::new());
    for step in &case.steps {
        let line = match step {
            Step::Write { name, content } => {
                places.iter().for_each(|place| place.write(name, content));
                continue;
            }
            Step::Run(line) => line,
        };
        match play(line, places).await {
            Ok(None) => {}
            Ok(Some(ran)) => {
                failed |= !ran[0].succeeded();
                for (took, ran) in took.iter_mut().zip(&ran) {
                    took.push(ran.took);
                }
                let (count, difference) = compare(line, &ran, &mut names, &full, accepted);
                known += count;
                differences.extend(difference);
            }
            Err(why) => {
                // What follows stands on it.
                differences.push(format!("{}\n{why}", line.shown()));
                break;
            }
        }
    }
    let verdict = match (differences.is_empty(), known) {
        (false, _) => Verdict::Differs(differences),
        (true, 0) => Verdict::Equal,
        (true, known) => Verdict::Accepted(known),
    };
    (Case { name: case.name.clone(), verdict }, failed)
}

/// One step on both sides; what they said, if it is to be compared.
async fn play(line: &Line, places: &mut [Place<'_>; 2]) -> Result<Option<[Ran; 2]>, String> {
    let [kind, practice] = &*places;
    if let Act::Until(text) = &line.act {
        let (on_kind, on_practice) = tokio::join!(until(kind, line, text), until(practice, line, text));
        on_kind.map_err(|why| format!("kind: {why}"))?;
        on_practice.map_err(|why| format!("practice: {why}"))?;
        return Ok(None);
    }
    let (on_kind, on_practice) = tokio::join!(kind.line(line), practice.line(line));
    let ran = [on_kind, on_practice];
    if line.act == Act::Compare {
        return Ok(Some(ran));
    }
    for (place, ran) in places.iter_mut().zip(&ran) {
        if !ran.succeeded() {
            return Err(format!("{}: {}", place.side.name, ran.said()));
        }
        if let Act::Let(name) = &line.act {
            place.name(name, &ran.stdout);
        }
    }
    Ok(None)
}

async fn until(place: &Place<'_>, line: &Line, text: &str) -> Result<(), String> {
    let arguments = place.filled(line);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    place.until(&arguments, text).await
}

/// How many known differences there were, and what else differs.
fn compare(
    line: &Line,
    ran: &[Ran; 2],
    names: &mut [Names<'_>; 2],
    case: &str,
    accepted: &Accepted,
) -> (usize, Option<String>) {
    let [kind, practice] = names;
    let mut output = [kind.output(&ran[0].stdout), practice.output(&ran[1].stdout)];
    let exit = |ran: &Ran| ran.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    let mut errors = [
        format!("{}exit code {}\n", kind.errors(&ran[0].stderr), exit(&ran[0])),
        format!("{}exit code {}\n", practice.errors(&ran[1].stderr), exit(&ran[1])),
    ];
    let mut known = 0;
    for [on_kind, on_practice] in [&mut output, &mut errors] {
        known += accepted.settle(case, on_kind, on_practice);
    }
    let mut told = String::new();
    for (stream, [on_kind, on_practice]) in [("stdout", &output), ("stderr and exit code", &errors)] {
        told.push_str(&diff(stream, on_kind, on_practice));
    }
    (known, (!told.is_empty()).then(|| format!("{}\n{told}", line.shown())))
}

/// What is only on kind with `-`, what is only on practice with `+`; empty when they are equal.
pub(crate) fn diff(what: &str, kind: &str, practice: &str) -> String {
    if kind == practice {
        return String::new();
    }
    let diff = similar::TextDiff::from_lines(kind, practice);
    format!(
        "{what} (- kind, + practice):\n{}",
        diff.unified_diff().context_radius(2).missing_newline_hint(true)
    )
}
