//! Our nslookup and ping, held to the words and exit codes of those that students know.

use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;

use clusterip_agent::network::{Dialled, NameError, Network, PodNetwork, Resolved};
use clusterip_agent::tools::{Ran, Stream, Tool};
use tokio::net::TcpStream;

const POD_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 244, 0, 5));
const VIRTUAL_IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 96, 0, 7));

/// A cluster with one Service, `web`, and one pod: pods answer echoes, and virtual IPs do not.
struct Cluster;

impl Network for Cluster {
    type Stream = TcpStream;

    async fn resolve(&self, host: &str) -> Result<Resolved, NameError> {
        let name = "web.lab.svc.cluster.local".to_owned();
        match host {
            "web" => Ok(Resolved { name, addresses: vec![VIRTUAL_IP] }),
            _ => Err(NameError { host: host.into(), reason: "NXDOMAIN".into(), answered: host != "unasked" }),
        }
    }

    fn name_server(&self) -> Option<SocketAddr> {
        Some(SocketAddr::from(([10, 96, 0, 10], 53)))
    }

    async fn connect(&self, _: SocketAddr) -> io::Result<Dialled<TcpStream>> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    async fn ping(&self, to: IpAddr, _: u16) -> io::Result<()> {
        match to {
            POD_IP => Ok(()),
            VIRTUAL_IP => pending().await,
            _ => Err(io::Error::from_raw_os_error(113)),
        }
    }
}

async fn run(tool: Tool, line: &str) -> Ran {
    let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    tool.collect(&arguments, &Cluster).await
}

fn printed(ran: &Ran) -> &str {
    std::str::from_utf8(&ran.stdout).unwrap()
}

#[tokio::test]
async fn a_name_is_printed_whole_with_its_address_and_who_said_so() {
    let ran = run(Tool::Nslookup, "web").await;
    let said = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\nName:\tweb.lab.svc.cluster.local\nAddress: 10.96.0.7\n\n";
    assert_eq!((ran.code, printed(&ran), ran.stderr.as_str()), (0, said, ""));
}

#[tokio::test]
async fn a_name_that_is_none_is_nxdomain_and_a_silent_server_is_not() {
    let ran = run(Tool::Nslookup, "nope").await;
    assert_eq!(ran.code, 1);
    assert!(printed(&ran).ends_with("#53\n\n** server can't find nope: NXDOMAIN\n\n"), "{}", printed(&ran));
    let ran = run(Tool::Nslookup, "unasked").await;
    assert_eq!((ran.code, printed(&ran)), (1, ";; connection timed out; no servers could be reached\n\n"));
}

#[tokio::test]
async fn nslookup_refuses_what_it_does_not_do() {
    for line in ["", "web 10.96.0.10", "-type=mx web", "10.96.0.7"] {
        let ran = run(Tool::Nslookup, line).await;
        assert_eq!((ran.code, ran.stdout.is_empty()), (2, true), "{line}");
        assert!(!ran.stderr.is_empty(), "{line}");
    }
    assert_eq!(run(Tool::Nslookup, "--help").await.code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_pod_answers_and_the_statistics_say_so() {
    let ran = run(Tool::Ping, "-c 2 10.244.0.5").await;
    let lines: Vec<&str> = printed(&ran).lines().collect();
    assert_eq!(lines[0], "PING 10.244.0.5 (10.244.0.5): 56 data bytes");
    assert!(lines[1].starts_with("64 bytes from 10.244.0.5: seq=0 time=0.000 ms"), "{lines:?}");
    assert_eq!(
        lines[3..6],
        [
            "",
            "--- 10.244.0.5 ping statistics ---",
            "2 packets transmitted, 2 packets received, 0% packet loss",
        ]
    );
    assert!(lines[6].starts_with("round-trip min/avg/max = "), "{lines:?}");
    assert_eq!(ran.code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_virtual_ip_does_not_answer_and_three_echoes_are_enough() {
    let began = tokio::time::Instant::now();
    let ran = run(Tool::Ping, "web").await;
    assert_eq!(ran.code, 1);
    assert!(printed(&ran).starts_with("PING web (10.96.0.7): 56 data bytes\n\n--- web"), "{}", printed(&ran));
    assert!(printed(&ran).ends_with("3 packets transmitted, 0 packets received, 100% packet loss\n"));
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_the_network_says_of_an_address_is_said() {
    let ran = run(Tool::Ping, "-c1 -W 2 10.244.0.9").await;
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "ping: 10.244.0.9: No route to host (os error 113)\n"));
    let ran = run(Tool::Ping, "nope").await;
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "ping: bad address 'nope'\n"));
    for line in ["", "-c 0 web", "-c 21 web", "-W x web", "-f web", "web web2", "-c"] {
        let ran = run(Tool::Ping, line).await;
        assert_eq!((ran.code, ran.stdout.is_empty()), (1, true), "{line}");
        assert!(ran.stderr.contains("Usage: ping"), "{line}: {}", ran.stderr);
    }
}

#[tokio::test(start_paused = true)]
async fn lines_are_written_as_they_come() {
    let began = tokio::time::Instant::now();
    let times = Mutex::new(Vec::new());
    let write = |stream, _: &[u8]| {
        assert_eq!(stream, Stream::Out);
        times.lock().unwrap().push(began.elapsed().as_secs());
    };
    let arguments = ["-c", "3", "10.244.0.5"].map(str::to_owned);
    assert_eq!(Tool::Ping.run(&arguments, &Cluster, write).await, 0);
    // The title, three replies a second apart, the statistics.
    assert_eq!(*times.lock().unwrap(), [0, 0, 1, 2, 2]);
}

#[tokio::test]
async fn a_real_echo_comes_back_where_the_kernel_lets_this_user_send_one() {
    let allowed = std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap();
    let range: Vec<u64> = allowed.split_whitespace().map(|group| group.parse().unwrap()).collect();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let groups = status.lines().filter(|line| line.starts_with("Gid:") || line.starts_with("Groups:"));
    let mut groups = groups.flat_map(|line| line.split_whitespace().skip(1));
    let is_allowed = groups.any(|group| (range[0]..=range[1]).contains(&group.parse().unwrap()));
    let sent = PodNetwork::default().ping(IpAddr::from([127, 0, 0, 1]), 7).await;
    assert_eq!(sent.is_ok(), is_allowed, "{sent:?}");
}
