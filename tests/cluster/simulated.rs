//! What is simulated says so, in whatever form it is taken: pages, drawings, exports, streams, answers to scripts, and
//! the cluster's own API. What is real does not say so.

use clusterip_tests::lab::{PAGE, PATIENCE};
use clusterip_tests::{Lab, On, on_both_clusters};
use hyper::{Method, Request};
use serde_json::Value;

on_both_clusters!(a_page_an_export_and_an_answer_say_whether_the_cluster_is_simulated);

/// The word in the form of a header.
const HEADER: &str = "x-practice-cluster";
const ITALIAN: &str = "/it/labs/the-whole-story";

async fn a_page_an_export_and_an_answer_say_whether_the_cluster_is_simulated(lab: Lab) {
    let simulated = lab.on == On::Practice;
    let header = if simulated { "simulated" } else { "" };
    lab.deploy().await;
    for (path, word, drawings) in [
        ("/en", "Simulated: ", 0),
        ("/it", "Simulato: ", 0),
        (PAGE, "Simulated: ", 2),
        (ITALIAN, "Simulato: ", 2),
        ("/en/labs/no-such-lab", "Simulated: ", 0),
        ("/it/labs/no-such-lab", "Simulato: ", 0),
    ] {
        let page = lab.http.get(path).await;
        assert_eq!(page.header(HEADER), header, "{path}");
        assert_eq!(page.body.contains(&format!("notice simulated\">{word}")), simulated, "{path}");
        let tags = page.body.matches("<text class=\"simulated").count();
        assert_eq!(tags, if simulated { drawings } else { 0 }, "in each drawing of {path}");
    }
    for (path, word) in [(PAGE, "# Simulated: "), (ITALIAN, "# Simulato: ")] {
        let yaml = lab.http.get(&format!("{path}/yaml/deployment/backend")).await;
        assert_eq!((yaml.status, yaml.header(HEADER)), (200, header));
        assert_eq!(yaml.body.starts_with(word), simulated, "{}", yaml.body);
        assert!(yaml.body.contains("\nkind: Deployment\n"), "{}", yaml.body);
    }

    let said = |answer: &Value| answer["simulated"] == Value::Bool(true);
    let json = [("accept", "application/json")];
    let noted = lab.http.send(Method::POST, &format!("{PAGE}/act/note-ips"), &json, Some(&[])).await;
    assert_eq!((said(&noted.json()), noted.header(HEADER)), (simulated, header), "{}", noted.body);
    for act in ["delete-service", "apply", "no-such-act"] {
        let problem = lab.refused(act, &[("name", "nobody"), ("yaml", "kind: [")]).await;
        assert_eq!(said(&problem), simulated, "{problem:#}");
    }

    let mut events = lab.events().await;
    lab.act("send", &[("to", "pod-ip"), ("rate", "20")]).await;
    let tick = events.until("a tick", PATIENCE, |e| (e.name == "tick").then(|| e.data.clone())).await;
    assert_eq!(said(&tick), simulated, "{tick:#}");
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_practice_cluster_s_api_says_in_each_answer_that_it_is_simulated() {
    let lab = Lab::open(On::Practice).await;
    let client = &lab.cluster.client;
    let get = |path: &str| Request::get(path).body(kube::client::Body::empty()).unwrap();
    for (path, status) in
        [("/version", 200), ("/api/v1/nodes", 200), ("/metrics", 200), ("/apis/nobody", 404)]
    {
        let answer = client.send(get(path)).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()[HEADER], "simulated", "{path}");
    }
    let text = |path: &str| client.request_text(Request::get(path).body(Vec::new()).unwrap());
    let version: Value = serde_json::from_str(&text("/version").await.unwrap()).unwrap();
    assert_eq!(
        (&version["gitCommit"], &version["gitVersion"]),
        (&"simulated".into(), &"v1.34.4+practice".into())
    );
    assert!(text("/metrics").await.unwrap().starts_with("# The practice cluster: simulated."));
    let nodes: Value = serde_json::from_str(&text("/api/v1/nodes").await.unwrap()).unwrap();
    let node = &nodes["items"][0];
    assert_eq!(node["metadata"]["labels"]["clusterip-lab/simulated"], "true");
    for field in ["osImage", "kernelVersion"] {
        assert!(node["status"]["nodeInfo"][field].as_str().unwrap().contains("simulated"), "{node:#}");
    }
    let ready =
        node["status"]["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Ready").unwrap();
    assert!(ready["message"].as_str().unwrap().contains("simulated"), "{ready}");
    lab.close().await;
}
