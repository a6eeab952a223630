//! The small commands of the lab's images, as a student knows them: short output, the usual exit codes, everything
//! bounded.
//!
//! One executable under several names: what it is called by says which tool it is. The practice cluster runs the
//! same code in its own process, over its own network.

pub mod curl;
mod nslookup;
mod ping;

use crate::network::Network;

/// How the executable is called.
pub const USAGE: &str = "usage: clusterip-agent backend | client | curl [options] http://HOST[:PORT][/PATH] | \
                         nslookup NAME | ping [-c COUNT] [-W SECONDS] HOST";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Sends an HTTP request.
    Curl,
    /// Looks a name up.
    Nslookup,
    /// Sends ICMP echoes.
    Ping,
}

/// Where a tool writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What a run left, and its exit code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// The exit code.
    pub code: u8,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Curl, Self::Nslookup, Self::Ping];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Nslookup => "nslookup",
            Self::Ping => "ping",
        }
    }

    /// The tool of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Runs it with `arguments`, its name not among them; what it writes is written as it comes. The exit code.
    pub async fn run<N: Network>(
        self,
        arguments: &[String],
        network: &N,
        mut write: impl FnMut(Stream, &[u8]) + Send,
    ) -> u8 {
        let ran = match self {
            Self::Curl => curl::run(arguments, network).await,
            Self::Nslookup => nslookup::run(arguments, network).await,
            // Its lines come a second apart, and whoever waits for them wants to see them come.
            Self::Ping => return ping::run(arguments, network, write).await,
        };
        write(Stream::Out, &ran.stdout);
        write(Stream::Err, ran.stderr.as_bytes());
        ran.code
    }

    /// Runs it, and keeps what it writes until it ends.
    pub async fn collect<N: Network>(self, arguments: &[String], network: &N) -> Ran {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let write = |stream, bytes: &[u8]| match stream {
            Stream::Out => stdout.extend_from_slice(bytes),
            Stream::Err => stderr.extend_from_slice(bytes),
        };
        let code = self.run(arguments, network, write).await;
        Ran { code, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }
}
