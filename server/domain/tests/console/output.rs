//! That what a command prints cannot command anything.

use clusterip_domain::console::{Plain, plain};
use proptest::prelude::*;

#[test]
fn escapes_and_control_characters_go_and_text_stays() {
    for (printed, text) in [
        (&b"a\tb\nc\r\n"[..], "a\tb\nc\n"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b[38;2;1;2;3mx\x1b[2J\x1b[Hy", "xy"),
        (b"\x1b]0;title\x07x", "x"),
        (b"\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]52;c;ZXZpbA==\nnext line", "\nnext line"),
        (b"\x1bPq#0;2\x1b\\x", "x"),
        (b"a\x1b", "a"),
        (b"a\x08\x7f\x00b", "ab"),
        ("a\u{9b}31mb\u{85}c".as_bytes(), "abc"),
        ("perché \u{202e}è\u{200b}!".as_bytes(), "perché è!"),
        (b"a\xffb\xe2\x82", "a\u{fffd}b\u{fffd}"),
        ("日本 🎉".as_bytes(), "日本 🎉"),
    ] {
        assert_eq!(plain(printed), text, "{:?}", String::from_utf8_lossy(printed));
    }
}

#[test]
fn no_more_than_the_limit_is_kept_and_the_rest_is_counted() {
    let mut output = Plain::new(5);
    assert_eq!(output.push("abcè!x".as_bytes()), "abcè");
    assert_eq!(output.push(b"yz"), "");
    assert_eq!(output.dropped(), 4);
    let mut cut = Plain::new(4);
    assert_eq!(cut.push("abcè".as_bytes()), "abc");
    assert_eq!(cut.push(b"d"), "", "nothing fits behind a gap");
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(vec![
        &b"\x1b["[..],
        b"\x1b]0;",
        b"31m",
        b"\x07",
        b"\x1b\\",
        b"\n",
        b"\t",
        b"\x9b",
        b"\xc2\x9b",
        b"\xe2\x82",
        b"\xac",
        b"\x18",
        b"text",
    ]);
    prop::collection::vec(odd, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn where_the_output_is_cut_does_not_matter(bytes in pieces(), at in 0usize..60) {
        let at = at.min(bytes.len());
        let mut output = Plain::new(usize::MAX);
        let mut text = output.push(&bytes[..at]);
        text += &output.push(&bytes[at..]);
        text += &output.finish();
        prop_assert_eq!(&text, &plain(&bytes));
        prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
    }
}
