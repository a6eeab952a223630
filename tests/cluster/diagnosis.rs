//! What is asked of the network, and what is made of the answers: each fault is made in the cluster, walked by real
//! probes, and named.

use std::sync::Arc;

use clusterip_domain::diagnosis::{Diagnosis, Station};
use clusterip_domain::diagram::Rule;
use clusterip_domain::probe::{Probed, Tool, Vantage};
use clusterip_domain::traffic::{Connections, ErrorKind};
use clusterip_tests::lab::{PAGE, PATIENCE, SERVICE, ready};
use clusterip_tests::{Lab, On, on_both_clusters};
use hyper::{Method, Request};
use serde_json::json;

on_both_clusters! {
    faults_of_a_service_are_found_where_they_are,
    faults_of_pods_are_found_where_they_are,
    what_puzzles_although_it_works_is_named,
    a_short_name_of_another_namespace_is_named,
    a_probe_is_one_try_and_says_how_it_went,
    a_diagnosis_without_javascript_leads_to_its_panel,
    a_chain_of_services_is_counted_hop_by_hop,
}

/// Pods that run a backend with these variables, behind nothing.
fn pods(name: &str, labels: &str, env: &[(&str, &str)], port: u16, probed: bool) -> String {
    let env: Vec<String> = env.iter().map(|(k, v)| format!("{{name: {k}, value: \"{v}\"}}")).collect();
    let probe = "readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1}";
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: 1\n  selector: \
         {{matchLabels: {{of: {name}}}}}\n  template:\n    metadata: {{labels: {{of: {name}, {labels}}}}}\n    spec:\n      \
         terminationGracePeriodSeconds: 1\n      containers:\n      - name: c\n        image: clusterip-lab/backend:v1\n        \
         ports: [{{name: http, containerPort: {port}}}]\n        env: [{}]\n        {}\n",
        env.join(", "),
        if probed { probe } else { "imagePullPolicy: IfNotPresent" },
    )
}

fn service(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

async fn apply(lab: &Lab, yaml: &str) {
    lab.act("apply", &[("yaml", yaml)]).await;
}

/// Makes the Service anew, and waits until the node knows it, if it has an address.
async fn serve(lab: &Lab, spec: &str) {
    if lab.view().snapshot.service(SERVICE).is_some() {
        lab.act("delete-service", &[("name", SERVICE)]).await;
        lab.until("no Service", |v| v.snapshot.service(SERVICE).is_none()).await;
    }
    apply(lab, &service(SERVICE, spec)).await;
    lab.until("the node's rule", |v| {
        let drawn = v.wide.services.iter().find(|s| s.name == SERVICE);
        drawn.is_some_and(|s| s.virtual_ip.is_none() || !matches!(s.rule, Rule::Unknown | Rule::Absent))
    })
    .await;
    resolves(lab, "dns-name", SERVICE).await;
}

/// Waits until the client pod finds the name: the cluster's DNS hears of a Service a moment later, and remembers for
/// a moment what it did not know.
async fn resolves(lab: &Lab, to: &str, service: &str) {
    let found =
        async { while !asked(lab, &[("tool", "dns"), ("to", to), ("service", service)]).await.report.ok {} };
    tokio::time::timeout(PATIENCE, found).await.expect("the name resolves");
}

async fn diagnose(lab: &Lab, host: &str, port: &str) -> Arc<Diagnosis> {
    let before = lab.view().diagnosis.clone();
    lab.act("diagnose", &[("host", host), ("port", port)]).await;
    let is_new = |d: &Arc<Diagnosis>| before.as_ref().is_none_or(|b| !Arc::ptr_eq(b, d));
    let view = lab.until("a diagnosis", |v| v.diagnosis.as_ref().is_some_and(is_new)).await;
    view.diagnosis.clone().unwrap()
}

/// Where it must break, and why.
async fn finds(
    lab: &Lab,
    (host, port): (&str, &str),
    station: Option<Station>,
    code: &str,
) -> Arc<Diagnosis> {
    let found = diagnose(lab, host, port).await;
    let why = found.cause.as_ref().map_or("", |c| c.misconception.code());
    assert_eq!((found.broken_at(), why), (station, code), "{host}:{port}: {found:#?}");
    found
}

const SELECTOR: &str = "selector: {app: myapp}";

async fn faults_of_a_service_are_found_where_they_are(lab: Lab) {
    lab.deploy().await;
    let name = Some(Station::Name);
    finds(&lab, (SERVICE, ""), name, "no-such-service").await;
    serve(&lab, &format!("{SELECTOR}, ports: [{{port: 80, targetPort: 8080}}]")).await;
    lab.until("endpoints", |v| v.snapshot.endpoints(SERVICE).filter(|e| e.ready).count() == 3).await;
    finds(&lab, (SERVICE, ""), None, "").await;
    let mistyped = finds(&lab, ("my-clusterip-servce", ""), name, "no-such-service").await;
    assert_eq!(mistyped.cause.as_ref().unwrap().instead.as_deref(), Some(SERVICE));
    finds(&lab, (SERVICE, "8080"), Some(Station::VirtualIp), "no-such-port").await;
    for (spec, station, code) in [
        (
            "clusterIP: None, selector: {app: myapp}, ports: [{port: 80, targetPort: 8080}]",
            Station::VirtualIp,
            "headless",
        ),
        (
            "selector: {app: mypap}, ports: [{port: 80, targetPort: 8080}]",
            Station::Endpoint,
            "selector-matches-nothing",
        ),
        ("ports: [{port: 80, targetPort: 8080}]", Station::Endpoint, "no-selector"),
        (
            "selector: {app: myapp}, ports: [{port: 80, targetPort: nope}]",
            Station::Endpoint,
            "named-port-missing",
        ),
        (
            "selector: {app: myapp}, ports: [{port: 80, targetPort: 81}]",
            Station::Listener,
            "wrong-target-port",
        ),
    ] {
        serve(&lab, spec).await;
        if station == Station::Listener {
            lab.until("endpoints", |v| v.snapshot.endpoints(SERVICE).any(|e| e.ready)).await;
        }
        finds(&lab, (SERVICE, ""), Some(station), code).await;
    }
    let found = lab.view().diagnosis.clone().unwrap();
    assert_eq!(
        found.cause.as_ref().unwrap().instead.as_deref(),
        Some("8080"),
        "the pods listen there: {found:#?}"
    );
    serve(&lab, &format!("{SELECTOR}, ports: [{{port: 80, targetPort: 8080}}]")).await;
    lab.act("scale", &[("deployment", "backend"), ("replicas", "0")]).await;
    lab.until("no pods", |v| v.snapshot.workloads().next().is_none()).await;
    finds(&lab, (SERVICE, ""), Some(Station::Endpoint), "no-endpoints").await;
    lab.close().await;
}

async fn faults_of_pods_are_found_where_they_are(lab: Lab) {
    apply(&lab, &pods("inward", "kind: inward", &[("LISTEN", "127.0.0.1")], 8080, false)).await;
    apply(&lab, &pods("unready", "kind: unready", &[("READY", "false")], 8080, true)).await;
    apply(&lab, &pods("web", "kind: shared", &[], 8080, true)).await;
    apply(&lab, &pods("other", "kind: shared", &[("PORT", "9090")], 9090, false)).await;
    lab.until("three Ready pods", |v| ready(&v.snapshot).len() == 3).await;
    lab.until("a pod that is not", |v| {
        v.snapshot.workloads().any(|p| p.state == clusterip_domain::snapshot::PodState::NotReady)
    })
    .await;
    for (kind, endpoints, station, code) in [
        ("inward", 1, Station::Listener, "listens-on-loopback"),
        ("unready", 0, Station::Endpoint, "pods-not-ready"),
        ("shared", 2, Station::Listener, "selector-too-broad"),
    ] {
        serve(&lab, &format!("selector: {{kind: {kind}}}, ports: [{{port: 80, targetPort: 8080}}]")).await;
        lab.until("endpoints", |v| v.snapshot.endpoints(SERVICE).filter(|e| e.ready).count() == endpoints)
            .await;
        finds(&lab, (SERVICE, ""), Some(station), code).await;
    }
    lab.close().await;
}

/// Waits until the load that shares connections like this has had its answers.
async fn answered(lab: &Lab, connections: Connections) {
    lab.until("20 answers", |v| {
        v.window.as_ref().is_some_and(|w| w.connections == connections && w.tally.answered >= 20)
    })
    .await;
}

async fn what_puzzles_although_it_works_is_named(lab: Lab) {
    lab.serve().await;
    lab.act("probe", &[("tool", "ping"), ("to", "virtual-ip"), ("service", SERVICE)]).await;
    finds(&lab, (SERVICE, ""), None, "ping-virtual-ip").await;
    // Another question after it: the ping is not what the student asks about any more.
    lab.act("probe", &[("tool", "dns"), ("to", "dns-name"), ("service", SERVICE)]).await;
    lab.send("20", "keep-alive").await;
    answered(&lab, Connections::KeepAlive { connections: 1 }).await;
    finds(&lab, (SERVICE, ""), None, "keep-alive-pins").await;
    lab.act("stop", &[]).await;
    serve(&lab, &format!("{SELECTOR}, sessionAffinity: ClientIP, ports: [{{port: 80, targetPort: 8080}}]"))
        .await;
    lab.until("endpoints", |v| v.snapshot.endpoints(SERVICE).filter(|e| e.ready).count() == 3).await;
    lab.until("the node's endpoints", |v| clusterip_tests::lab::in_kernel(v) == 3).await;
    lab.send("20", "new").await;
    answered(&lab, Connections::NewPerRequest).await;
    finds(&lab, (SERVICE, ""), None, "session-affinity").await;
    lab.close().await;
}

async fn a_short_name_of_another_namespace_is_named(lab: Lab) {
    let neighbour = lab.run.namespace.neighbour();
    let send = async |method: Method, path: &str, body: serde_json::Value| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.body(serde_json::to_vec(&body).unwrap()).unwrap();
        lab.cluster.client.request_text(request).await
    };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": neighbour}});
    send(Method::POST, "/api/v1/namespaces", namespace).await.unwrap();
    let data = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "data"},
        "spec": {"selector": {"app": "data"}, "ports": [{"port": 80}]}});
    send(Method::POST, &format!("/api/v1/namespaces/{neighbour}/services"), data).await.unwrap();
    resolves(&lab, "neighbour-name", "data").await;
    let short = finds(&lab, ("data", ""), Some(Station::Name), "other-namespace").await;
    assert_eq!(short.cause.as_ref().unwrap().instead, Some(format!("data.{neighbour}")));
    send(Method::DELETE, &format!("/api/v1/namespaces/{neighbour}"), json!({})).await.unwrap();
    lab.close().await;
}

/// What a probe came to.
async fn asked(lab: &Lab, form: &[(&str, &str)]) -> Probed {
    lab.act("probe", form).await;
    lab.view().probes.last().cloned().unwrap()
}

async fn probe(lab: &Lab, from: &str, tool: &str, to: &str, port: &str) -> Probed {
    asked(lab, &[("from", from), ("tool", tool), ("to", to), ("service", SERVICE), ("port", port)]).await
}

async fn a_probe_is_one_try_and_says_how_it_went(lab: Lab) {
    lab.serve().await;
    let pods = lab.endpoints().await;
    for (tool, to, port, error) in [
        ("http", "virtual-ip", "", None),
        ("http", "dns-name", "", None),
        ("tcp", "pod-ip", "", None),
        ("dns", "dns-name", "", None),
        ("ping", "pod-ip", "", None),
        ("ping", "virtual-ip", "", Some(ErrorKind::Timeout)),
        ("tcp", "pod-ip", "81", Some(ErrorKind::Refused)),
    ] {
        let probed = probe(&lab, "client", tool, to, port).await;
        assert_eq!((probed.from, probed.report.ok), (Vantage::Client, error.is_none()), "{probed:#?}");
        assert_eq!(probed.report.error, error, "{probed:#?}");
        if probed.tool == Tool::Http {
            assert!(pods.values().any(|pod| Some(pod) == probed.report.pod.as_ref()), "{probed:#?}");
        }
    }
    let outside = probe(&lab, "outside", "http", "virtual-ip", "").await;
    assert!(!outside.report.ok, "a virtual IP is for the inside: {outside:#?}");
    assert_eq!(outside.report.tried, lab.on == On::Kind, "{outside:#?}");
    for form in [
        [("from", "outside"), ("tool", "ping"), ("to", "virtual-ip"), ("service", SERVICE)],
        [("from", "outside"), ("tool", "http"), ("to", "dns-name"), ("service", SERVICE)],
    ] {
        assert_eq!(lab.refused("probe", &form).await["code"], "not_from_there");
    }
    for (name, form) in [
        ("probe", [("from", "inside"), ("tool", "http"), ("to", "pod-ip"), ("port", "")]),
        ("probe", [("from", "client"), ("tool", "http"), ("to", "pod-ip"), ("port", "70000")]),
        ("diagnose", [("host", "http://x/"), ("port", "80"), ("port", "80"), ("port", "80")]),
    ] {
        assert_eq!(lab.refused(name, &form).await["code"], "bad_form", "{form:?}");
    }
    lab.close().await;
}

async fn a_diagnosis_without_javascript_leads_to_its_panel(lab: Lab) {
    let form = [("host", "nobody"), ("port", "")];
    let html = [("accept", "text/html")];
    let answer = lab.http.send(Method::POST, &format!("{PAGE}/act/diagnose"), &html, Some(&form)).await;
    assert_eq!((answer.status, answer.header("location")), (303, format!("{PAGE}#panel-diagnosis").as_str()));
    let page = lab.http.get(PAGE).await.body;
    assert!(
        page.contains("<li class=\"station broken\">") && page.contains("There is no Service of that name")
    );
    lab.close().await;
}

async fn a_chain_of_services_is_counted_hop_by_hop(lab: Lab) {
    for (tier, env) in [
        ("frontend", &[("UPSTREAM", "http://backend-service")][..]),
        ("backend", &[("UPSTREAM", "http://data-service")]),
        ("data", &[]),
    ] {
        apply(&lab, &pods(tier, &format!("tier: {tier}"), env, 8080, true)).await;
        let spec = format!("selector: {{tier: {tier}}}, ports: [{{port: 80, targetPort: 8080}}]");
        apply(&lab, &service(&format!("{tier}-service"), &spec)).await;
    }
    let served = |v: &clusterip_web::run::RunView| {
        let service = |tier: &str| v.snapshot.endpoints(&format!("{tier}-service")).any(|e| e.ready);
        ["frontend", "backend", "data"].into_iter().all(service)
    };
    lab.until("three Services with endpoints", served).await;
    let form = [("to", "dns-name"), ("service", "frontend-service"), ("rate", "20"), ("connections", "new")];
    lab.act("send", &form).await;
    let counted = |v: &clusterip_web::run::RunView| {
        let tally = v.window.as_ref().map(|w| &w.tally)?;
        let hops: Vec<_> =
            tally.chain.iter().filter(|(_, hop)| hop.answered >= 20).map(|(key, _)| key).collect();
        (tally.answered >= 20).then(|| hops.iter().map(|(n, to)| (*n, to.to_string())).collect::<Vec<_>>())
    };
    let hops = [(1, "http://backend-service".to_owned()), (2, "http://data-service".to_owned())];
    let view = lab.until("answers of all three", |v| counted(v).is_some_and(|found| found == hops)).await;
    let window = view.window.as_ref().unwrap();
    assert_eq!(window.tally.backends.len(), 1, "the first hop is the load's own: {window:#?}");
    assert!(window.tally.backends.keys().all(|pod| pod.starts_with("frontend-")));
    lab.close().await;
}
