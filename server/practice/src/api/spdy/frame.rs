//! Frames, from bytes and into bytes.
//!
//! ```text
//! data     0 | stream (31 bits) | flags (8) | length (24) | bytes
//! control  1 | version (15)     | type (16) | flags (8)   | length (24) | fields
//! ```
//!
//! Source: the SPDY/3.1 draft, section 2.2:
//! <https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/#22-framing>.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::Violation;
use super::headers::{self, Headers};

/// The version in control frames: 3.1 is written 3.
const VERSION: u16 = 3;
/// What every frame begins with.
const HEAD: usize = 8;
/// The longest control frame taken: those of Kubernetes' clients are shorter than 200 bytes.
const MAX_CONTROL: usize = 16 * 1024;
/// The bit that tells a control frame.
const CONTROL: u32 = 1 << 31;
/// The flag of a stream's last frame.
const FIN: u8 = 1;

mod kind {
    pub(super) const SYN_STREAM: u16 = 1;
    pub(super) const SYN_REPLY: u16 = 2;
    pub(super) const RST_STREAM: u16 = 3;
    pub(super) const PING: u16 = 6;
    pub(super) const GO_AWAY: u16 = 7;
    pub(super) const HEADERS: u16 = 8;
}

/// A stream's number: never zero, 31 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::api) struct StreamId(u32);

impl StreamId {
    fn new(bits: u32) -> Result<Self, Violation> {
        match bits & !CONTROL {
            0 => Err(Violation::StreamId(0)),
            id => Ok(Self(id)),
        }
    }

    /// The number.
    pub(in crate::api) fn get(self) -> u32 {
        self.0
    }
}

/// Why a stream is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reset {
    /// It was not looked at.
    Refused = 3,
    /// It is not wanted any more.
    Cancel = 5,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GoAway {
    /// Everything is said.
    Ok = 0,
    /// The other side does not speak SPDY.
    ProtocolError = 1,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// A new stream; `fin` says that the client will send nothing on it.
    Open { id: StreamId, fin: bool, headers: Headers },
    /// Bytes of a stream. A long frame comes in pieces, of which only the last has `fin`.
    Data { id: StreamId, fin: bool, bytes: Bytes },
    /// A stream is over.
    Reset { id: StreamId },
    /// Is to be sent back.
    Ping(u32),
    /// The connection is over.
    GoAway,
    /// What needs no answer: settings, windows (nobody here counts them), more headers, and what is unknown.
    Other,
}

/// A data frame of which a part has not come yet.
struct Rest {
    id: StreamId,
    fin: bool,
    length: usize,
}

/// Makes frames of bytes. After an error nothing more can be read.
pub(super) struct Decoder {
    bytes: BytesMut,
    rest: Option<Rest>,
    headers: headers::Reader,
    newest: u32,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { bytes: BytesMut::new(), rest: None, headers: headers::Reader::new(), newest: 0 }
    }

    /// Takes what came. At most [`MAX_CONTROL`] of it is kept once [`Decoder::next`] has nothing more to tell.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame; `None` when more bytes are needed.
    ///
    /// # Errors
    /// What came is not SPDY.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Violation> {
        if let Some(rest) = self.rest.take() {
            return Ok(self.data(rest));
        }
        let Some(head) = self.bytes.first_chunk::<HEAD>() else { return Ok(None) };
        let [a, b, c, d, flags, high, middle, low] = *head;
        let word = u32::from_be_bytes([a, b, c, d]);
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if word & CONTROL == 0 {
            self.bytes.advance(HEAD);
            return Ok(self.data(Rest { id: StreamId::new(word)?, fin: flags & FIN != 0, length }));
        }
        let version = u16::from_be_bytes([a & 0x7f, b]);
        if version != VERSION {
            return Err(Violation::Version(version));
        }
        if length > MAX_CONTROL {
            return Err(Violation::LongFrame(length));
        }
        if self.bytes.len() < HEAD + length {
            return Ok(None);
        }
        self.bytes.advance(HEAD);
        let fields = self.bytes.split_to(length);
        self.control(u16::from_be_bytes([c, d]), flags, &fields).map(Some)
    }

    /// As much of a data frame as is there.
    fn data(&mut self, mut rest: Rest) -> Option<Frame> {
        if rest.length > 0 && self.bytes.is_empty() {
            self.rest = Some(rest);
            return None;
        }
        let bytes = self.bytes.split_to(rest.length.min(self.bytes.len())).freeze();
        rest.length -= bytes.len();
        let frame = Frame::Data { id: rest.id, fin: rest.fin && rest.length == 0, bytes };
        self.rest = Some(rest).filter(|rest| rest.length > 0);
        Some(frame)
    }

    fn control(&mut self, kind: u16, flags: u8, fields: &[u8]) -> Result<Frame, Violation> {
        match kind {
            kind::SYN_STREAM => {
                let (&id, fields) = fields.split_first_chunk().ok_or(Violation::ShortFrame)?;
                // The stream that it belongs to, and its priority.
                let (_, block) = fields.split_at_checked(6).ok_or(Violation::ShortFrame)?;
                let id = self.opened(u32::from_be_bytes(id))?;
                Ok(Frame::Open { id, fin: flags & FIN != 0, headers: self.headers.read(block)? })
            }
            // This side opens no streams.
            kind::SYN_REPLY => Err(Violation::UnaskedReply),
            kind::RST_STREAM => {
                let [id, _] = words(fields)?;
                Ok(Frame::Reset { id: StreamId::new(id)? })
            }
            kind::PING => words(fields).map(|[id]| Frame::Ping(id)),
            kind::GO_AWAY => words(fields).map(|[_, _]| Frame::GoAway),
            kind::HEADERS => {
                let (_, block) = fields.split_at_checked(4).ok_or(Violation::ShortFrame)?;
                // They are read all the same: what they hold, later blocks may refer to.
                self.headers.read(block).map(|_| Frame::Other)
            }
            _ => Ok(Frame::Other),
        }
    }

    /// A client's streams have odd numbers that grow.
    fn opened(&mut self, bits: u32) -> Result<StreamId, Violation> {
        let id = StreamId::new(bits)?;
        if id.0 % 2 == 0 || id.0 <= self.newest {
            return Err(Violation::StreamId(id.0));
        }
        self.newest = id.0;
        Ok(id)
    }
}

/// Fields that are numbers, and no others.
fn words<const N: usize>(fields: &[u8]) -> Result<[u32; N], Violation> {
    let mut chunks = fields.chunks_exact(4);
    let mut words = [0; N];
    for word in &mut words {
        let chunk = chunks.next().and_then(|chunk| chunk.first_chunk());
        *word = u32::from_be_bytes(*chunk.ok_or(Violation::ShortFrame)?);
    }
    Ok(words)
}

/// Makes bytes of frames.
pub(super) struct Encoder {
    headers: headers::Writer,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { headers: headers::Writer::new() }
    }

    /// A stream is taken.
    pub(super) fn reply(&mut self, id: StreamId) -> Bytes {
        let block = self.headers.empty();
        control(kind::SYN_REPLY, &[id.0], &block)
    }
}

/// Bytes of a stream, at most 16 MiB; `fin` says that they are the last.
pub(super) fn data(id: StreamId, fin: bool, bytes: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD + bytes.len());
    frame.put_u32(id.0);
    put_length(&mut frame, if fin { FIN } else { 0 }, bytes.len());
    frame.put_slice(bytes);
    frame.freeze()
}

/// A stream is over.
pub(super) fn reset(id: StreamId, why: Reset) -> Bytes {
    control(kind::RST_STREAM, &[id.0, why as u32], &[])
}

/// A ping, sent back.
pub(super) fn ping(id: u32) -> Bytes {
    control(kind::PING, &[id], &[])
}

/// The connection is over. The newest stream that was looked at is not told: all were.
pub(super) fn go_away(why: GoAway) -> Bytes {
    control(kind::GO_AWAY, &[!CONTROL, why as u32], &[])
}

fn control(kind: u16, words: &[u32], block: &[u8]) -> Bytes {
    let length = 4 * words.len() + block.len();
    let mut frame = BytesMut::with_capacity(HEAD + length);
    frame.put_u32(CONTROL | u32::from(VERSION) << 16 | u32::from(kind));
    put_length(&mut frame, 0, length);
    words.iter().for_each(|word| frame.put_u32(*word));
    frame.put_slice(block);
    frame.freeze()
}

fn put_length(frame: &mut BytesMut, flags: u8, length: usize) {
    frame.put_u8(flags);
    frame.put_uint(length as u64, 3);
}

/// What clients send, for tests.
#[cfg(test)]
pub(super) mod client {
    use super::*;

    pub(in crate::api::spdy) fn open(
        headers: &mut headers::Writer,
        id: u32,
        with: &[(&str, &str)],
    ) -> Vec<u8> {
        let block = headers.write(with);
        let fields = [&[0; 6], &block[..]].concat();
        control(kind::SYN_STREAM, &[id], &fields).to_vec()
    }

    pub(in crate::api::spdy) fn of_kind(kind: u16, fields: &[u8]) -> Vec<u8> {
        control(kind, &[], fields).to_vec()
    }

    pub(in crate::api::spdy) fn data(id: u32, fin: bool, bytes: &[u8]) -> Vec<u8> {
        super::data(StreamId(id), fin, bytes).to_vec()
    }
}
