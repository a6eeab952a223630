//! Enough of nslookup for `kubectl exec client -- nslookup NAME`: the addresses of a name, with the search domains
//! of the pod, in the words of BIND's.
//!
//! Source: <https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/>

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::Ran;
use crate::network::{NameError, Network, Resolved};

/// How long a look-up may take in all.
const PATIENCE: Duration = Duration::from_secs(5);
const USAGE: &str = "\
Usage: nslookup NAME
Looks up the addresses of NAME with the pod's own name server and search domains (/etc/resolv.conf).
";
/// The exit code of a name that is not found.
const NOT_FOUND: u8 = 1;
const MISUSED: u8 = 2;

/// Runs nslookup with `arguments`, the name of the program not among them.
pub(super) async fn run<N: Network>(arguments: &[String], network: &N) -> Ran {
    let name = match arguments {
        [help] if matches!(help.as_str(), "-h" | "--help" | "-help") => {
            return Ran { stdout: USAGE.into(), ..Ran::default() };
        }
        [name] if !name.starts_with('-') && !name.is_empty() => name,
        _ => return Ran { code: MISUSED, stderr: USAGE.into(), ..Ran::default() },
    };
    if name.parse::<IpAddr>().is_ok() {
        let stderr =
            "nslookup: this small nslookup finds the addresses of names, not the names of addresses\n";
        return Ran { code: MISUSED, stderr: stderr.into(), ..Ran::default() };
    }
    let Ok(found) = timeout(PATIENCE, network.resolve(name)).await else { return unanswered() };
    let mut out = String::new();
    if let Some(server) = network.name_server() {
        // Writing to a String does not fail.
        let _ = write!(out, "Server:\t\t{}\nAddress:\t{}#{}\n\n", server.ip(), server.ip(), server.port());
    }
    match found {
        Ok(Resolved { name, addresses }) => {
            for address in addresses {
                let _ = write!(out, "Name:\t{name}\nAddress: {address}\n");
            }
            out.push('\n');
            Ran { stdout: out.into_bytes(), ..Ran::default() }
        }
        Err(NameError { answered: false, .. }) => unanswered(),
        Err(NameError { .. }) => {
            let _ = write!(out, "** server can't find {name}: NXDOMAIN\n\n");
            Ran { code: NOT_FOUND, stdout: out.into_bytes(), ..Ran::default() }
        }
    }
}

fn unanswered() -> Ran {
    let stdout = ";; connection timed out; no servers could be reached\n\n".into();
    Ran { code: NOT_FOUND, stdout, ..Ran::default() }
}
