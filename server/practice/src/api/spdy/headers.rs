//! Header blocks: names and values, compressed as one zlib stream for each direction of a connection.
//!
//! ```text
//! count, then count × (length, name, length, value); numbers have 32 bits, big-endian
//! ```
//!
//! Source: the SPDY/3.1 draft, section 2.6.10:
//! <https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/#2610-name-value-header-block>.

use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateError, InflateFlush, Status};

use super::Violation;
use super::dictionary::DICTIONARY;

/// The most that a block may come to: those of Kubernetes' clients have some 60 bytes.
const MAX_BYTES: usize = 16 * 1024;
/// zlib's largest window.
const WINDOW_BITS: u8 = 15;
/// zlib's strongest compression.
const LEVEL: i32 = 9;
/// Room for a compressed block of no headers.
const EMPTY_BLOCK: usize = 64;

/// What a stream is opened with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::api) struct Headers(Vec<(String, String)>);

impl Headers {
    /// The value of a header; names are lower case on the wire.
    pub(in crate::api) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the blocks of a connection, in their order.
pub(super) struct Reader {
    zlib: Inflate,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { zlib: Inflate::new(true, WINDOW_BITS) }
    }

    /// Reads the next block.
    ///
    /// # Errors
    /// It is not compressed as it should be, comes to too much, or is no list of names and values. Nothing after it
    /// can be read.
    pub(super) fn read(&mut self, block: &[u8]) -> Result<Headers, Violation> {
        parse(&self.inflate(block)?)
    }

    fn inflate(&mut self, mut block: &[u8]) -> Result<Vec<u8>, Violation> {
        let mut plain = vec![0; MAX_BYTES];
        let mut length = 0;
        while !block.is_empty() {
            let (read, written) = (self.zlib.total_in(), self.zlib.total_out());
            let step = self.zlib.decompress(block, &mut plain[length..], InflateFlush::SyncFlush);
            let read = usize::try_from(self.zlib.total_in() - read).unwrap_or(block.len());
            let written = usize::try_from(self.zlib.total_out() - written).unwrap_or(MAX_BYTES);
            block = &block[read..];
            length += written;
            if length == MAX_BYTES {
                return Err(Violation::LongHeaders);
            }
            match step {
                Ok(Status::Ok) if read + written > 0 => {}
                Err(InflateError::NeedDict { .. }) => {
                    self.zlib.set_dictionary(&DICTIONARY).map_err(|_| Violation::Compression)?;
                }
                // The stream lasts as long as the connection: its end is as wrong as a broken one.
                _ => return Err(Violation::Compression),
            }
        }
        plain.truncate(length);
        Ok(plain)
    }
}

fn parse(mut rest: &[u8]) -> Result<Headers, Violation> {
    let mut headers = Vec::new();
    for _ in 0..number(&mut rest)? {
        headers.push((text(&mut rest)?, text(&mut rest)?));
    }
    if rest.is_empty() { Ok(Headers(headers)) } else { Err(Violation::Headers) }
}

fn number(rest: &mut &[u8]) -> Result<u32, Violation> {
    let (bytes, after) = rest.split_first_chunk().ok_or(Violation::Headers)?;
    *rest = after;
    Ok(u32::from_be_bytes(*bytes))
}

fn text(rest: &mut &[u8]) -> Result<String, Violation> {
    let length = usize::try_from(number(rest)?).map_err(|_| Violation::Headers)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or(Violation::Headers)?;
    *rest = after;
    String::from_utf8(bytes.to_vec()).map_err(|_| Violation::Headers)
}

/// Writes the blocks of a connection: of replies, which have no headers here.
pub(super) struct Writer {
    zlib: Deflate,
}

impl Writer {
    pub(super) fn new() -> Self {
        let mut zlib = Deflate::new(LEVEL, true, WINDOW_BITS);
        // A new stream takes any dictionary; without one it would be as valid, and a little longer.
        zlib.set_dictionary(&DICTIONARY).ok();
        Self { zlib }
    }

    /// The next block, of no headers.
    pub(super) fn empty(&mut self) -> Vec<u8> {
        self.deflate(&0_u32.to_be_bytes(), EMPTY_BLOCK)
    }

    fn deflate(&mut self, plain: &[u8], room: usize) -> Vec<u8> {
        let mut block = vec![0; room];
        let before = self.zlib.total_out();
        // There is room for all of it: the step cannot stop half way.
        self.zlib.compress(plain, &mut block, DeflateFlush::SyncFlush).ok();
        block.truncate(usize::try_from(self.zlib.total_out() - before).unwrap_or(room));
        block
    }

    /// The next block, of these headers: a client's.
    #[cfg(test)]
    pub(super) fn write(&mut self, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut plain = u32::try_from(headers.len()).unwrap().to_be_bytes().to_vec();
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            plain.extend(text.bytes());
        }
        let room = plain.len() + EMPTY_BLOCK;
        self.deflate(&plain, room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_stream_are_read_in_their_order() {
        let (mut writer, mut reader) = (Writer::new(), Reader::new());
        for port in ["8080", "9090"] {
            let block = writer.write(&[("streamtype", "data"), ("port", port)]);
            let headers = reader.read(&block).unwrap();
            assert_eq!((headers.get("port"), headers.get("streamtype")), (Some(port), Some("data")));
            assert_eq!(headers.get("requestid"), None);
        }
        assert_eq!(reader.read(&writer.empty()), Ok(Headers::default()));
    }

    #[test]
    fn a_block_that_is_none_is_refused() {
        let mut other = Deflate::new(LEVEL, true, WINDOW_BITS);
        other.set_dictionary(b"another dictionary").unwrap();
        let other = Writer { zlib: other }.write(&[("port", "1")]);
        let whole = Writer::new().write(&[("port", "1")]);
        for (block, expected) in [
            (&b"no zlib"[..], Violation::Compression),
            (&other, Violation::Compression),
            (&whole[..8], Violation::Headers),
            (b"", Violation::Headers),
        ] {
            assert_eq!(Reader::new().read(block), Err(expected), "{block:?}");
        }
    }

    #[test]
    fn a_small_block_cannot_come_to_much() {
        let bomb = Writer::new().write(&[("port", &"0".repeat(1 << 20))]);
        assert!(bomb.len() < MAX_BYTES);
        assert_eq!(Reader::new().read(&bomb), Err(Violation::LongHeaders));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for plain in [
            &[0xff, 0xff, 0xff, 0xff][..],
            &[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, b'a'],
            &[0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0, 0, 0, 0],
            &[0, 0, 0, 0, 1],
            &[0, 0],
        ] {
            assert_eq!(parse(plain), Err(Violation::Headers), "{plain:?}");
        }
    }
}
