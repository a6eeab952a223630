//! What nobody should send, and too much of what one may: the right Status each, and nothing is left behind.
#![expect(clippy::unwrap_used, reason = "a test fails where it happens")]

use std::time::Duration;

use bytes::Bytes;
use clusterip_practice::store::{Resource, Selector};
use clusterip_practice::{Detached, Handle, Options};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// A cluster that is asked in memory.
struct Cluster(Detached);

impl Cluster {
    fn start() -> Self {
        Self(Detached::start(Options::default()).expect("a cluster"))
    }

    fn handle(&self) -> &Handle {
        self.0.handle()
    }

    /// A new connection.
    fn dial(&self) -> DuplexStream {
        let (near, far) = duplex(64 * 1024);
        let handle = self.handle().clone();
        tokio::spawn(async move { handle.speak(far).await });
        near
    }

    fn client(&self) -> Client {
        Client { dial: self.handle().clone(), token: self.0.token().to_owned() }
    }

    /// The head of a request, with credentials.
    fn head(&self, line: &str, headers: &str) -> String {
        format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{headers}\r\n", self.0.token())
    }
}

/// Asks a cluster, each time on a new connection.
#[derive(Clone)]
struct Client {
    dial: Handle,
    token: String,
}

impl Client {
    async fn open(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let (near, far) = duplex(64 * 1024);
        let handle = self.dial.clone();
        tokio::spawn(async move { handle.speak(far).await });
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(near)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "x")
            .header("content-type", kind)
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(body.into()))
            .unwrap();
        sender.send_request(request).await.expect("an answer")
    }

    async fn ask(&self, method: Method, path: &str, kind: &str, body: impl Into<Bytes>) -> (u16, Value) {
        let answer = self.open(method, path, kind, body).await;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{e}: {body:?}")))
    }
}

/// Everything that comes until the other side closes, as text.
async fn rest(stream: &mut DuplexStream) -> String {
    let mut text = Vec::new();
    timeout(PATIENCE * 60, stream.read_to_end(&mut text)).await.expect("an end").expect("a whole answer");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn what_is_malformed_gets_the_status_that_kubernetes_gives_it() {
    let cluster = Cluster::start();
    let client = cluster.client();
    let long = format!("{MAPS}?labelSelector={}a%3Db", "a%3Db,".repeat(2000));
    let protobuf = |bytes: &[u8]| [b"k8s\0", bytes].concat();
    let (get, post, put, patch) = (Method::GET, Method::POST, Method::PUT, Method::PATCH);
    for (method, path, kind, body, code, reason) in [
        (post.clone(), MAPS, JSON, b"{\"kind\":".to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, JSON, b"\xff\xfe".to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, JSON, b"[]".to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, JSON, b"null".to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, JSON, "[".repeat(100_000).into(), 400, "BadRequest"),
        (post.clone(), MAPS, JSON, br#"{"apiVersion":"v2","kind":"ConfigMap"}"#.to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, YAML, b"kind: [".to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, YAML, b"- a\n- b\n".to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, PROTOBUF, b"".to_vec(), 400, "BadRequest"),
        (post.clone(), MAPS, PROTOBUF, b"nothing of the kind".to_vec(), 400, "BadRequest"),
        (
            post.clone(),
            MAPS,
            PROTOBUF,
            protobuf(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            400,
            "BadRequest",
        ),
        (post.clone(), MAPS, PROTOBUF, protobuf(b"\x0a\x0d\x0a\x02v1\x12\x07Nothing"), 400, "BadRequest"),
        (post.clone(), MAPS, "text/html", b"<p>".to_vec(), 415, "UnsupportedMediaType"),
        (post.clone(), MAPS, "application/cbor", b"\xa0".to_vec(), 415, "UnsupportedMediaType"),
        (patch.clone(), "/api/v1/namespaces/default", JSON, b"{}".to_vec(), 415, "UnsupportedMediaType"),
        (post.clone(), "/api/v1/widgets", JSON, b"{}".to_vec(), 404, "NotFound"),
        (get.clone(), "/apis/example.com/v1/widgets", JSON, Vec::new(), 404, "NotFound"),
        (get.clone(), "/api/v2/pods", JSON, Vec::new(), 404, "NotFound"),
        (get.clone(), "/api/v1/namespaces/default/pods/x/nothing", JSON, Vec::new(), 404, "NotFound"),
        (get.clone(), "//api//v1/%00/%ff", JSON, Vec::new(), 404, "NotFound"),
        (put.clone(), MAPS, JSON, b"{}".to_vec(), 405, "MethodNotAllowed"),
        (Method::TRACE, MAPS, JSON, Vec::new(), 405, "MethodNotAllowed"),
        (get.clone(), &format!("{MAPS}?limit=x"), JSON, Vec::new(), 400, "BadRequest"),
        (get.clone(), &format!("{MAPS}?limit=-1"), JSON, Vec::new(), 400, "BadRequest"),
        (get.clone(), &format!("{MAPS}?continue=%25"), JSON, Vec::new(), 400, "BadRequest"),
        (get.clone(), &format!("{MAPS}?resourceVersion=x"), JSON, Vec::new(), 400, "BadRequest"),
        (get.clone(), &format!("{MAPS}?labelSelector=a%20b"), JSON, Vec::new(), 400, "BadRequest"),
        (get.clone(), &format!("{MAPS}?fieldSelector=data.a%3Db"), JSON, Vec::new(), 400, "BadRequest"),
        (get.clone(), &format!("{MAPS}?watch=1&timeoutSeconds=x"), JSON, Vec::new(), 400, "BadRequest"),
        (get.clone(), &long, JSON, Vec::new(), 200, ""),
        (post.clone(), &format!("{MAPS}?dryRun=Some"), JSON, b"{}".to_vec(), 400, "BadRequest"),
        (post.clone(), &format!("{MAPS}?fieldValidation=Some"), JSON, b"{}".to_vec(), 400, "BadRequest"),
    ] {
        let (size, begins) = (body.len(), String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned());
        let (status, said) = client.ask(method.clone(), path, kind, body).await;
        let at = format!("{method} {path:.80} {kind} {begins} ({size} bytes): {said:.300}");
        assert_eq!(status, code, "{at}");
        if code >= 400 {
            assert_eq!(
                (&said["kind"], &said["code"], &said["reason"]),
                (&json!("Status"), &json!(code), &json!(reason)),
                "{at}"
            );
        }
    }
}

#[tokio::test]
async fn yaml_is_taken_wherever_json_is() {
    let cluster = Cluster::start();
    let client = cluster.client();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m # mine\ndata: {a: '1'}\n";
    assert_eq!(client.ask(Method::POST, MAPS, "application/yaml; charset=utf-8", map).await.0, 201);
    let one = format!("{MAPS}/m");
    let changed = map.replace('1', "2").replace("v2", "v1");
    assert_eq!(client.ask(Method::PUT, &one, YAML, changed).await.1["data"]["a"], "2");
    let applied = format!("{one}?fieldManager=me");
    let applying = "apiVersion: v1\nkind: ConfigMap\ndata:\n  b: '3'\n";
    let (status, object) =
        client.ask(Method::PATCH, &applied, "application/apply-patch+yaml", applying).await;
    assert_eq!((status, &object["data"]), (200, &json!({"a": "2", "b": "3"})), "{object}");
    let options = "apiVersion: v1\nkind: DeleteOptions\ndryRun: [All]\n";
    assert_eq!(client.ask(Method::DELETE, &one, YAML, options).await.0, 200);
    assert_eq!(client.ask(Method::GET, &one, "", "").await.0, 200, "the deletion was a dry run");
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_before_it_is_sent() {
    let cluster = Cluster::start();
    let mut stream = cluster.dial();
    let head = cluster
        .head(&format!("POST {MAPS}"), "content-type: application/json\r\ncontent-length: 3145729\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("Request entity too large: limit is 3145728"), "{answer}");
}

#[tokio::test]
async fn a_body_that_becomes_too_large_is_refused_when_it_does() {
    let cluster = Cluster::start();
    let (mut from, mut to) = tokio::io::split(cluster.dial());
    let head = cluster
        .head(&format!("POST {MAPS}"), "content-type: application/json\r\ntransfer-encoding: chunked\r\n");
    let send = async {
        to.write_all(head.as_bytes()).await?;
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        for _ in 0..100 {
            to.write_all(chunk.as_bytes()).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let mut answer = Vec::new();
    // The answer comes while the body is still being sent, and the connection is closed on it.
    let (sent, read) = tokio::join!(send, from.read_to_end(&mut answer));
    assert!(sent.is_err() && read.is_ok(), "{sent:?} {read:?}");
    assert!(
        String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 413 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn a_request_that_is_cut_off_changes_nothing() {
    let cluster = Cluster::start();
    let map = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}}"#;
    let length = format!("content-type: application/json\r\ncontent-length: {}\r\n", map.len());
    let whole = cluster.head(&format!("POST {MAPS}"), &length) + map;
    let before = cluster.handle().store().version();
    for end in [1, 20, whole.len() - map.len(), whole.len() - 1] {
        let mut stream = cluster.dial();
        stream.write_all(&whole.as_bytes()[..end]).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "cut at {end}: {answer}");
    }
    let maps = cluster.handle().store().list(Resource::ConfigMaps, Some("default"), &Selector::default());
    let named = maps.items.iter().any(|map| map["metadata"]["name"] == "m");
    assert!(
        !named && cluster.client().ask(Method::GET, MAPS, "", "").await.0 == 200,
        "since {before}: {maps:?}"
    );
    let mut stream = cluster.dial();
    stream.write_all(whole.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 201", "the whole of it is taken");
}

#[tokio::test(start_paused = true)]
async fn what_trickles_in_is_given_up() {
    let cluster = Cluster::start();
    let began = tokio::time::Instant::now();
    let mut slow = cluster.dial();
    slow.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    assert_eq!(rest(&mut slow).await, "", "a head that does not end is hung up on");
    assert_eq!(began.elapsed().as_secs(), 10);

    let began = tokio::time::Instant::now();
    let mut slow = cluster.dial();
    let head =
        cluster.head(&format!("POST {MAPS}"), "content-type: application/json\r\ncontent-length: 100\r\n");
    slow.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 504 ") && answer.contains("\"reason\":\"Timeout\""), "{answer}");
    assert_eq!(began.elapsed().as_secs(), 60);
}

/// What is running and open, for comparison: tasks, watches in the store, watches by the API's own count.
fn open(cluster: &Cluster) -> (usize, usize) {
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    (tasks, cluster.handle().store().watchers())
}

async fn watches(client: &Client) -> u64 {
    let answer = client.open(Method::GET, "/metrics", "", "").await;
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let gauges = text.lines().filter(|line| line.starts_with("apiserver_longrunning_requests{"));
    gauges.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_watches_that_come_and_go_leave_nothing_behind() {
    const WATCHES: usize = 2000;
    let cluster = Cluster::start();
    let client = cluster.client();
    let before = settled(&cluster, |_| true).await;
    for round in 0..2 {
        let mut all = JoinSet::new();
        for n in 0..WATCHES {
            let client = client.clone();
            all.spawn(async move {
                let of = ["pods", "services", "namespaces/default/configmaps", "events"][n % 4];
                let path = format!("/api/v1/{of}?watch=1&allowWatchBookmarks=true&sendInitialEvents=true");
                let mut body = client.open(Method::GET, &path, "", "").await.into_body();
                body.frame().await.expect("a line").expect("what is there first");
                body
            });
        }
        let open_now: Vec<Incoming> = all.join_all().await;
        assert_eq!(watches(&client).await, WATCHES as u64, "round {round}");
        assert_eq!(cluster.handle().store().watchers(), before.1 + WATCHES);
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("m{round}")}});
        assert_eq!(client.ask(Method::POST, MAPS, JSON, map.to_string()).await.0, 201, "it still answers");
        drop(open_now);
        let after = settled(&cluster, |now| *now == before).await;
        assert_eq!((after, watches(&client).await), (before, 0), "round {round}");
    }
}

/// What is open, once it is as wanted and stays so for a moment.
async fn settled(cluster: &Cluster, wanted: impl Fn(&(usize, usize)) -> bool) -> (usize, usize) {
    let quiet = async {
        let mut last = open(cluster);
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = open(cluster);
            if now == last && wanted(&now) {
                return now;
            }
            last = now;
        }
    };
    timeout(PATIENCE, quiet).await.unwrap_or_else(|_| open(cluster))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_not_read_costs_a_bounded_amount_and_is_told_that_it_missed_something() {
    let cluster = Cluster::start();
    let store = cluster.handle().store();
    let mut body = cluster
        .client()
        .open(Method::GET, &format!("{MAPS}?watch=1&resourceVersion={}", store.version()), "", "")
        .await
        .into_body();
    let made =
        json!({"metadata": {"name": "m", "namespace": "default"}, "data": {"filling": "x".repeat(1000)}});
    store.create(Resource::ConfigMaps, made).unwrap();
    for n in 0..5000 {
        store
            .modify(Resource::ConfigMaps, "default", "m", |map| map["data"]["n"] = json!(n.to_string()))
            .unwrap();
    }
    let mut text = Vec::new();
    let read = async {
        while let Some(frame) = body.frame().await {
            text.extend(frame.unwrap().into_data().unwrap());
        }
    };
    timeout(PATIENCE, read).await.expect("the watch ends");
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last().unwrap();
    assert_eq!((&last["type"], &last["object"]["code"]), (&json!("ERROR"), &json!(410)), "{last}");
    assert!(lines.len() < 2500, "{} of 5001 changes were kept for it", lines.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_writers_at_once_lose_no_update_and_take_no_name_twice() {
    const WRITERS: usize = 200;
    let cluster = Cluster::start();
    let client = cluster.client();
    let counter =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, "data": {"n": "0"}});
    assert_eq!(client.ask(Method::POST, MAPS, JSON, counter.to_string()).await.0, 201);
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let client = client.clone();
        writers.spawn(async move {
            let (path, mut conflicts) = (format!("{MAPS}/n"), 0);
            loop {
                let (_, mut read) = client.ask(Method::GET, &path, "", "").await;
                let n: usize = read["data"]["n"].as_str().unwrap().parse().unwrap();
                read["data"]["n"] = json!((n + 1).to_string());
                match client.ask(Method::PUT, &path, JSON, read.to_string()).await {
                    (200, _) => return conflicts,
                    (409, status) => {
                        assert_eq!(status["reason"], "Conflict");
                        conflicts += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    let conflicts: usize = timeout(PATIENCE, writers.join_all()).await.expect("all are through").iter().sum();
    let (_, read) = client.ask(Method::GET, &format!("{MAPS}/n"), "", "").await;
    assert_eq!(read["data"]["n"], json!(WRITERS.to_string()), "after {conflicts} conflicts");

    let mut creators = JoinSet::new();
    for _ in 0..WRITERS {
        let client = client.clone();
        let one = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "only"}}).to_string();
        creators.spawn(async move { client.ask(Method::POST, MAPS, JSON, one).await });
    }
    let answers = creators.join_all().await;
    assert_eq!(answers.iter().filter(|(code, _)| *code == 201).count(), 1);
    let taken = |answer: &&(u16, Value)| answer.0 == 409 && answer.1["reason"] == "AlreadyExists";
    assert_eq!(answers.iter().filter(taken).count(), WRITERS - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_billions_of_pods_ends_where_the_cluster_is_full() {
    let cluster = Cluster::start();
    let (client, store) = (cluster.client(), cluster.handle().store());
    // Pods that wait cost little.
    store
        .modify(Resource::Nodes, "", "practice-node", |node| node["spec"]["unschedulable"] = json!(true))
        .unwrap();
    let labels = json!({"app": "x"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
        "replicas": i32::MAX, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]}}}});
    let path = "/apis/apps/v1/namespaces/default/deployments";
    assert_eq!(client.ask(Method::POST, path, JSON, deployment.to_string()).await.0, 201);
    let (_, mut sets) = store.list_and_watch(Resource::ReplicaSets, None, &Selector::default());
    let failed = async {
        loop {
            let set = store.list(Resource::ReplicaSets, None, &Selector::default()).items;
            let conditions = set.first().and_then(|set| set["status"]["conditions"].as_array().cloned());
            if let Some(failed) =
                conditions.and_then(|all| all.into_iter().find(|c| c["type"] == "ReplicaFailure"))
            {
                return failed;
            }
            sets.next().await.unwrap();
        }
    };
    let failed = timeout(PATIENCE * 2, failed).await.expect("the set says that it cannot go on");
    assert!(failed["message"].as_str().unwrap().contains("more than 2000 pods"), "{failed}");
    assert_eq!(store.list(Resource::Pods, None, &Selector::default()).items.len(), 2000);
    assert_eq!(client.ask(Method::GET, "/version", "", "").await.0, 200, "it still answers");
}
