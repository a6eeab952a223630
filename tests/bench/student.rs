//! The lab's own server with its practice cluster, and one student.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use clusterip_tests::lab::{PAGE, PATIENCE, SERVICE};
use clusterip_tests::{Http, wait};

use crate::process::{Process, program};
use crate::{row, time};

const ALONE: Duration = Duration::from_secs(10);
const TRAFFIC: Duration = Duration::from_secs(5);

/// From nothing to a lab under traffic.
pub(crate) async fn one_student() {
    let began = Instant::now();
    let arguments = ["serve", "--practice", "--listen", "127.0.0.1:0"].map(OsStr::new);
    let mut lab = Process::start(&program("clusterip-lab"), &arguments);
    let address = lab.line(" is at http://").await;
    lab.line("Ready: ").await;
    let ready = began.elapsed();
    let address = address.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
    let http = Http::new(address.and_then(|address| address.parse().ok()).expect("an address"));
    assert_eq!(http.get(PAGE).await.status, 200);
    row("the lab with its practice cluster is ready in", time(ready));
    row("  and shows its page after", time(began.elapsed()));
    row("  memory, nothing done yet", lab.memory());
    row("  processor, nobody looks", lab.for_a_while(ALONE).await);

    for file in ["start/deployment.yaml", "start/service.yaml"] {
        act(&http, "apply-document", &[("file", file)]).await;
    }
    let deployment = async || http.get(&format!("{PAGE}/yaml/deployment/backend")).await.body;
    wait::until("the pods", PATIENCE, deployment, |yaml| yaml.contains("readyReplicas: 3")).await;
    let to = [("to", "virtual-ip"), ("service", SERVICE), ("rate", "100"), ("connections", "new")];
    act(&http, "send", &to).await;
    let busy = lab.for_a_while(TRAFFIC).await;
    act(&http, "stop", &[]).await;
    row("  memory, lab 01 with 4 pods", lab.memory());
    row("  the most so far, own and of files", format!("{:.1} MB", lab.most_memory()));
    row("  processor, 100 new connections a second", busy);
    row("  processor, nobody looks, 4 pods", lab.for_a_while(ALONE).await);
}

async fn act(http: &Http, name: &str, form: &[(&str, &str)]) {
    let answer = http.post(&format!("{PAGE}/act/{name}"), form).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
}
