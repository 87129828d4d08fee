//! Deflate streams and the wrappers around them, decompressed. A decoder's state is tens of kilobytes, and making
//! it costs more than decompressing a small body; so each thread keeps one and uses it again.
//!
//! Promises: what a wrapper says about its contents is checked; a stream that is cut off is an error, not a
//! shorter body; the state is paid for while it is used.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::buffer::{Fill, Full, PaidBuffer};
use crate::pipeline::budget::Budget;

/// What a decoder allocates, in bytes: its window of 32 KiB and its tables.
const STATE: usize = 48 * 1024;

// The flags in the header of a gzip member (RFC 1952, 2.3.1).
const HEADER_SUM: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0xe0;

thread_local! {
    static KEPT: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

/// What a deflate stream is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// Nothing: RFC 1951.
    Bare,
    /// RFC 1950. What follows the stream is ignored.
    Zlib,
    /// RFC 1952, several members allowed. Nothing else may follow.
    Gzip,
}

/// Appends to `out` what `packed` holds.
pub fn inflate(wrapper: Wrapper, packed: &[u8], out: &mut PaidBuffer, budget: &Budget) -> Result<(), Fill> {
    let _state = budget.reserve(STATE).map_err(Full::from)?;
    let mut decoder = KEPT.take().unwrap_or_else(|| Decompress::new(false));
    let done = match wrapper {
        Wrapper::Bare | Wrapper::Zlib => stream(&mut decoder, wrapper, packed, out).map(drop),
        Wrapper::Gzip => members(&mut decoder, packed, out),
    };
    KEPT.set(Some(decoder));
    done
}

fn members(decoder: &mut Decompress, mut packed: &[u8], out: &mut PaidBuffer) -> Result<(), Fill> {
    loop {
        packed = member(decoder, packed, out)?;
        if packed.is_empty() {
            return Ok(());
        }
    }
}

/// Appends the first member; what follows it.
fn member<'a>(decoder: &mut Decompress, packed: &'a [u8], out: &mut PaidBuffer) -> Result<&'a [u8], Fill> {
    let before = out.len();
    let rest = stream(decoder, Wrapper::Bare, after_header(packed)?, out)?;
    let (sum, rest) = rest.split_first_chunk().ok_or_else(cut_off)?;
    let (length, rest) = rest.split_first_chunk().ok_or_else(cut_off)?;
    let mut crc = Crc::new();
    crc.update(out.as_slice().get(before..).unwrap_or_default());
    if crc.sum() != u32::from_le_bytes(*sum) {
        return Err(invalid("the checksum of a gzip member does not match").into());
    }
    // Both count modulo 2^32.
    if crc.amount() != u32::from_le_bytes(*length) {
        return Err(invalid("the length of a gzip member does not match").into());
    }
    Ok(rest)
}

/// Appends the stream that `packed` begins with; what follows it.
fn stream<'a>(
    decoder: &mut Decompress,
    wrapper: Wrapper,
    packed: &'a [u8],
    out: &mut PaidBuffer,
) -> Result<&'a [u8], Fill> {
    decoder.reset(wrapper == Wrapper::Zlib);
    let mut rest = packed;
    out.fill(|room| {
        let before = decoder.total_in();
        let status = decoder.decompress_vec(rest, room, FlushDecompress::Finish)?;
        let taken = usize::try_from(decoder.total_in() - before).map_err(io::Error::other)?;
        rest = rest.get(taken..).unwrap_or_default();
        match status {
            Status::StreamEnd => Ok(true),
            // Whoever stops with room left has run out of input.
            Status::Ok | Status::BufError if room.len() < room.capacity() => Err(cut_off()),
            Status::Ok | Status::BufError => Ok(false),
        }
    })?;
    Ok(rest)
}

/// What follows the header of a gzip member.
fn after_header(packed: &[u8]) -> io::Result<&[u8]> {
    let (fixed, mut rest) = packed.split_first_chunk::<10>().ok_or_else(cut_off)?;
    let [0x1f, 0x8b, 8, flags, ..] = *fixed else {
        return Err(invalid("invalid gzip header"));
    };
    if flags & RESERVED != 0 {
        return Err(invalid("the gzip header has flags that are reserved"));
    }
    if flags & EXTRA != 0 {
        let (length, extra) = rest.split_first_chunk().ok_or_else(cut_off)?;
        rest = extra
            .get(usize::from(u16::from_le_bytes(*length))..)
            .ok_or_else(cut_off)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0).ok_or_else(cut_off)?;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    if flags & HEADER_SUM != 0 {
        let mut crc = Crc::new();
        crc.update(packed.get(..packed.len() - rest.len()).unwrap_or_default());
        let (sum, after) = rest.split_first_chunk().ok_or_else(cut_off)?;
        if crc.sum() & 0xffff != u32::from(u16::from_le_bytes(*sum)) {
            return Err(invalid("the checksum of a gzip header does not match"));
        }
        rest = after;
    }
    Ok(rest)
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends too early")
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
