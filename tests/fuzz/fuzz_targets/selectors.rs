//! Selectors: a line of labels, a line of fields, and a line of other options, each to list, to watch and to delete by.
#![no_main]

use std::fmt::Write as _;
use clusterip_fuzz::{Asked, Bench};
use hyper::Method;
use libfuzzer_sys::{Corpus, fuzz_target};

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"app":"x","tier":"back-end"}},
"spec":{"containers":[{"name":"c","image":"clusterip-lab/backend:v1"}]}}"#;
const PODS: &str = "/api/v1/namespaces/default/pods";

thread_local! {
    static BENCH: Bench = Bench::default();
}

/// As a part of a URL, whatever it is.
fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "%{byte:02x}");
        text
    })
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let mut lines = input.splitn(3, |byte| *byte == b'\n');
    let mut line = || encode(lines.next().unwrap_or_default());
    let (labels, fields, continued) = (line(), line(), line());
    let query = format!("labelSelector={labels}&fieldSelector={fields}");
    let get = |target: String| Asked::new(Method::GET, target, "", "");
    BENCH.with(|bench| {
        bench.ask(&[
            Asked::new(Method::POST, PODS, "application/json", POD),
            get(format!("{PODS}?{query}")),
            get(format!("{PODS}?{query}&limit=1&continue={continued}&resourceVersion={continued}")),
            get(format!("/api/v1/events?{query}&watch=true&timeoutSeconds=1")),
            Asked::new(Method::DELETE, format!("{PODS}?{query}"), "", ""),
        ])
    });
    Corpus::Keep
});
