//! The command as it is run: what it says to a mistake, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long anything here may take: it is all local.
const SOON: Duration = Duration::from_secs(30);

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clusterip-lab"));
    // What a contributor has set must not change what is tested.
    for name in
        ["CLUSTERIP_LAB_KIND", "CLUSTERIP_LAB_NODE_IMAGE", "CLUSTERIP_LAB_STATE", "RUST_LOG", "KUBECONFIG"]
    {
        command.env_remove(name);
    }
    command
}

fn said(arguments: &[&str]) -> (Output, String) {
    let output = command().args(arguments).output().expect("the program runs");
    let text = [&output.stdout[..], &output.stderr[..]].map(|b| String::from_utf8_lossy(b).into_owned());
    (output, text.concat())
}

/// A kubeconfig with two contexts, whose API server is a port where nothing listens.
fn kubeconfig(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let text = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                users: [{name: u, user: {}}]\ncontexts: [{name: home, context: {cluster: c, user: u}}, \
                {name: school, context: {cluster: c, user: u}}]\n";
    std::fs::write(&path, text).expect("the folder is ours");
    path
}

/// A server that runs, and each line it says, on stdout or stderr.
struct Serving {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        Self::of(command(), arguments)
    }

    fn of(mut command: Command, arguments: &[&str]) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let (to, lines) = mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("piped")), Box::new(child.stderr.take().expect("piped"))];
        for stream in streams {
            let to = to.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = to.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Everything that is said until a line has this in it, that line too.
    fn until(&self, part: &str) -> String {
        let mut all = String::new();
        loop {
            let line = self.lines.recv_timeout(SOON).unwrap_or_else(|_| panic!("no {part:?} after:\n{all}"));
            all += &line;
            all.push('\n');
            if line.contains(part) {
                return all;
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_names_the_commands_and_the_flags() {
    let (output, text) = said(&["--help"]);
    assert!(output.status.success());
    for word in ["serve", "cluster", "doctor", "ClusterIP"] {
        assert!(text.contains(word), "{word}:\n{text}");
    }
    let (_, text) = said(&["serve", "--help"]);
    for flag in ["--listen", "--context", "--kubeconfig", "--allow-host", "--node-image", "--cluster-name"] {
        assert!(text.contains(flag), "{flag}:\n{text}");
    }
}

#[test]
fn an_unknown_flag_is_named_and_the_right_one_offered() {
    let (output, text) = said(&["serve", "--contxt", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("--contxt") && text.contains("--context"), "{text}");
    let (output, text) = said(&["fly"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("fly"), "{text}");
}

#[test]
fn values_that_are_none_are_refused_before_anything_starts() {
    for arguments in [
        &["serve", "--listen", "nowhere"][..],
        &["serve", "--cluster-name", "Not A Name"],
        &["serve", "--kubeconfig", "file"],
        &["serve", "--context", "x", "--cluster-name", "y"],
        &["cluster"],
    ] {
        let (output, text) = said(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    }
}

#[test]
fn a_port_that_is_taken_is_said_to_be_with_a_cure() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let (output, text) = said(&["serve", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains(&address) && text.contains("--listen"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn an_unknown_context_is_told_with_its_code_and_those_there_are() {
    let file = kubeconfig("unknown-context");
    let file = file.to_str().expect("text");
    let serving = Serving::start(&["--context", "nirvana", "--kubeconfig", file]);
    let text = serving.until("doctor");
    for part in ["[context_not_found]", "nirvana", "home", "school", "→"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn a_node_image_in_the_environment_does_not_stand_in_the_way_of_a_context() {
    let file = kubeconfig("environment");
    let mut command = command();
    command.env("CLUSTERIP_LAB_NODE_IMAGE", "kindest/node:v1.34.4").env("CLUSTERIP_LAB_KIND", "/opt/kind");
    let serving =
        Serving::of(command, &["--context", "nirvana", "--kubeconfig", file.to_str().expect("text")]);
    serving.until("[context_not_found]");
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named() {
    let serving = Serving::start(&["--context", "x", "--kubeconfig", "/nowhere/config"]);
    let text = serving.until("doctor");
    assert!(text.contains("[kubeconfig_unreadable]") && text.contains("/nowhere/config"), "{text}");
}

#[test]
fn sigterm_ends_it_in_good_order() {
    let file = kubeconfig("sigterm");
    let mut serving = Serving::start(&["--context", "home", "--kubeconfig", file.to_str().expect("text")]);
    serving.until("clusterip-lab is at http://127.0.0.1:");
    let killed = Command::new("kill").arg(serving.child.id().to_string()).status();
    assert!(killed.is_ok_and(|s| s.success()));
    let deadline = std::time::Instant::now() + SOON;
    let ended = loop {
        if let Some(ended) = serving.child.try_wait().expect("it is our child") {
            break ended;
        }
        assert!(std::time::Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(ended.success(), "{ended}");
}
