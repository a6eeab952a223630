//! The API as kube-rs sees it.

mod common;

use common::client;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::json;

#[tokio::test]
async fn a_cluster_is_ready_at_once_and_says_what_it_is() {
    let began = std::time::Instant::now();
    let (practice, client) = client().await;
    let version = client.apiserver_version().await.unwrap();
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(version.git_version.ends_with("+practice"), "{version:?}");
    let namespaces: Api<Namespace> = Api::all(client);
    let names: Vec<String> =
        namespaces.list(&ListParams::default()).await.unwrap().iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
    practice.shutdown().await;
}

#[tokio::test]
async fn without_the_token_nothing_is_told() {
    let (practice, _) = client().await;
    let kubeconfig = practice.kubeconfig().replace("\"token\": \"", "\"token\": \"x");
    let stranger = common::client_of(&kubeconfig).await;
    let error = Api::<Namespace>::all(stranger).list(&ListParams::default()).await.unwrap_err();
    assert!(matches!(error, kube::Error::Api(status) if status.code == 401));
}

#[tokio::test]
async fn discovery_names_every_kind() {
    let (_practice, client) = client().await;
    let discovery = kube::discovery::Discovery::new(client.clone()).run_aggregated().await.unwrap();
    let plain = kube::discovery::Discovery::new(client).run().await.unwrap();
    for discovery in [discovery, plain] {
        let mut kinds: Vec<String> = discovery
            .groups()
            .flat_map(|g| g.recommended_resources())
            .map(|(resource, _)| resource.kind)
            .collect();
        kinds.sort();
        assert_eq!(kinds.len(), 17, "{kinds:?}");
        assert!(kinds.contains(&"EndpointSlice".to_owned()));
    }
}

#[tokio::test]
async fn applied_as_the_lab_applies_it() {
    let (_practice, client) = client().await;
    let services: Api<Service> = Api::default_namespaced(client);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"selector": {"app": "x"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    let mut params = PatchParams::apply("clusterip-lab").force().validation_strict();
    params.dry_run = true;
    services.patch("s", &params, &Patch::Apply(&service)).await.unwrap();
    assert!(services.get_opt("s").await.unwrap().is_none(), "a dry run keeps nothing");
    params.dry_run = false;
    let made = services.patch("s", &params, &Patch::Apply(&service)).await.unwrap();
    let again = services.patch("s", &params, &Patch::Apply(&service)).await.unwrap();
    assert_eq!(made.resource_version(), again.resource_version(), "the same again is nothing new");
    assert!(made.spec.unwrap().cluster_ip.unwrap().starts_with("10.96."));

    let mut wrong = service.clone();
    wrong["spec"]["portz"] = json!([]);
    let kube::Error::Api(status) = services.patch("s", &params, &Patch::Apply(&wrong)).await.unwrap_err()
    else {
        panic!("not an answer")
    };
    assert_eq!(
        status.message,
        "failed to create typed patch object (default/s; /v1, Kind=Service): .spec.portz: field not declared in schema"
    );
}

#[tokio::test]
async fn a_stale_update_conflicts_in_kubernetes_words() {
    let (_practice, client) = client().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let map: ConfigMap = made(json!({"metadata": {"name": "m"}, "data": {"a": "1"}}));
    let first = maps.create(&PostParams::default(), &map).await.unwrap();
    let mut changed = first.clone();
    changed.data.get_or_insert_default().insert("a".into(), "2".into());
    maps.replace("m", &PostParams::default(), &changed).await.unwrap();
    let kube::Error::Api(status) = maps.replace("m", &PostParams::default(), &changed).await.unwrap_err()
    else {
        panic!("not an answer")
    };
    assert_eq!(
        (status.code, status.message.as_str()),
        (
            409,
            "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; please apply your changes to the latest version and try again"
        )
    );
}

#[tokio::test]
async fn a_deployment_is_scaled_by_its_subresource() {
    let (_practice, client) = client().await;
    let deployments: Api<Deployment> = Api::default_namespaced(client);
    deployments.create(&PostParams::default(), &deployment("d")).await.unwrap();
    let patch = Patch::Merge(json!({"spec": {"replicas": 5}}));
    let scale = deployments.patch_scale("d", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(5));
    let after = deployments.get("d").await.unwrap();
    assert_eq!((after.spec.unwrap().replicas, after.metadata.generation), (Some(5), Some(2)));
}

#[tokio::test]
async fn every_patch_of_a_labelled_object_is_understood() {
    let (_practice, client) = client().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let map: ConfigMap = made(json!({"metadata": {"name": "m", "labels": {"a": "1"}}}));
    maps.create(&PostParams::default(), &map).await.unwrap();
    let json_patch =
        serde_json::from_value(json!([{"op": "add", "path": "/metadata/labels/b", "value": "2"}])).unwrap();
    maps.patch("m", &PatchParams::default(), &Patch::<()>::Json(json_patch)).await.unwrap();
    let merge = json!({"metadata": {"labels": {"a": null, "c": "3"}}});
    maps.patch("m", &PatchParams::default(), &Patch::Merge(&merge)).await.unwrap();
    let strategic = json!({"metadata": {"labels": {"d": "4"}}});
    let after = maps.patch("m", &PatchParams::default(), &Patch::Strategic(&strategic)).await.unwrap();
    let labels: Vec<String> = after.labels().iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(labels, ["b=2", "c=3", "d=4"]);
}

#[tokio::test]
async fn a_watch_tells_of_everything_after_a_version() {
    let (_practice, client) = client().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let version = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let map: ConfigMap = made(json!({"metadata": {"name": "m", "labels": {"app": "x"}}}));
    let params = WatchParams::default().labels("app=x").timeout(5);
    let stream = maps.watch(&params, &version).await.unwrap();
    pin_mut!(stream);
    maps.create(&PostParams::default(), &map).await.unwrap();
    assert!(matches!(stream.try_next().await.unwrap(), Some(WatchEvent::Added(m)) if m.name_any() == "m"));
    maps.delete("m", &DeleteParams::default()).await.unwrap();
    assert!(matches!(stream.try_next().await.unwrap(), Some(WatchEvent::Deleted(_))));
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_told_so() {
    let (practice, client) = client().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let map: ConfigMap = made(json!({"metadata": {"name": "m"}}));
    let version = practice.store().version().to_string();
    maps.create(&PostParams::default(), &map).await.unwrap();
    practice.store().compact();
    let first = match maps.watch(&WatchParams::default(), &version).await {
        Err(kube::Error::Api(status)) => status.code,
        Ok(stream) => match Box::pin(stream).next().await {
            Some(Ok(WatchEvent::Error(status))) => status.code,
            other => panic!("{other:?}"),
        },
        Err(other) => panic!("{other}"),
    };
    assert_eq!(first, 410);
}

#[tokio::test]
async fn lists_come_in_pages_and_as_metadata() {
    let (_practice, client) = client().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    for name in ["a", "b", "c"] {
        let map: ConfigMap =
            made(json!({"metadata": {"name": name, "labels": {"page": "1"}}, "data": {"x": "y"}}));
        maps.create(&PostParams::default(), &map).await.unwrap();
    }
    let mut params = ListParams::default().labels("page=1").limit(2);
    let first = maps.list(&params).await.unwrap();
    params = params.continue_token(&first.metadata.continue_.unwrap());
    let second = maps.list(&params).await.unwrap();
    assert_eq!((first.items.len(), second.items.len()), (2, 1));
    let metadata = maps
        .list_metadata(&ListParams::default().fields("metadata.name!=a,metadata.name!=kube-root-ca.crt"))
        .await
        .unwrap();
    assert_eq!(metadata.items.len(), 2);
}

#[tokio::test]
async fn the_lab_clears_a_namespace() {
    let (_practice, client) = client().await;
    let delete = DeleteParams::background();
    let theirs = ListParams::default().labels("clusterip-lab/role!=client");
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    deployments.create(&PostParams::default(), &deployment("d")).await.unwrap();
    deployments.delete_collection(&delete, &theirs).await.unwrap();
    assert!(deployments.list(&ListParams::default()).await.unwrap().items.is_empty());
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    pods.delete_collection(&delete.clone().grace_period(0), &theirs).await.unwrap();
    let services: Api<Service> = Api::default_namespaced(client);
    let service: Service = made(json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}));
    services.create(&PostParams::default(), &service).await.unwrap();
    services.delete("s", &delete).await.unwrap();
    assert!(services.get_opt("s").await.unwrap().is_none());
}

#[tokio::test]
async fn bad_requests_get_the_right_status() {
    let (_practice, client) = client().await;
    let post = |path: &str, body: Vec<u8>| {
        let request =
            hyper::Request::post(path).header("content-type", "application/json").body(body).unwrap();
        let client = client.clone();
        async move {
            match client.request::<DynamicObject>(request).await {
                Err(kube::Error::Api(status)) => (status.code, status.reason),
                other => panic!("{other:?}"),
            }
        }
    };
    let maps = "/api/v1/namespaces/default/configmaps";
    for (path, body, code, reason) in [
        (maps, b"{".to_vec(), 400, "BadRequest"),
        (maps, b"".to_vec(), 400, "BadRequest"),
        (maps, b"{}".to_vec(), 422, "Invalid"),
        (maps, br#"{"apiVersion":"v1","kind":"Pod"}"#.to_vec(), 400, "BadRequest"),
        (maps, vec![b' '; 4 * 1024 * 1024], 413, "RequestEntityTooLarge"),
        (maps, br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"A"}}"#.to_vec(), 422, "Invalid"),
        (maps, br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":[]}"#.to_vec(), 400, "BadRequest"),
        ("/api/v1/namespaces/default/widgets", b"{}".to_vec(), 404, "NotFound"),
        ("/api/v1/namespaces/default/configmaps/x", b"{}".to_vec(), 405, "MethodNotAllowed"),
        (
            "/api/v1/namespaces/none/configmaps",
            br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#.to_vec(),
            404,
            "NotFound",
        ),
    ] {
        let size = body.len();
        assert_eq!(post(path, body).await, (code, reason.to_owned()), "{path} with {size} bytes");
    }
}

/// A Deployment of the lab's backend, without pods for now.
fn deployment(name: &str) -> Deployment {
    made(json!({"metadata": {"name": name}, "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": "clusterip-lab/backend:v1"}]}}}}))
}

/// A typed object from JSON.
fn made<T: serde::de::DeserializeOwned>(object: serde_json::Value) -> T {
    serde_json::from_value(object).expect("an object of its type")
}
