//! The kubeconfig that a student takes to another terminal, with a real kubectl: `KUBECTL`, else the PATH's.

use std::ffi::OsString;
use std::process::Output;

use clusterip_cluster::tenancy::access;
use clusterip_tests::lab::PATIENCE;
use clusterip_tests::{Lab, On, on_both_clusters, wait};
use tempfile::TempDir;
use tokio::process::Command;

use super::Student;

on_both_clusters!(a_students_kubeconfig_works_with_kubectl_and_nothing_else_is_needed);

struct Kubectl {
    program: OsString,
    home: TempDir,
}

impl Kubectl {
    /// With this kubeconfig, and nothing of this machine's.
    fn with(kubeconfig: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("kubeconfig"), kubeconfig).unwrap();
        let program = std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
        Self { program, home }
    }

    async fn run(&self, line: &str) -> std::io::Result<Output> {
        let mut command = Command::new(&self.program);
        command.arg("--kubeconfig").arg(self.home.path().join("kubeconfig"));
        command.args(line.split(' ')).env("HOME", self.home.path()).env_remove("KUBECONFIG");
        command.kill_on_drop(true).output().await
    }

    async fn does(&self, line: &str) -> String {
        let output = self.run(line).await.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "kubectl {line}: {complaint}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn fails(&self, line: &str) -> String {
        let output = self.run(line).await.unwrap();
        assert!(!output.status.success(), "kubectl {line}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

async fn a_students_kubeconfig_works_with_kubectl_and_nothing_else_is_needed(lab: Lab) {
    let student = Student::of(&lab).await;
    let kubectl = Kubectl::with(&access::kubeconfig(&student.credentials, &lab.run.namespace));
    if lab.on == On::Practice && kubectl.run("version --client").await.is_err() {
        eprintln!("LEFT OUT: a student's kubeconfig with kubectl: there is no kubectl");
        return lab.close().await;
    }
    let context = kubectl.does("config current-context").await;
    assert_eq!(context, "clusterip-lab-the-whole-story\n");
    assert_eq!(kubectl.does("get pods -o name").await, "pod/client\n");
    kubectl.does("create deployment web --image=clusterip-lab/backend:v1 --replicas=2").await;
    kubectl.does("rollout status deployment/web --timeout=90s").await;
    kubectl.does("expose deployment web --port=80 --target-port=8080").await;
    kubectl.does("scale deployment web --replicas=1").await;
    // Kubernetes does not say when the node's kernel has the new rule.
    let call = async || kubectl.run("exec client -- curl -s http://web").await.unwrap();
    let answered = |output: &Output| String::from_utf8_lossy(&output.stdout).contains("web-");
    wait::until("an answer from web", PATIENCE, call, answered).await;
    assert!(kubectl.does("logs deployment/web").await.len() < 100_000);
    let all = kubectl.does("get all").await;
    assert!(all.contains("service/web") && all.contains("deployment.apps/web"), "{all}");
    assert!(kubectl.does("describe service web").await.contains("Endpoints:"));
    assert_eq!(kubectl.does("auth can-i delete pods").await, "yes\n");
    let secrets = kubectl.fails("get secrets").await;
    let who = format!("User \"system:serviceaccount:{}:student\" cannot list", student.namespace);
    assert!(secrets.contains("(Forbidden)") && secrets.contains(&who), "{secrets}");
    let nodeport = kubectl.fails("create service nodeport np --tcp=80").await;
    assert!(nodeport.contains("this lab is about ClusterIP, the default: leave type out"), "{nodeport}");
    assert!(kubectl.fails("get pods -n kube-system").await.contains("(Forbidden)"));
    kubectl.does("delete deployment,service web --timeout=60s").await;
    lab.close().await;
}
