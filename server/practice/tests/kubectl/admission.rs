//! What is admitted, as stock kubectl shows it.

use super::Kubectl;

const BOUNDS: &str = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: bounds}\nspec:\n  limits:\n  - type: Container\n    \
    default: {memory: 64Mi}\n    max: {memory: 128Mi}\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: lab}\n\
    spec:\n  hard: {pods: 2, limits.memory: 160Mi, count/deployments.apps: 1}\n";

fn pod(name: &str, memory: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - name: c\n    \
         image: clusterip-lab/backend:v1\n    resources: {{limits: {{memory: {memory}}}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn quotas_and_ranges_bound_a_namespace() {
    let kubectl = Kubectl::new().await;
    kubectl.write("bounds.yaml", BOUNDS);
    kubectl.write("large.yaml", &pod("large", "256Mi"));
    kubectl.write("second.yaml", &pod("second", "128Mi"));
    kubectl.says("create -f @bounds.yaml").await;
    kubectl.says("run first --image=clusterip-lab/backend:v1").await;
    let memory = "{.spec.containers[0].resources.limits.memory}";
    assert_eq!(kubectl.says(&format!("get pod first -o jsonpath={memory}")).await, "64Mi");
    for (line, said) in [
        (
            "create -f @large.yaml",
            "Error from server (Forbidden): error when creating \"FOLDER/large.yaml\": pods \"large\" is forbidden: maximum memory usage per Container is 128Mi, but limit is 256Mi\n",
        ),
        (
            "create -f @second.yaml",
            "Error from server (Forbidden): error when creating \"FOLDER/second.yaml\": pods \"second\" is forbidden: exceeded quota: lab, requested: limits.memory=128Mi, used: limits.memory=64Mi, limited: limits.memory=160Mi\n",
        ),
    ] {
        let said = said.replace("FOLDER", &kubectl.folder.path().display().to_string());
        assert_eq!(kubectl.refuses(line).await, said);
    }
    kubectl.says("create deployment d --image=clusterip-lab/backend:v1 --replicas=0").await;
    let heard = kubectl.refuses("create deployment e --image=clusterip-lab/backend:v1").await;
    assert!(heard.contains("exceeded quota: lab, requested: count/deployments.apps=1"), "{heard}");
    kubectl.says("wait --for=jsonpath={.status.used.pods}=1 quota/lab --timeout=10s").await;
    let described = kubectl.says("describe quota lab").await;
    for row in ["limits.memory           64Mi  160Mi", "count/deployments.apps  1     1"] {
        assert!(described.contains(row), "{described}");
    }
    kubectl.says("delete pod first --grace-period=0 --force").await;
    kubectl.says("wait --for=jsonpath={.status.used.pods}=0 quota/lab --timeout=10s").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn pod_security_refuses_and_warns() {
    let kubectl = Kubectl::new().await;
    kubectl.says("label namespace default pod-security.kubernetes.io/enforce=baseline").await;
    kubectl.says("label namespace default pod-security.kubernetes.io/warn=restricted").await;
    let output = kubectl.run("create deployment d --image=clusterip-lab/backend:v1").await;
    let warning = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{warning}");
    assert!(
        warning.starts_with("Warning: would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"backend\" must set securityContext.allowPrivilegeEscalation=false), "),
        "{warning}"
    );
    let overrides = "--overrides={\"spec\":{\"hostNetwork\":true}}";
    let heard = kubectl.refuses(&format!("run p --image=clusterip-lab/backend:v1 {overrides}")).await;
    assert!(
        heard.ends_with("pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)\n"),
        "{heard}"
    );
    kubectl.says("rollout status deployment/d --timeout=20s").await;
    let output = kubectl
        .run("label namespace default pod-security.kubernetes.io/enforce=restricted --overwrite")
        .await;
    let warning = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(warning.starts_with("Warning: existing pods in namespace \"default\" violate the new PodSecurity enforce level \"restricted:latest\"\nWarning: d-"), "{warning}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn a_network_policy_is_enforced() {
    let kubectl = Kubectl::new().await;
    kubectl.write(
        "closed.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed}\nspec: {podSelector: {}}\n",
    );
    for line in [
        "create deployment web --image=clusterip-lab/backend:v1",
        "expose deployment web --port=80 --target-port=8080",
        "run client --image=clusterip-lab/client:v1",
        "rollout status deployment/web --timeout=20s",
        "wait --for=condition=Ready pod/client --timeout=20s",
    ] {
        kubectl.says(line).await;
    }
    let call = "exec client -- curl -sS --max-time 2 http://web";
    kubectl.until(call, |output| output.status.success()).await;
    kubectl.says("create -f @closed.yaml").await;
    kubectl.until(call, |output| output.status.code() == Some(28)).await;
    kubectl.says("delete networkpolicy closed").await;
    kubectl.until(call, |output| output.status.success()).await;
}
