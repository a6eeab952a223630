//! The client pod's control port, over the API server's port-forward: one request a connection.

use bytes::Bytes;
use clusterip_domain::ids::Namespace;
use clusterip_domain::traffic::CONTROL_PORT;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use serde::Serialize;

use super::TrafficError;
use crate::tenancy::{self, CLIENT_POD};

/// Posts `body` and has `read` read the answer; the connection ends with that.
pub(super) async fn post<T>(
    client: &Client,
    namespace: &Namespace,
    (path, body): (&'static str, &impl Serialize),
    read: impl AsyncFnOnce(Response<Incoming>) -> Result<T, TrafficError>,
) -> Result<T, TrafficError> {
    tenancy::ensure_client(client, namespace).await.map_err(TrafficError::NoClient)?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace.as_str());
    let mut forward =
        pods.portforward(CLIENT_POD, &[CONTROL_PORT]).await.map_err(TrafficError::PortForward)?;
    let stream = forward.take_stream(CONTROL_PORT).ok_or(TrafficError::EndedEarly)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(TrafficError::Broken)?;
    let exchange = async {
        let response = sender.send_request(request(path, body)).await.map_err(TrafficError::Broken)?;
        read(response).await
    };
    tokio::select! {
        result = exchange => result,
        // The connection is polled beside the exchange, in this task, so that both end together.
        ended = connection => Err(ended.map_or_else(TrafficError::Broken, |()| TrafficError::EndedEarly)),
    }
}

fn request(path: &'static str, body: &impl Serialize) -> Request<Full<Bytes>> {
    // A struct of numbers and strings always serialises.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = hyper::Method::POST;
    *request.uri_mut() = Uri::from_static(path);
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("client"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}
