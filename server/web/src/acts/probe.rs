//! The acts that ask the network: `probe` tries once, `diagnose` walks the whole way.

use axum::http::HeaderMap;
use axum::response::Response;
use clusterip_domain::diagnosis::Question;
use clusterip_domain::lab::{Destination, Localized};
use clusterip_domain::probe::{Probe, Probed, Tool, Vantage};
use serde::Deserialize;

use super::form::{Fields, To, service_name};
use super::{Told, tell_at};
use crate::error::WebError;
use crate::http::InRun;
use crate::run::{Asking, Command, aim};

/// Where the answers are shown.
const PANEL: &str = "#panel-diagnosis";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeForm {
    #[serde(default)]
    from: Vantage,
    tool: Tool,
    to: To,
    #[serde(default)]
    service: String,
    #[serde(default)]
    port: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiagnoseForm {
    host: String,
    #[serde(default)]
    port: String,
}

impl TryFrom<ProbeForm> for Probe {
    type Error = WebError;

    fn try_from(form: ProbeForm) -> Result<Self, WebError> {
        let ProbeForm { from, tool, to, service, port } = form;
        let service = service_name(service)?;
        let to = match to {
            To::PodIp => Destination::PodIp,
            To::VirtualIp => Destination::VirtualIp { service, port: None },
            To::DnsName => Destination::DnsName { service, port: None },
            To::NeighbourName => Destination::NeighbourName { service, port: None },
        };
        Ok(Self { from, tool, to, port: parse_port(&port)? })
    }
}

/// A field that may be left empty.
fn parse_port(given: &str) -> Result<Option<u16>, WebError> {
    match given.trim() {
        "" => Ok(None),
        given => match given.parse() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err(WebError::BadForm(format!("port {given:?}: 1 to 65535"))),
        },
    }
}

fn asking(at: &InRun) -> Asking<'_> {
    Asking { client: &at.cluster.client, simulated: at.cluster.source.simulated, run: &at.run }
}

pub(super) async fn probe(at: InRun, headers: HeaderMap, Fields(form): Fields<ProbeForm>) -> Response {
    let told = match Probe::try_from(form) {
        Ok(probe) => perform(&at, &probe).await,
        Err(error) => Err(error),
    };
    tell_at(&at, &headers, told, PANEL)
}

/// Tries once, and keeps what came of it.
pub(crate) async fn perform(at: &InRun, probe: &Probe) -> Told {
    let attempt = aim(&at.run.view(), probe)?;
    let _turn = at.run.turn().ok_or(WebError::Asking)?;
    let probed = asking(at).ask(attempt).await?;
    let said = words::probed(&probed);
    at.run.ask(|answer| Command::Probed(probed, answer)).await?;
    Ok(said)
}

pub(super) async fn diagnose(at: InRun, headers: HeaderMap, Fields(form): Fields<DiagnoseForm>) -> Response {
    let told = walk(&at, &form).await;
    tell_at(&at, &headers, told, PANEL)
}

async fn walk(at: &InRun, form: &DiagnoseForm) -> Told {
    let question = Question::new(&form.host, parse_port(&form.port)?)
        .map_err(|error| WebError::BadForm(error.to_string()))?;
    let _turn = at.run.turn().ok_or(WebError::Asking)?;
    let diagnosis = asking(at).diagnose(&question).await?;
    let said = words::diagnosed(&diagnosis);
    at.run.ask(|answer| Command::Diagnosed(Box::new(diagnosis), answer)).await?;
    Ok(said)
}

/// What is said after them.
mod words {
    use clusterip_domain::diagnosis::Diagnosis;

    use super::{Localized, Probed};

    pub(super) fn probed(probed: &Probed) -> Localized<String> {
        let host = &probed.target.host;
        let (en, it) = match (probed.report.ok, probed.report.tried) {
            (true, _) => ("it answers", "risponde"),
            (false, true) => ("it does not answer", "non risponde"),
            (false, false) => ("there is no way to try it from there", "da lì non c’è modo di provarlo"),
        };
        Localized { en: format!("{host}: {en}."), it: format!("{host}: {it}.") }
    }

    pub(super) fn diagnosed(diagnosis: &Diagnosis) -> Localized<String> {
        let at = diagnosis.broken_at().map(|station| station.title());
        let cause = diagnosis.cause.as_ref().map(|cause| cause.misconception.title());
        match (at, cause) {
            (Some(at), Some(cause)) => Localized {
                en: format!("It breaks at «{}»: {}.", at.en, lower(&cause.en)),
                it: format!("Si interrompe a «{}»: {}.", at.it, lower(&cause.it)),
            },
            (Some(at), None) => Localized {
                en: format!("It breaks at «{}».", at.en),
                it: format!("Si interrompe a «{}».", at.it),
            },
            (None, Some(cause)) => Localized { en: format!("{}.", cause.en), it: format!("{}.", cause.it) },
            (None, None) => Localized {
                en: "Nothing is broken on this way.".to_owned(),
                it: "Lungo questa strada non c’è nulla di rotto.".to_owned(),
            },
        }
    }

    /// A sentence after a colon. Names of fields keep their spelling.
    fn lower(sentence: &str) -> String {
        let mut letters = sentence.chars();
        letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    }
}
