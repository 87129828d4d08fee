//! gRPC's framing of one message: a byte that says whether it is compressed, four bytes of length, the message.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

/// The flag and the length before a message.
const PREFIX: usize = 5;

/// The longest answer that is read, before and after decompression; OTLP's recommendation.
pub const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// The answer is longer than [`MAX_ANSWER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Puts a message together from chunks that are cut anywhere.
#[derive(Debug, Default)]
pub struct Assembly {
    bytes: BytesMut,
}

/// The prefix of a message of `length` bytes.
pub fn prefix(compressed: bool, length: usize) -> io::Result<[u8; PREFIX]> {
    let length = u32::try_from(length).map_err(io::Error::other)?;
    let [a, b, c, d] = length.to_be_bytes();
    Ok([u8::from(compressed), a, b, c, d])
}

// === impl Assembly ===

impl Assembly {
    /// Adds what has arrived.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), TooLong> {
        if self.bytes.len() + chunk.len() > PREFIX + MAX_ANSWER {
            return Err(TooLong);
        }
        self.bytes.extend_from_slice(chunk);
        match self.head() {
            Some((_, length)) if length > MAX_ANSWER => Err(TooLong),
            _ => Ok(()),
        }
    }

    /// The message, decompressed from `encoding` where its flag says so; an empty one when nothing came.
    pub fn finish(mut self, encoding: &str) -> io::Result<Bytes> {
        let Some((compressed, length)) = self.head() else {
            return match self.bytes.len() {
                0 => Ok(Bytes::new()),
                cut => Err(io::Error::other(format!(
                    "the answer ends after {cut} bytes of its prefix"
                ))),
            };
        };
        let message = self.bytes.split_off(PREFIX).freeze();
        if message.len() != length {
            let is = message.len();
            return Err(io::Error::other(format!(
                "the answer has {is} bytes instead of {length}"
            )));
        }
        if compressed {
            decompress(&message, encoding)
        } else {
            Ok(message)
        }
    }

    fn head(&self) -> Option<(bool, usize)> {
        let (prefix, _) = self.bytes.split_first_chunk::<PREFIX>()?;
        let [flag, length @ ..] = *prefix;
        Some((flag != 0, u32::from_be_bytes(length) as usize))
    }
}

fn decompress(message: &[u8], encoding: &str) -> io::Result<Bytes> {
    let mut out = Vec::new();
    let limit = MAX_ANSWER as u64 + 1;
    match encoding {
        "gzip" => flate2::read::MultiGzDecoder::new(message)
            .take(limit)
            .read_to_end(&mut out)?,
        "zstd" => zstd::stream::read::Decoder::new(message)?
            .take(limit)
            .read_to_end(&mut out)?,
        other => {
            return Err(io::Error::other(format!(
                "the answer is compressed with `{other}`"
            )));
        }
    };
    if out.len() > MAX_ANSWER {
        return Err(io::Error::other("the answer is too long once decompressed"));
    }
    Ok(Bytes::from(out))
}
