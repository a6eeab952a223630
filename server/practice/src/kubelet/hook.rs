//! What a container does before its process is told to stop: its `preStop` hook.
//!
//! Source: <https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/>

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::process::Program;
use crate::network::PodDialer;

/// What a hook does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hook {
    /// Waits.
    Sleep(Duration),
    /// Runs a program of the image.
    Exec(Vec<String>),
}

impl Hook {
    /// A container's; `None` where it has none.
    pub(super) fn read(container: &Value) -> Option<Self> {
        let hook = &container["lifecycle"]["preStop"];
        if let Some(seconds) = hook["sleep"]["seconds"].as_u64() {
            return Some(Self::Sleep(Duration::from_secs(seconds)));
        }
        let command = hook["exec"]["command"].as_array()?;
        Some(Self::Exec(command.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
    }

    /// Sees it through; whether it did what it should. The pod's grace goes on meanwhile.
    pub(super) async fn run(self, dialer: &PodDialer) -> bool {
        match self {
            Self::Sleep(time) => {
                sleep(time).await;
                true
            }
            Self::Exec(argv) => match Program::find(&argv) {
                Some(Program::Tool(tool, arguments)) => tool.collect(&arguments, dialer).await.code == 0,
                _ => false,
            },
        }
    }
}
