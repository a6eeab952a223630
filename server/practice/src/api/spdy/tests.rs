use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::frame::{Decoder, Frame, client};
use super::headers;
use super::{MAX_STREAMS, Stream, Violation, serve};

/// Everything that the bytes say, and what is wrong with them in the end.
fn read(bytes: &[u8], piece: usize) -> (Vec<Frame>, Option<Violation>) {
    let (mut decoder, mut frames) = (Decoder::new(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(violation) => return (frames, Some(violation)),
            }
        }
    }
    (frames, None)
}

/// A port-forward's beginning.
fn beginning() -> Vec<u8> {
    let mut headers = headers::Writer::new();
    [
        client::open(&mut headers, 1, &[("streamtype", "error"), ("port", "80"), ("requestid", "0")]),
        client::data(1, true, b""),
        client::open(&mut headers, 3, &[("streamtype", "data"), ("port", "80"), ("requestid", "0")]),
        client::data(3, false, b"GET / HTTP/1.1\r\n\r\n"),
        client::of_kind(9, &[0, 0, 0, 3, 0, 1, 0, 0]),
        client::of_kind(6, &[0, 0, 0, 7]),
        client::of_kind(7, &[0; 8]),
    ]
    .concat()
}

#[test]
fn a_beginning_is_read_however_it_is_cut() {
    for piece in [1, 2, 7, 8, 9, 1000] {
        let (frames, violation) = read(&beginning(), piece);
        assert_eq!(violation, None);
        let Frame::Open { id, headers, .. } = &frames[0] else { panic!("{frames:?}") };
        assert_eq!(
            (id.get(), headers.get("streamtype"), headers.get("port")),
            (1, Some("error"), Some("80"))
        );
        let said: Vec<u8> = frames
            .iter()
            .filter_map(|frame| match frame {
                Frame::Data { id, bytes, .. } if id.get() == 3 => Some(bytes.to_vec()),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(said, b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(frames[frames.len() - 3..], [Frame::Other, Frame::Ping(7), Frame::GoAway]);
    }
}

#[test]
fn what_is_no_spdy_is_told_apart() {
    let open = |id| client::open(&mut headers::Writer::new(), id, &[("port", "1")]);
    let twice = {
        let mut headers = headers::Writer::new();
        [client::open(&mut headers, 3, &[]), client::open(&mut headers, 3, &[])].concat()
    };
    for (bytes, expected) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), None),
        (client::data(0, false, b"x"), Some(Violation::StreamId(0))),
        (open(0), Some(Violation::StreamId(0))),
        (open(2), Some(Violation::StreamId(2))),
        (twice, Some(Violation::StreamId(3))),
        (vec![0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1], Some(Violation::Version(2))),
        (vec![0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff], Some(Violation::LongFrame(0xff_ffff))),
        (client::of_kind(1, &[0; 9]), Some(Violation::ShortFrame)),
        (client::of_kind(1, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3]), Some(Violation::Compression)),
        (client::of_kind(2, &[0, 0, 0, 1]), Some(Violation::UnaskedReply)),
        (client::of_kind(3, &[0, 0, 0, 1]), Some(Violation::ShortFrame)),
        (client::of_kind(3, &[0; 8]), Some(Violation::StreamId(0))),
        (client::of_kind(6, &[0]), Some(Violation::ShortFrame)),
        (client::of_kind(8, &[0]), Some(Violation::ShortFrame)),
        (client::of_kind(77, b"whatever"), None),
    ] {
        assert_eq!(read(&bytes, 64).1, expected, "{bytes:x?}");
    }
}

/// Serves these bytes of a client that then waits; so many streams are answered with their port and finished.
async fn answers(input: Vec<u8>, streams: usize) -> Vec<u8> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(64);
    let sink = tokio_util::sync::PollSender::new(sender);
    let pieces: Vec<Bytes> = input.chunks(100).map(Bytes::copy_from_slice).collect();
    let source = stream::iter(pieces).chain(stream::pending());
    let collect = async {
        let mut all = Vec::new();
        while let Some(bytes) = receiver.recv().await {
            all.extend_from_slice(&bytes);
        }
        all
    };
    let handle = |mut opened: mpsc::Receiver<Stream>| async move {
        for _ in 0..streams {
            let Some(stream) = opened.recv().await else { return };
            let port = stream.headers.get("port").unwrap_or_default().to_owned();
            stream.writer.write(Bytes::from(port)).await.ok();
            stream.writer.finish().await;
        }
    };
    let serving = async { drop(serve(source, sink, handle).await) };
    let both = async { tokio::join!(serving, collect).1 };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("it ends")
}

#[tokio::test]
async fn streams_are_taken_and_answered_and_pings_sent_back() {
    let mut headers = headers::Writer::new();
    let input = [
        client::open(&mut headers, 1, &[("port", "80")]),
        client::of_kind(6, &[0, 0, 0, 5]),
        client::open(&mut headers, 3, &[("port", "81")]),
    ]
    .concat();
    let said = answers(input, 2).await;
    let has = |bytes: &[u8]| said.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(&[0x80, 3, 0, 2]), "a reply");
    assert!(has(&[0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 5]), "the ping");
    assert!(has(&client::data(1, false, b"80")) && has(&client::data(3, false, b"81")), "{said:x?}");
    assert!(said.ends_with(&[0x80, 3, 0, 7, 0, 0, 0, 8, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]), "a good-bye");
}

#[tokio::test]
async fn a_violation_ends_the_connection_with_a_protocol_error() {
    let said = answers([beginning(), client::data(0, false, b"")].concat(), usize::MAX).await;
    let end = [0x80, 3, 0, 7, 0, 0, 0, 8, 0x7f, 0xff, 0xff, 0xff];
    // The client said good-bye first.
    assert!(said.ends_with(&[&end[..], &[0; 4]].concat()));
    let said = answers(client::data(0, false, b""), usize::MAX).await;
    assert_eq!(said, [&end[..], &[0, 0, 0, 1]].concat());
}

#[tokio::test]
async fn more_streams_than_are_allowed_are_refused() {
    let mut headers = headers::Writer::new();
    let mut input = Vec::new();
    for at in 0..=u32::try_from(MAX_STREAMS).unwrap() {
        input.extend(client::open(&mut headers, 2 * at + 1, &[("port", "1")]));
    }
    let (sender, mut receiver) = mpsc::channel::<Bytes>(4 * MAX_STREAMS);
    let sink = tokio_util::sync::PollSender::new(sender);
    // None of them is ever answered.
    let handle = |mut streams: mpsc::Receiver<Stream>| async move {
        let mut kept = Vec::new();
        while let Some(stream) = streams.recv().await {
            kept.push(stream);
        }
    };
    drop(serve(stream::iter([Bytes::from(input)]), sink, handle).await);
    let mut said = Vec::new();
    while let Some(bytes) = receiver.recv().await {
        said.extend_from_slice(&bytes);
    }
    let last = u32::try_from(2 * MAX_STREAMS + 1).unwrap().to_be_bytes();
    let refused = [&[0x80, 3, 0, 3, 0, 0, 0, 8][..], &last, &[0, 0, 0, 3]].concat();
    assert!(said.windows(refused.len()).any(|window| window == refused));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_keep_much(bytes in proptest::collection::vec(any::<u8>(), 0..400), piece in 1_usize..50) {
        read(&bytes, piece);
    }

    #[test]
    fn no_damage_to_a_beginning_makes_it_panic(at in 0_usize..200, bits in any::<u8>(), piece in 1_usize..50) {
        let mut bytes = beginning();
        let at = at % bytes.len();
        bytes[at] ^= bits;
        read(&bytes, piece);
    }
}
