//! Which rows of the head go into which segment, and in which order.

use std::collections::BTreeMap;

use crate::store::head::Row;

/// Nanoseconds of an hour.
const HOUR: u64 = 3_600_000_000_000;

/// An hour with less than this part of the rows has no segment of its own.
const PART: usize = 16;

/// Rows by segment, each in the order of trace id, start and number. Spans are together that started in the same hour;
/// hours with few spans, late or of a wrong clock, share one segment, so that they do not make many small ones.
pub fn split<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Vec<&'a Row>> {
    let mut hours: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    let mut all = 0;
    for row in rows {
        hours.entry(row.identity.start / HOUR).or_default().push(row);
        all += 1;
    }
    let (large, small): (Vec<_>, Vec<_>) = hours.into_values().partition(|rows| rows.len() * PART >= all);
    let mixed: Vec<&Row> = small.into_iter().flatten().collect();
    let mut segments: Vec<_> = large.into_iter().chain([mixed]).collect();
    segments.retain(|rows| !rows.is_empty());
    for rows in &mut segments {
        rows.sort_unstable_by_key(|row| (row.identity.trace_id, row.identity.start, row.number));
    }
    segments
}
