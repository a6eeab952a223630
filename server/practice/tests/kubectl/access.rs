//! `kubectl auth`, `create token`, and what a student may.

use super::Kubectl;

/// Makes a student in a namespace of his own, by stock commands only.
async fn student(kubectl: &Kubectl) -> String {
    for line in [
        "create namespace lab",
        "-n lab create serviceaccount student",
        "-n lab create role student --verb=get,list,watch,create --resource=pods,services,pods/log",
        "-n lab create rolebinding student --role=student --serviceaccount=lab:student",
        "-n lab create rolebinding viewer --clusterrole=view --serviceaccount=lab:guest",
    ] {
        kubectl.says(line).await;
    }
    let token = kubectl.says("-n lab create token student --duration=10m").await;
    format!("--token={} -n lab", token.trim())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn kubectl_auth_tells_who_one_is_and_what_one_may() {
    let kubectl = Kubectl::new().await;
    let admin = kubectl.says("auth whoami").await;
    assert!(admin.contains("Username    kubernetes-admin"), "{admin}");
    assert!(admin.contains("[kubeadm:cluster-admins system:authenticated]"), "{admin}");
    let student = student(&kubectl).await;
    let kubectl = kubectl.without_token();
    let whoami = kubectl.says(&format!("{student} auth whoami")).await;
    assert!(whoami.contains("system:serviceaccount:lab:student"), "{whoami}");
    for (line, said) in [
        ("auth can-i list pods", "yes\n"),
        ("auth can-i get pods/log", "yes\n"),
        ("auth can-i get pods --subresource=log", "yes\n"),
        ("auth can-i get /api", "yes\n"),
    ] {
        assert_eq!(kubectl.says(&format!("{student} {line}")).await, said, "{line}");
    }
    for line in ["auth can-i delete pods", "auth can-i list secrets", "auth can-i list pods -A"] {
        let output = kubectl.run(&format!("{student} {line}")).await;
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"no\n".as_slice()), "{line}");
    }
    let list = kubectl.says(&format!("{student} auth can-i --list")).await;
    for row in [
        "pods/log ",
        "services ",
        "selfsubjectaccessreviews.authorization.k8s.io ",
        "[/openapi/*]",
        "[/version]",
        "[get list watch create]",
    ] {
        assert!(list.contains(row), "{row}\n{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn a_student_is_refused_in_kubernetes_words() {
    let kubectl = Kubectl::new().await;
    let student = student(&kubectl).await;
    let kubectl = kubectl.without_token();
    kubectl.says(&format!("{student} get pods,services")).await;
    kubectl.says(&format!("{student} create service clusterip s --tcp=80")).await;
    kubectl.says(&format!("{student} run p --image=clusterip-lab/client:v1")).await;
    let who = "User \"system:serviceaccount:lab:student\" cannot";
    for (line, said) in [
        (
            "get services -n default",
            format!(
                "Error from server (Forbidden): services is forbidden: {who} list resource \"services\" in API group \"\" in the namespace \"default\"\n"
            ),
        ),
        (
            "get nodes",
            format!(
                "Error from server (Forbidden): nodes is forbidden: {who} list resource \"nodes\" in API group \"\" at the cluster scope\n"
            ),
        ),
        (
            "delete service s",
            format!(
                "Error from server (Forbidden): services \"s\" is forbidden: {who} delete resource \"services\" in API group \"\" in the namespace \"lab\"\n"
            ),
        ),
        (
            "create deployment d --image=clusterip-lab/backend:v1",
            format!(
                "deployments.apps is forbidden: {who} create resource \"deployments\" in API group \"apps\" in the namespace \"lab\"\n"
            ),
        ),
        ("exec p -- ls", format!("pods \"p\" is forbidden: {who} ")),
        (
            "get pods --as=kubernetes-admin",
            format!(
                "Error from server (Forbidden): users \"kubernetes-admin\" is forbidden: {who} impersonate resource \"users\" in API group \"\" at the cluster scope\n"
            ),
        ),
    ] {
        let heard = kubectl.refuses(&format!("{student} {line}")).await;
        assert!(heard.contains(&said), "kubectl {line}\n{heard}\n{said}");
    }
    let heard = kubectl.refuses("--token=nonsense -n lab get pods").await;
    assert_eq!(heard, "error: You must be logged in to the server (Unauthorized)\n");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn tokens_have_a_least_duration() {
    let kubectl = Kubectl::new().await;
    kubectl.says("create serviceaccount s").await;
    for (line, said) in [
        (
            "create token s --duration=1m",
            "error: failed to create token: TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes\n",
        ),
        ("create token nosuch", "error: failed to create token: serviceaccounts \"nosuch\" not found\n"),
        (
            "create token s --bound-object-kind=Pod --bound-object-name=nosuch",
            "error: failed to create token: pods \"nosuch\" not found\n",
        ),
    ] {
        assert_eq!(kubectl.refuses(line).await, said, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn a_drained_node_has_no_pods_and_takes_none() {
    let kubectl = Kubectl::new().await;
    kubectl.says("create deployment web --image=clusterip-lab/backend:v1 --replicas=2").await;
    kubectl.says("rollout status deployment/web --timeout=20s").await;
    let said = kubectl.says("drain practice-node --grace-period=0 --timeout=30s").await;
    assert!(said.contains("pod/web-") && said.contains(" evicted\n"), "{said}");
    assert!(said.ends_with("node/practice-node drained\n"), "{said}");
    kubectl.says("wait --for=jsonpath={.status.phase}=Pending pod -l app=web --timeout=20s").await;
    kubectl.says("uncordon practice-node").await;
    kubectl.says("rollout status deployment/web --timeout=20s").await;
}
