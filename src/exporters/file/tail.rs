//! What a crash has left at the end of a file.

use std::io;

use serde::de::IgnoredAny;

use super::disk::Target;
use super::records::{Framing, LENGTH};

/// Bytes that are read at a time when the end of a line is looked for.
const STEP: u64 = 64 * 1024;

/// What zstd's frames begin with.
const FRAME: [u8; LENGTH] = [0x28, 0xb5, 0x2f, 0xfd];

/// What protobuf begins with: the field `resource_spans`.
const RESOURCE_SPANS: u8 = 0x0a;

/// Cuts off the beginning of a record at the end of a file, and says how many bytes that were. What was written by others is
/// left alone: where they wrote a last line without a line break, it gets one; the error is `InvalidData` where the file has
/// no records at all.
pub fn mend(file: &mut dyn Target, framing: Framing) -> io::Result<u64> {
    let len = file.state()?.len;
    if len == 0 {
        return Ok(0);
    }
    let whole = match framing {
        Framing::Lines => whole_lines(file, len)?,
        Framing::Lengths => whole_records(file, len)?,
    };
    match whole {
        Some(whole) if whole < len => {
            file.cut(whole)?;
            Ok(len - whole)
        }
        Some(_) => Ok(0),
        None => file.write(b"\n").map(|_| 0),
    }
}

/// Bytes of whole lines; none where the last line is whole but for its line break, or none of ours.
fn whole_lines(file: &dyn Target, len: u64) -> io::Result<Option<u64>> {
    let first = byte_at(file, 0)?;
    if !(first == b'{' || first.is_ascii_whitespace()) {
        return Err(foreign("JSON"));
    }
    let mut end = len;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let piece = read(file, start, (end - start) as usize)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            end = start + at as u64 + 1;
            break;
        }
        end = start;
    }
    if end == len {
        return Ok(Some(end));
    }
    let rest = read(file, end, (len - end) as usize)?;
    // A whole text lacks its line break alone: somebody may have read it already.
    let is_part = rest.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(&rest).is_err();
    Ok(is_part.then_some(end))
}

/// Bytes of whole records.
fn whole_records(file: &dyn Target, len: u64) -> io::Result<Option<u64>> {
    let mut at = 0;
    while at < len {
        let head = read(file, at, 2 * LENGTH)?;
        let length = head.first_chunk().map(|length| u32::from_be_bytes(*length));
        let next = length.map(|length| at + LENGTH as u64 + u64::from(length));
        match next {
            Some(next) if next <= len => at = next,
            _ if at > 0 || may_be_record(&head) => break,
            _ => return Err(foreign("records with their lengths")),
        }
    }
    Ok(Some(at))
}

/// Whether so much of a record may be the beginning of one of ours.
fn may_be_record(head: &[u8]) -> bool {
    match head.get(LENGTH..) {
        None | Some([]) => head.first() == Some(&0),
        Some(content) => FRAME.starts_with(content) || content.first() == Some(&RESOURCE_SPANS),
    }
}

fn foreign(wanted: &str) -> io::Error {
    let message = format!("it holds something else than {wanted}, and is left alone");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn byte_at(file: &dyn Target, at: u64) -> io::Result<u8> {
    let byte = read(file, at, 1)?;
    Ok(byte.first().copied().unwrap_or(0))
}

/// So many bytes, or what there is of them.
fn read(file: &dyn Target, at: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(at + filled as u64, rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
