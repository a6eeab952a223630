//! Commands that keep a connection: exec, attach, logs and port-forward, over a WebSocket and over SPDY.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Kubectl, SERVICE};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How kubectl is told to speak SPDY without a WebSocket, as it did before 1.31.
const OLD: [&str; 2] = ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "KUBECTL_PORT_FORWARD_WEBSOCKETS"];

/// kubectl that goes on until it is dropped.
struct Going {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Drop for Going {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Going {
    /// The local port of the next forwarded one. Where there is IPv6, a line for it follows, which is skipped.
    fn port(&mut self) -> u16 {
        let mut told = self.lines.by_ref().map(|line| line.expect("a line"));
        let line =
            told.find(|line| line.starts_with("Forwarding from 127.0.0.1:")).expect("a forwarded port");
        let (local, _) = line["Forwarding from 127.0.0.1:".len()..].split_once(' ').expect("its target");
        local.parse().expect("a port")
    }

    /// Waits for its end: whether it ended well, and what it said of errors.
    fn end(mut self) -> (bool, String) {
        let status = self.child.wait().expect("it ends");
        let mut said = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("text");
        (status.success(), said)
    }
}

impl Kubectl {
    /// A Deployment of two backends behind Service `front`, and the lab's client.
    async fn with_pods() -> Self {
        let kubectl = Self::new().await;
        kubectl.write("service.yaml", SERVICE);
        for line in [
            "create deployment web --image=clusterip-lab/backend:v1 --replicas=2",
            "apply -f @service.yaml",
            "run client --image=clusterip-lab/client:v1",
            "rollout status deployment/web --timeout=20s",
            "wait --for=condition=Ready pod/client --timeout=20s",
        ] {
            kubectl.says(line).await;
        }
        let reached = |output: &std::process::Output| output.status.success();
        let tries = async { while !reached(&kubectl.run("exec client -- curl -sS http://front").await) {} };
        tokio::time::timeout(PATIENCE, tries).await.expect("the Service has its rule");
        kubectl
    }

    fn command(&self, line: &str, old: bool) -> Command {
        let mut command = Command::new(std::env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into()));
        command
            .args(line.split(' '))
            .env("KUBECONFIG", self.folder.path().join("kubeconfig"))
            .env("HOME", self.folder.path());
        if old {
            command.envs(OLD.map(|name| (name, "false")));
        }
        command
    }

    /// Starts a command that goes on.
    async fn start(&self, line: &str, old: bool) -> Going {
        let mut command = self.command(line, old);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Going { child, lines }
    }
}

/// What a GET to a local port is answered with.
async fn get(port: u16) -> String {
    let answer = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("kubectl listens");
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await
            .expect("it is sent");
        let mut text = String::new();
        // kubectl resets what it cannot forward.
        stream.read_to_string(&mut text).await.ok();
        text
    };
    tokio::time::timeout(PATIENCE, answer).await.expect("an answer, or none")
}

/// [`Going::port`], off the runtime: the practice cluster runs on it.
async fn port(mut going: Going) -> (Going, u16) {
    let told = tokio::task::spawn_blocking(move || {
        let port = going.port();
        (going, port)
    });
    tokio::time::timeout(PATIENCE, told).await.expect("kubectl says it").expect("it is a port")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn ports_are_forwarded_for_many_connections_at_once() {
    let kubectl = Kubectl::with_pods().await;
    for old in [false, true] {
        for target in ["deployment/web :8080", "service/front :80"] {
            let going = kubectl.start(&format!("port-forward {target}"), old).await;
            let (_going, port) = port(going).await;
            let answers = futures_util::future::join_all((0..20).map(|_| get(port))).await;
            for answer in answers {
                assert!(answer.starts_with("HTTP/1.1 200 OK"), "{target}, old: {old}: {answer}");
                assert!(answer.contains("says hello"), "{answer}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn a_port_on_which_nothing_listens_is_told_as_on_a_real_cluster() {
    let kubectl = Kubectl::with_pods().await;
    for old in [false, true] {
        let going = kubectl.start("port-forward deployment/web :8080 :9999", old).await;
        let (going, served) = port(going).await;
        let (going, silent) = port(going).await;
        assert!(get(served).await.contains("says hello"));
        assert_eq!(get(silent).await, "");
        let end = tokio::task::spawn_blocking(move || going.end());
        let (ended_well, said) = tokio::time::timeout(PATIENCE, end).await.expect("it ends").unwrap();
        assert!(!ended_well);
        for part in [
            format!("an error occurred forwarding {silent} -> 9999: error forwarding port 9999 to pod "),
            "IPv4: dial tcp4 127.0.0.1:9999: connect: connection refused IPv6 dial tcp6 [::1]:9999: "
                .to_owned(),
            "error: lost connection to pod\n".to_owned(),
        ] {
            assert!(said.contains(&part), "{part}\n{said}");
        }
    }
    let said = kubectl.refuses("port-forward pod/nosuch 8080").await;
    assert_eq!(said, "Error from server (NotFound): pods \"nosuch\" not found\n");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn commands_run_in_pods_with_their_output_and_exit_code() {
    let kubectl = Kubectl::with_pods().await;
    for (line, code, out, err) in [
        ("exec client -- curl -sS http://front", 0, "says hello", ""),
        ("exec -i client -- curl -sS http://front", 0, "says hello", ""),
        ("exec deploy/web -- curl -sS http://localhost:8080", 0, "you are 127.0.0.1:", ""),
        (
            "exec client -- curl -sS http://nosuch",
            6,
            "",
            "curl: (6) Could not resolve host: nosuch\ncommand terminated with exit code 6\n",
        ),
        (
            "exec client -- nosuch",
            1,
            "",
            "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH: unknown\n",
        ),
        (
            "exec client -c nope -- curl",
            1,
            "",
            "Error from server (BadRequest): container nope is not valid for pod client\n",
        ),
        ("exec nosuch -- curl", 1, "", "Error from server (NotFound): pods \"nosuch\" not found\n"),
        (
            "cp client:/etc/hostname /tmp/x",
            1,
            "",
            "exec: \"tar\": executable file not found in $PATH: unknown\n",
        ),
    ] {
        for old in [false, true] {
            let mut command = kubectl.command(line, old);
            command.stdin(Stdio::null());
            let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
            let (said, erred) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(code), "kubectl {line}, old: {old}: {erred}");
            assert!(
                said.contains(out) && erred.ends_with(err),
                "kubectl {line}, old: {old}\n{said}\n{erred}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubectl: run tests/run"]
async fn what_a_program_writes_is_followed_to_its_end() {
    let kubectl = Kubectl::with_pods().await;
    let once =
        "run once --image=clusterip-lab/client:v1 --restart=Never --rm -i --command -- curl -sS http://front";
    let said = kubectl.says(once).await;
    assert!(said.contains("says hello") && said.contains("pod \"once\" deleted"), "{said}");
    kubectl.says(&once.replace("once", "twice").replace(" --rm -i", "")).await;
    kubectl.says("wait --for=jsonpath={.status.phase}=Succeeded pod/twice --timeout=20s").await;
    assert!(kubectl.says("logs -f twice").await.contains("says hello"), "it does not wait for more");
    for (line, said) in [
        ("logs deployment/web --tail=1", "listens on 0.0.0.0:8080\n"),
        ("logs client --limit-bytes=5", "takes"),
        ("logs -l app=web --prefix", "/backend] web-"),
    ] {
        let heard = kubectl.says(line).await;
        assert!(heard.contains(said), "kubectl {line}\n{heard}");
    }
    for (line, said) in [
        ("attach twice", "error: cannot attach a container in a completed pod; current phase is Succeeded\n"),
        ("logs client --previous", "previous terminated container \"client\" in pod \"client\" not found\n"),
        ("debug client --image=busybox", "the practice cluster does not model ephemeral containers\n"),
    ] {
        let heard = kubectl.refuses(line).await;
        assert!(heard.ends_with(said), "kubectl {line}\n{heard}");
    }
}
