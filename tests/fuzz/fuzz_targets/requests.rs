//! Whole requests: method, path, query, headers and body, some after another.
#![no_main]

use clusterip_fuzz::{Asked, Bench};
use libfuzzer_sys::{Corpus, fuzz_target};

thread_local! {
    static BENCH: Bench = Bench::default();
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let asked = Asked::read_all(input);
    let answers = BENCH.with(|bench| bench.ask(&asked));
    if answers.is_empty() { Corpus::Reject } else { Corpus::Keep }
});
