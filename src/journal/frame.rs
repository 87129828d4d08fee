//! One thing that the register remembers, as bytes.
//!
//! ```text
//!  0   4  CRC32C of the rest
//!  4   4  length of the content
//!  8   1  kind
//!  9      the kind's fields: numbers of 8 bytes, texts and notes behind their length
//! ```

use super::marks::Marks;
use super::record::{read_u32, read_u64};
use super::register::{CursorMemory, SegmentMemory};

/// One thing to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Where a cursor is.
    Cursor(String, CursorMemory),
    /// What a segment holds.
    Segment(u64, SegmentMemory),
    /// The owner's counts, and the first record that they do not know of.
    Owner(u64, Vec<u8>),
    /// Closed in order.
    Closed,
    /// An earlier register was damaged: there may have been more cursors.
    Doubtful,
    /// Records before this one were committed.
    Committed(u64),
}

// === impl Frame ===

impl Frame {
    /// The frame at `at`, and where the next one begins; none where there is no sound one.
    pub fn read(bytes: &[u8], at: usize) -> Option<(Self, usize)> {
        let length = usize::try_from(read_u32(bytes, at.checked_add(4)?)?).ok()?;
        let end = at.checked_add(8)?.checked_add(length)?;
        let sound = crc32c::crc32c(bytes.get(at + 4..end)?) == read_u32(bytes, at)?;
        let frame = Self::decode(bytes.get(at + 8..end)?)?;
        sound.then_some((frame, end))
    }

    /// Appends the frame to `into`.
    pub fn encode(&self, into: &mut Vec<u8>) {
        let mut content = Vec::new();
        match self {
            Self::Cursor(name, cursor) => {
                content.push(1);
                put_bytes(&mut content, name.as_bytes());
                put_bytes(&mut content, &cursor.note);
                put(&mut content, &[cursor.read, cursor.marks.low()]);
                cursor
                    .marks
                    .ranges()
                    .for_each(|(start, end)| put(&mut content, &[start, end]));
            }
            Self::Segment(base, segment) => {
                content.push(2);
                let SegmentMemory {
                    end,
                    weight,
                    length,
                    damaged,
                } = *segment;
                put(&mut content, &[*base, end, weight, length, damaged.into()]);
            }
            Self::Owner(end, note) => {
                content.push(3);
                put(&mut content, &[*end]);
                put_bytes(&mut content, note);
            }
            Self::Closed => content.push(4),
            Self::Doubtful => content.push(5),
            Self::Committed(next) => {
                content.push(6);
                put(&mut content, &[*next]);
            }
        }
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
        let crc = crc32c::crc32c_append(crc32c::crc32c(&length), &content);
        into.extend_from_slice(&crc.to_le_bytes());
        into.extend_from_slice(&length);
        into.extend_from_slice(&content);
    }

    fn decode(content: &[u8]) -> Option<Self> {
        let (kind, content) = content.split_first()?;
        let mut fields = Fields(content);
        let frame = match kind {
            1 => {
                let name = fields.text()?;
                let note = fields.bytes()?;
                let read = fields.number()?;
                let mut marks = Marks::at(fields.number()?);
                while let Some(start) = fields.number() {
                    marks.add(start, fields.number()?);
                }
                Self::Cursor(name, CursorMemory { marks, read, note })
            }
            2 => {
                let base = fields.number()?;
                let segment = SegmentMemory {
                    end: fields.number()?,
                    weight: fields.number()?,
                    length: fields.number()?,
                    damaged: fields.number()? != 0,
                };
                Self::Segment(base, segment)
            }
            3 => Self::Owner(fields.number()?, fields.bytes()?),
            4 => Self::Closed,
            5 => Self::Doubtful,
            6 => Self::Committed(fields.number()?),
            _ => return None,
        };
        Some(frame)
    }
}

fn put(content: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        content.extend_from_slice(&number.to_le_bytes());
    }
}

fn put_bytes(content: &mut Vec<u8>, bytes: &[u8]) {
    put(content, &[bytes.len() as u64]);
    content.extend_from_slice(bytes);
}

/// The fields of a frame that are not read yet.
struct Fields<'a>(&'a [u8]);

// === impl Fields ===

impl Fields<'_> {
    fn number(&mut self) -> Option<u64> {
        let number = read_u64(self.0, 0)?;
        self.0 = self.0.get(8..)?;
        Some(number)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes.to_vec())
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }
}
