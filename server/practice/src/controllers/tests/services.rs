use clusterip_agent::network::Network as _;
use serde_json::json;

use crate::store::{Deletion, Resource};
use crate::testing::{Lab, NAMESPACE, deployment, names, service};

#[tokio::test(start_paused = true)]
async fn a_service_leads_to_its_ready_pods_by_address_and_name() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(3, "clusterip-lab/backend:v1"));
    let web = lab.make(Resource::Services, service(&json!("http")));
    lab.until_ready(3).await;
    lab.until_served(3).await;
    let ip = web["spec"]["clusterIP"].as_str().unwrap();
    for url in
        [format!("http://{ip}"), "http://web".into(), format!("http://web.{NAMESPACE}.svc.cluster.local:80")]
    {
        let ran = lab.curl(&url).await;
        assert_eq!((ran.code, &ran.stdout[..8]), (0, &b"backend-"[..]), "{url} {}", ran.stderr);
    }
    let slices = lab.list(Resource::EndpointSlices);
    assert_eq!(slices.len(), 1);
    let labels = &slices[0]["metadata"]["labels"];
    assert_eq!(labels["endpointslice.kubernetes.io/managed-by"], "endpointslice-controller.k8s.io");
    assert_eq!(labels["course"], "one", "the Service's own labels");
    assert_eq!(
        slices[0]["ports"],
        json!([{"name": "", "port": 8080, "protocol": "TCP"}]),
        "the name is resolved"
    );
    assert_eq!(slices[0]["endpoints"][0]["targetRef"]["kind"], "Pod");
    let mirror = lab.find(Resource::Endpoints, "web").unwrap();
    assert_eq!(mirror["subsets"][0]["addresses"].as_array().unwrap().len(), 3);
    assert_eq!(mirror["subsets"][0]["ports"], json!([{"port": 8080, "protocol": "TCP"}]));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_terminates_serves_on_and_gets_no_new_connections() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(3, "clusterip-lab/backend:v1"));
    lab.make(Resource::Services, service(&json!(8080)));
    let pods = lab.until_ready(3).await;
    let (name, ip) = (&names(&pods)[0], pods[0]["status"]["podIP"].as_str().unwrap());
    lab.delete(Resource::Pods, name, &Deletion::default());
    let terminating = || lab.endpoints().into_iter().find(|e| e.0 == ip && e.3);
    let endpoint = lab.until("a terminating endpoint", Resource::EndpointSlices, terminating).await;
    assert_eq!(endpoint, (ip.to_owned(), false, true, true));
    let direct = lab.curl(&format!("http://{ip}:8080")).await;
    assert_eq!(direct.code, 0, "it still answers: {}", direct.stderr);
    let not_serving = || lab.endpoints().into_iter().find(|e| e.0 == ip && !e.2);
    lab.until("an endpoint that serves no more", Resource::EndpointSlices, not_serving).await;
    let gone = || lab.find(Resource::Pods, name).is_none().then_some(());
    lab.until("a pod that is gone", Resource::Pods, gone).await;
    assert_eq!(lab.curl(&format!("http://{ip}:8080")).await.code, 28, "and then nobody does");
    let others = lab.until_ready(3).await;
    assert!(others.iter().all(|pod| pod["status"]["podIP"] != ip), "the new pod has another address");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_selects_nothing_has_an_empty_slice_and_refuses() {
    let lab = Lab::start().await;
    let web = lab.make(Resource::Services, service(&json!(8080)));
    let empty = || lab.list(Resource::EndpointSlices).pop();
    let slice = lab.until("a slice", Resource::EndpointSlices, empty).await;
    assert_eq!((&slice["ports"], &slice["endpoints"]), (&json!(null), &json!(null)));
    lab.until_synced().await;
    assert_eq!(lab.curl("http://web").await.code, 7);
    lab.delete(Resource::Services, "web", &Deletion::default());
    let gone = || lab.list(Resource::EndpointSlices).is_empty().then_some(());
    lab.until("a slice that is gone", Resource::EndpointSlices, gone).await;
    assert!(lab.find(Resource::Endpoints, "web").is_none());
    lab.until_synced().await;
    let ip = web["spec"]["clusterIP"].as_str().unwrap();
    assert_eq!(lab.curl(&format!("http://{ip}")).await.code, 28, "its address is nobody's");
    assert_eq!(lab.curl("http://web").await.code, 6, "its name is gone");
}

#[tokio::test(start_paused = true)]
async fn a_headless_service_names_its_pods() {
    let lab = Lab::start().await;
    lab.make(Resource::Deployments, deployment(2, "clusterip-lab/backend:v1"));
    let mut headless = service(&json!(8080));
    headless["spec"]["clusterIP"] = json!("None");
    lab.make(Resource::Services, headless);
    let pods = lab.until_ready(2).await;
    let ready = || (lab.endpoints().iter().filter(|e| e.1).count() == 2).then_some(());
    lab.until("endpoints", Resource::EndpointSlices, ready).await;
    let client = lab.network.attach(NAMESPACE, "asks").unwrap();
    let mut found: Vec<_> =
        client.dialer().resolve("web").await.unwrap().addresses.iter().map(ToString::to_string).collect();
    found.sort();
    let mut expected: Vec<_> =
        pods.iter().map(|pod| pod["status"]["podIP"].as_str().unwrap().to_owned()).collect();
    expected.sort();
    assert_eq!(found, expected);
}
