//! Where records begin and end.

use super::config::{Compression, Config, Format};

/// Bytes of a length.
const LENGTH: usize = 4;

/// How records are told from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By line breaks.
    Lines,
    /// By the length before each, in four bytes, most significant first.
    Lengths,
}

/// What stands at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A record, whose content is from `start` to `stop`, and which takes `end` bytes.
    Record {
        /// Its first byte.
        start: usize,
        /// The byte behind its last.
        stop: usize,
        /// All that belongs to it.
        end: usize,
    },
    /// A record that is longer than allowed, and ends there where that is known.
    TooLong(Option<u64>),
    /// The beginning of a record.
    Part,
}

// === impl Framing ===

impl Framing {
    /// As the keys say.
    pub fn of(config: &Config) -> Self {
        match (config.format, config.compression) {
            (Format::Json, Compression::None | Compression::Gzip | Compression::Auto) => Self::Lines,
            _ => Self::Lengths,
        }
    }

    /// Looks for a record of at most `most` bytes. The first `seen` bytes are known to hold no line break.
    pub fn find(self, bytes: &[u8], seen: usize, most: usize) -> Found {
        match self {
            Self::Lines => {
                let rest = bytes.get(seen..).unwrap_or_default();
                let stop = rest.iter().position(|byte| *byte == b'\n').map(|at| seen + at);
                match stop {
                    Some(stop) if stop <= most => Found::Record {
                        start: 0,
                        stop,
                        end: stop + 1,
                    },
                    Some(stop) => Found::TooLong(Some(stop as u64 + 1)),
                    None if bytes.len() > most => Found::TooLong(None),
                    None => Found::Part,
                }
            }
            Self::Lengths => {
                let Some(length) = bytes.first_chunk::<LENGTH>() else {
                    return Found::Part;
                };
                let length = u32::from_be_bytes(*length) as usize;
                let end = LENGTH + length;
                match length > most {
                    true => Found::TooLong(Some(end as u64)),
                    false if bytes.len() < end => Found::Part,
                    false => Found::Record {
                        start: LENGTH,
                        stop: end,
                        end,
                    },
                }
            }
        }
    }
}
