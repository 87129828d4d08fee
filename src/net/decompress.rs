//! Decompression of request bodies, guarded while it runs: a few bytes that expand to gigabytes are stopped
//! at the size limit or at the edge of the budget, not after the fact.

#[cfg(test)]
mod tests;

use std::fmt::Display;

use super::buffer::{Fill, Full, PaidBuffer};
use super::inflate::{Wrapper, inflate};
use crate::pipeline::budget::Budget;

/// How a body may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952, several members allowed.
    Gzip,
    /// RFC 1950 as the specifications say, or bare RFC 1951 as some clients send it.
    Deflate,
    /// RFC 8878, several frames allowed.
    Zstd,
    /// Snappy, one block or framed.
    Snappy,
}

/// Why a body could not be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It expands to more than is allowed, or than there is room for now.
    #[error("decompressed body is {0}")]
    Full(#[from] Full),
    /// It is not what its encoding says.
    #[error("the body is not valid {encoding}: {why}")]
    Corrupt {
        /// The name of the encoding.
        encoding: &'static str,
        /// What the decoder says.
        why: String,
    },
}

/// The first guess at how much larger a body becomes; typical of OTLP. A wrong one costs a copy.
const GUESS: usize = 8;

/// The largest window that a zstd frame may ask for, as a power of two: 32 MiB, what its best level uses.
const ZSTD_WINDOW_LOG: u32 = 25;

/// Decompresses `packed` to at most `limit` bytes, paid for by `budget`.
pub fn decompress(
    encoding: Encoding,
    packed: &[u8],
    limit: usize,
    budget: &Budget,
) -> Result<PaidBuffer, Error> {
    let guess = match encoding {
        Encoding::Identity => packed.len(),
        Encoding::Gzip => gzip_size(packed),
        Encoding::Snappy if !is_snappy_framed(packed) => return unsnap(packed, limit, budget),
        Encoding::Deflate | Encoding::Zstd | Encoding::Snappy => packed.len().saturating_mul(GUESS),
    };
    let mut out = PaidBuffer::new(budget, guess.min(limit), limit)?;
    let done = match encoding {
        Encoding::Identity => out.extend(packed).map_err(Fill::from),
        Encoding::Gzip => inflate(Wrapper::Gzip, packed, &mut out, budget),
        Encoding::Deflate if has_zlib_header(packed) => inflate(Wrapper::Zlib, packed, &mut out, budget),
        Encoding::Deflate => inflate(Wrapper::Bare, packed, &mut out, budget),
        Encoding::Zstd => unzstd(packed, &mut out, budget),
        Encoding::Snappy => out.read_all(snap::read::FrameDecoder::new(packed)),
    };
    match done {
        Ok(()) => Ok(out),
        Err(Fill::Full(full)) => Err(full.into()),
        Err(Fill::Source(error)) => Err(encoding.corrupt(error)),
    }
}

/// The size that a gzip body of one member claims at its end, where that is believable, and else a guess.
fn gzip_size(packed: &[u8]) -> usize {
    let claimed = packed
        .last_chunk()
        .map_or(0, |size| u32::from_le_bytes(*size) as usize);
    // Claims above a usual ratio are not believed: the buffer then grows as the bytes come.
    if claimed <= packed.len().saturating_mul(4 * GUESS) {
        claimed
    } else {
        packed.len().saturating_mul(GUESS)
    }
}

fn has_zlib_header(packed: &[u8]) -> bool {
    match packed {
        [method, flags, ..] => method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        _ => false,
    }
}

/// The chunk that framed snappy begins with.
const SNAPPY_STREAM: &[u8] = b"\xff\x06\x00\x00sNaPpY";

/// More than a block of snappy can expand: its longest copy is 64 bytes in 3.
const SNAPPY_RATIO: usize = 22;

fn is_snappy_framed(packed: &[u8]) -> bool {
    packed.starts_with(SNAPPY_STREAM)
}

/// A block says its size at its front and is decompressed in one go.
fn unsnap(packed: &[u8], limit: usize, budget: &Budget) -> Result<PaidBuffer, Error> {
    let corrupt = |error| Encoding::Snappy.corrupt(error);
    let size = snap::raw::decompress_len(packed).map_err(corrupt)?;
    if size > limit {
        return Err(Full::TooLarge { limit }.into());
    }
    if size > packed.len().saturating_mul(SNAPPY_RATIO) {
        return Err(Encoding::Snappy.corrupt(format!("{} bytes cannot become {size}", packed.len())));
    }
    let reservation = budget.reserve(size).map_err(Full::from)?;
    let bytes = snap::raw::Decoder::new()
        .decompress_vec(packed)
        .map_err(corrupt)?;
    Ok(PaidBuffer::adopt(bytes, reservation, limit)?)
}

fn unzstd(packed: &[u8], out: &mut PaidBuffer, budget: &Budget) -> Result<(), Fill> {
    // The decoder keeps a window beside our buffer; the first frame's is paid for, and no later frame may
    // ask for a larger one.
    let window_log = zstd_window_log(packed);
    let window = 1usize << window_log.min(ZSTD_WINDOW_LOG);
    let _window = budget.reserve(window).map_err(Full::from)?;
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.window_log_max(window_log.clamp(ZSTD_LEAST_WINDOW_LOG, ZSTD_WINDOW_LOG))?;
    out.read_all(decoder)
}

/// The least that the decoder lets a bound on windows be, as a power of two.
const ZSTD_LEAST_WINDOW_LOG: u32 = 10;

/// The window of the first frame, as a power of two rounded up (RFC 8878, 3.1.1.1).
fn zstd_window_log(packed: &[u8]) -> u32 {
    let [_, _, _, _, descriptor, rest @ ..] = packed else {
        return ZSTD_LEAST_WINDOW_LOG;
    };
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        let window = rest.first().copied().unwrap_or(0);
        let mantissa = u32::from(window & 0x07 != 0);
        return 10 + u32::from(window >> 3) + mantissa;
    }
    // A single segment's window is its content, whose size is little-endian after the dictionary's id.
    let dictionary = [0, 1, 2, 4]
        .get(usize::from(descriptor & 0x03))
        .copied()
        .unwrap_or(0);
    let size = [1, 2, 4, 8]
        .get(usize::from(descriptor >> 6))
        .copied()
        .unwrap_or(0);
    let field = rest.get(dictionary..dictionary + size).unwrap_or_default();
    let content = field
        .iter()
        .rev()
        .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let content = if size == 2 { content + 256 } else { content };
    content
        .checked_next_power_of_two()
        .map_or(u64::BITS, u64::trailing_zeros)
}

// === impl Encoding ===

impl Encoding {
    /// The encoding that `Content-Encoding` or `grpc-encoding` names, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if name.is_empty() || is("identity") || is("none") {
            Some(Self::Identity)
        } else if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("zstd") {
            Some(Self::Zstd)
        } else if is("snappy") || is("x-snappy-framed") {
            Some(Self::Snappy)
        } else if is("deflate") || is("zlib") {
            Some(Self::Deflate)
        } else {
            None
        }
    }

    /// The name as standards write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
        }
    }

    fn corrupt(self, why: impl Display) -> Error {
        Error::Corrupt {
            encoding: self.name(),
            why: why.to_string(),
        }
    }
}
