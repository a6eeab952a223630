//! The fields of each act's form. A form that does not fit is a [`WebError::BadForm`].

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use axum::http::StatusCode;
use clusterip_domain::ids::is_service_name;
use clusterip_domain::lab::{Destination, Sharing};
use clusterip_domain::traffic::Connections;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::WebError;
use crate::run::Order;
use crate::state::AppState;

/// Connections of a keep-alive load: few, so that it is seen how they stick.
const KEEP_ALIVE_CONNECTIONS: u16 = 1;

/// A form's fields.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Fields<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, WebError> {
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(FormRejection::BytesRejection(e)) if e.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(WebError::TooLarge)
            }
            Err(error) => Err(WebError::BadForm(error.body_text())),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Apply {
    pub(super) yaml: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplyDocument {
    pub(super) file: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KillPod {
    pub(super) pod: Option<String>,
    pub(super) deployment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    pub(super) deployment: String,
    pub(super) replicas: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetImage {
    pub(super) deployment: String,
    pub(super) image: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RolloutRestart {
    pub(super) deployment: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteService {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Send {
    to: To,
    #[serde(default)]
    service: String,
    #[serde(default = "usual_rate")]
    rate: u32,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    connections: Sharing,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum To {
    PodIp,
    VirtualIp,
    DnsName,
    NeighbourName,
}

/// Requests a second where the form does not say.
fn usual_rate() -> u32 {
    20
}

impl TryFrom<Send> for Order {
    type Error = WebError;

    fn try_from(form: Send) -> Result<Self, WebError> {
        let service = service_name(form.service)?;
        Ok(Self {
            to: match form.to {
                To::PodIp => Destination::PodIp,
                To::VirtualIp => Destination::VirtualIp { service, port: form.port },
                To::DnsName => Destination::DnsName { service, port: form.port },
                To::NeighbourName => Destination::NeighbourName { service, port: form.port },
            },
            rate_per_second: form.rate,
            connections: connections(form.connections),
        })
    }
}

/// The name of a Service, as a form gives it; nothing where none is needed. The client pod calls what it is told to, so
/// it is not told the name of a host elsewhere.
pub(super) fn service_name(given: String) -> Result<String, WebError> {
    if given.is_empty() || is_service_name(&given) {
        return Ok(given);
    }
    let given: String = given.chars().take(80).collect();
    Err(WebError::BadForm(format!("{given:?} is not the name of a Service")))
}

/// The connections of a load.
pub(super) fn connections(sharing: Sharing) -> Connections {
    match sharing {
        Sharing::New => Connections::NewPerRequest,
        Sharing::KeepAlive => Connections::KeepAlive { connections: KEEP_ALIVE_CONNECTIONS },
    }
}
