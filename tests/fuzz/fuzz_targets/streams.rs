//! What is said on connections that stop being HTTP: SPDY's frames, and the messages of WebSockets.
#![no_main]

use clusterip_fuzz::Streams;
use libfuzzer_sys::{Corpus, fuzz_target};

thread_local! {
    static STREAMS: Streams = Streams::default();
}

fuzz_target!(|input: &[u8]| -> Corpus {
    if STREAMS.with(|streams| streams.say(input)) { Corpus::Keep } else { Corpus::Reject }
});
