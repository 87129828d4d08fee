//! A shallow look into an encoded `ExportTraceServiceRequest`: where each span's ids and name lie. It checks
//! the framing down to the span and nothing inside attributes, which is what a counting sink can afford.

use std::ops::Range;

/// Where the parts of one span lie in the request; empty when absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SpanAt {
    pub(super) trace_id: Range<usize>,
    pub(super) span_id: Range<usize>,
    pub(super) parent_span_id: Range<usize>,
    pub(super) name: Range<usize>,
}

/// The bytes are not an encoded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed protobuf at byte {0}")]
pub(super) struct Malformed(usize);

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

enum Field {
    Bytes(u64, Range<usize>),
    Other,
}

/// Calls `visit` for every span in order of appearance; returns how many there are.
pub(super) fn spans(request: &[u8], mut visit: impl FnMut(SpanAt)) -> Result<usize, Malformed> {
    let mut count = 0;
    each(request, 0..request.len(), 1, &mut |resource_spans| {
        each(request, resource_spans, 2, &mut |scope_spans| {
            each(request, scope_spans, 2, &mut |span| {
                visit(span_at(request, span)?);
                count += 1;
                Ok(())
            })
        })
    })?;
    Ok(count)
}

fn each(
    bytes: &[u8],
    within: Range<usize>,
    number: u64,
    visit: &mut dyn FnMut(Range<usize>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut cursor = Cursor {
        bytes,
        at: within.start,
        end: within.end,
    };
    while let Some(field) = cursor.next()? {
        if let Field::Bytes(found, range) = field
            && found == number
        {
            visit(range)?;
        }
    }
    Ok(())
}

fn span_at(bytes: &[u8], within: Range<usize>) -> Result<SpanAt, Malformed> {
    let mut span = SpanAt::default();
    let mut cursor = Cursor {
        bytes,
        at: within.start,
        end: within.end,
    };
    while let Some(field) = cursor.next()? {
        match field {
            Field::Bytes(1, range) => span.trace_id = range,
            Field::Bytes(2, range) => span.span_id = range,
            Field::Bytes(4, range) => span.parent_span_id = range,
            Field::Bytes(5, range) => span.name = range,
            _ => {}
        }
    }
    Ok(span)
}

// === impl Cursor ===

impl Cursor<'_> {
    fn next(&mut self) -> Result<Option<Field>, Malformed> {
        if self.at == self.end {
            return Ok(None);
        }
        let tag = self.varint()?;
        match tag & 7 {
            0 => {
                self.varint()?;
            }
            1 => {
                self.skip(8)?;
            }
            2 => {
                let length = self.varint()?;
                return Ok(Some(Field::Bytes(tag >> 3, self.skip(length)?)));
            }
            5 => {
                self.skip(4)?;
            }
            _ => return Err(Malformed(self.at)),
        }
        Ok(Some(Field::Other))
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = *self
                .bytes
                .get(self.at)
                .filter(|_| self.at < self.end)
                .ok_or(Malformed(self.at))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed(self.at))
    }

    fn skip(&mut self, length: u64) -> Result<Range<usize>, Malformed> {
        let rest = self.end - self.at;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= rest)
            .ok_or(Malformed(self.at))?;
        let start = self.at;
        self.at += length;
        Ok(start..self.at)
    }
}

#[cfg(test)]
mod tests;
