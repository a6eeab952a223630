//! Explaining kinds, and the less usual ways of changing objects.

use super::{Kubectl, SERVICE};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn every_kind_is_explained_from_kubernetes_own_schemas() {
    let kubectl = Kubectl::new().await;
    let kinds = kubectl.says("api-resources --no-headers -o name").await;
    assert!(kinds.lines().count() >= 17, "{kinds}");
    for kind in kinds.lines().filter(|kind| !kind.contains("review")) {
        let said = kubectl.says(&format!("explain {kind} --recursive")).await;
        assert!(said.contains("KIND: ") && said.contains("\n  metadata\t<ObjectMeta>"), "{kind}\n{said}");
    }
    let said = kubectl.says("explain service.spec.ports.protocol").await;
    assert!(said.contains("ENUM:\n    SCTP\n    TCP\n    UDP\n"), "{said}");
    assert_eq!(kubectl.refuses("explain svc.nosuch").await, "error: field \"nosuch\" does not exist\n");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn client_side_apply_goes_on_as_server_side_apply() {
    let kubectl = Kubectl::new().await;
    kubectl.write("one.yaml", SERVICE);
    kubectl.write("two.yaml", &SERVICE.replace("app: web", "app: other"));
    for (line, said) in [
        ("apply -f @one.yaml", "service/front created\n"),
        ("apply -f @two.yaml --server-side", "service/front serverside-applied\n"),
        ("get service front -o jsonpath={.spec.selector.app}", "other"),
    ] {
        assert_eq!(kubectl.says(line).await, said, "kubectl {line}");
    }
    kubectl.says("label service front app=mine --field-manager=me").await;
    kubectl
        .write("three.yaml", &SERVICE.replace("name: front\n", "name: front\n  labels:\n    app: yours\n"));
    let said = kubectl.refuses("apply -f @three.yaml --server-side").await;
    assert!(said.contains("conflict with \"me\" using v1: .metadata.labels.app"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn what_is_not_modelled_is_refused_by_its_name() {
    let kubectl = Kubectl::new().await;
    for (line, said) in [
        ("create job j --image=x", "jobs.batch is forbidden: the practice cluster does not model jobs\n"),
        ("create ingress i --rule=a/b=c:80", "the practice cluster does not model ingresses\n"),
        ("get --raw /api/v1/namespaces/default/services/kubernetes/proxy/x", "use port-forward\n"),
    ] {
        let heard = kubectl.refuses(line).await;
        assert!(heard.ends_with(said), "kubectl {line}\n{heard}");
    }
    kubectl.says("create deployment web --image=clusterip-lab/backend:v1 --replicas=0").await;
    let table = kubectl.says("get deployment web --subresource=scale").await;
    assert!(table.starts_with("NAME   DESIRED   AVAILABLE   AGE\nweb    0         0           "), "{table}");
}
