//! gzip for bodies of any size. An encoder's state is a third of a megabyte, and making it costs more than
//! compressing a small body; so each thread keeps one and uses it again.

use std::cell::RefCell;
use std::io;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Magic, deflate, no flags, no time, no word about effort, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The least room in the output that the encoder finds at each turn.
const STEP: usize = 4096;

thread_local! {
    static KEPT: RefCell<Option<(Compression, Compress)>> = const { RefCell::new(None) };
}

/// The concatenation of `parts`, compressed; `guess` is how many bytes that may make.
pub fn compress(level: Compression, parts: &[Bytes], guess: usize) -> io::Result<Vec<u8>> {
    let mut encoder = match KEPT.take() {
        Some((kept, mut encoder)) if kept == level => {
            encoder.reset();
            encoder
        }
        _ => Compress::new(level, false),
    };
    let mut sum = Crc::new();
    // Zeros for the encoder to write over: made once, while `compress_vec` makes them at every call.
    let mut out = vec![0; HEADER.len() + guess.max(STEP)];
    for part in parts {
        sum.update(part);
        feed(&mut encoder, part, FlushCompress::None, &mut out)?;
    }
    feed(&mut encoder, &[], FlushCompress::Finish, &mut out)?;
    out.truncate(filled(&encoder)?);
    if let Some(start) = out.first_chunk_mut() {
        *start = HEADER;
    }
    out.extend_from_slice(&sum.sum().to_le_bytes());
    // The length modulo 2^32, as the checksum counts it.
    out.extend_from_slice(&sum.amount().to_le_bytes());
    KEPT.set(Some((level, encoder)));
    Ok(out)
}

/// Writes `input`, compressed, behind what `out` holds already.
fn feed(encoder: &mut Compress, mut input: &[u8], flush: FlushCompress, out: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let end = filled(encoder)?;
        if out.len() < end + STEP {
            out.resize(2 * out.len(), 0);
        }
        let before = encoder.total_in();
        let status = encoder
            .compress(input, out.get_mut(end..).unwrap_or_default(), flush)
            .map_err(io::Error::other)?;
        let taken = usize::try_from(encoder.total_in() - before).map_err(io::Error::other)?;
        input = input.get(taken..).unwrap_or_default();
        let done = match flush {
            FlushCompress::Finish => status == Status::StreamEnd,
            _ => input.is_empty(),
        };
        if done {
            return Ok(());
        }
    }
}

/// Where in the output the encoder goes on.
fn filled(encoder: &Compress) -> io::Result<usize> {
    let made = usize::try_from(encoder.total_out()).map_err(io::Error::other)?;
    Ok(HEADER.len() + made)
}
