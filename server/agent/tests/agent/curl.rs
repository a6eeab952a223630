//! Our curl, held to the real one's messages and exit codes.

use std::time::Duration;

use crate::support::{Spread, loopback, nobody, start_backend};
use clusterip_agent::tools::{Ran, curl};

async fn run(network: &Spread, line: &str) -> Ran {
    let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    curl::run(&arguments, network).await
}

#[tokio::test]
async fn it_prints_the_body() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    let network = Spread::over([running.address]);
    for line in
        ["http://10.96.0.1:80", "10.96.0.1", "-s http://10.96.0.1/", "-sS -m2 http://[fd00::1]:80/x?y"]
    {
        let ran = run(&network, line).await;
        let body = String::from_utf8(ran.stdout).unwrap();
        assert!(body.starts_with("backend-a 127.0.0.1 v1 says hello"), "{line}: {body}");
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    }
}

#[tokio::test]
async fn it_sends_methods_and_headers_and_shows_heads() {
    let running = start_backend("backend-a", Duration::ZERO).await;
    let network = Spread::over([running.address]);
    let ran = run(&network, "-X POST 10.96.0.1/readyz/off").await;
    assert_eq!(ran.stdout, b"readiness is off\n");
    let ran = run(&network, "-i 10.96.0.1/readyz").await;
    assert!(ran.stdout.starts_with(b"HTTP/1.1 503 Service Unavailable\r\n"));
    let ran = run(&network, "-f 10.96.0.1/readyz").await;
    assert_eq!((ran.code, ran.stderr.as_str()), (22, "curl: (22) The requested URL returned error: 503\n"));
    let json: Vec<String> =
        ["-H", "Accept: application/json", "10.96.0.1"].into_iter().map(str::to_owned).collect();
    assert!(curl::run(&json, &network).await.stdout.starts_with(b"{\"pod\":\"backend-a\""));
}

#[tokio::test]
async fn its_failures_have_the_words_and_codes_of_the_real_one() {
    let refused = Spread::over([nobody().await]);
    let (_silent, address) = loopback().await;
    let silent = Spread::over([address]);
    let table = [
        (&refused, "http://backend", 6, "Could not resolve host: backend"),
        (
            &refused,
            "http://10.96.0.1:81",
            7,
            "Failed to connect to 10.96.0.1 port 81 after 0 ms: Connection refused",
        ),
        (&silent, "-m 0.05 http://10.96.0.1", 28, "Operation timed out after "),
        (&refused, "https://10.96.0.1", 1, "Protocol \"https\" not supported"),
        (&refused, "http://", 3, "URL using bad/illegal format or missing URL"),
        (&refused, "--proxy x 10.96.0.1", 2, "option --proxy: is unknown"),
        (&refused, "-m", 2, "option -m: requires parameter"),
        (&refused, "-m 0 10.96.0.1", 2, "option -m: expected a proper numerical parameter"),
        (&refused, "10.96.0.1 10.96.0.2", 2, "only one URL at a time"),
        (&refused, "", 2, "no URL specified"),
    ];
    for (network, line, code, words) in table {
        let ran = run(network, line).await;
        assert_eq!(ran.code, code, "{line}: {}", ran.stderr);
        assert!(ran.stderr.starts_with(&format!("curl: ({code}) {words}")), "{line}: {}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    assert_eq!(run(&refused, "-s http://backend").await, Ran { code: 6, ..Ran::default() });
}

#[tokio::test]
async fn it_does_not_pass_for_the_real_one() {
    let ran = run(&Spread::over([]), "--version").await;
    assert!(ran.stdout.starts_with(b"clusterip-lab's own small curl "));
}
