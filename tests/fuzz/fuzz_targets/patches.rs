//! Patches of all four kinds: the first byte says which, and of what.
#![no_main]

use clusterip_fuzz::{Asked, Bench};
use hyper::Method;
use libfuzzer_sys::{Corpus, fuzz_target};

const KINDS: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

const SERVICE: &str = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"x","labels":{"a":"1"}},
"spec":{"selector":{"app":"x"},"ports":[{"name":"http","port":80,"targetPort":8080},{"name":"other","port":81}]}}"#;
const CONFIG_MAP: &str =
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","finalizers":["a/b"]},"data":{"a":"1"}}"#;
const DEPLOYMENT: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicas":1,
"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[
{"name":"c","image":"clusterip-lab/backend:v1","env":[{"name":"A","value":"1"}],"ports":[{"containerPort":8080}]}]}}}}"#;

/// What is patched: where it is made, what it is, and where it is patched.
const OBJECTS: [(&str, &str, &str); 5] = [
    ("/api/v1/namespaces/default/services", SERVICE, ""),
    ("/api/v1/namespaces/default/configmaps", CONFIG_MAP, ""),
    ("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT, ""),
    ("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT, "/scale"),
    ("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT, "/status"),
];

thread_local! {
    static BENCH: Bench = Bench::default();
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((first, body)) = input.split_first() else { return Corpus::Reject };
    let (kind, of) = (usize::from(*first) % KINDS.len(), usize::from(*first) / KINDS.len() % OBJECTS.len());
    let (collection, object, part) = OBJECTS[of];
    let target = format!("{collection}/x{part}?fieldManager=fuzz");
    let patch = || Asked::new(Method::PATCH, target.clone(), KINDS[kind], body);
    let made = Asked::new(Method::POST, collection, "application/json", object);
    let answers = BENCH.with(|bench| bench.ask(&[made, patch(), patch()]));
    assert_eq!(answers[0].status, 201, "the object is made: {:?}", answers[0]);
    Corpus::Keep
});
