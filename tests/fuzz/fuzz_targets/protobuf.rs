//! Bodies in protobuf: the first byte says where they are sent.
#![no_main]

use clusterip_fuzz::{Asked, Bench};
use hyper::Method;
use libfuzzer_sys::{Corpus, fuzz_target};

const TARGETS: [(&str, &str); 8] = [
    ("POST", "/api/v1/namespaces/default/pods"),
    ("POST", "/apis/apps/v1/namespaces/default/deployments"),
    ("POST", "/api/v1/namespaces/default/services"),
    ("POST", "/api/v1/namespaces/default/configmaps"),
    ("POST", "/api/v1/namespaces"),
    ("PUT", "/api/v1/namespaces/default"),
    ("PUT", "/api/v1/namespaces/default/services/kubernetes"),
    ("DELETE", "/api/v1/namespaces/default/services/kubernetes"),
];

thread_local! {
    static BENCH: Bench = Bench::default();
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((first, body)) = input.split_first() else { return Corpus::Reject };
    let (method, path) = TARGETS[usize::from(*first) % TARGETS.len()];
    let method: Method = method.parse().expect("a method");
    let body = [b"k8s\0", body].concat();
    BENCH.with(|bench| bench.ask(&[Asked::new(method, path, "application/vnd.kubernetes.protobuf", body)]));
    Corpus::Keep
});
