//! What an API server tells of itself, the real one and the practice cluster's alike.

use kube::Client;

/// How many watches of cluster-wide lists the API server has open, by its own count.
/// Source: <https://kubernetes.io/docs/reference/instrumentation/metrics/>, `apiserver_longrunning_requests`.
pub async fn watches(client: &Client) -> u64 {
    let request = hyper::Request::get("/metrics").body(Vec::new()).expect("a request");
    let text = client.request_text(request).await.expect("the API server tells its metrics");
    let ours = |line: &&str| {
        line.starts_with("apiserver_longrunning_requests{")
            && line.contains(r#"scope="cluster""#)
            && line.contains(r#"verb="WATCH""#)
    };
    let value = |line: &str| line.rsplit_once(' ').and_then(|(_, n)| n.parse::<f64>().ok());
    text.lines().filter(ours).filter_map(value).sum::<f64>() as u64
}
