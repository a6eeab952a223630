//! The console: what it runs, where, with whose rights, what it refuses, and what it tells.

use std::time::Duration;

use clusterip_domain::lab::Lang;
use clusterip_records::{Records, TypedLine};
use clusterip_tests::lab::{SERVICE, Typed, in_kernel};
use clusterip_tests::{Lab, On};
use hyper::Method;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

async fn open() -> Lab {
    Lab::open(On::Practice).await
}

/// What the console answers to a line that it does not run.
async fn refused(lab: &Lab, line: &str) -> Value {
    let answer = lab.http.post(&format!("{}/console", lab.page), &[("line", line)]).await;
    assert_eq!(answer.header("content-type"), "application/problem+json", "{line}: {}", answer.body);
    answer.json()
}

fn ran_well(typed: &Typed) {
    assert_eq!(typed.code(), Some(0), "{typed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_none_is_refused_with_its_code_in_the_readers_language() {
    let lab = open().await;
    for (line, code) in [
        ("", "empty"),
        ("kubectl get pods | grep x", "pipe"),
        ("kubectl get pods --kubeconfig /etc/kubernetes/admin.conf", "other_cluster"),
        ("kubectl get pods -n kube-system", "other_namespace"),
        ("kubectl apply -f /etc/passwd", "file"),
        ("kubectl edit service x", "verb_not_offered"),
        ("bash", "unknown_program"),
        ("curl $(id)", "substitution"),
    ] {
        let problem = refused(&lab, line).await;
        assert_eq!((&problem["status"], &problem["code"]), (&json!(422), &json!(code)), "{line}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|d| d.len() > 10), "{problem}");
        assert_eq!((&problem["title"], &problem["cure"]), (&json!("This line is not run"), &Value::Null));
    }
    let it = lab.page.replace("/en/", &format!("/{}/", Lang::It.code()));
    let answer = lab.http.post(&format!("{it}/console"), &[("line", "ls")]).await;
    assert!(answer.json()["detail"].as_str().is_some_and(|d| d.contains("console")), "{}", answer.body);
    let unknown = lab.http.post(&format!("{}/console", lab.page), &[("lime", "ls")]).await;
    assert_eq!((unknown.status, &unknown.json()["code"]), (400, &json!("bad_form")));
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_and_nslookup_ask_from_the_client_pod() {
    let lab = open().await;
    lab.serve().await;
    let ip = lab.view().snapshot.service(SERVICE).and_then(|s| s.cluster_ip).unwrap();
    let typed = lab.types(&format!("curl http://{ip}:80")).await;
    ran_well(&typed);
    assert_eq!(typed.place(), "in pod client");
    assert!(typed.wrote("out").contains("backend-"), "a backend says who it is: {typed:?}");
    let typed = lab.types(&format!("nslookup {SERVICE}")).await;
    assert!(typed.wrote("out").contains(&ip.to_string()), "{typed:?}");
    let typed = lab.types("curl http://no-such-service").await;
    assert!(typed.code().is_some_and(|code| code != 0), "{typed:?}");
    assert!(!typed.wrote("err").is_empty(), "{typed:?}");
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_pod_that_was_deleted_is_there_again_when_something_is_asked_of_it() {
    let lab = open().await;
    lab.serve().await;
    let pods = Api::<Pod>::namespaced(lab.cluster.client.clone(), lab.run.namespace.as_str());
    pods.delete("client", &DeleteParams::default().grace_period(0)).await.unwrap();
    ran_well(&lab.types(&format!("curl http://{SERVICE}")).await);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_on_the_page_until_it_is_cleared_and_recorded_with_its_attempt() {
    let lab = open().await;
    ran_well(&lab.types("help").await);
    refused(&lab, "kubectl get pods > /tmp/x").await;
    lab.types("curl 'http://<b>&amp;'").await;
    let page = lab.http.get(&lab.page).await.body;
    assert!(page.contains("data-line=\"help\"") && page.contains("nslookup"), "{page}");
    assert!(!page.contains("http://<b>"), "what was typed is text");
    assert!(lab.types("history").await.wrote("out").contains("1  help"));
    let cleared = lab.http.post(&format!("{}/console", lab.page), &[("line", "clear")]).await;
    assert_eq!(cleared.json(), json!({"is": "cleared"}));
    assert!(!lab.http.get(&lab.page).await.body.contains("class=\"entry"));

    let records = Records::open(&lab.records()).unwrap();
    let uid = clusterip_records::ClusterUid(lab.cluster_uid().await);
    let attempt = lab.view().progress.attempt();
    let lines: Vec<TypedLine> = records.lines(&uid, &lab.run.id, attempt).unwrap();
    let told: Vec<_> = lines.iter().map(|l| (l.line.as_str(), l.outcome.as_str())).collect();
    assert_eq!(told[..2], [("help", "exit 0"), ("kubectl get pods > /tmp/x", "redirection")]);
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_the_page_shows_what_came_of_a_line() {
    let lab = open().await;
    let path = format!("{}/console", lab.page);
    let html = [("accept", "text/html")];
    let answer = lab.http.send(Method::POST, &path, &html, Some(&[("line", "help")])).await;
    let to = format!("{}#panel-console", lab.page);
    assert_eq!((answer.status, answer.header("location")), (303, to.as_str()));
    let refused = lab.http.send(Method::POST, &path, &html, Some(&[("line", "ls -l")])).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("class=\"problem") && refused.body.contains("id=\"console-line\""));
    lab.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn completion_knows_the_cluster() {
    let lab = open().await;
    lab.serve().await;
    let complete = async |line: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("line", line)
            .append_pair("cursor", &line.chars().count().to_string())
            .finish();
        let path = format!("{}/console/complete?{query}", lab.page);
        lab.http.send(Method::GET, &path, &[("accept", "application/json")], None).await.json()
    };
    let found = complete("kubectl get service ").await;
    assert_eq!(found["candidates"][0]["text"], SERVICE, "{found}");
    let found = complete("kubectl expo").await;
    assert_eq!((&found["from"], &found["candidates"][0]["text"]), (&json!(8), &json!("expose")));
    let bad = lab.http.get(&format!("{}/console/complete?line=x", lab.page)).await;
    assert_eq!(bad.status, 400);
    lab.close().await;
}

/// A client that has what a kubeconfig says.
async fn client(text: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(text).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kubeconfig_gives_the_students_rights_until_the_lab_is_started_over() {
    let lab = open().await;
    let answer = lab.http.get(&format!("{}/kubeconfig", lab.page)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"lab-the-whole-story"));
    let client = client(&answer.body).await;
    let list = async |namespace: &str| {
        let pods = Api::<Pod>::namespaced(client.clone(), namespace);
        match pods.list(&ListParams::default()).await {
            Ok(_) => 200,
            Err(kube::Error::Api(status)) => status.code,
            Err(error) => panic!("{error}"),
        }
    };
    let own = lab.run.namespace.to_string();
    assert_eq!((list(&own).await, list("kube-system").await), (200, 403));
    lab.reset().await;
    let revoked = async {
        while list(&own).await != 401 {
            tokio::task::yield_now().await;
        }
    };
    clusterip_tests::wait::within("the token to be void", Duration::from_secs(10), revoked).await;
    lab.close().await;
}

/// What needs the real kubectl, the one on the PATH.
mod with_kubectl {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs kubectl: tests/run"]
    async fn the_notes_own_commands_are_typed() {
        let lab = open().await;
        lab.deploy().await;
        let pod = lab.view().snapshot.workloads().next().unwrap().name.clone();
        let expose = format!(
            "kubectl expose pod {pod} --port=80 --target-port=8080 --name={SERVICE} --type=ClusterIP"
        );
        let typed = lab.types(&expose).await;
        ran_well(&typed);
        assert_eq!(typed.wrote("out"), format!("service/{SERVICE} exposed\n"));
        assert_eq!((typed.place(), typed.wrote("err").as_str()), ("outside the cluster", ""));
        assert_eq!(typed.changed(), [format!("services/{SERVICE}")]);
        let posts: Vec<_> = typed.calls().into_iter().filter(|(verb, _)| verb == "POST").collect();
        let path = format!("/api/v1/namespaces/{}/services", lab.run.namespace);
        assert!(posts.len() == 1 && posts[0].1.starts_with(&path), "{posts:?}");

        lab.until("three endpoints in the kernel", |view| in_kernel(view) == 3).await;
        let ip = lab.view().snapshot.service(SERVICE).and_then(|s| s.cluster_ip).unwrap().to_string();
        for line in ["kubectl get services", &format!("kubectl get service {SERVICE}")] {
            let typed = lab.types(line).await;
            assert!(typed.wrote("out").contains(&ip), "{line}: {typed:?}");
            assert_eq!(typed.changed(), Vec::<String>::new());
        }
        ran_well(&lab.types(&format!("kubectl exec client -- curl http://{ip}:80")).await);
        lab.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs kubectl: tests/run"]
    async fn the_editors_document_is_applied_and_what_is_forbidden_is_refused_by_the_cluster() {
        let lab = open().await;
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";
        let typed = lab.types_with("kubectl apply -f -", service).await;
        ran_well(&typed);
        assert_eq!(typed.changed(), ["services/web"]);
        let node_port = service.replace("spec: {", "spec: {type: NodePort, ");
        let typed = lab.types_with("kubectl apply -f -", &node_port).await;
        assert_eq!((typed.code(), typed.wrote("err").contains("ClusterIP")), (Some(1), true), "{typed:?}");
        for line in ["kubectl get secrets", "kubectl get nodes", "kubectl delete endpointslice x"] {
            let typed = lab.types(line).await;
            let said = typed.wrote("err");
            assert!(typed.code() == Some(1) && said.contains("forbidden"), "{line}: {typed:?}");
            assert_eq!(said.lines().count(), 1, "the sentence and nothing else: {said}");
        }
        lab.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs kubectl: tests/run"]
    async fn a_watch_is_told_as_it_happens_and_ends_with_whoever_listens() {
        let lab = open().await;
        let path = format!("{}/console", lab.page);
        let watch = [("line", "kubectl get services -w")];
        let mut lines = lab.http.lines(&path, &watch).await;
        lab.act("apply-document", &[("file", "start/service.yaml")]).await;
        while !lines.next().await.unwrap()["text"].as_str().is_some_and(|text| text.contains(SERVICE)) {}
        let more = [
            lab.http.lines(&path, &watch).await,
            lab.http.lines(&path, &watch).await,
            lab.http.lines(&path, &watch).await,
        ];
        let busy = lab.http.post(&path, &[("line", "help")]).await;
        assert_eq!((busy.status, &busy.json()["code"]), (409, &json!("console_busy")));
        drop((lines, more));
        let free = async {
            while lab.http.get(&lab.page).await.body.matches("data-line=\"kubectl get services -w\"").count()
                < 4
            {}
        };
        clusterip_tests::wait::within("four lines that were stopped", Duration::from_secs(20), free).await;
        assert!(lab.http.get(&lab.page).await.body.contains("<p class=\"end\">stopped</p>"));
        ran_well(&lab.types("help").await);
        lab.close().await;
    }
}
