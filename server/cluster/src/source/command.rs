//! Running docker and kind: bounded in time, and killed when nobody waits for them any more.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

/// A program that ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Whether its exit status was 0.
    pub(crate) success: bool,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained about.
    pub(crate) stderr: String,
}

impl Finished {
    /// The one line worth quoting: what docker's engine answered, else kind's `ERROR:`, else the last one. Both
    /// programs like to add a line that says less (`Error: failed to start containers: …`).
    pub(crate) fn complaint(&self) -> String {
        let line = |said: &str| self.stderr.lines().find(|l| l.contains(said)).map(|l| l.trim().to_owned());
        line("Error response from daemon:")
            .or_else(|| line("ERROR: "))
            .or_else(|| last_lines(&self.stderr, 1).pop())
            .or_else(|| last_lines(&self.stdout, 1).pop())
            .unwrap_or_default()
    }
}

/// The last `count` lines that are not blank.
pub(crate) fn last_lines(text: &str, count: usize) -> Vec<String> {
    let mut lines: Vec<_> = text
        .lines()
        .rev()
        .map(str::trim_end)
        .filter(|l| !l.is_empty())
        .take(count)
        .map(str::to_owned)
        .collect();
    lines.reverse();
    lines
}

/// Why a program did not end by itself.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started, or its output not be read.
    #[error("it could not be run")]
    NotRun(#[source] std::io::Error),
    /// It took too long and was killed.
    #[error("it gave no answer in {} s and was killed", limit.as_secs())]
    TimedOut {
        /// How long it was given.
        limit: Duration,
    },
}

/// Runs it to its end, with nothing on its standard input. Dropping the future kills it.
pub(crate) async fn run(command: Command, limit: Duration) -> Result<Finished, CommandError> {
    run_telling(command, limit, |_| {}).await
}

/// The same, telling each line of its standard error as it comes.
pub(crate) async fn run_telling(
    mut command: Command,
    limit: Duration,
    tell: impl FnMut(&str),
) -> Result<Finished, CommandError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    match timeout(limit, to_the_end(&mut command, tell)).await {
        Ok(finished) => finished.map_err(CommandError::NotRun),
        Err(_elapsed) => Err(CommandError::TimedOut { limit }),
    }
}

async fn to_the_end(command: &mut Command, mut tell: impl FnMut(&str)) -> std::io::Result<Finished> {
    let mut child = command.spawn()?;
    let out = child.stdout.take();
    let err = child.stderr.take();
    let stdout = async {
        let mut bytes = Vec::new();
        if let Some(mut out) = out {
            out.read_to_end(&mut bytes).await?;
        }
        std::io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let stderr = async {
        let mut text = String::new();
        let mut line = Vec::new();
        if let Some(err) = err {
            let mut err = BufReader::new(err);
            while err.read_until(b'\n', &mut line).await? > 0 {
                let told = String::from_utf8_lossy(&line);
                tell(told.trim_end());
                text.push_str(&told);
                line.clear();
            }
        }
        std::io::Result::Ok(text)
    };
    let (stdout, stderr, status) = tokio::try_join!(stdout, stderr, child.wait())?;
    Ok(Finished { success: status.success(), stdout, stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn lines_are_told_as_they_come_and_both_outputs_are_kept() {
        let mut told = Vec::new();
        let command = shell("echo one >&2; echo out; echo two >&2; exit 3");
        let finished = run_telling(command, Duration::from_secs(10), |line| told.push(line.to_owned()))
            .await
            .expect("sh runs");
        assert_eq!(told, ["one", "two"]);
        assert_eq!((finished.success, finished.stdout.as_str()), (false, "out\n"));
        assert_eq!(finished.complaint(), "two");
    }

    #[test]
    fn the_line_that_says_most_is_quoted() {
        for (stderr, quoted) in [
            (
                "Error response from daemon: driver failed\nError: failed to start containers: lab\n",
                "Error response from daemon: driver failed",
            ),
            (
                "\nERROR: failed to create cluster: x\n\nCommand Output: y\n",
                "ERROR: failed to create cluster: x",
            ),
            ("Cannot connect\n\n", "Cannot connect"),
        ] {
            let finished = Finished { success: false, stdout: "out\n".into(), stderr: stderr.into() };
            assert_eq!(finished.complaint(), quoted);
        }
        let silent = Finished { success: false, stdout: "out\n".into(), stderr: String::new() };
        assert_eq!(silent.complaint(), "out");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_given_up() {
        let hung = run(shell("exec sleep 600"), Duration::from_millis(50)).await;
        assert!(matches!(hung, Err(CommandError::TimedOut { .. })), "{hung:?}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told_from_one_that_fails() {
        let absent = run(Command::new("/nowhere/docker"), Duration::from_secs(1)).await;
        assert!(matches!(absent, Err(CommandError::NotRun(_))), "{absent:?}");
    }
}
