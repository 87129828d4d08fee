//! From spans to the bytes of records.
//!
//! ```text
//! json             {"resourceSpans":[…]}\n
//! proto            length (4 bytes, most significant first), protobuf
//! json with zstd   length, a zstd frame of the JSON
//! proto with zstd  length, a zstd frame of the protobuf
//! ```
//!
//! The last two are what the Collector writes unless its feature gate `exporter.file.nativeCompression` is on. A frame can be
//! read without those before it, so that a crash spoils none but the last.

use std::io::{self, Write as _};

use super::config::Format;
use crate::pipeline::destination::Failure;
use crate::wire::{Traces, json};

/// Protobuf of a record, at most, unless it is one single span: larger batches become several records. As JSON it is within
/// what the receiver `otlp_json_file` reads of a line unless told otherwise, and needs little memory there.
const MOST: usize = 4 << 20;

/// Bytes of a length.
pub const LENGTH: usize = 4;

/// How records are told from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each ends with a line break, and has none in it.
    Lines,
    /// Each has its length before it.
    Lengths,
}

/// Writes records.
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    /// How spans are written.
    pub format: Format,
    /// The level of zstd; none does not compress.
    pub level: Option<i32>,
}

// === impl Encoder ===

impl Encoder {
    /// How the records are told from each other.
    pub fn framing(&self) -> Framing {
        match (self.format, self.level) {
            (Format::Json, None) => Framing::Lines,
            _ => Framing::Lengths,
        }
    }

    /// The records of these spans: one, unless they are many.
    pub fn records<'a>(&self, parts: impl IntoIterator<Item = &'a Traces>) -> Result<Vec<Vec<u8>>, Failure> {
        let mut records = Vec::new();
        let mut gathered: Vec<Traces> = Vec::new();
        let mut bytes = 0;
        let pieces = parts.into_iter().flat_map(|part| part.split(0, MOST));
        for piece in pieces.filter(|piece| piece.spans() > 0) {
            let more = piece.bytes().len();
            if bytes + more > MOST && !gathered.is_empty() {
                records.push(self.record(&gathered)?);
                gathered.clear();
                bytes = 0;
            }
            bytes += more;
            gathered.push(piece);
        }
        if !gathered.is_empty() {
            records.push(self.record(&gathered)?);
        }
        Ok(records)
    }

    fn record(&self, parts: &[Traces]) -> Result<Vec<u8>, Failure> {
        let mut record = match self.framing() {
            Framing::Lines => Vec::new(),
            Framing::Lengths => vec![0; LENGTH],
        };
        match (self.format, self.level) {
            (Format::Proto, None) => {
                record.reserve_exact(parts.iter().map(|part| part.bytes().len()).sum());
                parts
                    .iter()
                    .for_each(|part| record.extend_from_slice(part.bytes()));
            }
            (Format::Proto, Some(level)) => {
                let pieces = parts.iter().map(|part| part.bytes().as_ref());
                compress(level, pieces, &mut record).map_err(unwritable)?;
            }
            (Format::Json, level) => {
                let joined: Vec<&[u8]> = parts.iter().map(|part| part.bytes().as_ref()).collect();
                let text = json::from_protobuf(&joined.concat()).map_err(unwritable)?;
                match level {
                    None => {
                        record = text;
                        record.push(b'\n');
                    }
                    Some(level) => compress(level, [text.as_slice()], &mut record).map_err(unwritable)?,
                }
            }
        }
        if self.framing() == Framing::Lengths {
            let length = u32::try_from(record.len() - LENGTH).map_err(unwritable)?;
            if let Some(place) = record.first_chunk_mut() {
                *place = length.to_be_bytes();
            }
        }
        Ok(record)
    }
}

/// Appends a frame, with its checksum.
fn compress<'a>(
    level: i32,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    into: &mut Vec<u8>,
) -> io::Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(into, level)?;
    encoder.include_checksum(true)?;
    for piece in pieces {
        encoder.write_all(piece)?;
    }
    encoder.finish().map(|_| ())
}

fn unwritable(error: impl std::fmt::Display) -> Failure {
    Failure::Data(format!("cannot be written as a record: {error}"))
}
