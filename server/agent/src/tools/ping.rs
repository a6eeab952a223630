//! Enough of ping for `kubectl exec client -- ping HOST`, in the words of `BusyBox`'s.
//!
//! A virtual IP does not answer: it is a rule for TCP, UDP and SCTP ports, and no interface has it.
//! Source: <https://kubernetes.io/docs/reference/networking/virtual-ips/>

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::Stream;
use crate::network::{Network, addresses};

/// Echoes sent where no `-c` is given. The real ping would go on for ever.
const COUNT: u16 = 3;
const MAX_COUNT: u16 = 20;
/// How long each waits for its reply where no `-W` is given.
const WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT_SECONDS: u64 = 10;
/// From one echo to the next.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(5);

const USAGE: &str = "\
Usage: ping [-c COUNT] [-W SECONDS] HOST
 -c COUNT    send this many echoes, at most 20 (3)
 -W SECONDS  wait this long for each reply, at most 10 (1)
";
/// The exit code when no reply came, or the command line is wrong.
const FAILED: u8 = 1;

#[derive(Debug)]
struct Options {
    host: String,
    count: u16,
    wait: Duration,
}

/// Why there is nothing to send.
enum Asked {
    Help,
    Wrong(String),
}

/// Runs ping with `arguments`, the name of the program not among them.
pub(super) async fn run<N: Network>(
    arguments: &[String],
    network: &N,
    mut write: impl FnMut(Stream, &[u8]) + Send,
) -> u8 {
    let options = match parse(arguments) {
        Ok(options) => options,
        Err(Asked::Help) => {
            write(Stream::Out, USAGE.as_bytes());
            return 0;
        }
        Err(Asked::Wrong(why)) => {
            write(Stream::Err, format!("ping: {why}\n{USAGE}").as_bytes());
            return FAILED;
        }
    };
    let found = timeout(RESOLVE, addresses(network, &options.host)).await;
    let Some(to) = found.ok().and_then(Result::ok).and_then(|found| found.first().copied()) else {
        write(Stream::Err, format!("ping: bad address '{}'\n", options.host).as_bytes());
        return FAILED;
    };
    send(&options, to, network, write).await
}

async fn send<N: Network>(
    options: &Options,
    to: IpAddr,
    network: &N,
    mut write: impl FnMut(Stream, &[u8]) + Send,
) -> u8 {
    write(Stream::Out, format!("PING {} ({to}): 56 data bytes\n", options.host).as_bytes());
    let mut times = Vec::new();
    for sequence in 0..options.count {
        let began = Instant::now();
        match timeout(options.wait, network.ping(to, sequence)).await {
            Ok(Ok(())) => {
                let time = began.elapsed();
                let line = format!("64 bytes from {to}: seq={sequence} time={} ms\n", milliseconds(time));
                write(Stream::Out, line.as_bytes());
                times.push(time);
            }
            Ok(Err(why)) => write(Stream::Err, format!("ping: {to}: {why}\n").as_bytes()),
            Err(_) => {}
        }
        if sequence + 1 < options.count {
            sleep_until(began + INTERVAL).await;
        }
    }
    write(Stream::Out, statistics(options, &times).as_bytes());
    if times.is_empty() { FAILED } else { 0 }
}

fn statistics(options: &Options, times: &[Duration]) -> String {
    let (sent, received) = (usize::from(options.count), times.len());
    let lost = (sent - received) * 100 / sent;
    let mut said = format!(
        "\n--- {} ping statistics ---\n{sent} packets transmitted, {received} packets received, {lost}% packet loss\n",
        options.host
    );
    if let (Some(least), Some(most)) = (times.iter().min(), times.iter().max()) {
        let mean = times.iter().sum::<Duration>() / u32::try_from(received).unwrap_or(1);
        let [least, mean, most] = [*least, mean, *most].map(milliseconds);
        said.push_str(&format!("round-trip min/avg/max = {least}/{mean}/{most} ms\n"));
    }
    said
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1000.0)
}

fn parse(arguments: &[String]) -> Result<Options, Asked> {
    let (mut host, mut count, mut wait) = (None, COUNT, WAIT);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (option, attached) = match argument.get(..2) {
            Some(option @ ("-c" | "-W")) => (option, &argument[2..]),
            _ => (argument.as_str(), ""),
        };
        let mut number = |max: u64| {
            let given = if attached.is_empty() { rest.next().map_or("", String::as_str) } else { attached };
            given
                .parse()
                .ok()
                .filter(|number| (1..=max).contains(number))
                .ok_or_else(|| Asked::Wrong(format!("invalid number '{given}' for {option}: 1 to {max}")))
        };
        match option {
            "-c" => count = u16::try_from(number(MAX_COUNT.into())?).unwrap_or(MAX_COUNT),
            "-W" => wait = Duration::from_secs(number(MAX_WAIT_SECONDS)?),
            "-h" | "--help" => return Err(Asked::Help),
            _ if option.starts_with('-') => {
                return Err(Asked::Wrong(format!("unrecognized option '{option}'")));
            }
            _ if host.is_some() => return Err(Asked::Wrong("only one host at a time".to_owned())),
            _ => host = Some(option.to_owned()),
        }
    }
    let host = host.ok_or_else(|| Asked::Wrong("no host specified".to_owned()))?;
    Ok(Options { host, count, wait })
}
