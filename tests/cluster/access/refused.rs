//! What is not a student's is refused, whatever is to be done with it: verb by verb, resource by resource, and in whose
//! namespace. Nothing would be changed if it were not: every write is a dry run.

use clusterip_tests::{Lab, fact, on_both_clusters};
use hyper::{Method, Request};
use kube::client::Body;
use serde_json::json;

use super::{Student, ask, in_namespace};

on_both_clusters! {
    no_verb_on_what_is_not_a_students_is_allowed,
    no_way_around_the_rights_is_open,
}

const READS: [&str; 3] = ["get", "list", "watch"];
const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// The request of a verb for the list of this path.
fn request(verb: &str, list: &str) -> (Method, String) {
    let dry = "?dryRun=All";
    match verb {
        "get" => (Method::GET, format!("{list}/x")),
        "list" => (Method::GET, list.to_owned()),
        "watch" => (Method::GET, format!("{list}?watch=true&timeoutSeconds=1")),
        "create" => (Method::POST, format!("{list}{dry}")),
        "update" => (Method::PUT, format!("{list}/x{dry}")),
        "patch" => (Method::PATCH, format!("{list}/x{dry}")),
        "delete" => (Method::DELETE, format!("{list}/x{dry}")),
        "deletecollection" => (Method::DELETE, format!("{list}{dry}")),
        other => panic!("no verb: {other}"),
    }
}

/// Lists in the student's own namespace of which a student may do nothing.
const CLOSED: [&str; 9] = [
    "v1/secrets",
    "v1/persistentvolumeclaims",
    "v1/podtemplates",
    "rbac.authorization.k8s.io/v1/roles",
    "rbac.authorization.k8s.io/v1/rolebindings",
    "coordination.k8s.io/v1/leases",
    "networking.k8s.io/v1/ingresses",
    "policy/v1/poddisruptionbudgets",
    "apps/v1/controllerrevisions",
];
/// Lists in it that a student may only look at.
const TO_LOOK_AT: [&str; 13] = [
    "v1/endpoints",
    "v1/events",
    "v1/resourcequotas",
    "v1/limitranges",
    "v1/serviceaccounts",
    "v1/replicationcontrollers",
    "discovery.k8s.io/v1/endpointslices",
    "networking.k8s.io/v1/networkpolicies",
    "apps/v1/daemonsets",
    "apps/v1/statefulsets",
    "batch/v1/jobs",
    "batch/v1/cronjobs",
    "events.k8s.io/v1/events",
];
/// Lists of the student's that are closed in every other namespace.
const OWN: [&str; 7] = [
    "v1/pods",
    "v1/services",
    "v1/configmaps",
    "v1/secrets",
    "v1/endpoints",
    "apps/v1/deployments",
    "discovery.k8s.io/v1/endpointslices",
];
/// Lists of the whole cluster.
const CLUSTER: [&str; 15] = [
    "/api/v1/nodes",
    "/api/v1/namespaces",
    "/api/v1/persistentvolumes",
    "/api/v1/pods",
    "/api/v1/services",
    "/api/v1/secrets",
    "/api/v1/configmaps",
    "/apis/apps/v1/deployments",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
];

async fn no_verb_on_what_is_not_a_students_is_allowed(lab: Lab) {
    let student = Student::of(&lab).await;
    let mut asked: Vec<(&str, String)> = Vec::new();
    let mut add = |verbs: &[&'static str], list: &str| {
        asked.extend(verbs.iter().map(|verb| (*verb, list.to_owned())));
    };
    for list in CLOSED {
        add(&READS, &student.path(list));
        add(&WRITES, &student.path(list));
    }
    for list in TO_LOOK_AT {
        add(&WRITES, &student.path(list));
    }
    for namespace in ["default", "kube-system", "lab-of-somebody-else"] {
        for list in OWN {
            add(&READS, &in_namespace(namespace, list));
            add(&WRITES, &in_namespace(namespace, list));
        }
    }
    for list in CLUSTER {
        add(&READS, list);
        add(&WRITES, list);
    }
    let mut open = Vec::new();
    for (verb, list) in &asked {
        let (method, path) = request(verb, list);
        let answer = student.ask(method, &path, (!READS.contains(verb)).then(|| json!({}))).await;
        // Several objects are not made, changed or deleted across namespaces at all.
        let nonsense = answer.status == 405;
        let forbidden = answer.status == 403 && (answer.body["reason"] == "Forbidden" || *verb == "watch");
        if !forbidden && !nonsense {
            open.push(format!("{verb} {list}: {answer:?}"));
        }
    }
    assert!(open.is_empty(), "{}", open.join("\n"));
    fact(&format!("{} requests for what is not a student's, all refused", asked.len()));
    lab.close().await;
}

async fn no_way_around_the_rights_is_open(lab: Lab) {
    lab.serve().await;
    let student = Student::of(&lab).await;
    let own = |path: &str| student.path(path);
    let service = clusterip_tests::lab::SERVICE;
    let namespace = format!("/api/v1/namespaces/{}", student.namespace);
    let ways = [
        (Method::POST, own("v1/serviceaccounts/student/token")),
        (Method::POST, own("v1/serviceaccounts/default/token")),
        (Method::GET, own(&format!("v1/services/{service}/proxy/"))),
        (Method::POST, own(&format!("v1/services/{service}/proxy/"))),
        (Method::GET, own(&format!("v1/services/{service}:80/proxy/readyz"))),
        (Method::GET, own("v1/pods/client/proxy/")),
        (Method::PATCH, own("v1/pods/client/ephemeralcontainers?dryRun=All")),
        (Method::PATCH, own("v1/pods/client/status?dryRun=All")),
        (Method::PATCH, own("v1/pods/client/resize?dryRun=All")),
        (Method::POST, own("v1/pods/client/binding?dryRun=All")),
        (Method::POST, own("v1/bindings?dryRun=All")),
        (Method::PATCH, own(&format!("v1/services/{service}/status?dryRun=All"))),
        (Method::PATCH, own("apps/v1/deployments/backend/status?dryRun=All")),
        (Method::POST, own("authorization.k8s.io/v1/localsubjectaccessreviews")),
        (Method::POST, "/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned()),
        (Method::POST, "/apis/authentication.k8s.io/v1/tokenreviews".to_owned()),
        (Method::GET, namespace.clone()),
        (Method::PATCH, format!("{namespace}?dryRun=All")),
        (Method::DELETE, format!("{namespace}?dryRun=All")),
        (Method::PUT, format!("{namespace}/finalize?dryRun=All")),
        (Method::GET, "/api/v1/nodes/x/proxy/pods".to_owned()),
        (Method::GET, "/api/v1/nodes/x/proxy/run/".to_owned()),
        (Method::GET, "/metrics".to_owned()),
        (Method::GET, "/logs/".to_owned()),
        (Method::GET, "/debug/pprof/".to_owned()),
    ];
    let mut open = Vec::new();
    for (method, path) in ways {
        let body = (method != Method::GET).then(|| json!({}));
        let answer = student.ask(method.clone(), &path, body).await;
        if answer.status != 403 {
            open.push(format!("{method} {path}: {answer:?}"));
        }
    }
    assert!(open.is_empty(), "{}", open.join("\n"));
    for (header, value) in [
        ("impersonate-user", "kubernetes-admin"),
        ("impersonate-user", "system:serviceaccount:kube-system:default"),
    ] {
        let request = Request::get(student.path("v1/pods")).header(header, value);
        let answer = student.client.send(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 403, "{header}: {value}");
    }
    let whole = ask(&student.client, Method::GET, "/version", None).await;
    assert_eq!(whole.status, 200, "what everybody may see a student sees: {whole:#?}");
    lab.close().await;
}
