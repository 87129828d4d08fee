//! What the filters of a segment hold, as hashes: its trace ids, its span ids, and the attributes of each block.
//!
//! The hashes are part of the format: XXH3 with 64 bits.

use std::borrow::Cow;
use std::ops::Range;

use twox_hash::XxHash3_64;

use super::bin::{Bin, NULL};
use super::columns::{Column, Hot, Kind};
use super::gather::{Gather, Own};
use super::index::Group;
use crate::query::model::text;
use crate::store::segment::texts;

/// The hashes of a segment's ids.
#[derive(Default)]
pub struct Filters {
    /// Of each trace.
    pub traces: Vec<u64>,
    /// Of each span.
    pub spans: Vec<u64>,
    last: Option<[u8; 16]>,
}

// === the hashes ===

/// The hash of an id.
pub fn of_id(id: &[u8]) -> u64 {
    XxHash3_64::oneshot(id)
}

/// The hash of an attribute with the text of its value.
pub fn of_attribute(key: &[u8], text: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(key), text)
}

// === impl Filters ===

impl Filters {
    /// Bits for each trace.
    pub const TRACE_BITS: usize = 12;
    /// Bits for each span.
    pub const SPAN_BITS: usize = 10;

    /// Adds the rows of a row group.
    pub fn add(&mut self, gather: &Gather) {
        let (ids, _) = gather.trace_ids.as_chunks::<16>();
        for id in ids {
            if self.last.as_ref() != Some(id) {
                self.traces.push(of_id(id));
                self.last = Some(*id);
            }
        }
        let (ids, _) = gather.span_ids.as_chunks::<8>();
        self.spans.extend(ids.iter().map(|id| of_id(id)));
    }
}

/// The distinct attributes of some rows that are found by filter: those whose column has no dictionary, which would say
/// more, and those without a column.
pub fn attribute_hashes(gather: &Gather, hot: &[Hot], group: &Group, rows: Range<usize>) -> Vec<u64> {
    let mut hashes = Vec::new();
    for (number, (own, hot)) in gather.own.iter().zip(hot).enumerate() {
        let place = Column::Attribute(number as u16).place();
        let has_dictionary = group
            .columns
            .get(place)
            .is_none_or(|chunk| chunk.dictionary_len > 0);
        if let Own::Bin(bin) = own
            && !has_dictionary
            && is_filtered(hot.kind)
        {
            own_hashes(bin, hot, rows.clone(), &mut hashes);
        }
    }
    let end_of = |row: usize| gather.other_ends.get(row).copied().unwrap_or_default() as usize;
    let first = rows.start.checked_sub(1).map_or(0, end_of);
    let last = rows.end.checked_sub(1).map_or(0, end_of);
    for place in first..last {
        let at = |bin: &Bin| bin.codes().get(place).copied().unwrap_or(NULL);
        let key = gather.other_key.values().get(at(&gather.other_key));
        let kind = gather.other_kind.values().get(at(&gather.other_kind));
        let value = gather.other_value.values().get(at(&gather.other_value));
        hashes.push(of_attribute(key, &other_text(kind, value)));
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// Whether columns of this kind are found by filter at all.
pub fn is_filtered(kind: Kind) -> bool {
    matches!(kind, Kind::String | Kind::Int)
}

fn own_hashes(bin: &Bin, hot: &Hot, rows: Range<usize>, hashes: &mut Vec<u64>) {
    let codes = bin.codes().get(rows).unwrap_or_default();
    for code in codes.iter().filter(|code| **code != NULL) {
        let value = bin.values().get(*code);
        let hash = match (hot.kind, value.first_chunk()) {
            (Kind::Int, Some(value)) => {
                let text = i64::from_le_bytes(*value).to_string();
                of_attribute(hot.key.as_bytes(), text.as_bytes())
            }
            _ => of_attribute(hot.key.as_bytes(), value),
        };
        hashes.push(hash);
    }
}

/// The text form of a value that has no column of its own. What nests is OTLP/JSON there, and doubles have no exponent.
fn other_text<'a>(kind: &[u8], value: &'a [u8]) -> Cow<'a, [u8]> {
    match Kind::named(kind) {
        Some(kind @ (Kind::Array | Kind::KeyValueList | Kind::Double)) => match texts::cell_of(kind, value) {
            Some(cell) => Cow::Owned(text(&cell.view()).into_owned().into_bytes()),
            None => Cow::Borrowed(value),
        },
        _ => Cow::Borrowed(value),
    }
}
