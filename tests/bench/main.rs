//! What the practice cluster costs and how fast it is, beside a peer: a benchmark, not a test. `tests/bench/run` builds
//! and runs it. What is measured runs in processes of its own.

mod class;
mod kube_api;
mod peer;
mod process;
mod student;

use std::time::Duration;

use kube_api::KubeApi;
use process::{Process, program};

#[tokio::main]
async fn main() {
    println!(
        "Memory is a process's own (anonymous) pages + those of files that it has in memory: its executable's.\n"
    );
    println!("{:<46} {:>24}", "measured", "value");
    student::one_student().await;
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = folder.path().join("kubeconfig");
    let mut practice = Process::start(&program("examples/practice"), &[kubeconfig.as_os_str()]);
    practice.line("listens on").await;
    let api = KubeApi::open(&kubeconfig).await;
    class::two_hundred_students(&mut practice, &api).await;
    peer::beside_a_peer(&api, &kubeconfig).await;
}

/// A row of the table.
fn row(what: &str, value: impl std::fmt::Display) {
    println!("{what:<46} {value:>24}");
}

/// In the unit that suits it.
fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        seconds if seconds >= 0.001 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{:.0} µs", seconds * 1e6),
    }
}

/// The one in the middle.
///
/// # Panics
/// There are none.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
