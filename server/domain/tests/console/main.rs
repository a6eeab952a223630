//! The console's reader: what it takes, what it refuses, and that nothing gets past it.
//!
//! ```text
//! line ──read──▶ Command ──▶ `oracle`, which knows none of the reader's tables
//!            └─▶ Refusal ──▶ its code
//! ```

mod accepted;
mod completion;
mod hostile;
mod oracle;
mod output;
mod properties;
mod refused;

use clusterip_domain::console::{Bounds, Command, KubectlLine, Refusal};

/// The namespace of every test.
const OWN: &str = "lab-ada";

fn bounds() -> Bounds {
    Bounds { namespace: OWN.parse().expect("a namespace") }
}

fn read(line: &str) -> Result<Command, Refusal> {
    clusterip_domain::console::read(line, &bounds())
}

/// The code of the line's refusal, or `accepted`.
fn code(line: &str) -> &'static str {
    match read(line) {
        Ok(_) => "accepted",
        Err(refusal) => refusal.code(),
    }
}

/// A line that is to be read as one for kubectl.
fn kubectl(line: &str) -> KubectlLine {
    match read(line) {
        Ok(Command::Kubectl(read)) => read,
        other => panic!("{line}: {other:?}"),
    }
}
