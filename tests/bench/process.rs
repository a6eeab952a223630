//! A process that is measured: what it says, and what the system says of it.
//!
//! Source: proc(5).

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a process may take to say something.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a second Linux counts the time of a process: `USER_HZ`.
const TICKS: f64 = 100.0;

/// What a process has in memory, in MB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Pages that are its own: nobody else has what is in them.
    pub(crate) own: f64,
    /// Pages of files, its executable's above all. They are shared, and the system drops and reads them as it likes.
    pub(crate) of_files: f64,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} MB + {:.1} MB", self.own, self.of_files)
    }
}

/// See the module. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

/// A program of this build.
pub(crate) fn program(name: &str) -> PathBuf {
    let me = std::env::current_exe().expect("a benchmark has an executable");
    // target/release/deps/practice-…
    me.ancestors().nth(2).expect("target/release").join(name)
}

impl Process {
    /// Starts a program.
    pub(crate) fn start(program: &Path, arguments: &[&OsStr]) -> Self {
        let started = Command::new(program).args(arguments).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = started.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        let says = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        Self { child, says }
    }

    /// Waits for a line with this in it.
    pub(crate) async fn line(&mut self, with: &str) -> String {
        let wait = async {
            loop {
                let line = self.says.next_line().await.expect("text").expect("it says it before it ends");
                if line.contains(with) {
                    return line;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("it never said {with}"))
    }

    fn file(&self, name: &str) -> String {
        let id = self.child.id().expect("it runs");
        fs::read_to_string(format!("/proc/{id}/{name}")).expect("it runs")
    }

    fn status(&self, field: &str) -> u64 {
        let status = self.file("status");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field is there");
        line.trim_start_matches(':').split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
    }

    /// What it has in memory now.
    pub(crate) fn memory(&self) -> Memory {
        let mb = |field| self.status(field) as f64 * 1024.0 / 1e6;
        Memory { own: mb("RssAnon") + mb("RssShmem"), of_files: mb("RssFile") }
    }

    /// The most that it ever had in memory, pages of files included, in MB: the system keeps no more than the sum.
    pub(crate) fn most_memory(&self) -> f64 {
        self.status("VmHWM") as f64 * 1024.0 / 1e6
    }

    /// Seconds of one processor so far.
    fn busy(&self) -> f64 {
        let stat = self.file("stat");
        // The name before may have spaces and parentheses in it.
        let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
        let ticks: f64 = fields[11..13].iter().filter_map(|field| field.parse::<f64>().ok()).sum();
        ticks / TICKS
    }

    /// How often its threads have gone to sleep so far: each time something had woken them.
    fn wakes(&self) -> f64 {
        let id = self.child.id().expect("it runs");
        let threads = fs::read_dir(format!("/proc/{id}/task")).expect("it runs");
        let switches = |thread: fs::DirEntry| {
            let status = fs::read_to_string(thread.path().join("status")).ok()?;
            let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            count.trim().parse::<f64>().ok()
        };
        threads.flatten().filter_map(switches).sum()
    }

    /// What it does while it is left to itself for a while: percent of one processor, and how often a second it wakes.
    ///
    /// # Panics
    /// It ends meanwhile.
    pub(crate) async fn for_a_while(&mut self, time: Duration) -> String {
        let (busy, wakes) = (self.busy(), self.wakes());
        let ended = tokio::time::timeout(time, self.child.wait()).await;
        assert!(ended.is_err(), "it ended by itself: {ended:?}");
        let (busy, wakes) = (self.busy() - busy, self.wakes() - wakes);
        format!("{:.2} %, wakes {:.0}/s", busy / time.as_secs_f64() * 100.0, wakes / time.as_secs_f64())
    }
}
