//! The console: an input is a line, with what a command might have printed after its first line break.
#![no_main]

#[path = "../../../server/domain/tests/console/oracle.rs"]
mod oracle;

use std::sync::LazyLock;

use clusterip_domain::console::{Bounds, Command, Live, Plain, complete, plain, read};
use libfuzzer_sys::{Corpus, fuzz_target};

static BOUNDS: LazyLock<Bounds> =
    LazyLock::new(|| Bounds { namespace: "lab-ada".parse().expect("a namespace") });
static LIVE: LazyLock<Live> = LazyLock::new(|| Live {
    pods: vec!["client".to_owned()],
    services: vec!["web".to_owned()],
    virtual_addresses: vec!["10.96.0.7:80".to_owned()],
    ..Live::default()
});

fn typed(line: &str) {
    match read(line, &BOUNDS) {
        Ok(Command::Kubectl(read)) => {
            assert_eq!(oracle::complaint(&read, BOUNDS.namespace.as_str()), None, "{line:?}");
        }
        Ok(_) => {}
        Err(refusal) => assert!(!refusal.says().it.is_empty()),
    }
    for cursor in [0, line.chars().count() / 2, usize::MAX] {
        let completion = complete(line, cursor, &LIVE);
        assert!(completion.replaces.end <= line.chars().count(), "{line:?}");
    }
}

fn printed(bytes: &[u8]) {
    let whole = plain(bytes);
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!whole.contains(odd), "{whole:?}");
    let mut pieces = Plain::new(usize::MAX);
    let mut text: String = bytes.chunks(3).map(|piece| pieces.push(piece)).collect();
    text.push_str(&pieces.finish());
    assert_eq!(text, whole);
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    typed(&String::from_utf8_lossy(&input[..end]));
    typed(&String::from_utf8_lossy(input));
    printed(&input[end..]);
    Corpus::Keep
});
