//! The shape of a lab, as its author writes it and as the page uses it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::Check;
use super::text::{Lang, Localized, StepText};
use crate::ids::{LabId, StepId};

/// Something a step lets the student do with one button.
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
    },
    /// Delete one pod: the one the traffic goes to if it goes to a pod IP, else the oldest Ready one.
    KillPod,
    /// Set the replicas of a Deployment.
    Scale {
        /// Its name.
        deployment: String,
        /// How many.
        replicas: u8,
    },
    /// Delete a Service.
    DeleteService {
        /// Its name.
        name: String,
    },
}

/// Where a load goes, as a lab or a button says it: the server finds the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum Destination {
    /// The first noted pod that is Ready, or the first Ready one: its IP and container port.
    PodIp,
    /// A Service's virtual IP and port.
    VirtualIp {
        /// The Service's name.
        service: String,
    },
    /// A Service's DNS name and port.
    DnsName {
        /// The Service's name.
        service: String,
    },
    /// A Service of the lab's second namespace, by its full DNS name.
    NeighbourName {
        /// The Service's name.
        service: String,
    },
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Id, unique in the lab.
    pub id: StepId,
    /// Title and prose.
    pub text: Localized<StepText>,
    /// All must hold.
    pub checks: Vec<Check>,
    /// Buttons.
    pub acts: Vec<Act>,
    /// Commands that do the same, or show it, one a line.
    pub commands: Vec<String>,
}

/// A whole lab.
#[derive(Debug)]
pub struct Lab {
    /// Id, unique in the course.
    pub id: LabId,
    /// Its place in the course, from 1.
    pub number: u8,
    /// How long it takes, in minutes.
    pub minutes: u8,
    /// Title.
    pub title: Localized<String>,
    /// Introduction, as HTML.
    pub intro: Localized<String>,
    /// Steps in order, at least one.
    pub steps: Vec<Step>,
    /// The lab's documents by path, as text.
    pub documents: BTreeMap<String, String>,
}

impl Lab {
    /// The step of that id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|s| s.id == *id)
    }

    /// The title in that language.
    #[must_use]
    pub fn title(&self, lang: Lang) -> &str {
        self.title.get(lang)
    }
}
