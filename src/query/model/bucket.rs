//! Buckets of time and of duration.

use std::collections::BTreeSet;

use super::{Group, Measure, Measured, Part};

/// Where the bucket of this width begins that a time lies in. Buckets begin at multiples of the width since 1970.
pub fn time_bucket(time: u64, width: u64) -> u64 {
    time - time % width.max(1)
}

/// The buckets of a width that the times from `from` (included) to `to` (excluded) lie in.
pub fn time_buckets(from: u64, to: u64, width: u64) -> impl Iterator<Item = u64> {
    let first = (from < to).then(|| time_bucket(from, width));
    let after = move |bucket: &u64| bucket.checked_add(width.max(1)).filter(|next| *next < to);
    std::iter::successors(first, after)
}

/// Where the bucket begins that a duration lies in: the greatest of 1, 2, 5, 10, 20, 50, ... that it reaches;
/// 0 for durations below 1.
pub fn duration_bucket(duration: i64) -> i64 {
    let Some(digits) = duration.checked_ilog10().filter(|_| duration > 0) else {
        return 0;
    };
    let power = 10_i64.pow(digits);
    match duration / power {
        1 => power,
        2..5 => 2 * power,
        _ => 5 * power,
    }
}

/// Groups by time, first key first, with a group for every bucket that has none. Such a group lacks all keys but
/// the time, which is the key at the place `time`, and every measure of it is zero.
pub fn zero_filled(
    mut groups: Vec<Group>,
    time: usize,
    measures: &[Measure],
    buckets: impl Iterator<Item = u64>,
) -> Vec<Group> {
    let at = |group: &Group| group.keys.get(time).cloned();
    let keys = groups.first().map_or(time + 1, |group| group.keys.len());
    let seen: BTreeSet<Part> = groups.iter().filter_map(at).collect();
    let empty = buckets.map(Part::Time).filter(|bucket| !seen.contains(bucket));
    groups.extend(empty.map(|bucket| {
        let mut parts = vec![Part::Missing; keys];
        if let Some(part) = parts.get_mut(time) {
            *part = bucket;
        }
        Group {
            keys: parts,
            measures: measures.iter().map(Measure::zero).collect(),
        }
    }));
    groups.sort_by_key(at);
    groups
}

// === impl Measure ===

impl Measure {
    /// The measure of no spans.
    pub fn zero(&self) -> Measured {
        match self {
            Self::Spans | Self::Traces | Self::Errors => Measured::Count(0),
            Self::DurationSum | Self::DurationMin | Self::DurationMax | Self::DurationQuantile(_) => {
                Measured::Nanos(0)
            }
            Self::Sum(_) => Measured::Number(0.0),
        }
    }
}
