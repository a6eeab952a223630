use super::*;

async fn ask(network: &Network, namespace: &str, host: &str) -> Vec<String> {
    let sandbox = network.attach(namespace, "asks").unwrap();
    let found = sandbox.dialer().resolve(host).await.map(|found| found.addresses).unwrap_or_default();
    let mut found: Vec<String> = found.iter().map(ToString::to_string).collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_name_is_found_as_the_search_list_completes_it() {
    let network = Network::seeded(1);
    publish(&network, &service(VIRTUAL_IP, json!({})), &[]);
    for (namespace, host, found) in [
        ("lab", "web", true),
        ("lab", "WEB", true),
        ("lab", "web.lab", true),
        ("lab", "web.lab.svc", true),
        ("lab", "web.lab.svc.cluster.local", true),
        ("lab", "web.lab.svc.cluster.local.", true),
        ("lab", "web.", false),
        ("lab", "nope", false),
        ("lab", "web.other", false),
        ("lab", "web.lab.svc.example.org", false),
        ("other", "web", false),
        ("other", "web.lab", true),
        ("other", "web.lab.svc", true),
    ] {
        let expected: &[&str] = if found { &[VIRTUAL_IP] } else { &[] };
        assert_eq!(ask(&network, namespace, host).await, expected, "{host} in {namespace}");
    }
}

#[tokio::test]
async fn a_headless_services_name_has_the_addresses_of_its_ready_pods() {
    let network = Network::seeded(1);
    let (a, b, c) = ([10, 244, 0, 5].into(), [10, 244, 0, 6].into(), [10, 244, 0, 7].into());
    let endpoints =
        [endpoint(a, true, true, false), endpoint(b, false, false, false), endpoint(c, true, true, false)];
    publish_slice(&network, &service("None", json!({})), &slice(&endpoints));
    assert_eq!(ask(&network, "lab", "web").await, ["10.244.0.5", "10.244.0.7"]);
    assert_eq!(ask(&network, "lab", "10-244-0-7.web").await, ["10.244.0.7"]);
    publish_slice(&network, &service("None", json!({})), &slice(&[]));
    assert_eq!(ask(&network, "lab", "web").await, [""; 0]);
}
