//! What a command printed, made plain: text, line breaks and tabs, and nothing that would command a terminal.
//!
//! ```text
//! bytes ──▶ UTF-8 (held back where it is cut) ──▶ escapes out (anstyle-parse) ──▶ unseen characters out ──▶ limit
//! ```

use anstyle_parse::{DefaultCharAccumulator, Parser, Perform};

use super::characters::is_unseen;

/// Makes a command's output plain, piece by piece; an escape or a character may be cut anywhere.
#[derive(Debug)]
pub struct Plain {
    /// An escape does not go on in the next line: with one that never ends, all that follows would be swallowed.
    parser: Parser<DefaultCharAccumulator>,
    /// The beginning of a character that is not whole yet: at most three bytes.
    held: Vec<u8>,
    left: usize,
    dropped: u64,
}

impl Plain {
    /// For at most `limit` bytes of plain text.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { parser: Parser::<DefaultCharAccumulator>::new(), held: Vec::new(), left: limit, dropped: 0 }
    }

    /// The plain text of the next piece; bytes that are not UTF-8 become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut out = String::new();
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.text(chunk.valid(), &mut out);
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_cut(invalid) {
                self.held = invalid.to_vec();
            } else if !invalid.is_empty() {
                self.text("\u{fffd}", &mut out);
            }
        }
        self.limited(out)
    }

    /// What was held back, when no more comes.
    pub fn finish(&mut self) -> String {
        if std::mem::take(&mut self.held).is_empty() {
            return String::new();
        }
        let mut out = String::new();
        self.text("\u{fffd}", &mut out);
        self.limited(out)
    }

    /// How many bytes of plain text were over the limit.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn text(&mut self, text: &str, out: &mut String) {
        for c in text.chars() {
            match c {
                '\n' => {
                    self.parser = Parser::<DefaultCharAccumulator>::new();
                    out.push('\n');
                }
                // The one-byte forms of ESC and a letter: ECMA-48, 5.3.
                '\u{80}'..='\u{9f}' => self.feed(&[0x1b, (u32::from(c) - 0x40) as u8], out),
                c => self.feed(c.encode_utf8(&mut [0; 4]).as_bytes(), out),
            }
        }
    }

    fn feed(&mut self, bytes: &[u8], out: &mut String) {
        for byte in bytes {
            self.parser.advance(&mut Sink(out), *byte);
        }
    }

    fn limited(&mut self, mut out: String) -> String {
        let keep = out.floor_char_boundary(self.left);
        if keep < out.len() {
            self.dropped += (out.len() - keep) as u64;
            out.truncate(keep);
            // Nothing more fits behind a gap.
            self.left = 0;
        } else {
            self.left -= keep;
        }
        out
    }
}

/// All of an output at once.
#[must_use]
pub fn plain(bytes: &[u8]) -> String {
    let mut plain = Plain::new(usize::MAX);
    let mut text = plain.push(bytes);
    text.push_str(&plain.finish());
    text
}

/// Whether these bytes may be the beginning of a character.
fn is_cut(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

struct Sink<'a>(&'a mut String);

impl Perform for Sink<'_> {
    fn print(&mut self, c: char) {
        if !is_unseen(c) {
            self.0.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\t' {
            self.0.push('\t');
        }
    }
}
