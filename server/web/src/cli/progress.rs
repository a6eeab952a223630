//! The stages of start-up in the terminal: a line each, with its elapsed time.

use std::collections::HashMap;
use std::time::Duration;

use clusterip_cluster::source::{Stage, StageEvent, StageState};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(120);

/// Shows the stages until nobody tells any more.
pub(super) async fn show(mut events: UnboundedReceiver<StageEvent>) {
    let all = MultiProgress::new();
    let mut lines = HashMap::new();
    while let Some(event) = events.recv().await {
        take(&all, &mut lines, event);
    }
}

fn take(all: &MultiProgress, lines: &mut HashMap<Stage, (ProgressBar, u64)>, event: StageEvent) {
    let (line, began) = lines.entry(event.stage).or_insert_with(|| {
        let line = all.add(ProgressBar::new_spinner().with_style(running()));
        line.set_prefix(event.stage.title().en);
        (line, event.elapsed_ms)
    });
    let took = Duration::from_millis(event.elapsed_ms.saturating_sub(*began)).as_secs_f64();
    let end = |mark: &str, said: String| {
        let title = event.stage.title().en;
        line.finish_and_clear();
        let text = format!("{mark} {title:<38} {took:>6.1} s  {said}");
        // Where no terminal is, the bar draws nothing: the line must still be there.
        if all.is_hidden() { eprintln!("{text}") } else { drop(all.println(text)) }
    };
    match event.state {
        StageState::Started => {
            *began = event.elapsed_ms;
            line.enable_steady_tick(TURN);
        }
        StageState::Note { text } => line.set_message(text.en),
        StageState::Done { detail } => end("✓", detail.map(|d| d.en).unwrap_or_default()),
        StageState::Skipped { why } => end("–", why.en),
        StageState::Failed { code, .. } => end("✗", code.to_owned()),
    }
}

fn running() -> ProgressStyle {
    // The template is a constant; if it were wrong, the plain spinner does.
    ProgressStyle::with_template("{spinner} {prefix:<38} {elapsed:>6}  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}
