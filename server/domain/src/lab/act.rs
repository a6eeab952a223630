//! What a step lets the student do with one button, and where its requests go.

use serde::{Deserialize, Serialize};

use crate::probe::{Tool, Vantage};

/// One button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "do", deny_unknown_fields)]
pub enum Act {
    /// Put a document of the lab in the editor; the student applies it.
    Edit {
        /// The document's path in the lab's folder, `start/service.yaml`.
        file: String,
    },
    /// Apply a document of the lab at once.
    Apply {
        /// The document's path in the lab's folder.
        file: String,
    },
    /// Note the IPs of the pods that are Ready now.
    NoteIps,
    /// Send requests.
    Send {
        /// Where to.
        to: Destination,
        /// Requests a second.
        #[serde(default = "step_rate")]
        rate: u32,
        /// How requests share connections.
        #[serde(default)]
        connections: Sharing,
    },
    /// Stop the requests.
    Stop,
    /// Delete one pod: the one the traffic goes to if it goes to a pod IP, else the oldest Ready one.
    KillPod {
        /// Only pods of this Deployment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment: Option<String>,
    },
    /// Set the replicas of a Deployment.
    Scale {
        /// Its name.
        deployment: String,
        /// How many.
        replicas: u8,
    },
    /// Give a Deployment's first container another image: a rolling update.
    SetImage {
        /// The Deployment's name.
        deployment: String,
        /// The image, `clusterip-lab/backend:v2`.
        image: String,
    },
    /// Replace all pods of a Deployment, a few at a time.
    RolloutRestart {
        /// Its name.
        deployment: String,
    },
    /// Delete a Service.
    DeleteService {
        /// Its name.
        name: String,
    },
    /// Look at one hop from one place.
    Probe {
        /// Where it is asked from.
        #[serde(default)]
        from: Vantage,
        /// What asks.
        tool: Tool,
        /// Where to.
        to: Destination,
        /// Another port than the destination's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
}

/// Fast enough to see a spread, slow enough to follow a dot.
const STEP_RATE: u32 = 20;

fn step_rate() -> u32 {
    STEP_RATE
}

/// How requests share connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// A new connection for each.
    #[default]
    New,
    /// A few connections, kept open.
    KeepAlive,
}

/// Where a load or a probe goes, as a lab or a button says it: the server finds the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum Destination {
    /// The first noted pod that is Ready, or the first Ready one: its IP and container port.
    PodIp,
    /// A Service's virtual IP and port.
    VirtualIp {
        /// The Service's name.
        service: String,
        /// Its port; without it the first one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
    /// A Service's DNS name and port.
    DnsName {
        /// The Service's name.
        service: String,
        /// The port to call; without it the Service's first. With it the Service need not be there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
    /// A Service of the lab's second namespace, by its full DNS name and port.
    NeighbourName {
        /// The Service's name.
        service: String,
        /// Its port; without it 80.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
}

impl Act {
    /// The document of the lab that it applies or puts in the editor.
    #[must_use]
    pub fn document(&self) -> Option<&str> {
        match self {
            Self::Edit { file } | Self::Apply { file } => Some(file),
            _ => None,
        }
    }
}
