//! What `clusterip-lab labs check` prints: each play as it ends, then what failed and a table of the labs.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use clusterip_domain::ids::LabId;
use clusterip_domain::lab::Lab;
use clusterip_web::proof::{self, Event, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;

/// Tells what the labs lack. Returns which lack something.
pub(super) fn lint(labs: &[Arc<Lab>]) -> BTreeSet<LabId> {
    let mut lacking = BTreeSet::new();
    for lab in labs {
        for lack in proof::lint(lab) {
            eprintln!("{}: {lack}", lab.id);
            lacking.insert(lab.id.clone());
        }
    }
    lacking
}

/// Shows the plays as they end, and keeps what came of them: on a terminal with a bar, elsewhere a line each.
pub(super) async fn show(mut told: mpsc::UnboundedReceiver<Event>) -> Vec<Outcome> {
    let terminal = std::io::stdout().is_terminal();
    // The template is a constant; if it were wrong, the plain bar does.
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {elapsed} {wide_msg}");
    let bar = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut outcomes = Vec::new();
    let mut count = 0;
    while let Some(event) = told.recv().await {
        match event {
            Event::Begins(plays) => {
                count = plays;
                bar.set_length(plays as u64);
            }
            Event::Again(plays) => {
                outcomes.retain(|o: &Outcome| o.fault.is_none());
                bar.set_position(outcomes.len() as u64);
                bar.println(format!("{plays} once more, alone"));
                if !terminal {
                    println!("{plays} once more, alone");
                }
            }
            Event::Ended(outcome) => {
                bar.set_message(format!("{} {}", outcome.lab, outcome.what));
                bar.inc(1);
                outcomes.push(outcome);
                if let (false, Some(outcome)) = (terminal, outcomes.last()) {
                    println!("[{:>3}/{count}] {}", outcomes.len(), line(outcome));
                }
            }
        }
    }
    bar.finish_and_clear();
    outcomes
}

/// Prints what is no proof, and a table. Returns how many labs are not proved: one that lacks something, or of which a
/// play was left out, is not.
pub(super) fn report(labs: &[Arc<Lab>], lacking: &BTreeSet<LabId>, outcomes: &[Outcome]) -> usize {
    println!();
    outcomes.iter().filter(|o| !proves(o)).for_each(|o| println!("{}", line(o)));
    let mut failed = 0;
    for lab in labs {
        let plays = || outcomes.iter().filter(|o| o.lab == lab.id.as_str());
        let (count, passed) = (plays().count(), plays().filter(|o| proves(o)).count());
        let sound = passed == count && !lacking.contains(&lab.id);
        failed += usize::from(!sound);
        let took = seconds(plays().map(|o| o.took).sum());
        let lacks = if lacking.contains(&lab.id) { ", and it lacks something" } else { "" };
        println!(
            "{} {:<32} {passed:>3} of {count:>3} plays {took:>8} s{lacks}",
            mark(sound),
            lab.id.as_str()
        );
    }
    println!("{} passed, {failed} failed", labs.len() - failed);
    failed
}

fn proves(outcome: &Outcome) -> bool {
    outcome.fault.is_none() && outcome.left_out.is_none()
}

fn line(outcome: &Outcome) -> String {
    let why = match (&outcome.fault, &outcome.left_out) {
        (Some(fault), _) => fault.clone(),
        (None, Some(why)) => format!("left out: {why}"),
        (None, None) => String::new(),
    };
    let (mark, took) = (mark(proves(outcome)), seconds(outcome.took));
    format!("{mark} {:<32} {:<34} {took:>6} s  {why}", outcome.lab, outcome.what).trim_end().to_owned()
}

fn mark(good: bool) -> char {
    if good { '✓' } else { '✗' }
}

fn seconds(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64())
}
