//! What a page shows of a run: put together once a change, shared by every viewer and language.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use clusterip_domain::diagnosis::Diagnosis;
use clusterip_domain::diagram::Diagram;
use clusterip_domain::distribution::Evenness;
use clusterip_domain::lab::{Lab, Progress};
use clusterip_domain::ledger::Window;
use clusterip_domain::probe::Probed;
use clusterip_domain::snapshot::Snapshot;

/// A run at one moment.
#[derive(Debug, Clone)]
pub struct RunView {
    /// The lab.
    pub lab: Arc<Lab>,
    /// The lab after it.
    pub next: Option<Arc<Lab>>,
    /// The namespace is being prepared: nothing is judged yet.
    pub waiting: bool,
    /// The namespace.
    pub snapshot: Arc<Snapshot>,
    /// The picture for a wide window.
    pub wide: Diagram,
    /// The picture for a narrow one.
    pub tall: Diagram,
    /// The load that runs, or ran last.
    pub window: Option<Window>,
    /// Whether its spread is what chance gives; `None` where chance does not choose for each request.
    pub evenness: Option<Evenness>,
    /// How far the student is.
    pub progress: Progress,
    /// The IPs the student noted.
    pub noted: Vec<Noted>,
    /// The last probes, oldest first.
    pub probes: Vec<Probed>,
    /// Why a call did not arrive, when that was asked last.
    pub diagnosis: Option<Arc<Diagnosis>>,
    /// What keeps the run from going on, while something does, each with what was said of it.
    pub troubles: Troubles,
}

/// What keeps a run from going on, and why: of each kind the last word.
pub type Troubles = BTreeMap<Trouble, String>;

/// An IP the student noted, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The IP.
    pub ip: IpAddr,
    /// The pod that had it when it was noted.
    pub pod: String,
    /// Whether that pod still has it.
    pub alive: bool,
}

/// What keeps a run from going on; it is tried again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The namespace or the client pod could not be made: what the API server or the connection said.
    Preparing,
    /// How far the student is could not be written down: what the database said.
    NotKept,
    /// The way to the client pod broke while a load ran: what broke.
    Traffic,
}
