//! Stock kubectl on the practice cluster. `KUBECTL` is its program, else the PATH's.

#[path = "kubectl/access.rs"]
mod access;
#[path = "kubectl/admission.rs"]
mod admission;
#[path = "kubectl/objects.rs"]
mod objects;
#[path = "kubectl/streams.rs"]
mod streams;

use std::process::{Command, Output};

use clusterip_practice::{Options, Practice};

/// kubectl with a cluster of its own.
struct Kubectl {
    /// Ends with it.
    _practice: Practice,
    folder: tempfile::TempDir,
}

impl Kubectl {
    async fn new() -> Self {
        let practice = Practice::start(Options::default()).await.expect("a practice cluster starts");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("kubeconfig"), practice.kubeconfig()).expect("it is written");
        Self { _practice: practice, folder }
    }

    /// The same cluster, of which the kubeconfig names no user any more.
    fn without_token(self) -> Self {
        let path = self.folder.path().join("kubeconfig");
        let config = std::fs::read_to_string(&path).expect("it was written");
        let mut config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
        config["users"][0]["user"] = serde_json::json!({});
        std::fs::write(path, config.to_string()).expect("it is written");
        self
    }

    /// Runs a command line, split at spaces, with files of the folder as `@name`.
    async fn run(&self, line: &str) -> Output {
        let program = std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
        let folder = self.folder.path().to_owned();
        let words: Vec<String> =
            line.split(' ').map(|w| w.replace('@', &format!("{}/", folder.display()))).collect();
        let run = move || {
            Command::new(program)
                .args(words)
                .env("KUBECONFIG", folder.join("kubeconfig"))
                .env("HOME", &folder)
                .output()
        };
        tokio::task::spawn_blocking(run).await.expect("it ends").expect("kubectl runs")
    }

    async fn says(&self, line: &str) -> String {
        let output = self.run(line).await;
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {line}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs it again and again until it ends so: rules follow changes a moment later.
    async fn until(&self, line: &str, ends: impl Fn(&Output) -> bool) {
        let tries = async { while !ends(&self.run(line).await) {} };
        let patience = std::time::Duration::from_secs(30);
        tokio::time::timeout(patience, tries).await.unwrap_or_else(|_| panic!("kubectl {line}"));
    }

    async fn refuses(&self, line: &str) -> String {
        let output = self.run(line).await;
        assert!(!output.status.success(), "kubectl {line} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("it is written");
    }
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: front\nspec:\n  selector:\n    app: web\n  \
    ports:\n  - port: 80\n    targetPort: 8080\n";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn a_lesson_from_deployment_to_answer() {
    let kubectl = Kubectl::new().await;
    kubectl.write("service.yaml", SERVICE);
    for (line, said) in [
        (
            "create deployment web --image=clusterip-lab/backend:v1 --replicas=2",
            "deployment.apps/web created\n",
        ),
        ("apply -f @service.yaml", "service/front created\n"),
        ("apply -f @service.yaml", "service/front unchanged\n"),
        ("rollout status deployment/web --timeout=20s", "deployment \"web\" successfully rolled out\n"),
        ("scale deployment web --replicas=3", "deployment.apps/web scaled\n"),
        ("label service front lesson=one", "service/front labeled\n"),
        ("run client --image=clusterip-lab/client:v1", "pod/client created\n"),
        ("wait --for=condition=Ready pod/client --timeout=20s", "pod/client condition met\n"),
        ("expose deployment web --name=second --port=80 --target-port=8080", "service/second exposed\n"),
        ("delete service second", "service \"second\" deleted"),
    ] {
        let heard = kubectl.says(line).await;
        assert!(heard.contains(said), "kubectl {line}\n{heard}");
    }
    let answer = kubectl.says("exec client -- curl -sS http://front").await;
    assert!(answer.starts_with("web-") && answer.contains("says hello"), "{answer}");
    let table = kubectl.says("get service front").await;
    assert!(table.starts_with("NAME    TYPE        CLUSTER-IP"), "{table}");
    assert!(table.contains("ClusterIP   10.96.") && table.contains("<none>        80/TCP"), "{table}");
    let described = kubectl.says("describe service front").await;
    assert!(described.contains("TargetPort:               8080/TCP"), "{described}");
    assert!(kubectl.says("logs deployment/web --tail=1").await.contains("listens on"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn refusals_read_as_on_a_real_cluster() {
    let kubectl = Kubectl::new().await;
    kubectl.write("unknown.yaml", &SERVICE.replace("targetPort", "targetPorts"));
    kubectl.write("range.yaml", &SERVICE.replace("port: 80\n", "port: 99999\n"));
    for (line, said) in [
        ("get service nosuch", "Error from server (NotFound): services \"nosuch\" not found\n"),
        ("delete deployment nosuch", "Error from server (NotFound): deployments.apps \"nosuch\" not found\n"),
        ("get widgets", "error: the server doesn't have a resource type \"widgets\"\n"),
        ("get pods -l a=(", "Error from server (BadRequest): "),
        (
            "create namespace default",
            "Error from server (AlreadyExists): namespaces \"default\" already exists\n",
        ),
        (
            "create -f @unknown.yaml",
            "Service in version \"v1\" cannot be handled as a Service: strict decoding error: unknown field \"spec.ports[0].targetPorts\"\n",
        ),
        (
            "create -f @range.yaml",
            "The Service \"front\" is invalid: spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive\n",
        ),
        (
            "create service nodeport np --tcp=80",
            "the practice cluster does not model Services of type NodePort: only ClusterIP\n",
        ),
        (
            "-n nowhere create configmap m",
            "error: failed to create configmap: namespaces \"nowhere\" not found\n",
        ),
    ] {
        let heard = kubectl.refuses(line).await;
        assert!(heard.contains(said), "kubectl {line}\n{heard}\n{said}");
    }
}
